// Where a conversation stands, in a few sentences. Written when somebody asks for it, never by itself.

import { ticket as ticketInAddress } from "./address.js";
import { ask, inWords } from "./asking.js";
import { byId, element, say } from "./elements.js";
import { count, spoken } from "./words.js";

// A model may be asked several times before the server gives up.
const PATIENCE_MS = 90_000;
const PARTS = [["problem", "What is wrong"], ["tried", "What was tried"], ["wants", "What the customer wants"], ["next_step", "Next step"]];

let asking = null;

// Nothing is shown until somebody asks.
export function forgetSummary() {
  asking?.abort();
  asking = null;
  byId("summary").replaceChildren();
  say("summary-by", "");
  byId("summarise").disabled = false;
}

export function createSummary({ tenant }) {
  byId("summarise").addEventListener("click", () => summarise(ticketInAddress(), tenant()));
}

async function summarise(ticket, tenant) {
  forgetSummary();
  const mine = new AbortController();
  asking = mine;
  byId("summarise").disabled = true;
  say("summary-by", "Reading …");
  try {
    show(await ask(`tickets/${encodeURIComponent(ticket)}/summary`, { tenant }, { signal: mine.signal, patience: PATIENCE_MS }));
  } catch (error) {
    if (asking === mine) say("summary-by", inWords(error));
  } finally {
    if (asking === mine) byId("summarise").disabled = false;
  }
}

function show(told) {
  say("summary-by", writtenBy(told));
  const parts = PARTS.filter(([name]) => told[name]);
  const nothing = element("p", { class: "muted nothing" }, "Nobody said anything that could be told.");
  const list = element("dl", { class: "summary" }, ...parts.map(([name, title]) => element("div", {}, element("dt", {}, title), element("dd", { dir: "auto" }, told[name]))));
  byId("summary").replaceChildren(parts.length ? list : nothing);
}

function writtenBy(told) {
  const left = told.left_out ? `; ${count(told.left_out)} older events left out` : "";
  if (told.written_by !== "local") return `Written by ${told.written_by}${left}`;
  const why = told.fallback && told.fallback !== "disabled" ? ` (no model: ${spoken(told.fallback).toLowerCase()})` : "";
  return `Sentences of the messages, picked by the program${why}${left}`;
}
