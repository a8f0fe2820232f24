// What helps to answer a ticket: a draft to copy, help articles, tickets that were alike. Asked for once a ticket.

import { Refused, ask, inWords } from "./asking.js";
import { byId, element, say } from "./elements.js";
import { fact, facts, ticketLink } from "./tickets.js";
import { duration, plural, spoken } from "./words.js";

const addressOf = (ticket) => `tickets/${encodeURIComponent(ticket)}/suggestions`;
const percent = (share) => `${Math.round(share * 100)} %`;

// The ticket whose suggestions are shown or asked for; an answer for another one comes too late.
let wanted = null;

export function suggestFor(ticket, tenant) {
  if (wanted?.ticket === ticket && wanted.tenant === tenant) return;
  look(ticket, tenant);
}

export function forgetSuggestions() {
  wanted = null;
}

async function look(ticket, tenant) {
  const own = { ticket, tenant };
  wanted = own;
  show("Looking…", []);
  try {
    const found = await ask(addressOf(ticket), { tenant });
    if (wanted === own) showFound(found, own);
  } catch (error) {
    if (wanted !== own) return;
    // A ticket that is not stored has said so already.
    byId("suggestions").hidden = error instanceof Refused && error.status === 404;
    show(inWords(error), [again(own)]);
  }
}

function show(words, parts) {
  say("suggestions-count", words);
  byId("suggestions-parts").replaceChildren(...parts);
}

function showFound(found, own) {
  byId("suggestions").hidden = false;
  const { draft, articles, similar, missing } = found;
  const counted = [articles.length && plural(articles.length, "article"), similar.length && plural(similar.length, "ticket that was alike", "tickets that were alike")];
  show(counted.filter(Boolean).join(" · "), [
    draft && draftPart(draft, own),
    articles.length && listPart("Help articles", articles.map((each) => article(each, own))),
    similar.length && listPart("Resolved tickets that were alike", similar.map((each) => alike(each, own))),
    ...missing.map((words) => element("p", { class: "muted" }, words)),
    again(own),
  ].filter(Boolean));
}

function again({ ticket, tenant }) {
  const button = element("button", { type: "button", class: "plain" }, "Look again");
  button.addEventListener("click", () => look(ticket, tenant));
  return button;
}

function draftPart(draft, own) {
  const words = element("textarea", { class: "draft", rows: "9", dir: "auto", "aria-label": "Draft of an answer, to be changed and copied", spellcheck: "true" });
  words.value = draft.text;
  return element(
    "div", { class: "suggestion" },
    element("h3", {}, draft.title || "Draft"), words,
    facts(fact(draft.reason), ...draft.tied.map((name) => fact(`as well: ${name}`))),
    judging("draft", draft.id, own, "Copy", () => words.value, words),
  );
}

const listPart = (title, items) => element("div", { class: "suggestion" }, element("h3", {}, title), element("ol", { class: "suggested" }, ...items));

function article(told, own) {
  const link = /^https?:\/\//.test(told.url) ? element("a", { href: told.url, target: "_blank", rel: "noopener noreferrer" }, told.title) : element("b", {}, told.title);
  return element(
    "li", {},
    element("p", { class: "title", dir: "auto" }, link, told.heading && element("span", { class: "muted" }, told.heading)),
    element("details", {}, element("summary", {}, "What it says"), element("p", { class: "said", dir: "auto" }, told.text)),
    facts(fact(told.reason), told.category && fact(spoken(told.category))),
    judging("article", told.id, own, "Copy", () => (told.url ? `${told.title}: ${told.url}` : `${told.title}\n${told.text}`)),
  );
}

function alike(told, own) {
  const ended = told.resolution_notes || told.answer;
  return element(
    "li", {},
    element("p", { class: "title" }, ticketLink(told.ticket_id), element("span", { class: "muted" }, `resolved after ${duration(told.took_seconds)}`)),
    element("p", { class: "excerpt", dir: "auto" }, told.excerpt),
    ended && element("details", {}, element("summary", {}, "How it ended"), element("p", { class: "said", dir: "auto" }, ended)),
    facts(fact(`${percent(told.share)} alike`), fact(told.reason), told.category && fact(spoken(told.category))),
    ended && judging("similar", told.ticket_id, own, "Copy the answer", () => ended),
  );
}

// A button that copies, and one that says that it is of no use; what was chosen is recorded where one may.
function judging(suggested, id, own, words, text, field) {
  const said = element("span", { class: "muted", role: "status" });
  const copy = element("button", { type: "button", class: "main" }, words);
  const dismiss = element("button", { type: "button", class: "plain act-only" }, "Of no use");
  copy.addEventListener("click", async () => {
    said.textContent = (await copied(text(), field)) ? "Copied." : "The browser does not let this page copy: select the words and copy them.";
    record("used");
  });
  dismiss.addEventListener("click", () => record("dismissed", "Thank you."));
  async function record(outcome, thanks) {
    const may = document.documentElement.dataset.may;
    if (may !== undefined && !may.split(" ").includes("act")) return;
    try {
      await ask(`${addressOf(own.ticket)}/used`, { tenant: own.tenant }, { method: "POST", body: { suggested, id, outcome } });
      if (thanks) said.textContent = thanks;
    } catch (error) {
      said.textContent = `${said.textContent} Not recorded: ${inWords(error)}`.trim();
    }
  }
  return element("div", { class: "buttons" }, copy, dismiss, said);
}

async function copied(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field?.select();
    return false;
  }
}
