// What the viewer chooses: tenant, span, pause, colours. Tenant and span live in the address, so that a view can be shared.

import { byId } from "./elements.js";

const THEMES = ["auto", "light", "dark"];
const THEME_KEY = "ticketpulse-theme";

export function createControls({ onChange, onTheme }) {
  const form = byId("controls");
  const pause = byId("pause");
  fromAddress(form);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    if (!form.reportValidity()) return;
    toAddress(form);
    onChange();
  });
  pause.addEventListener("click", () => {
    const paused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(paused));
    onChange();
  });
  themes(onTheme);
  return {
    // A token may see one tenant's tickets only.
    see(tenants) {
      if (tenants.includes(form.elements.tenant.value)) return;
      form.elements.tenant.value = tenants[0];
      toAddress(form);
    },
    chosen: () => ({ tenant: form.elements.tenant.value, minutes: form.elements.minutes.value }),
    paused: () => pause.getAttribute("aria-pressed") === "true",
  };
}

function fromAddress(form) {
  const asked = new URLSearchParams(location.search);
  if (asked.get("tenant")) form.elements.tenant.value = asked.get("tenant");
  if ([...form.elements.minutes].some((choice) => choice.value === asked.get("minutes"))) form.elements.minutes.value = asked.get("minutes");
}

function toAddress(form) {
  const { tenant, minutes } = form.elements;
  history.replaceState(null, "", `?${new URLSearchParams({ tenant: tenant.value, minutes: minutes.value })}${location.hash}`);
}

function themes(onTheme) {
  const button = byId("theme");
  const root = document.documentElement;
  const name = () => root.dataset.theme ?? "auto";
  const describe = () => {
    button.textContent = name()[0].toUpperCase() + name().slice(1);
    button.setAttribute("aria-label", `Colours: ${name() === "auto" ? "as the system" : name()}`);
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(name()) + 1) % THEMES.length];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try { localStorage.setItem(THEME_KEY, next); } catch { /* storage is off: the choice lasts as long as the page */ }
    describe();
    onTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onTheme);
  describe();
}
