// One chart over slots of time: axes, pointer, arrow keys and a text for those who do not see it.

import { byId } from "./elements.js";
import { ink } from "./drawing.js";
import { DAY, clock, dayOf } from "./words.js";

export const WHOLE_TICKS = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power)).sort((a, b) => a - b);
export const headroom = (value, least) => Math.max(least, Math.ceil(value * 1.08));

export class TimeChart {
  // `range` gives the least and the highest value of the y axis, `describe` a slot in words (null: the chart itself), `y` a tick.
  // Charts with the same `together` have one pointer. With `onSelect` a span can be dragged, or marked with Shift and the arrow keys:
  // it hears the starts (seconds) of the first slot and of the one behind the last.
  constructor({ id, read, together, range, draw, describe, ticks, y, onSelect }) {
    Object.assign(this, { id, read, range, draw, describe, onSelect });
    this.marked = null;
    this.slots = [];
    this.step = 60;
    this.box = byId(id);
    this.uplot = new uPlot(this.#options(together, ticks, y), [[], []], this.box);
    new ResizeObserver(() => this.#fit()).observe(this.box);
    this.box.addEventListener("keydown", (event) => this.#move(event));
    this.box.addEventListener("blur", () => this.#point(null));
  }

  // Slots of `step` seconds, oldest first, without a gap.
  show(slots, step) {
    this.slots = slots;
    this.step = step;
    const times = slots.map((slot) => slot.at);
    const [min, max] = this.range(slots);
    this.uplot.setData([times, times.map(() => null)], false);
    this.uplot.batch(() => {
      this.uplot.setScale("x", { min: times[0], max: times.at(-1) + step });
      this.uplot.setScale("y", { min, max });
    });
    this.uplot.redraw();
    this.#tell(this.#under(this.uplot));
    this.box.setAttribute("aria-label", `${this.describe(null)}. Arrow keys read single windows${this.onSelect ? "; with Shift they mark a span, and Enter shows it alone" : ""}.`);
  }

  repaint() {
    this.uplot.redraw(true, true);
  }

  #options(together, ticks, y) {
    const axis = { stroke: () => ink("--muted"), font: "11px system-ui", ticks: { show: false } };
    return {
      width: this.box.clientWidth || 300,
      height: Number(this.box.dataset.height),
      // Room for the right half of the last time.
      padding: [8, 26, 0, 0],
      legend: { show: false },
      // Days begin and end in UTC, whoever looks at them.
      tzDate: (at) => (this.step >= DAY ? uPlot.tzDate(new Date(at * 1000), "Etc/UTC") : new Date(at * 1000)),
      cursor: { y: false, points: { show: false }, drag: { x: Boolean(this.onSelect), y: false, setScale: false }, sync: { key: together } },
      scales: { x: { time: true }, y: { auto: false } },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [
        { ...axis, size: 26, space: 64, grid: { show: false }, values: (_, times) => times.map((at) => this.#tick(at)) },
        { ...axis, size: 44, space: 34, incrs: ticks, grid: { stroke: () => ink("--line"), width: 1 }, values: (_, values) => values.map(y) },
      ],
      hooks: {
        draw: [(chart) => this.draw(chart, this.slots, this.step)],
        setCursor: [(chart) => this.#tell(this.#under(chart))],
        setSelect: [(chart) => this.#selected(chart)],
      },
    };
  }

  #tick(at) {
    const time = new Date(at * 1000);
    if (this.step >= DAY) return dayOf(time, "UTC");
    return this.step > 60 && clock(time) === "00:00" ? dayOf(time) : clock(time);
  }

  // The column under the pointer: uPlot would round to the nearest start, which is the next window in the right half.
  #under(chart) {
    if (chart.cursor.left === undefined || chart.cursor.left < 0 || !this.slots.length) return null;
    const at = chart.posToVal(chart.cursor.left, "x");
    return Math.max(0, Math.min(this.slots.length - 1, Math.floor((at - this.slots[0].at) / this.step)));
  }

  #tell(index) {
    byId(this.read).textContent = index === null ? "" : this.describe(this.slots[index]);
  }

  #fit() {
    const width = this.box.clientWidth;
    if (width && width !== this.uplot.width) this.uplot.setSize({ width, height: Number(this.box.dataset.height) });
  }

  // What was dragged over, in whole slots. A chart that only shows another one's selection has no pointer of its own.
  #selected(chart) {
    const { left, width } = chart.select;
    if (!this.onSelect || width < 4 || !chart.cursor.event) return;
    const slotAt = (pixel) => Math.max(0, Math.min(this.slots.length - 1, Math.floor((chart.posToVal(pixel, "x") - this.slots[0].at) / this.step)));
    this.#choose(slotAt(left), slotAt(left + width));
  }

  #choose(first, last) {
    this.uplot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.onSelect(this.slots[first].at, this.slots[last].at + this.step);
  }

  #mark(to) {
    this.marked ??= this.#under(this.uplot) ?? to;
    const [first, last] = [Math.min(this.marked, to), Math.max(this.marked, to)];
    const left = this.uplot.valToPos(this.slots[first].at, "x");
    const right = this.uplot.valToPos(this.slots[last].at + this.step, "x");
    this.uplot.setSelect({ left, width: right - left, top: 0, height: this.uplot.over.clientHeight }, false);
    this.span = [first, last];
  }

  #move(event) {
    if (event.key === "Enter" && this.marked !== null) {
      const [first, last] = this.span;
      this.marked = null;
      return this.#choose(first, last);
    }
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || !this.slots.length) return;
    event.preventDefault();
    const from = this.#under(this.uplot) ?? (by < 0 ? this.slots.length : -1);
    const to = Math.max(0, Math.min(this.slots.length - 1, from + by));
    if (this.onSelect && event.shiftKey) this.#mark(to);
    else this.marked = null;
    this.#point(to);
  }

  #point(index) {
    if (index === null && this.marked !== null) {
      this.marked = null;
      this.uplot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    }
    const left = index === null ? -10 : this.uplot.valToPos(this.slots[index].at + this.step / 2, "x");
    this.uplot.setCursor({ left, top: index === null ? -10 : 1 });
    this.box.setAttribute("aria-label", this.describe(index === null ? null : this.slots[index]));
  }
}

// A slot for each window of a span, whether it is there or not.
export function slotsOf(series, since, windows, step) {
  const known = new Map(series.map((window) => [Date.parse(window.start) / 1000, window]));
  const first = Date.parse(since) / 1000;
  return Array.from({ length: windows }, (_, index) => first + index * step).map((at) => ({ at, window: known.get(at) }));
}
