// Which view is shown, and of what: the fragment of the address says so, so that it can be linked and gone back to.
// #trends?size=3600&dimension=channel&value=email, #ticket?id=T-1, and anything else for the live view.

import { byId } from "./elements.js";

export const SERIES = { size: "3600", dimension: "overall", value: "" };

export function createViews({ onChange }) {
  window.addEventListener("hashchange", () => {
    apply();
    // The link that was followed is on a view that is gone; whoever goes back comes to where he was.
    if (current() === "ticket") {
      byId("ticket").focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    onChange();
  });
  // The fragment is the view's: the link that skips the header must not change it.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId(MAINS[current()]).focus();
  });
  apply();
  return { current, series, ticket };
}

const MAINS = { live: "figures", trends: "trends", ticket: "ticket" };

const current = () => location.hash.match(/^#(trends|ticket)(\?|$)/)?.[1] ?? "live";

// Everything behind the first question mark: an id may have more of them.
const asked = () => new URLSearchParams(location.hash.slice(location.hash.indexOf("?") + 1));

const ticket = () => asked().get("id") ?? "";

export const ticketAddress = (id) => `#ticket?${new URLSearchParams({ id })}`;

function series() {
  const chosen = asked();
  return Object.fromEntries(Object.entries(SERIES).map(([name, usual]) => [name, chosen.get(name) ?? usual]));
}

// A new entry in the history: going back shows the series from before.
export function goToSeries(chosen) {
  location.hash = `trends?${new URLSearchParams(chosen)}`;
}

function apply() {
  const view = current();
  for (const [name, main] of Object.entries(MAINS)) byId(main).hidden = name !== view;
  byId("span").hidden = view !== "live";
  for (const [id, here] of [["to-now", view === "live"], ["to-trends", view === "trends"]]) {
    if (here) byId(id).setAttribute("aria-current", "page");
    else byId(id).removeAttribute("aria-current");
  }
  if (location.hash === "#alerts") {
    byId("alerts").scrollIntoView();
    byId("alerts").focus({ preventScroll: true });
  }
}
