// The two lists of tickets: who needs a person now, and who is unhappiest.

import { element } from "./elements.js";
import { ticketAddress } from "./address.js";
import { ago, labelWords, points, spoken } from "./words.js";

function moment(time, now) {
  const when = new Date(time);
  return element("time", { datetime: time, title: when.toLocaleString() }, ago(when, now));
}

// To its conversation, of the tenant that is chosen.
export function ticketLink(ticket) {
  return element("a", { class: "ticket", href: ticketAddress(ticket), title: `Conversation of ${ticket}` }, ticket);
}

export function facts(...items) {
  return element("p", { class: "facts-line" }, ...items.filter(Boolean));
}

export const fact = (text, kind = "") => element("span", { class: `fact ${kind}`, dir: "auto" }, text);

function excerpt(text) {
  return element("p", { class: "excerpt", dir: "auto" }, text || "(no text)");
}

export function worstTickets(tickets, now) {
  if (!tickets.length) return [element("li", { class: "muted nothing" }, "No customer message was scored in this span.")];
  return tickets.map((ticket) => element(
    "li", {},
    element("span", { class: `score ${ticket.label}`, title: `${labelWords(ticket.label)}: ${points(ticket.score)} of 10` }, points(ticket.score)),
    element(
      "div", { class: "about" },
      element("p", { class: "title" }, ticketLink(ticket.ticket_id), moment(ticket.occurred_at, now)),
      excerpt(ticket.excerpt),
      facts(fact(labelWords(ticket.label)), fact(spoken(ticket.channel)), fact(spoken(ticket.category)), fact(`${spoken(ticket.priority)} priority`)),
    ),
  ));
}

export function newestEscalations(escalations, now) {
  if (!escalations.length) return [element("li", { class: "muted nothing" }, "No escalation in this span.")];
  return escalations.map((escalation) => element(
    "li", {},
    element("span", { class: `priority ${escalation.priority}` }, spoken(escalation.priority)),
    element(
      "div", { class: "about" },
      element(
        "p", { class: "title" },
        ticketLink(escalation.ticket_id),
        escalation.number && element("span", { class: "muted" }, escalation.number),
        moment(escalation.occurred_at, now),
      ),
      element("p", { class: "reason", dir: "auto" }, escalation.reason),
      excerpt(escalation.excerpt),
      facts(
        fact(spoken(escalation.state)),
        escalation.agent && fact(`agent ${escalation.agent}`),
        fact(spoken(escalation.channel)),
        fact(spoken(escalation.category)),
        escalation.score !== null && fact(`score ${points(escalation.score)}`),
      ),
    ),
  ));
}
