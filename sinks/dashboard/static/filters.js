// What the analytics view is of: a span and filters. All of it stands in the address; the form shows it and changes it.

import { asked, choose, view } from "./address.js";
import { byId, element, rebuild, say } from "./elements.js";
import { LABELS, spoken } from "./words.js";

// What the tickets of the list must have; the figures stay those of all of them.
const HAS = { any_negative: "with a negative message", escalations: "with an escalation", resolutions: "that were resolved", first_response: "that were first answered", ratings: "that were rated" };

export const FILTERS = ["channel", "category", "priority", "label", "agent"];
const DAY_MS = 86_400_000;
const SPANS = ["1", "7", "30", "90"];
const COMPARED = ["previous", "week", "none"];
const PRIORITIES = ["urgent", "high", "medium", "low"];
const MAX_CHOICES = 200;

const day = (time) => new Date(time).toISOString().slice(0, 10);

// { since, until, days }: seconds since 1970, or what the server takes for now where `until` is null.
export function span() {
  const chosen = asked();
  if (chosen.has("from") || chosen.has("to")) return { from: chosen.get("from"), to: chosen.get("to"), days: null };
  return { from: null, to: null, days: SPANS.includes(chosen.get("span")) ? chosen.get("span") : "7" };
}

// As the analytics API takes it. A span that ends now begins at a whole minute, so that two viewers ask the same.
export function selection() {
  const { from, to, days } = span();
  const chosen = asked();
  const since = days === null ? from : days === "7" ? null : new Date(Math.ceil((Date.now() - Number(days) * DAY_MS) / 60_000) * 60_000).toISOString();
  return { from: since, to: days === null ? to : null, ...Object.fromEntries(FILTERS.map((name) => [name, chosen.getAll(name)])) };
}

export const compared = () => (COMPARED.includes(asked().get("compare")) ? asked().get("compare") : "previous");

// How long a point of the trends is, so that there are some dozens of them.
export function stepOf(since, until) {
  const days = (until - since) / 86_400;
  return days <= 3 ? "hour" : days <= 120 ? "day" : "week";
}

export const toggled = (name, value) => {
  const values = asked().getAll(name);
  return values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
};

// A span from a chart, in seconds: where it was dragged.
export const chooseSpan = (since, until) => choose({ span: null, from: new Date(since * 1000).toISOString().replace(".000", ""), to: new Date(until * 1000).toISOString().replace(".000", "") });

export function createFilters() {
  const form = byId("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => {
    if (target.name === "span") return choose({ span: target.value === "7" ? null : target.value, from: null, to: null });
    if (target.name === "compare") return choose({ compare: target.value === "previous" ? null : target.value });
    if (target.name === "from" || target.name === "to") return chooseDays(form);
    if (!FILTERS.includes(target.name) || !target.value) return undefined;
    const [name, value] = [target.name, JSON.parse(target.value)];
    target.value = "";
    return choose({ [name]: toggled(name, value) });
  });
  for (const button of document.querySelectorAll("[data-has]")) {
    button.addEventListener("click", () => {
      choose({ has: button.dataset.has || null });
      byId("ticket-list").scrollIntoView({ block: "start" });
      byId(button.dataset.has ? "all-tickets" : "ticket-order").focus({ preventScroll: true });
    });
  }
  byId("all-tickets").addEventListener("click", () => choose({ has: null }));
  byId("clear-filters").addEventListener("click", () => choose({ ...Object.fromEntries(FILTERS.map((name) => [name, null])), from: null, to: null, span: null }));
  return { show: () => show(form), offer: (values) => offer(form, values) };
}

// Whole days of UTC; the last one is meant to be in it.
function chooseDays(form) {
  const { from, to } = form.elements;
  for (const each of [from, to]) each.setCustomValidity("");
  if (from.value && to.value && from.value > to.value) to.setCustomValidity("The last day is before the first.");
  if (!form.reportValidity() || !from.value) return;
  choose({ span: null, from: from.value, to: to.value ? day(Date.parse(to.value) + DAY_MS) : null });
}

function show(form) {
  if (view() !== "analytics") return;
  const { from, to, days } = span();
  for (const choice of form.elements.span) choice.checked = choice.value === days;
  form.elements.compare.value = compared();
  if (document.activeElement !== form.elements.from) form.elements.from.value = from && !Number.isNaN(Date.parse(from)) ? day(Date.parse(from)) : "";
  if (document.activeElement !== form.elements.to) form.elements.to.value = to && !Number.isNaN(Date.parse(to)) ? day(Date.parse(to) - 1) : "";
  const has = asked().get("has");
  say("tickets-that", has ? HAS[has] ?? has : "");
  byId("all-tickets").hidden = !has;
  const chosen = FILTERS.flatMap((name) => asked().getAll(name).map((value) => [name, value]));
  byId("clear-filters").hidden = !chosen.length && days === "7";
  rebuild("chips", chosen, () => chosen.map(([name, value]) => chip(name, value)));
}

function chip(name, value) {
  const button = element("button", { type: "button", class: "chip", "aria-label": `Without ${name} ${spoken(value)}` }, element("span", { class: "muted" }, `${spoken(name)} `), element("span", { dir: "auto" }, name === "agent" ? value : spoken(value)), element("span", { class: "cross", "aria-hidden": "true" }, "×"));
  button.addEventListener("click", () => {
    choose({ [name]: toggled(name, value) });
    byId("filters").elements[name].focus();
  });
  return element("li", {}, button);
}

// What there is to choose from: most frequent first.
function offer(form, { channel, category, agent }) {
  const choices = { channel, category, agent, priority: PRIORITIES, label: LABELS.map(([label]) => label) };
  for (const [name, values] of Object.entries(choices)) {
    const select = form.elements[name];
    const key = JSON.stringify(values);
    if (select.dataset.offered === key) continue;
    select.dataset.offered = key;
    select.replaceChildren(
      element("option", { value: "" }, spoken(name === "label" ? "mood" : name)),
      ...values.slice(0, MAX_CHOICES).map((value) => element("option", { value: JSON.stringify(value) }, name === "agent" ? value || "None given" : spoken(value))),
    );
  }
}
