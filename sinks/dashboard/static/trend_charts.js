// The four charts of the trends view: each window as it was, the moving average over it, and the alerts of the series.

import { drawAlerts, drawColumns, drawLine } from "./drawing.js";
import { TimeChart, WHOLE_TICKS, headroom, slotsOf } from "./time_chart.js";
import { DAY, count, dayAndClock, dayOf, percent, plural, points } from "./words.js";

// Which measures of alerts belong to which chart.
const ABOUT = {
  events: ["volume", "category_share"],
  negative_share: ["negative_share", "very_negative"],
  escalation_rate: ["escalation_rate"],
  score_avg: ["score", "label_share", "unseen_words"],
};
const SHARE_TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
const share = (value) => `${Math.round(value * 100)} %`;

function values(slots, field) {
  return slots.flatMap(({ window }) => (window ? [window[field], window[`${field}_smoothed`]] : [])).filter((value) => value !== null);
}

const ofShares = (field) => (slots) => [0, Math.min(1, Math.max(0.05, Math.ceil(Math.max(0, ...values(slots, field)) * 21) / 20))];

// Scores lie close together: the axis shows the part of the scale that they are in, at least two points of it.
function ofScores(slots) {
  const found = values(slots, "score_avg");
  if (!found.length) return [0, 10];
  const low = Math.max(0, Math.min(8, Math.floor(Math.min(...found))));
  return [low, Math.min(10, Math.max(low + 2, Math.ceil(Math.max(...found))))];
}

export function createTrendCharts() {
  let marks = [];
  let step = 0;
  let smoothedOver = 0;
  const marksFor = (field) => marks.map(({ from, to, measure }) => ({ from, to, about: ABOUT[field].includes(measure) }));
  const make = (field, title, { range, ticks, y, words, draw }) => new TimeChart({
    id: `trend-${field}`, read: `read-trend-${field}`, together: "trends", range, ticks, y,
    describe: (slot) => (slot ? describe(slot, words, marks) : title),
    draw: (chart, slots) => {
      draw(chart, slots);
      drawAlerts(chart, marksFor(field));
    },
  });
  // An average reaches as far back as it is over: it has no gap where single windows are missing.
  const lines = (field, faint, strong) => (chart, slots) => {
    drawLine(chart, slots, step, field, faint, 1.25);
    drawLine(chart, slots, step, `${field}_smoothed`, strong, 2.5, smoothedOver);
  };
  const charts = [
    make("events", "Events in each window, with a moving average", {
      range: (slots) => [0, headroom(Math.max(0, ...values(slots, "events")), 4)], ticks: WHOLE_TICKS, y: count,
      words: (window) => `${plural(window.events, "event")} · average ${window.events_smoothed.toFixed(1)}`,
      draw: (chart, slots) => {
        drawColumns(chart, slots, step, [["events", "--column"]]);
        drawLine(chart, slots, step, "events_smoothed", "--text", 2.5, smoothedOver);
      },
    }),
    make("negative_share", "Negative share in each window, with a moving average", {
      range: ofShares("negative_share"), ticks: SHARE_TICKS, y: share, draw: lines("negative_share", "--negative", "--very-negative"),
      words: (window) => `${percent(window.negative_share)} of ${count(window.scored)} · average ${percent(window.negative_share_smoothed)}`,
    }),
    make("escalation_rate", "Escalation rate in each window, with a moving average", {
      range: ofShares("escalation_rate"), ticks: SHARE_TICKS, y: share, draw: lines("escalation_rate", "--escalation-faint", "--escalation"),
      words: (window) => `${percent(window.escalation_rate)} (${plural(window.escalations, "escalation")}) · average ${percent(window.escalation_rate_smoothed)}`,
    }),
    make("score_avg", "Average score in each window, with a moving average", {
      range: ofScores, ticks: [0.5, 1, 2, 5], y: (score) => score.toFixed(1), draw: lines("score_avg", "--positive", "--very-positive"),
      words: (window) => `${points(window.score_avg)} · average ${points(window.score_avg_smoothed)}`,
    }),
  ];

  function describe(slot, words, alerts) {
    const time = new Date(slot.at * 1000);
    const when = step >= DAY ? dayOf(time, "UTC") : dayAndClock(time);
    const alerting = alerts.filter(({ from, to }) => from < slot.at + step && to > slot.at).length;
    const told = [when, slot.window ? words(slot.window) : "no window"];
    if (slot.window && !slot.window.final) told.push("still open");
    if (alerting) told.push(plural(alerting, "alert"));
    return told.join(" · ");
  }

  return {
    show(trends) {
      step = trends.size;
      smoothedOver = trends.smoothed_over;
      const end = Date.parse(trends.generated_at) / 1000;
      marks = trends.alerts.map((alert) => ({ measure: alert.measure, from: Date.parse(alert.started_at) / 1000, to: alert.resolved_at ? Date.parse(alert.resolved_at) / 1000 : end }));
      const slots = slotsOf(trends.series, trends.since, trends.windows, step);
      for (const chart of charts) chart.show(slots, step);
    },
    repaint() {
      for (const chart of charts) chart.repaint();
    },
  };
}
