// Which view is shown, and of what: the fragment of the address says so, so that it can be linked and gone back to.
// #trends?size=3600&dimension=channel&value=email, and anything else for the live view.

import { byId } from "./elements.js";

export const SERIES = { size: "3600", dimension: "overall", value: "" };

export function createViews({ onChange }) {
  window.addEventListener("hashchange", () => {
    apply();
    onChange();
  });
  // The fragment is the view's: the link that skips the header must not change it.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId(isTrends() ? "trends" : "figures").focus();
  });
  apply();
  return { current: () => (isTrends() ? "trends" : "live"), series };
}

const isTrends = () => /^#trends(\?|$)/.test(location.hash);

function series() {
  const asked = new URLSearchParams(location.hash.split("?")[1]);
  return Object.fromEntries(Object.entries(SERIES).map(([name, usual]) => [name, asked.get(name) ?? usual]));
}

// A new entry in the history: going back shows the series from before.
export function goToSeries(chosen) {
  location.hash = `trends?${new URLSearchParams(chosen)}`;
}

function apply() {
  const trends = isTrends();
  byId("figures").hidden = trends;
  byId("trends").hidden = !trends;
  byId("span").hidden = trends;
  for (const [id, here] of [["to-now", !trends], ["to-trends", trends]]) {
    if (here) byId(id).setAttribute("aria-current", "page");
    else byId(id).removeAttribute("aria-current");
  }
  if (location.hash === "#alerts") {
    byId("alerts").scrollIntoView();
    byId("alerts").focus({ preventScroll: true });
  }
}
