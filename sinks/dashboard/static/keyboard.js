// Single keys for those who look often. They can be switched off, for those whose software types them.

import { goTo, ticket, view } from "./address.js";
import { byId } from "./elements.js";

const KEY = "ticketpulse-shortcuts";

export function createKeyboard() {
  const help = byId("help");
  const on = byId("shortcuts-on");
  try { on.checked = localStorage.getItem(KEY) !== "off"; } catch { /* storage is off: they are on */ }
  on.addEventListener("change", () => {
    try { localStorage.setItem(KEY, on.checked ? "on" : "off"); } catch { /* it lasts as long as the page */ }
  });
  byId("help-open").addEventListener("click", () => help.showModal());
  byId("help-close").addEventListener("click", () => help.close());
  help.addEventListener("click", (event) => {
    if (event.target === help) help.close();
  });
  const keys = {
    "?": () => help.showModal(),
    n: () => goTo("live"),
    a: () => goTo("analytics"),
    t: () => goTo("trends"),
    p: () => byId("pause").click(),
    d: () => byId("theme").click(),
    "/": () => (view() === "live" ? byId("tenant") : view() === "trends" ? byId("of") : byId("filters").elements.channel).focus(),
    j: () => step(1),
    k: () => step(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (!on.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea") || document.querySelector("dialog[open]")) return;
    if (!Object.hasOwn(keys, event.key) || ticket()) return;
    event.preventDefault();
    keys[event.key]();
  });
}

// To the next ticket of the lists that are shown, or the one before.
function step(by) {
  const links = [...document.querySelectorAll("main:not([hidden]) a.ticket")].filter((link) => link.checkVisibility());
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
