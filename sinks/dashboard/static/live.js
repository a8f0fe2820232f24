// The live view: the last minutes, against yesterday at the same time.

import { createCharts } from "./charts.js";
import { byId, element, rebuild, say } from "./elements.js";
import { deadLetterTable, groupTable, labelTable, minuteTable } from "./tables.js";
import { newestEscalations, worstTickets } from "./tickets.js";
import { LABELS, ago, clock, count, dayAndClock, duration, percent, plural, points, span } from "./words.js";

const QUIET_AFTER_SECONDS = 120;

export function createLive() {
  const charts = createCharts();
  byId("legend").append(
    ...LABELS.map(([label, words]) => element("li", {}, element("span", { class: `key ${label}`, "aria-hidden": "true" }), words)),
    element("li", {}, element("span", { class: "key open", "aria-hidden": "true" }), "Window still open"),
  );
  return {
    // True while events come in.
    show(live) {
      const empty = !live.series.length && !live.pipeline.stored && !live.escalations.length;
      byId("figures").dataset.view = empty ? "empty" : "figures";
      byId("empty").hidden = !empty;
      if (empty) showEmpty(live);
      showTiles(live);
      charts.show(live);
      showBreakdown(live);
      showPipeline(live);
      const age = live.pipeline.newest_event_age;
      return age !== null && age <= QUIET_AFTER_SECONDS;
    },
    showLastAlert,
    repaint: () => charts.repaint(),
  };
}

function showEmpty(live) {
  say("empty-why", `Nothing arrived for tenant ${live.tenant} in the last ${span(live.minutes)}. Send one event with curl (8080 is the gateway's usual port):`);
  const event = { event_id: "hello-1", tenant: live.tenant, ticket_id: "T-1", type: "message", channel: "chat", text: "Third time I ask. Nobody answers and I want my money back!" };
  say("empty-command", `curl -X POST http://${location.hostname}:8080/api/v1/events \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(event)}'`);
}

// The span's figures, and beside each that of the same minutes yesterday: in words, with an arrow, never by colour alone.
function showTiles(live) {
  const { totals, yesterday } = live;
  // The running minute has no counterpart that is over.
  const whole = live.series.filter((minute) => Date.parse(minute.start) < Date.parse(live.until) - 60_000).reduce((sum, minute) => sum + minute.events, 0);
  const lastMinute = live.series.find((minute) => Date.parse(minute.start) === Date.parse(live.until) - 2 * 60_000);
  say("tile-volume", count(totals.events));
  compare("volume", yesterday.events ? (whole / yesterday.events - 1) * 100 : null, 0, "\u00a0%", null, yesterday.events ? `${count(yesterday.events)} yesterday` : "none yesterday");
  say("tile-volume-last", `${count(lastMinute?.events ?? 0)} in the last full minute`);
  share("negative", totals.negative_share, yesterday.negative_share, live.latest.negative_share);
  share("escalation", totals.escalation_rate, yesterday.escalation_rate, live.latest.escalation_rate);
  say("tile-score", points(totals.score_avg));
  compare("score", differenceOf(totals.score_avg, yesterday.score_avg), 2, "", false, told(totals, yesterday.score_avg, points));
  say("tile-score-last", live.latest.score_avg === null ? "" : `last 5 min ${points(live.latest.score_avg)}`);
}

function share(name, now, then, latest) {
  say(`tile-${name}`, percent(now));
  const difference = differenceOf(now, then);
  compare(name, difference === null ? null : difference * 100, 1, "\u00a0points", true, told({ scored: now === null ? 0 : 1 }, then, percent));
  say(`tile-${name}-last`, latest === null ? "" : `last 5 min ${percent(latest)}`);
}

const differenceOf = (now, then) => (now === null || then === null ? null : now - then);

const told = ({ scored }, then, format) => (then !== null ? `${format(then)} yesterday` : scored ? "none yesterday" : "nothing scored yet");

function compare(name, difference, decimals, unit, moreIsWorse, yesterday) {
  const change = difference === null ? null : Number(difference.toFixed(decimals));
  const beside = byId(`tile-${name}-beside`);
  delete beside.dataset.trend;
  if (change && moreIsWorse !== null) beside.dataset.trend = change > 0 === moreIsWorse ? "worse" : "better";
  // Not parted at a line's end.
  const words = change === null ? "" : change ? `${change > 0 ? "▲" : "▼"}\u00a0${Math.abs(change).toFixed(decimals)}${unit} · ` : "as yesterday · ";
  say(beside.id, words + yesterday);
}

// What fires comes first in the list, then what was resolved last.
function showLastAlert(answer) {
  const newest = answer.alerts.reduce((last, each) => (last && last.fired_at >= each.fired_at ? last : each), null);
  const tile = byId("tile-alert-box");
  if (!newest) {
    tile.dataset.severity = "";
    say("tile-alert", "None");
    say("tile-alert-beside", "no alert fires or ended in this span");
    return say("tile-alert-last", "");
  }
  const fired = new Date(newest.fired_at);
  const now = new Date(answer.generated_at);
  tile.dataset.severity = newest.state === "firing" ? newest.severity : "";
  say("tile-alert", ago(fired, now));
  byId("tile-alert").title = dayAndClock(fired);
  say("tile-alert-beside", newest.summary);
  say("tile-alert-last", newest.state === "firing" ? `fires · ${newest.severity}` : `resolved ${clock(new Date(newest.resolved_at))}`);
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
    ["Dead letters", plural(buried, "record")],
  ];
  rebuild("pipeline", facts, () => facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  rebuild("dead-letters", dead, () => deadLetterTable(dead));
}
