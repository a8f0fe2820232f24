// Charts over the minutes of the span. A window that is still open is drawn hatched: its counts may rise.

import { byId } from "./elements.js";
import { LABELS, clock, count, percent, plural } from "./words.js";

const MINUTE = 60;
const HATCH = 5;

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hatched(context, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = HATCH * 2;
  const pen = tile.getContext("2d");
  pen.globalAlpha = 0.3;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, tile.width, tile.height);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  for (const shift of [-HATCH * 2, 0, HATCH * 2]) {
    pen.moveTo(shift, HATCH * 2);
    pen.lineTo(shift + HATCH * 2, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

// Stacked columns: `layers` are [field, colour variable] from the bottom up.
function drawColumns(chart, minutes, layers) {
  const { ctx, bbox } = chart;
  const width = Math.abs(chart.valToPos(MINUTE, "x", true) - chart.valToPos(0, "x", true));
  const gap = width > 8 ? 2 * devicePixelRatio : width > 3 ? 1 : 0;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const [field, variable] of layers) {
    const colour = ink(variable);
    const open = hatched(ctx, colour);
    for (const minute of minutes) {
      if (!minute.window?.[field]) continue;
      const below = layers.slice(0, layers.findIndex(([name]) => name === field)).reduce((sum, [name]) => sum + minute.window[name], 0);
      const left = chart.valToPos(minute.at, "x", true);
      const bottom = chart.valToPos(below, "y", true);
      const top = chart.valToPos(below + minute.window[field], "y", true);
      ctx.fillStyle = minute.window.final ? colour : open;
      ctx.fillRect(left + gap / 2, top, Math.max(1, width - gap), bottom - top);
    }
  }
  ctx.restore();
}

// One line from the middle of each minute to the next; a minute without scored texts leaves a gap. Open windows are dashed.
function drawLine(chart, minutes, field, variable) {
  const { ctx } = chart;
  const place = (minute) => [chart.valToPos(minute.at + MINUTE / 2, "x", true), chart.valToPos(minute.window[field], "y", true)];
  const known = (minute) => minute?.window && minute.window[field] !== null;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = ink(variable);
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.lineJoin = "round";
  minutes.forEach((minute, index) => {
    if (!known(minute)) return;
    const before = minutes[index - 1];
    ctx.beginPath();
    if (known(before)) {
      ctx.setLineDash(minute.window.final ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.moveTo(...place(before));
      ctx.lineTo(...place(minute));
      ctx.stroke();
    }
    const alone = !known(before) && !known(minutes[index + 1]);
    if (alone) {
      ctx.arc(...place(minute), 2.5 * devicePixelRatio, 0, 7);
      ctx.fill();
    }
  });
  ctx.restore();
}

class MinuteChart {
  constructor({ id, read, top, draw, describe, ticks, y }) {
    Object.assign(this, { id, read, top, draw, describe });
    this.minutes = [];
    this.box = byId(id);
    this.uplot = new uPlot(this.#options(ticks, y), [[], []], this.box);
    new ResizeObserver(() => this.#fit()).observe(this.box);
    this.box.addEventListener("keydown", (event) => this.#step(event));
    this.box.addEventListener("blur", () => this.#point(null));
  }

  show(minutes) {
    this.minutes = minutes;
    const times = minutes.map((minute) => minute.at);
    this.uplot.setData([times, times.map(() => null)], false);
    this.uplot.batch(() => {
      this.uplot.setScale("x", { min: times[0], max: times.at(-1) + MINUTE });
      this.uplot.setScale("y", { min: 0, max: this.top(minutes) });
    });
    this.uplot.redraw();
    this.#tell(this.uplot.cursor.idx);
    this.box.setAttribute("aria-label", `${this.describe(null)}. Arrow keys read single minutes.`);
  }

  repaint() {
    this.uplot.redraw(true, true);
  }

  #options(ticks, y) {
    const axis = { stroke: () => ink("--muted"), font: "11px system-ui", ticks: { show: false } };
    return {
      width: this.box.clientWidth || 300,
      height: Number(this.box.dataset.height),
      padding: [8, 6, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: "minutes" } },
      scales: { x: { time: true }, y: { auto: false } },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [
        { ...axis, size: 26, space: 64, grid: { show: false }, values: (_, times) => times.map((at) => clock(new Date(at * 1000))) },
        { ...axis, size: 44, space: 34, incrs: ticks, grid: { stroke: () => ink("--line"), width: 1 }, values: (_, values) => values.map(y) },
      ],
      hooks: {
        draw: [(chart) => this.draw(chart, this.minutes)],
        setCursor: [(chart) => this.#tell(this.#under(chart))],
      },
    };
  }

  // The column under the pointer: uPlot would round to the nearest start, which is the next minute in the right half.
  #under(chart) {
    if (chart.cursor.left === undefined || chart.cursor.left < 0 || !this.minutes.length) return null;
    const at = chart.posToVal(chart.cursor.left, "x");
    return Math.max(0, Math.min(this.minutes.length - 1, Math.floor((at - this.minutes[0].at) / MINUTE)));
  }

  #tell(index) {
    byId(this.read).textContent = index === null || index === undefined ? "" : this.describe(this.minutes[index]);
  }

  #fit() {
    const width = this.box.clientWidth;
    if (width && width !== this.uplot.width) this.uplot.setSize({ width, height: Number(this.box.dataset.height) });
  }

  #step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || !this.minutes.length) return;
    event.preventDefault();
    const from = this.#under(this.uplot) ?? (by < 0 ? this.minutes.length : -1);
    this.#point(Math.max(0, Math.min(this.minutes.length - 1, from + by)));
  }

  #point(index) {
    const left = index === null ? -10 : this.uplot.valToPos(this.minutes[index].at + MINUTE / 2, "x");
    this.uplot.setCursor({ left, top: index === null ? -10 : 1 });
    this.box.setAttribute("aria-label", this.describe(index === null ? null : this.minutes[index]));
  }
}

const highest = (minutes, field) => Math.max(0, ...minutes.map((minute) => minute.window?.[field] ?? 0));
const headroom = (value, least) => Math.max(least, Math.ceil(value * 1.08));
const WHOLE_TICKS = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power)).sort((a, b) => a - b);

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
  const charts = [
    new MinuteChart({
      id: "chart-volume", read: "read-volume", ticks: WHOLE_TICKS, y: count, describe: describeVolume,
      top: (minutes) => headroom(highest(minutes, "scored"), 4),
      draw: (chart, minutes) => drawColumns(chart, minutes, layers),
    }),
    new MinuteChart({
      id: "chart-negative", read: "read-negative", ticks: [0.25, 0.5], y: (share) => `${Math.round(share * 100)} %`,
      describe: (minute) => (minute ? at(minute, `${percent(minute.window?.negative_share ?? null)} of ${count(minute.window?.scored ?? 0)}`) : "Share of negative messages, minute by minute"),
      top: () => 1,
      draw: (chart, minutes) => drawLine(chart, minutes, "negative_share", "--very-negative"),
    }),
    new MinuteChart({
      id: "chart-escalations", read: "read-escalations", ticks: WHOLE_TICKS, y: count,
      describe: (minute) => (minute ? at(minute, plural(minute.window?.escalations ?? 0, "escalation")) : "Escalations, minute by minute"),
      top: (minutes) => headroom(highest(minutes, "escalations"), 2),
      draw: (chart, minutes) => drawColumns(chart, minutes, [["escalations", "--escalation"]]),
    }),
  ];
  return {
    show(live) {
      const windows = new Map(live.series.map((window) => [Date.parse(window.start) / 1000, window]));
      const first = Date.parse(live.since) / 1000;
      const minutes = Array.from({ length: live.minutes }, (_, index) => first + index * MINUTE).map((start) => ({ at: start, window: windows.get(start) }));
      for (const chart of charts) chart.show(minutes);
    },
    repaint() {
      for (const chart of charts) chart.repaint();
    },
  };
}
