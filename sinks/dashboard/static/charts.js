// The live view's charts over the minutes of the span.

import { drawColumns, drawLine } from "./drawing.js";
import { TimeChart, WHOLE_TICKS, headroom, slotsOf } from "./time_chart.js";
import { LABELS, clock, count, percent, plural } from "./words.js";

const MINUTE = 60;

const highest = (minutes, field) => Math.max(0, ...minutes.map((minute) => minute.window?.[field] ?? 0));

function at(minute, words) {
  if (!minute.window) return `${clock(new Date(minute.at * 1000))} · no window`;
  return `${clock(new Date(minute.at * 1000))} · ${words}${minute.window.final ? "" : " · still open"}`;
}

function describeVolume(minute) {
  if (!minute) return "Customer messages a minute, stacked by mood";
  const moods = LABELS.filter(([label]) => minute.window?.[label]).map(([label, words]) => `${words.toLowerCase()} ${count(minute.window[label])}`);
  return at(minute, [plural(minute.window?.scored ?? 0, "message"), ...moods].join(" · "));
}

export function createCharts() {
  const layers = LABELS.map(([label]) => [label, `--${label.replace("_", "-")}`]);
  const together = "minutes";
  const charts = [
    new TimeChart({
      id: "chart-volume", read: "read-volume", together, ticks: WHOLE_TICKS, y: count, describe: describeVolume,
      range: (minutes) => [0, headroom(highest(minutes, "scored"), 4)],
      draw: (chart, minutes, step) => drawColumns(chart, minutes, step, layers),
    }),
    new TimeChart({
      id: "chart-negative", read: "read-negative", together, ticks: [0.25, 0.5], y: (share) => `${Math.round(share * 100)} %`,
      describe: (minute) => (minute ? at(minute, `${percent(minute.window?.negative_share ?? null)} of ${count(minute.window?.scored ?? 0)}`) : "Share of negative messages, minute by minute"),
      range: () => [0, 1],
      draw: (chart, minutes, step) => drawLine(chart, minutes, step, "negative_share", "--very-negative"),
    }),
    new TimeChart({
      id: "chart-escalations", read: "read-escalations", together, ticks: WHOLE_TICKS, y: count,
      describe: (minute) => (minute ? at(minute, plural(minute.window?.escalations ?? 0, "escalation")) : "Escalations, minute by minute"),
      range: (minutes) => [0, headroom(highest(minutes, "escalations"), 2)],
      draw: (chart, minutes, step) => drawColumns(chart, minutes, step, [["escalations", "--escalation"]]),
    }),
  ];
  return {
    show(live) {
      const minutes = slotsOf(live.series, live.since, live.minutes, MINUTE);
      for (const chart of charts) chart.show(minutes, MINUTE);
    },
    repaint() {
      for (const chart of charts) chart.repaint();
    },
  };
}
