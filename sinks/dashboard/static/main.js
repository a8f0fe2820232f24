// The page's loop: ask, show, wait. What was shown last stays when the server is away, and the page says so.

import { showAlerts } from "./alerts.js";
import { createCharts } from "./charts.js";
import { createControls } from "./controls.js";
import { byId, element, rebuild, say } from "./elements.js";
import { showNotifications } from "./notifications.js";
import { deadLetterTable, groupTable, labelTable, minuteTable } from "./tables.js";
import { conversationOf, expectTicket, showMissing, showTicket } from "./ticket.js";
import { newestEscalations, worstTickets } from "./tickets.js";
import { WINDOWS, createTrends } from "./trends.js";
import { createViews } from "./views.js";
import { LABELS, clockSeconds, count, duration, percent, plural, points, span } from "./words.js";

const EVERY_MS = { live: 2000, trends: 10000, ticket: 5000 };
const AWAY_EVERY_MS = 5000;
const PATIENCE_MS = 15000;
const QUIET_AFTER_SECONDS = 120;

const charts = createCharts();
const trends = createTrends();
const lastShown = { live: null, trends: null, ticket: null };
let waiting = null;
let asking = null;
// What the figures that are shown were asked for.
let shownFor = null;

byId("legend").append(
  ...LABELS.map(([label, words]) => element("li", {}, element("span", { class: `key ${label}`, "aria-hidden": "true" }), words)),
  element("li", {}, element("span", { class: "key open", "aria-hidden": "true" }), "Window still open"),
);

const repaint = () => {
  charts.repaint();
  trends.repaint();
};
const controls = createControls({ onChange: () => restart(), onTheme: repaint });
const views = createViews({ onChange: () => restart() });
document.addEventListener("visibilitychange", () => restart());
restart();

function restart() {
  clearTimeout(waiting);
  asking?.abort();
  if (views.current() === "trends") trends.choose(views.series());
  if (views.current() === "ticket") expectTicket(views.ticket());
  if (controls.paused() || document.hidden) setState("paused", "Paused");
  // A viewer who has stopped the page may still go to a ticket: it is asked for once.
  if (!document.hidden && !(controls.paused() && shownFor === wanted())) ask();
}

const wanted = () => JSON.stringify([location.hash, controls.chosen()]);

// What a view is made of: addresses, and what shows their answers. The database answers them one by one, so the costliest comes last.
function parts() {
  const { tenant, minutes } = controls.chosen();
  const alerts = ["alerts", { tenant, minutes }, showFiring];
  if (views.current() === "live") {
    return [["live", { tenant, minutes }, show], alerts, ["notifications", { tenant, minutes }, showNotifications]];
  }
  if (views.current() === "ticket") {
    return [[conversationOf(views.ticket()), { tenant }, showConversation, () => showNone(tenant)], alerts];
  }
  const { size, dimension, value } = views.series();
  const series = { tenant, size, dimension, value, windows: WINDOWS[size] ?? 1 };
  return [["trends", series, showTrends], alerts, ["topics", { tenant, size }, trends.showTopics]];
}

async function ask() {
  const mine = (asking = new AbortController());
  const late = setTimeout(() => mine.abort(new DOMException("no answer", "TimeoutError")), PATIENCE_MS);
  const view = views.current();
  let next = EVERY_MS[view];
  try {
    // Each is shown when it comes: none waits for one that takes long.
    const answers = await Promise.all(parts().map(async ([path, parameters, shown, missing]) => {
      const given = await answer(path, parameters, mine.signal);
      const isNone = given.status === 404 && missing;
      if (mine === asking && isNone) missing();
      if (mine === asking && given.ok) shown(given.body);
      return { ...given, ok: given.ok || isNone };
    }));
    if (mine !== asking) return;
    shownFor = wanted();
    const failed = answers.find(({ ok }) => !ok);
    byId("notice").hidden = !failed;
    if (failed) explain(failed.status === 422 ? "error" : "away", failed.body.detail, view);
  } catch (error) {
    if (mine !== asking || error.name === "AbortError") return;
    next = AWAY_EVERY_MS;
    explain("away", error.name === "TimeoutError" ? "The server does not answer." : "The server cannot be reached.", view);
  } finally {
    clearTimeout(late);
  }
  if (controls.paused()) setState("paused", "Paused");
  else waiting = setTimeout(ask, next);
}

async function answer(path, parameters, signal) {
  const given = await fetch(`/api/v1/${path}?${new URLSearchParams(parameters)}`, { signal, cache: "no-store" });
  return { ok: given.ok, status: given.status, body: await given.json() };
}

function setState(state, word) {
  byId("state").dataset.state = state;
  say("state-word", word);
}

function explain(state, why, view) {
  setState(state, state === "away" ? "Away" : "Not shown");
  const kept = lastShown[view] ? ` The figures below are those of ${clockSeconds(lastShown[view])}.` : "";
  say("notice", `${why}${kept} Trying again.`);
  byId("notice").hidden = false;
}

function shownAt(view, generated) {
  lastShown[view] = new Date(generated);
  say("updated", `Updated ${clockSeconds(lastShown[view])}`);
}

// The tab tells it too.
function showFiring(answered) {
  document.title = `${answered.firing ? `(${answered.firing}) ` : ""}ticketpulse · ${views.current()}`;
  showAlerts(answered);
}

function showConversation(whole) {
  shownAt("ticket", new Date());
  setState("live", "Live");
  showTicket(whole);
}

function showNone(tenant) {
  shownAt("ticket", new Date());
  setState("live", "Live");
  showMissing(views.ticket(), tenant);
}

function showTrends(answered) {
  shownAt("trends", answered.generated_at);
  setState("live", "Live");
  trends.show(answered);
}

function show(live) {
  shownAt("live", live.generated_at);
  const age = live.pipeline.newest_event_age;
  const quiet = age === null || age > QUIET_AFTER_SECONDS;
  setState(quiet ? "quiet" : "live", quiet ? "Quiet" : "Live");
  const empty = !live.series.length && !live.pipeline.stored && !live.escalations.length;
  byId("figures").dataset.view = empty ? "empty" : "figures";
  byId("empty").hidden = !empty;
  if (empty) showEmpty(live);
  showTiles(live);
  charts.show(live);
  showBreakdown(live);
  showPipeline(live);
}

function showEmpty(live) {
  say("empty-why", `Nothing arrived for tenant ${live.tenant} in the last ${span(live.minutes)}. Send one event with curl (8080 is the gateway's usual port):`);
  const event = { event_id: "hello-1", tenant: live.tenant, ticket_id: "T-1", type: "message", channel: "chat", text: "Third time I ask. Nobody answers and I want my money back!" };
  say("empty-command", `curl -X POST http://${location.hostname}:8080/api/v1/events \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(event)}'`);
}

function showTiles(live) {
  const { totals, latest } = live;
  const minuteBefore = Date.parse(live.until) - 2 * 60_000;
  const full = live.series.find((minute) => Date.parse(minute.start) === minuteBefore);
  say("tile-volume", count(full?.events ?? 0));
  say("tile-volume-beside", `last full minute · ${count(totals.events)} in ${span(live.minutes)}`);
  compare("negative", percent, totals.negative_share, latest.negative_share, live, 100, "\u00a0points", true);
  compare("escalation", percent, totals.escalation_rate, latest.escalation_rate, live, 100, "\u00a0points", true);
  compare("score", points, totals.score_avg, latest.score_avg, live, 1, "", false);
}

// The span's figure, and beside it how the last five minutes differ: in words, with an arrow, never by colour alone.
function compare(name, format, whole, latest, live, scale, unit, moreIsWorse) {
  say(`tile-${name}`, format(whole));
  const beside = byId(`tile-${name}-beside`);
  delete beside.dataset.trend;
  if (whole === null) return say(beside.id, "nothing scored yet");
  if (latest === null || live.minutes <= 5) return say(beside.id, plural(live.totals.scored, "message"));
  const decimals = scale === 1 ? 2 : 1;
  const difference = Number(((latest - whole) * scale).toFixed(decimals));
  if (difference) beside.dataset.trend = difference > 0 === moreIsWorse ? "worse" : "better";
  // Not parted at a line's end.
  const change = difference ? `${difference > 0 ? "▲" : "▼"}\u00a0${Math.abs(difference).toFixed(decimals)}${unit}` : "unchanged";
  return say(beside.id, `last 5 min ${format(latest)} · ${change}`);
}

function showBreakdown(live) {
  const now = new Date(live.generated_at);
  rebuild("labels", live.totals, () => labelTable(live.totals));
  rebuild("channels", live.channels, () => groupTable("Channel", live.channels));
  rebuild("categories", live.categories, () => groupTable("Category", live.categories));
  rebuild("priorities", live.priorities, () => groupTable("Priority", live.priorities));
  // Ages in words change every few seconds; whole tens keep the list still while somebody reads it.
  const tens = Math.floor(now / 10_000);
  rebuild("escalations", [live.tenant, live.escalations, tens], () => newestEscalations(live.escalations, now));
  rebuild("worst", [live.tenant, live.worst, tens], () => worstTickets(live.worst, now));
  rebuild("minutes-table", live.series, () => minuteTable(live.series));
}

function showPipeline(live) {
  const { stored, scored, newest_event_age: age, dead_letters: dead } = live.pipeline;
  const buried = dead.reduce((sum, reason) => sum + reason.count, 0);
  const facts = [
    ["Newest event", age === null ? `none in ${span(live.minutes)}` : `${duration(age)} ago`],
    ["Events stored", count(stored)],
    ["Texts scored", count(scored)],
    ["Dead letters", count(buried)],
  ];
  rebuild("pipeline", facts, () => facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  rebuild("dead-letters", dead, () => deadLetterTable(dead));
}
