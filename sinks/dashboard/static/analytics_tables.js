// The analytics view's figures, tables and the tickets behind them.

import { choose } from "./address.js";
import { toggled } from "./filters.js";
import { byId, element, rebuild, say } from "./elements.js";
import { bar, named, nothing, number, table } from "./tables.js";
import { fact, facts, ticketLink } from "./tickets.js";
import { LABELS, count, dayAndClock, duration, labelWords, percent, plural, points, spoken } from "./words.js";

const MOST_AGENTS = 15;

const seconds = (value) => (value === null ? "–" : duration(value));
const stars = (value) => (value === null ? "–" : `${value.toFixed(2)} of 5`);
const inPoints = (now, then) => [now - then, `${Math.abs((now - then) * 100).toFixed(1)}\u00a0points`];
const relative = (now, then) => (then ? [now / then - 1, `${Math.abs((now / then - 1) * 100).toFixed(1)}\u00a0%`] : null);
const plain = (now, then) => [now - then, Math.abs(now - then).toFixed(2)];

// The measure, its words, how it reads, how a difference reads, whether more is worse (null: neither), and what stands beside it.
const TILES = [
  ["tickets", count, relative, null, ({ messages }) => plural(messages, "message")],
  ["negative_share", percent, inPoints, true, (figures) => `${count(figures.very_negative + figures.negative)} of ${plural(figures.messages, "message")}`],
  ["escalation_rate", percent, inPoints, true, (figures) => `${count(figures.escalated_tickets)} of ${plural(figures.tickets, "ticket")}`],
  ["resolution_rate", percent, inPoints, false, (figures) => `${count(figures.resolved)} of ${plural(figures.tickets, "ticket")}`],
  ["first_response_p50", seconds, relative, true, (figures) => `19 of 20 within ${seconds(figures.first_response_p95)}`],
  ["satisfaction_avg", stars, plain, false, ({ ratings }) => plural(ratings, "rating")],
];

export function showSummary({ current, previous }) {
  for (const [name, format, differ, moreIsWorse, beside] of TILES) {
    const [now, then] = [current[name], previous[name]];
    say(`sum-${name}`, now === null ? "–" : format(now));
    say(`sum-${name}-beside`, beside(current));
    const difference = now === null || then === null ? null : differ(now, then);
    const change = byId(`sum-${name}-change`);
    delete change.dataset.trend;
    const isSame = difference && !/[1-9]/.test(difference[1]);
    if (difference && !isSame && moreIsWorse !== null) change.dataset.trend = difference[0] > 0 === moreIsWorse ? "worse" : "better";
    say(change.id, difference ? (isSame ? "as before" : `${difference[0] > 0 ? "▲" : "▼"}\u00a0${difference[1]} · ${format(then)} before`) : "none before");
  }
}

// Rows of { label, count }: a share of all messages, and a filter.
export function showDistribution(rows, total) {
  rebuild("moods", [rows, total], () => {
    if (!total) return [nothing("No customer message in this span, with these filters.")];
    const strip = element("div", { class: "strip", "aria-hidden": "true" });
    const cells = LABELS.map(([label, words]) => {
      const messages = rows.find((each) => each.label === label)?.count ?? 0;
      const piece = element("span", { class: `piece ${label}` });
      piece.style.flexGrow = messages;
      strip.append(piece);
      const key = element("span", { class: `key ${label}`, "aria-hidden": "true" });
      return [named(key, filter("label", label, words)), number(count(messages)), number(percent(messages / total))];
    });
    return [strip, table("Messages by mood", [["Mood"], ["Messages", "number"], ["Share", "number"]], cells)];
  });
}

export function filter(name, value, words) {
  const button = element("button", { type: "button", class: "plain", title: `Only ${name} ${words}` }, element("span", { dir: "auto" }, words));
  button.addEventListener("click", () => choose({ [name]: toggled(name, value) }));
  return button;
}

export function showEmotions(rows, total) {
  rebuild("emotions", [rows, total], () => {
    if (!rows.length) return [nothing("No emotion was read in this span, with these filters.")];
    const most = Math.max(...rows.map((row) => row.count));
    const cells = rows.map((row) => [named(spoken(row.emotion), bar(row.count / most)), number(count(row.count)), number(percent(row.percentage / 100))]);
    return [table("Emotions", [["Emotion"], ["Messages", "number"], ["Share", "number"]], cells)];
  });
}

const QUALITY = "0 to 100: first replies within 2 hours, resolutions within 24, ratings, resolved at the first contact";

export function showAgents(agents) {
  rebuild("agents", agents, () => {
    if (!agents.length) return [nothing("No agent had a part in these tickets.")];
    const heads = [["Agent"], ["Quality", "number"], ["Tickets", "number"], ["First reply", "number"], ["Resolved", "number"], ["At first contact", "number"], ["Negative", "number"], ["Escalated", "number"], ["Rating", "number"]];
    const cells = agents.slice(0, MOST_AGENTS).map((each) => [
      named(filter("agent", each.value, each.value)),
      element("td", { class: "number quality", title: QUALITY }, each.quality === null ? "–" : element("b", {}, count(each.quality * 100)), each.quality === null ? "" : bar(each.quality)),
      number(count(each.tickets)),
      number(seconds(each.first_response_p50), `19 of 20 within ${seconds(each.first_response_p95)}`),
      number(percent(each.resolution_rate), plural(each.resolved, "ticket")),
      number(percent(each.first_contact_rate)),
      number(percent(each.negative_share), plural(each.messages, "message")),
      number(percent(each.escalation_rate), plural(each.escalated_tickets, "ticket")),
      number(each.satisfaction_avg === null ? "–" : each.satisfaction_avg.toFixed(2), plural(each.ratings, "rating")),
    ]);
    return [table("Agents", heads, cells), agents.length > MOST_AGENTS ? element("p", { class: "muted" }, `The ${MOST_AGENTS} with most tickets of ${count(agents.length)}.`) : ""];
  });
}

export function showTickets(tickets, more) {
  byId("more-tickets").hidden = !more;
  rebuild("analytics-tickets", tickets, () => (tickets.length ? tickets.map(ticketItem) : [element("li", { class: "muted nothing" }, "No ticket in this span, with these filters.")]));
}

function ticketItem(ticket) {
  const at = new Date(ticket.last_at);
  return element(
    "li", {},
    ticket.score === null
      ? element("span", { class: "score none", title: "Not scored" }, "–")
      : element("span", { class: `score ${ticket.label}`, title: `${labelWords(ticket.label)}: ${points(ticket.score)} of 10` }, points(ticket.score)),
    element(
      "div", { class: "about" },
      element("p", { class: "title" }, ticketLink(ticket.ticket_id), element("time", { datetime: ticket.last_at, title: at.toLocaleString() }, dayAndClock(at))),
      element("p", { class: "excerpt", dir: "auto" }, ticket.excerpt || "(no text)"),
      facts(
        fact(spoken(ticket.status)), ticket.is_escalated && fact("escalated", "calls"), fact(spoken(ticket.channel)), fact(spoken(ticket.category)), fact(`${spoken(ticket.priority)} priority`),
        ticket.agent_id && fact(ticket.agent_id),
      ),
    ),
  );
}
