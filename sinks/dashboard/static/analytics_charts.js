// The analytics view's charts: each step of the span, and dashed behind it the same step of the span that it is compared with.

import { drawColumns, drawLine } from "./drawing.js";
import { chooseSpan } from "./filters.js";
import { TimeChart, WHOLE_TICKS, headroom } from "./time_chart.js";
import { DAY, count, dayAndClock, dayOf, percent, plural, points } from "./words.js";

const STEPS = { hour: 3600, day: DAY, week: 7 * DAY };
const SHARE_TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
const share = (value) => `${Math.round(value * 100)} %`;

const both = (slots, field) => slots.flatMap(({ window, then }) => [window?.[field], then?.[field]]).filter((value) => value !== null && value !== undefined);

const ofShares = (field) => (slots) => [0, Math.min(1, Math.max(0.05, Math.ceil(Math.max(0, ...both(slots, field)) * 21) / 20))];

// Scores lie close together: the axis shows the part of the scale that they are in, at least two points of it.
function ofScores(slots) {
  const found = both(slots, "score_avg");
  if (!found.length) return [0, 10];
  const low = Math.max(0, Math.min(8, Math.floor(Math.min(...found))));
  return [low, Math.min(10, Math.max(low + 2, Math.ceil(Math.max(...found))))];
}

export function createAnalyticsCharts() {
  let step = DAY;
  const line = (field, colour) => (chart, slots) => {
    drawThen(chart, slots, step, field, "--muted");
    drawLine(chart, slots, step, field, colour, 2.25);
  };
  const make = (field, title, { range, ticks, y, words, draw }) => new TimeChart({
    id: `analytics-${field}`, read: `read-analytics-${field}`, together: "analytics", range, ticks, y, draw,
    describe: (slot) => (slot ? describe(slot, words, step) : title),
    onSelect: chooseSpan,
  });
  const charts = [
    make("messages", "Customers' messages by step", {
      range: (slots) => [0, headroom(Math.max(0, ...both(slots, "messages")), 4)], ticks: WHOLE_TICKS, y: count,
      words: (window) => plural(window.messages, "message"),
      draw: (chart, slots) => {
        drawColumns(chart, slots, step, [["messages", "--column"]]);
        drawThen(chart, slots, step, "messages", "--text");
      },
    }),
    make("negative_share", "Negative share by step", {
      range: ofShares("negative_share"), ticks: SHARE_TICKS, y: share, draw: line("negative_share", "--very-negative"),
      words: (window) => percent(window.negative_share),
    }),
    make("escalation_rate", "Escalation rate by step", {
      range: ofShares("escalation_rate"), ticks: SHARE_TICKS, y: share, draw: line("escalation_rate", "--escalation"),
      words: (window) => `${percent(window.escalation_rate)} of ${plural(window.tickets, "ticket")}`,
    }),
    make("score_avg", "Average score by step", {
      range: ofScores, ticks: [0.5, 1, 2, 5], y: (score) => score.toFixed(1), draw: line("score_avg", "--very-positive"),
      words: (window) => points(window.score_avg),
    }),
  ];
  return {
    show(trends) {
      step = STEPS[trends.step];
      const slots = slotsOf(trends, step);
      for (const chart of charts) chart.show(slots, step);
    },
    repaint() {
      for (const chart of charts) chart.repaint();
    },
  };
}

// Dashed, as nothing else in these charts is but what may still change. Of a span in which nothing happened there is nothing to show.
function drawThen(chart, slots, step, field, colour) {
  if (!slots.some(({ then }) => then?.events)) return;
  drawLine(chart, slots.map(({ at, then }) => ({ at, window: then && { ...then, final: false } })), step, field, colour, 1.5);
}

// A slot for each step of the span, and in each the step of the other span that is as far from its beginning.
function slotsOf({ points: given, compared, since, until }, step) {
  const at = (time) => Date.parse(time) / 1000;
  const began = given.length ? at(given[0].start) : Math.floor(at(since) / step) * step;
  const first = began - Math.max(0, Math.ceil((began - at(since)) / step)) * step;
  const length = Math.max(1, Math.ceil((at(until) - first) / step));
  // A step that the span cuts off, or that still runs, is drawn as one that is open.
  const now = new Map(given.map((point) => [at(point.start), { ...point, final: at(point.start) >= at(since) && at(point.start) + step <= at(until) }]));
  return Array.from({ length }, (_, index) => ({ at: first + index * step, window: now.get(first + index * step), then: compared[index] }));
}

function describe(slot, words, step) {
  const time = new Date(slot.at * 1000);
  const told = [step >= DAY ? dayOf(time, "UTC") : dayAndClock(time), slot.window ? words(slot.window) : "nothing"];
  if (slot.then) told.push(`${words(slot.then)} on ${step >= DAY ? dayOf(new Date(slot.then.start), "UTC") : dayAndClock(new Date(slot.then.start))}`);
  return told.join(" · ");
}
