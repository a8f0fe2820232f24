// One ticket: what was said, how each message was scored and why, and what became of its escalations.

import { correctButton, correctionNotes, standing } from "./correcting.js";
import { byId, element, rebuild, say } from "./elements.js";
import { marked } from "./marks.js";
import { showNotificationsOf } from "./notifications.js";
import { fact, facts } from "./tickets.js";
import { count, dayAndClock, dayAndClockSeconds, duration, labelWords, plural, points, signed, spoken } from "./words.js";

const TYPES = { status_changed: "Status", rated: "Rating", escalation_requested: "Asked for a person" };

// Where its conversation is told. What is in an id is never a part of the address.
export const conversationOf = (ticket) => `conversations/${encodeURIComponent(ticket)}`;

// What is shown now, and what was corrected of it.
let shown = null;
let corrections = [];

// What is shown is faint until it is of this ticket.
export function expectTicket(ticket) {
  if (byId("ticket-id").textContent === ticket) return;
  byId("ticket").dataset.view = "loading";
  [shown, corrections] = [null, []];
}

export function showCorrections(answer) {
  corrections = answer.corrections;
  showMessages();
}

// `changed` is called when something was corrected.
export function showTicket(conversation, changed) {
  shown = { conversation, changed };
  const { tenant, ticket_id: ticket, state } = conversation;
  head(ticket, tenant, [
    fact(spoken(state.status)),
    state.escalated && fact("escalated", "calls"),
    fact(spoken(state.channel)),
    fact(spoken(state.category)),
    state.customer_id && fact(`customer ${state.customer_id}`),
    state.ticket_number && fact(state.ticket_number),
  ]);
  byId("ticket-parts").hidden = false;
  rebuild("ticket-figures", state, () => figures(state));
  say("messages-count", conversation.left_out ? `the newest ${count(conversation.messages.length)} of ${count(state.events)} events` : plural(state.events, "event"));
  showMessages();
  const { escalations } = conversation;
  say("ticket-escalations-count", escalations.length ? plural(escalations.length, "escalation") : "");
  rebuild("ticket-escalations", escalations, () => (escalations.length ? escalations.map(escalation) : [element("li", { class: "muted nothing" }, "It has not escalated.")]));
  showNotificationsOf(conversation.notifications);
}

// Who is correcting a message is not disturbed.
function showMessages() {
  if (!shown || byId("messages").querySelector("form")) return;
  const { tenant, ticket_id: ticket, messages, state } = shown.conversation;
  const categories = [...new Set([state.category, ...messages.map((each) => each.category)])].filter(Boolean);
  const context = { tenant, ticket, categories, corrections, recorded: shown.changed };
  rebuild("messages", [tenant, ticket, messages, corrections], () => messages.map((each) => message(each, state, context)));
}

export function showMissing(ticket, tenant) {
  head(ticket, tenant, [fact(`Nothing is stored of this ticket of tenant ${tenant}.`)]);
  byId("ticket-json").hidden = true;
  byId("ticket-parts").hidden = true;
  rebuild("ticket-figures", null, () => []);
}

function head(ticket, tenant, items) {
  byId("ticket").dataset.view = "figures";
  say("ticket-id", ticket);
  byId("ticket-facts").replaceChildren(...facts(...items).childNodes);
  byId("ticket-json").hidden = false;
  byId("ticket-json").href = `/api/v1/${conversationOf(ticket)}?${new URLSearchParams({ tenant })}`;
}

const definition = ([name, value]) => element("div", {}, element("dt", {}, name), element("dd", { dir: "auto" }, value));

function figures(state) {
  const rated = state.satisfaction === null ? [] : [["Rating", `${state.satisfaction} of 5`]];
  return [
    ["Average score", points(state.score_avg)],
    ["Lowest score", points(state.score_min)],
    ["Customer's messages", count(state.customer_messages)],
    ["Agents' replies", count(state.agent_replies)],
    ["Began", dayAndClock(new Date(state.first_at))],
    ["Newest event", dayAndClock(new Date(state.last_at))],
    ...rated,
  ].map(definition);
}

function moment(time) {
  const when = new Date(time);
  return element("time", { datetime: time, title: when.toLocaleString() }, dayAndClockSeconds(when));
}

function message(told, state, context) {
  const stands = standing(context.corrections, told.event_id);
  const agent = told.voice === "agent";
  const reasons = told.reasons.map(({ rule, term, points: moved }) => element(
    "li", {}, element("b", {}, signed(moved)), " ", element("span", { dir: "auto" }, term || spoken(rule)), element("span", { class: "muted" }, term ? ` ${spoken(rule).toLowerCase()}` : ""),
  ));
  return element(
    "li", { class: agent ? "of-agent" : "" },
    score(told),
    element(
      "div", { class: "about" },
      element("p", { class: "title" }, element("b", {}, agent ? "Agent" : "Customer"), element("span", { class: "muted" }, TYPES[told.type] ?? ""), moment(told.at)),
      told.text && element("p", { class: "said", dir: "auto" }, ...marked(told.text, told.reasons)),
      facts(
        told.label && fact(labelWords(told.label), stands.label ? "overruled" : ""),
        stands.label && fact(`corrected: ${labelWords(stands.label.new)}`, "corrected"),
        told.unscored && fact(`not scored: ${spoken(told.unscored).toLowerCase()}`),
        told.status && fact(`status ${spoken(told.status).toLowerCase()}`),
        told.emotion && fact(spoken(told.emotion)),
        // What is said of the ticket is not said again of each message.
        told.channel !== state.channel && fact(spoken(told.channel)),
        told.category && (told.category !== state.category || stands.category) && fact(spoken(told.category), stands.category ? "overruled" : ""),
        stands.category && fact(`corrected: ${spoken(stands.category.new)}`, "corrected"),
        ...told.signals.map((signal) => fact(spoken(signal), "signal")),
        told.text && correctButton(told, context),
      ),
      reasons.length ? element("ul", { class: "reasons", "aria-label": "What moved its score" }, ...reasons) : "",
      ...correctionNotes(context.corrections, told.event_id),
    ),
  );
}

function score({ score: given, label }) {
  if (given === null) return element("span", { class: "score none", title: "Not scored" }, "–");
  return element("span", { class: `score ${label}`, title: `${labelWords(label)}: ${points(given)} of 10` }, points(given));
}

function escalation(told) {
  return element(
    "li", {},
    element("p", { class: "title" }, element("b", {}, told.number ?? "No number yet"), element("span", { class: `priority ${told.priority}` }, spoken(told.priority))),
    element("p", { class: "reason", dir: "auto" }, told.reason),
    facts(
      fact(spoken(told.state)),
      fact(`rule ${told.rule} of policy ${told.policy}, version ${told.policy_version}`),
      told.raised_by.length > 1 && fact(`raised by ${told.raised_by.join(", ")}`),
      told.queue && fact(`queue ${told.queue}`),
      told.category && fact(spoken(told.category)),
      fact(plural(told.revision, "revision")),
    ),
    element("dl", { class: "times" }, ...times(told).map(definition)),
    ...notes(told),
  );
}

function times(told) {
  const raised = new Date(told.occurred_at);
  const since = (time) => `${dayAndClock(new Date(time))} (after ${duration(Math.max(0, new Date(time) - raised) / 1000)})`;
  return [
    ["Raised", dayAndClock(raised)],
    told.respond_by && ["Answer due", dayAndClock(new Date(told.respond_by))],
    told.acknowledged_at && ["Acknowledged", since(told.acknowledged_at)],
    told.first_response_at && ["First answer", since(told.first_response_at)],
    told.resolved_at && ["Resolved", since(told.resolved_at)],
  ].filter(Boolean);
}

function notes(told) {
  const evidence = Object.entries(told.evidence).filter(([, value]) => !isEmpty(value)).map(([name, value]) => `${spoken(name)}: ${inWords(value)}`);
  return [
    ["Evidence", evidence],
    ["Keywords", told.keywords.length ? [told.keywords.join(", ")] : []],
    ["Summary", told.summary],
    ["Reply that was sent", told.reply ? [told.reply] : []],
    ["Note for the agent", told.note ? [told.note] : []],
    ["How it was resolved", told.resolution_notes ? [told.resolution_notes] : []],
  ].filter(([, lines]) => lines.length).map(([name, lines]) => element("div", { class: "note" }, element("h3", {}, name), ...lines.map((line) => element("p", { class: "said", dir: "auto" }, line))));
}

const isEmpty = (value) => value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);

// Whatever a policy put there: words, or figures by name.
function inWords(value) {
  if (Array.isArray(value)) return value.map(inWords).join(", ");
  if (value !== null && typeof value === "object") return Object.entries(value).map(([name, each]) => `${spoken(name).toLowerCase()} ${inWords(each)}`).join(", ");
  return String(value);
}
