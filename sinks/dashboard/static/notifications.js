// Notifications: who was told of what, who was not and why, and what is on its way.

import { element, rebuild, say } from "./elements.js";
import { fact, facts, ticketLink } from "./tickets.js";
import { clock, count, dayAndClock, plural, spoken } from "./words.js";

const KINDS = {
  response_due: "First reply is due",
  resolution_due: "Resolution is due",
  alert_resolved: "Alert resolved",
};
// As short as the badges of alerts.
const STATES = { pending: "Waits", sent: "Sent", failed: "Failed", suppressed: "Not sent" };
const BADGES = { pending: "warning", sent: "resolved", failed: "critical", suppressed: "" };

export function showNotifications(answer) {
  const { notifications } = answer;
  const counted = ["failed", "pending", "sent", "suppressed"].filter((state) => answer[state]).map((state) => `${count(answer[state])} ${STATES[state].toLowerCase()}`);
  say("notifications-count", counted.join(" · "));
  list("notifications", notifications, "Nobody was to be told of anything in this span.", true);
}

export function showNotificationsOf(notifications) {
  say("ticket-notifications-count", notifications.length ? plural(notifications.length, "notification") : "");
  list("ticket-notifications", notifications, "Nobody was to be told of this ticket.", false);
}

function list(id, notifications, none, withTicket) {
  rebuild(id, notifications, () => (notifications.length ? notifications.map((each) => item(each, withTicket)) : [element("li", { class: "muted nothing" }, none)]));
}

function item(told, withTicket) {
  const at = new Date(told.at);
  return element(
    "li", {},
    element("span", { class: `severity ${BADGES[told.state]}` }, STATES[told.state]),
    element(
      "div", { class: "about" },
      element(
        "p", { class: "title" },
        element("span", {}, element("b", {}, KINDS[told.kind] ?? spoken(told.kind)), " ", withTicket && told.ticket_id ? ticketLink(told.ticket_id) : ""),
        element("time", { datetime: told.at, title: at.toLocaleString() }, dayAndClock(at)),
      ),
      facts(
        fact(`to ${told.target}`),
        told.provider !== "none" && fact(told.provider),
        told.recipient && fact(told.recipient),
        told.attempt > 1 && fact(plural(told.attempt, "attempt")),
        told.state === "pending" && fact(`due ${clock(new Date(told.due_at))}`),
        told.provider_ms !== null && fact(`${count(told.provider_ms)} ms`),
        told.reference && told.state !== "suppressed" && fact(told.reference),
      ),
      told.reason && element("p", { class: "reason", dir: "auto" }, told.reason),
    ),
  );
}
