// The trends view: one series of windows over a long span, how its newest closed window compares, its alerts, and new topics.

import { choose } from "./address.js";
import { list } from "./alerts.js";
import { byId, element, rebuild, say } from "./elements.js";
import { named, nothing, number, table } from "./tables.js";
import { createTrendCharts } from "./trend_charts.js";
import { DAY, clock, count, dayAndClock, dayOf, percent, plural, points, spoken, times } from "./words.js";

// How many windows of a size are shown: a day, a week and two months.
export const WINDOWS = { 300: 288, 3600: 168, 86400: 60 };
const LENGTHS = { 300: "5 min", 3600: "hour", 86400: "day" };
const SPANS = { 3600: "the last hour", 86400: "the last day", 604800: "the last week" };
const BASELINES = { 86400: "the day before", 604800: "the week before", 2419200: "the four weeks before" };
const AVERAGES = { 3600: "an hour", 86400: "a day", 604800: "a week" };

// What each panel shows: the measure, how its figures read, how a difference reads, and whether more of it is worse (null: neither).
const relative = (now, then) => (then ? [now / then - 1, `${Math.abs((now / then - 1) * 100).toFixed(1)} %`] : null);
const inPoints = (now, then) => [now - then, `${Math.abs((now - then) * 100).toFixed(1)} points`];
const plain = (now, then) => [now - then, Math.abs(now - then).toFixed(2)];
const MEASURES = [
  ["events", count, relative, null],
  ["negative_share", percent, inPoints, true],
  ["escalation_rate", percent, inPoints, true],
  ["score_avg", points, plain, false],
];

export function createTrends() {
  const charts = createTrendCharts();
  const form = byId("series");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    const [dimension, value] = JSON.parse(form.elements.of.value);
    choose({ size: form.elements.size.value, dimension, value });
  });
  return {
    // What the form shows before the answer is there.
    choose({ size, dimension, value }) {
      for (const choice of form.elements.size) choice.checked = choice.value === size;
      offer(form.elements.of, { channel: [], category: [] }, dimension, value, true);
    },
    show(trends) {
      byId("trends").dataset.view = "figures";
      offer(form.elements.of, trends.choices, trends.dimension, trends.value, false);
      say("trends-span", `${whenOf(trends.since, trends.size)} to now · windows of ${length(trends.size)} · moving average over ${AVERAGES[trends.smoothed_over]}`);
      charts.show(trends);
      showNewest(trends);
      list("trend-alerts", trends.tenant, trends.alerts, new Date(trends.generated_at), "No alert of this series in this span.");
      rebuild("windows-table", trends.series, () => windowsTable(trends));
    },
    showTopics(answer) {
      const span = (Date.parse(answer.until) - Date.parse(answer.since)) / 1000;
      const before = (Date.parse(answer.since) - Date.parse(answer.baseline)) / 1000;
      say("topics-span", `All customers' texts of ${SPANS[span]} against ${BASELINES[before]}`);
      rebuild("topics", answer.topics, () => topicsTable(answer.topics));
    },
    repaint: () => charts.repaint(),
  };
}

const length = (size) => (size === 300 ? "5 minutes" : `a${size === 3600 ? "n" : ""} ${LENGTHS[size]}`);

function whenOf(start, size) {
  const time = new Date(start);
  return size >= DAY ? `${dayOf(time, "UTC")} (UTC)` : dayAndClock(time);
}

// The values to choose from. The chosen one is always among them, whether it had events or not.
function offer(select, choices, dimension, value, keep) {
  const chosen = JSON.stringify([dimension, value]);
  const has = [...select.options].some((option) => option.value === chosen);
  const figures = JSON.stringify([choices, dimension === "overall" ? null : chosen]);
  if (!(keep && has) && select.dataset.offered !== figures) {
    const option = (of, name) => element("option", { value: JSON.stringify([of, name]) }, spoken(name));
    const groups = Object.entries(choices).map(([of, names]) => [of, of === dimension && !names.includes(value) ? [...names, value] : names]);
    select.replaceChildren(
      element("option", { value: JSON.stringify(["overall", ""]) }, "Everything"),
      ...groups.filter(([, names]) => names.length).map(([of, names]) => element("optgroup", { label: spoken(of) }, ...names.map((name) => option(of, name)))),
    );
    select.dataset.offered = figures;
  }
  select.value = chosen;
}

function showNewest({ newest, size }) {
  const steps = [["before", `on the ${LENGTHS[size]} before`], ["day_before", "on the day before"], ["week_before", "on the week before"]].filter(([step]) => size < DAY || step !== "before");
  const when = newest && (size >= DAY ? `${dayOf(new Date(newest.start), "UTC")} (UTC)` : `${dayAndClock(new Date(newest.start))} – ${clock(new Date(Date.parse(newest.start) + size * 1000))}`);
  say("newest-when", newest ? `Figures and changes: newest closed window, ${when}` : "No window of this span is closed yet.");
  for (const [measure, format, differ, moreIsWorse] of MEASURES) {
    const figures = newest?.[measure] ?? { now: null };
    say(`newest-${measure}`, figures.now === null ? "–" : format(figures.now));
    rebuild(`compared-${measure}`, [figures, size], () => (figures.now === null ? [] : steps).map(([step, words]) => change(figures.now, figures[step] ?? null, differ, moreIsWorse, words, format)));
  }
}

// In words and with an arrow, never by colour alone.
function change(now, then, differ, moreIsWorse, words, format) {
  const difference = now === null || then === null ? null : differ(now, then);
  const told = !difference ? "–" : Number.parseFloat(difference[1]) === 0 ? "unchanged" : `${difference[0] > 0 ? "▲" : "▼"} ${difference[1]}`;
  const value = element("b", { title: then === null ? "nothing to compare with" : `${format(then)} then` }, told);
  if (moreIsWorse !== null && /[▲▼]/.test(told)) value.dataset.trend = difference[0] > 0 === moreIsWorse ? "worse" : "better";
  return element("li", {}, value, ` ${words}`);
}

function topicsTable(topics) {
  if (!topics.length) return [nothing("No phrase is much more frequent than before.")];
  const heads = [["Phrase"], ["Tickets", "number"], ["Share", "number"], ["Before", "number"], ["Rise", "number"]];
  const rows = topics.map(({ phrase, support, share, usual_share: usual, ratio }) => [named(phrase), number(count(support)), number(percent(share)), number(percent(usual)), number(times(ratio))]);
  return [table("New topics", heads, rows)];
}

function windowsTable({ series, size }) {
  const heads = [["Window"], ["Events", "number"], ["Average", "number"], ["Negative", "number"], ["Average", "number"], ["Escalation rate", "number"], ["Average", "number"], ["Score", "number"], ["Average", "number"], ["State"]];
  const rows = [...series].reverse().map((window) => [
    named(whenOf(window.start, size)),
    ...MEASURES.flatMap(([measure, format]) => [number(format(window[measure])), number(measure === "events" ? window.events_smoothed.toFixed(1) : format(window[`${measure}_smoothed`]))]),
    element("td", {}, window.final ? "final" : "open"),
  ]);
  return rows.length ? [table(`${plural(series.length, "window")} with moving averages`, heads, rows)] : [nothing("No window in this span.")];
}
