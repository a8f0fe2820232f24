// The breakdowns: moods, channels, categories, priorities, dead letters, and every minute as a table.

import { element } from "./elements.js";
import { LABELS, clock, count, percent, points, reasonWords, spoken } from "./words.js";

export function bar(share, tone = "") {
  const fill = element("span", { class: `fill ${tone}` });
  fill.style.width = `${Math.min(100, share * 100)}%`;
  return element("span", { class: "bar", "aria-hidden": "true" }, fill);
}

export function table(caption, heads, rows) {
  const head = element("tr", {}, ...heads.map(([text, kind]) => element("th", { scope: "col", class: kind ?? "" }, text)));
  return element(
    "table", {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, head),
    element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells))),
  );
}

export const named = (...content) => element("th", { scope: "row" }, ...content);
export const number = (text, title) => element("td", { class: "number", ...(title ? { title } : {}) }, text);
export const nothing = (text) => element("p", { class: "muted nothing" }, text);

export function labelTable(totals) {
  if (!totals.scored) return [nothing("No customer text was scored in this span.")];
  const strip = element("div", { class: "strip", "aria-hidden": "true" });
  const rows = LABELS.map(([label, words]) => {
    const share = totals[label] / totals.scored;
    const piece = element("span", { class: `piece ${label}` });
    piece.style.flexGrow = totals[label];
    strip.append(piece);
    const key = element("span", { class: `key ${label}`, "aria-hidden": "true" });
    return [named(key, words), number(count(totals[label])), number(percent(share))];
  });
  return [strip, table("Customer messages by mood", [["Mood"], ["Messages", "number"], ["Share", "number"]], rows)];
}

export function groupTable(caption, groups) {
  if (!groups.length) return [nothing("Nothing in this span.")];
  const most = Math.max(...groups.map((group) => group.events));
  const rows = groups.map((group) => [
    named(spoken(group.value), bar(group.events / most)),
    number(count(group.events)),
    number(percent(group.negative_share), `${count(group.very_negative + group.negative)} of ${count(group.scored)} messages`),
    number(count(group.escalations)),
  ]);
  return [table(caption, [[caption], ["Events", "number"], ["Negative", "number"], ["Esc.", "number"]], rows)];
}

export function deadLetterTable(reasons) {
  if (!reasons.length) return [nothing("No dead letters in this span.")];
  const most = Math.max(...reasons.map((reason) => reason.count));
  const rows = reasons.map(({ reason, count: records }) => [named(reasonWords(reason), bar(records / most, "warning")), number(count(records))]);
  return [table("Dead letters", [["Dead letters by reason"], ["Records", "number"]], rows)];
}

export function minuteTable(series) {
  const heads = [["Minute"], ...LABELS.map(([, words]) => [words, "number"])];
  heads.push(["Events", "number"], ["Negative", "number"], ["Escalations", "number"], ["Score", "number"], ["Window"]);
  const rows = [...series].reverse().map((minute) => [
    named(clock(new Date(minute.start))),
    ...LABELS.map(([label]) => number(count(minute[label]))),
    number(count(minute.events)),
    number(percent(minute.negative_share)),
    number(count(minute.escalations)),
    number(points(minute.score_avg)),
    element("td", {}, minute.final ? "final" : "open"),
  ]);
  return [table("Every minute", heads, rows)];
}
