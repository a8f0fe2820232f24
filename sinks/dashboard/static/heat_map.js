// Channels by categories: how many messages, and how unhappy they were. A cell is a filter.

import { asked, choose } from "./address.js";
import { byId, element, rebuild } from "./elements.js";
import { nothing } from "./tables.js";
import { count, percent, plural, points, spoken } from "./words.js";

const MAX = 12;

// What a cell's colour says; the figure stands in it.
const MEASURES = {
  negative_share: { format: percent, strength: (cell) => cell.negative_share },
  escalation_rate: { format: percent, strength: (cell) => cell.escalation_rate },
  messages: { format: count, strength: (cell, most) => cell.messages / most },
};

let measure = "negative_share";
let shown = null;

export function createHeatMap() {
  const select = byId("heat-measure");
  select.addEventListener("change", () => {
    measure = select.value;
    if (shown) showHeatMap(shown);
  });
}

export function showHeatMap(answer) {
  shown = answer;
  const { cells } = answer;
  const chosen = asked();
  rebuild("heat-map", [cells, measure, chosen.getAll("channel"), chosen.getAll("category")], () => (cells.length ? [grid(cells, chosen)] : [nothing("No customer message in this span, with these filters.")]));
}

const most = (cells, of) => {
  const sums = new Map();
  for (const cell of cells) sums.set(cell[of], (sums.get(cell[of]) ?? 0) + cell.messages);
  return [...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([value]) => value).slice(0, MAX);
};

function grid(cells, chosen) {
  const [rows, columns] = [most(cells, "row"), most(cells, "column")];
  const known = new Map(cells.map((cell) => [JSON.stringify([cell.row, cell.column]), cell]));
  const highest = Math.max(0.000001, ...cells.map((cell) => MEASURES[measure].strength(cell, Math.max(...cells.map((each) => each.messages))) ?? 0));
  const all = Math.max(...cells.map((each) => each.messages));
  const head = element("tr", {}, element("td", {}), ...columns.map((column) => element("th", { scope: "col" }, filter({ category: column }, spoken(column), chosen))));
  const body = rows.map((row) => element(
    "tr", {},
    element("th", { scope: "row" }, filter({ channel: row }, spoken(row), chosen)),
    ...columns.map((column) => cellOf(known.get(JSON.stringify([row, column])), row, column, all, highest, chosen)),
  ));
  return element("table", { class: "heat" }, element("caption", { class: "unseen" }, "Channels by categories"), element("thead", {}, head), element("tbody", {}, ...body));
}

const isChosen = (wanted, chosen) => Object.entries(wanted).every(([name, value]) => chosen.getAll(name).length === 1 && chosen.get(name) === value);

// Chosen once it is a filter; again, and it is none.
function filter(wanted, words, chosen, attributes = {}) {
  const pressed = isChosen(wanted, chosen);
  const button = element("button", { type: "button", class: "plain", "aria-pressed": String(pressed), ...attributes }, ...[words].flat());
  button.addEventListener("click", () => choose(pressed ? Object.fromEntries(Object.keys(wanted).map((name) => [name, null])) : wanted));
  return button;
}

function cellOf(cell, row, column, all, highest, chosen) {
  if (!cell || !cell.messages) return element("td", { class: "none" }, element("span", { "aria-hidden": "true" }, "·"), element("span", { class: "unseen" }, "none"));
  const { format, strength } = MEASURES[measure];
  const value = strength(cell, all);
  const told = [`${spoken(row)}, ${spoken(column)}`, plural(cell.messages, "message"), `${percent(cell.negative_share)} negative`, `${percent(cell.escalation_rate)} of ${plural(cell.tickets, "ticket")} escalated`, `score ${points(cell.score_avg)}`].join(" · ");
  const words = [element("b", {}, format(cell[measure])), element("span", {}, measure === "messages" ? percent(cell.negative_share) : count(cell.messages))];
  const button = filter({ channel: row, category: column }, words, chosen, { title: told, "aria-label": told });
  const made = element("td", {}, button);
  // Never more than half of the tone, so that the figures stay readable on it.
  made.style.setProperty("--heat", `${Math.round(((value ?? 0) / highest) * 50)}%`);
  return made;
}
