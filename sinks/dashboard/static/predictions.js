// What is expected of a ticket: each with its bounds and what speaks for it.

import { byId, element, rebuild, say } from "./elements.js";
import { dayAndClock, duration, signed, spoken } from "./words.js";

// Where a ticket's predictions are told.
export const predictionsOf = (ticket) => `tickets/${encodeURIComponent(ticket)}/predictions`;

const share = (value) => `${Math.round(value * 100)} %`;
const rating = (value) => value.toFixed(1);
const KINDS = [
  ["escalation", "Escalates within 3 days", share],
  ["resolution", "Time to resolution", (seconds) => duration(seconds)],
  ["reply_breach", "First reply too late", share],
  ["resolution_breach", "Resolved too late", share],
  ["satisfaction", "Rating to expect, of 5", rating],
];

export function showPredictions(told) {
  const box = byId("ticket-predictions-box");
  const any = told.as_of !== null && !told.ended;
  box.hidden = !any;
  if (!any) return void rebuild("ticket-predictions", null, () => []);
  say("ticket-predictions-as-of", `by what was known ${dayAndClock(new Date(told.as_of))}`);
  rebuild("ticket-predictions", told, () => KINDS.filter(([kind]) => told[kind]).map((each) => expectation(told[each[0]], each)));
}

function expectation(foretold, [kind, title, inWords]) {
  const bounds = foretold.low === null || foretold.high === null ? "" : `${inWords(foretold.low)} to ${inWords(foretold.high)}`;
  const reasons = foretold.because.map((reason) => element(
    "li", {}, element("b", {}, weight(kind, reason)), " ", element("span", { dir: "auto" }, kind === "resolution" ? reason.value : spoken(reason.fact)),
    element("span", { class: "muted", dir: "auto" }, kind === "resolution" || !reason.value ? "" : ` ${reason.value}`),
  ));
  return element(
    "li", { "data-kind": kind },
    element("p", { class: "title" }, element("b", {}, title), element("span", {}, foretold.passed ? "its time has passed" : inWords(foretold.value)), element("span", { class: "muted" }, bounds)),
    element("p", { class: "muted", dir: "auto" }, foretold.model ? `model ${foretold.model}, ${foretold.basis}` : foretold.basis && `no model: ${foretold.basis}`),
    reasons.length ? element("ul", { class: "reasons" }, ...reasons) : "",
  );
}

const weight = (kind, reason) => (kind === "resolution" ? duration(reason.weight * 3600) : signed(reason.weight));
