// Where the viewer is: the fragment of the address names the view and all that is chosen in it, so that a link shows the same and going
// back goes back. #now, #analytics?span=30&channel=email, #trends?size=3600&dimension=channel&value=email; in each, ticket=T-1 opens the
// drawer. #ticket?id=T-1, as other programs link to a ticket, is that ticket over the live view.

import { byId } from "./elements.js";

export const SERIES = { size: "3600", dimension: "overall", value: "" };

const MAINS = { live: "figures", analytics: "analytics", trends: "trends" };
const LINKS = { live: "to-now", analytics: "to-analytics", trends: "to-trends" };
const NAMES = { live: "now", analytics: "analytics", trends: "trends" };

export const view = () => location.hash.match(/^#(analytics|trends)(\?|$)/)?.[1] ?? "live";

// Everything behind the first question mark: an id may have more of them.
export const asked = () => new URLSearchParams(location.hash.includes("?") ? location.hash.slice(location.hash.indexOf("?") + 1) : "");

export const ticket = () => asked().get("ticket") ?? "";

export const ticketAddress = (id) => `#ticket?${new URLSearchParams({ id })}`;

export function series() {
  const chosen = asked();
  return Object.fromEntries(Object.entries(SERIES).map(([name, usual]) => [name, chosen.get(name) ?? usual]));
}

function fragment(of, parameters) {
  const words = parameters.toString();
  return `#${NAMES[of]}${words ? `?${words}` : ""}`;
}

let changed = () => {};

function go(to, { replace = false, state = null } = {}) {
  if (to === location.hash) return;
  if (replace) history.replaceState(state, "", to);
  else history.pushState(state, "", to);
  apply();
  changed();
}

// A new entry in the history: going back shows what was chosen before. Null leaves a parameter out, a list repeats it.
export function choose(parameters, of = view()) {
  const chosen = of === view() ? asked() : new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    chosen.delete(name);
    for (const each of value === null ? [] : [value].flat()) chosen.append(name, each);
  }
  go(fragment(of, chosen));
}

export const goTo = (of) => go(byId(LINKS[of]).hash);

export function openTicket(id) {
  const chosen = asked();
  chosen.set("ticket", id);
  go(fragment(view(), chosen), { state: { drawer: true } });
}

// Who opened the drawer by a link within the page goes back; who came to it by its address stays where it was over.
export function closeTicket() {
  if (!ticket()) return;
  if (history.state?.drawer) return void history.back();
  const chosen = asked();
  chosen.delete("ticket");
  go(fragment(view(), chosen), { replace: true });
}

export function watchAddress(onChange) {
  changed = onChange;
  window.addEventListener("popstate", () => {
    apply();
    onChange();
  });
  // Links to tickets open the drawer over the view in which they stand; with a key held down they are links as any other.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.ticket");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    openTicket(new URLSearchParams(link.hash.slice(link.hash.indexOf("?") + 1)).get("id"));
  });
  // The fragment is the view's: the link that skips the header must not change it.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId(MAINS[view()]).focus();
  });
  apply();
}

function apply() {
  const linked = location.hash.startsWith("#ticket?") ? asked().get("id") : null;
  if (linked !== null) history.replaceState(null, "", fragment("live", new URLSearchParams({ ticket: linked })));
  const here = view();
  for (const [name, main] of Object.entries(MAINS)) byId(main).hidden = name !== here;
  byId("span").hidden = here !== "live";
  for (const [name, id] of Object.entries(LINKS)) {
    if (name === here) byId(id).setAttribute("aria-current", "page");
    else byId(id).removeAttribute("aria-current");
  }
  // Who comes back to a view finds it as it was left.
  const left = asked();
  left.delete("ticket");
  byId(LINKS[here]).setAttribute("href", fragment(here, left));
  if (location.hash === "#alerts") {
    byId("alerts").scrollIntoView();
    byId("alerts").focus({ preventScroll: true });
  }
}
