// Alerts: what fires, what was resolved, and behind each the tickets and phrases that it is about. And the mark in the header.

import { byId, element, rebuild, say } from "./elements.js";
import { named, nothing, number, table } from "./tables.js";
import { fact, facts, ticketLink } from "./tickets.js";
import { clock, dayAndClock, duration, inUnitOf, measureWords, odds, percent, plural, spoken, times } from "./words.js";

// Alerts that the viewer opened stay open when the list is built anew.
const opened = new Set();

export function showAlerts(answer) {
  const { firing, critical, resolved, alerts } = answer;
  const mark = byId("mark");
  mark.hidden = !firing;
  mark.dataset.severity = critical ? "critical" : "warning";
  say("mark-word", firing ? `${plural(firing, "alert")} firing` : "");
  say("alerts-count", [firing ? `${firing} firing` : "none firing", `${resolved} resolved in this span`].join(" · "));
  list("alerts-list", answer.tenant, alerts, new Date(answer.generated_at), "Nothing is out of the ordinary: no alert fires, and none was resolved in this span.");
}

// Fill a list with alerts. Who was at one of them with the keyboard stays there when the list is built anew.
export function list(id, tenant, alerts, now, none) {
  const today = now.toDateString();
  const at = document.activeElement.closest(`#${id} li[data-alert]`)?.dataset.alert;
  rebuild(id, [tenant, alerts, today], () => (alerts.length ? alerts.map((alert) => item(alert, today)) : [element("li", { class: "muted nothing" }, none)]));
  if (at && !byId(id).contains(document.activeElement)) byId(id).querySelector(`[data-alert="${at}"] summary`)?.focus();
}

function item(alert, today) {
  const firing = alert.state === "firing";
  const opens = element(
    "details", { class: "about" },
    element(
      "summary", {},
      element("span", { class: "title" }, element("b", { class: "sentence", dir: "auto" }, alert.summary), period(alert, today)),
      figures(alert),
    ),
    why(alert),
  );
  opens.open = opened.has(alert.alert_id);
  opens.addEventListener("toggle", () => (opens.open ? opened.add(alert.alert_id) : opened.delete(alert.alert_id)));
  const badge = element("span", { class: `severity ${firing ? alert.severity : "resolved"}` }, firing ? spoken(alert.severity) : "Resolved");
  return element("li", { "data-state": alert.state, "data-alert": alert.alert_id }, badge, opens);
}

function period(alert, today) {
  const told = (time) => (time.toDateString() === today ? clock(time) : dayAndClock(time));
  const start = new Date(alert.started_at);
  if (alert.state === "firing") return element("time", { datetime: alert.started_at, title: start.toLocaleString() }, `since ${told(start)}`);
  const end = new Date(alert.resolved_at);
  return element("time", { datetime: alert.resolved_at, title: `${start.toLocaleString()} – ${end.toLocaleString()}` }, `${told(start)} – ${end.toDateString() === start.toDateString() ? clock(end) : told(end)}`);
}

function figures(alert) {
  const { measure, kind, state, severity, ended } = alert;
  const compared = `${inUnitOf(measure, alert.observed)} where ${inUnitOf(measure, alert.expected)} is expected`;
  return facts(
    fact(kind === "silence" ? "Silence" : `${spoken(kind)} of ${measureWords(measure).toLowerCase()}`),
    fact(alert.observed && alert.expected && measure !== "score" ? `${compared} (${times(alert.ratio)})` : compared),
    fact(`by chance: ${odds(alert.probability)}`),
    fact(`windows of ${duration(alert.window_size)}`),
    state === "resolved" && fact(`was ${severity}`),
    state === "resolved" && ended && fact(ended === "calm" ? "as usual again" : "usual by now"),
  );
}

function why(alert) {
  const tickets = alert.tickets.map((ticket) => element("li", {}, ticketLink(ticket)));
  const rows = alert.phrases.map(({ phrase, share, usual }) => [named(phrase), number(percent(share)), number(percent(usual))]);
  const heads = [["Phrase"], ["Share", "number"], ["Usual share", "number"]];
  return element(
    "div", { class: "why" },
    element("div", {}, element("h3", {}, "Tickets"), tickets.length ? element("ul", { class: "links" }, ...tickets) : nothing("No ticket is behind it.")),
    element("div", {}, element("h3", {}, "More frequent than usual"), rows.length ? table("Over-represented phrases", heads, rows) : nothing("No phrase stands out.")),
  );
}
