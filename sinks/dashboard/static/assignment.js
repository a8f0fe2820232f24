// Who has a ticket, and who had it before.

import { byId, element, rebuild, say } from "./elements.js";
import { dayAndClock } from "./words.js";

// Where a ticket's assignment is told.
export const assignmentOf = (ticket) => `tickets/${encodeURIComponent(ticket)}/assignment`;

const REASONS = {
  "no room": "nobody who can take it has room or is there",
  "nobody can": "no agent of the roster can take it",
  routed: "by skills and load",
  knows: "had it before",
  moved: "the agent before did not answer in time",
  helpdesk: "by hand",
  over: "nothing is to be done",
  expired: "nothing was heard of it for too long",
};

export function showAssignment(told) {
  byId("ticket-assignment-box").hidden = told.state === null;
  if (told.state === null) return void rebuild("ticket-assignment", null, () => []);
  say("ticket-assignment-now", inWords(told));
  rebuild("ticket-assignment", told.history, () => told.history.map((step) => element(
    "li", { "data-state": step.state },
    element("p", { class: "title" }, element("b", { dir: "auto" }, inWords(step)), element("span", { class: "muted" }, dayAndClock(new Date(step.at)))),
    element("p", { class: "muted", dir: "auto" }, [REASONS[step.reason] ?? step.reason, step.queue && `queue ${step.queue}`, step.previous && `before: ${step.previous}`].filter(Boolean).join("; ")),
  )));
}

function inWords({ state, agent }) {
  if (state === "waiting") return "waits for an agent";
  if (state === "over") return agent ? `over; ${agent} had it` : "over";
  return agent || "somebody outside of the roster";
}
