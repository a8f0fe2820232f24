// The page's loop: what is asked for each view, how often, and how the page stands with its server. What was shown last stays when the
// server is away, and the page says so.

import { asked, series, view, watchAddress } from "./address.js";
import { showAlerts } from "./alerts.js";
import { createAnalytics } from "./analytics.js";
import { Refused, inWords } from "./asking.js";
import { createControls } from "./controls.js";
import { createDrawer } from "./drawer.js";
import { byId, say } from "./elements.js";
import { createKeyboard } from "./keyboard.js";
import { createLive } from "./live.js";
import { showNotifications } from "./notifications.js";
import { Poll } from "./poll.js";
import { createSignIn } from "./sign_in.js";
import { openStream } from "./stream.js";
import { WINDOWS, createTrends } from "./trends.js";
import { clockSeconds } from "./words.js";

// How long to ask before a stream that was refused is tried again.
const WITHOUT_STREAM_MS = 30_000;
const EVERY_MS = { live: 2000, trends: 10_000, analytics: 60_000 };

const live = createLive();
const trends = createTrends();
const repaint = () => [live, trends, analytics].forEach((each) => each.repaint());
const controls = createControls({ onChange: () => restart(), onTheme: repaint });
const tenant = () => controls.chosen().tenant;
const analytics = createAnalytics({ tenant });
const drawer = createDrawer({ tenant, paused: controls.paused });
const poll = new Poll({ parts, every: () => EVERY_MS[view()], told: settled });
const lastShown = { live: null, trends: null, analytics: null };
let stream = null;
let streamAgain = 0;
// What the figures that are shown were asked for.
let shownFor = null;
// Whether the server has said who looks.
let isKnown = false;

watchAddress(() => restart());
createKeyboard();
const signIn = createSignIn({ changed: again, see: controls.see });
document.addEventListener("visibilitychange", () => restart());
restart();

function ofView() {
  const chosen = asked();
  chosen.delete("ticket");
  return JSON.stringify([view(), chosen.toString(), controls.chosen()]);
}

function restart() {
  if (view() === "trends") trends.choose(series());
  if (view() === "analytics") analytics.expect();
  drawer.sync();
  const wanted = ofView();
  const idle = controls.paused() || document.hidden;
  // A ticket that is opened or closed over a view that is being kept up to date changes nothing about it.
  if (!idle && wanted === shownFor && (stream || poll.asking)) return;
  stopAsking();
  if (idle) setState("paused", "Paused");
  if (document.hidden) return;
  // Who stopped the page to read may still go elsewhere: that is asked for once.
  if (controls.paused()) return void (wanted !== shownFor && start(wanted, true));
  start(wanted, false);
}

// Somebody else looks now.
function again() {
  shownFor = null;
  restart();
}

function start(wanted, once) {
  shownFor = wanted;
  if (view() === "analytics") analytics.begin();
  if (view() === "live" && !once) listen();
  else poll.start({ once });
}

function stopAsking() {
  stream?.close();
  stream = null;
  poll.stop();
}

// By events as long as there is a stream, and by asking where there is none.
function listen() {
  const { tenant: of, minutes } = controls.chosen();
  const mine = (stream = openStream({ tenant: of, minutes }, {
    shown(part, answer) {
      if (mine !== stream) return;
      byId("notice").hidden = true;
      ({ live: show, alerts: showFiring, notifications: showNotifications })[part](answer);
    },
    away(why) {
      if (mine === stream && why !== null) explain("away", why);
    },
    broken(again) {
      if (mine !== stream) return;
      if (again) return explain("away", "The server cannot be reached.");
      stream = null;
      streamAgain = performance.now() + WITHOUT_STREAM_MS;
      poll.start();
    },
  }));
}

// What a view is made of: addresses, and what shows their answers. The database answers them one by one, so the costliest comes last.
function parts() {
  const { tenant: of, minutes } = controls.chosen();
  const alerts = ["alerts", { tenant: of, minutes }, showFiring];
  if (view() === "live") {
    return [["live", { tenant: of, minutes }, show], alerts, ["notifications", { tenant: of, minutes }, showNotifications]];
  }
  if (view() === "analytics") return [...analytics.parts(), alerts];
  const { size, dimension, value } = series();
  return [["trends", { tenant: of, size, dimension, value, windows: WINDOWS[size] ?? 1 }, showTrends], alerts, ["topics", { tenant: of, size }, trends.showTopics]];
}

function settled(error) {
  byId("notice").hidden = !error;
  // A token for one tenant is told so, and its tenant is then the one that is chosen.
  if (error?.status === 403 && !isKnown) {
    isKnown = true;
    signIn.who().then(again);
  }
  if (error) explain(error instanceof Refused && error.status < 500 ? "error" : "away", inWords(error));
  else if (view() !== "live") seen(new Date());
  if (!error && view() === "live" && !controls.paused() && performance.now() > streamAgain) {
    poll.stop();
    listen();
  }
  if (!error && controls.paused()) setState("paused", "Paused");
}

function setState(state, word) {
  byId("state").dataset.state = state;
  say("state-word", word);
}

function explain(state, why) {
  setState(state, state === "away" ? "Away" : "Not shown");
  const last = lastShown[view()];
  say("notice", `${why}${last ? ` The figures below are those of ${clockSeconds(last)}.` : ""} Trying again.`);
  byId("notice").hidden = false;
}

function seen(generated) {
  if (!isKnown) signIn.who();
  isKnown = true;
  lastShown[view()] = new Date(generated);
  say("updated", clockSeconds(lastShown[view()]));
  setState(controls.paused() ? "paused" : "live", controls.paused() ? "Paused" : "Live");
}

// The tab tells it too.
function showFiring(answered) {
  document.title = `${answered.firing ? `(${answered.firing}) ` : ""}ticketpulse · ${view()}`;
  live.showLastAlert(answered);
  showAlerts(answered);
}

function showTrends(answered) {
  trends.show(answered);
  seen(answered.generated_at);
}

function show(answered) {
  const flows = live.show(answered);
  seen(answered.generated_at);
  if (!flows && !controls.paused()) setState("quiet", "Quiet");
}
