// What people say of a message against what was read in it: the form, and what was corrected before.

import { ask, inWords } from "./asking.js";
import { byId, element } from "./elements.js";
import { LABELS, dayAndClock, labelWords, spoken } from "./words.js";

const FIELDS = { label: "Mood", category: "Category" };

// What stands of a message: its newest correction by field.
export function standing(corrections, eventId) {
  return Object.fromEntries(corrections.filter((each) => each.stands && each.event_id === eventId).map((each) => [each.field, each]));
}

const valueWords = (field, value) => (value === null || value === "" ? "none" : field === "label" ? labelWords(value) : spoken(value));

// What became of a message, the newest first.
export function correctionNotes(corrections, eventId) {
  return corrections.filter((each) => each.event_id === eventId).map((each) => element(
    "p", { class: "corrected", dir: "auto" },
    element("b", {}, `${FIELDS[each.field]} corrected`), ` from ${valueWords(each.field, each.old)} to ${valueWords(each.field, each.new)}`,
    element("span", { class: "muted" }, ` by ${each.corrected_by || "somebody"}, ${dayAndClock(new Date(each.corrected_at))}${each.stands ? "" : " · corrected again since"}`),
    each.note && element("span", { class: "said" }, `\n${each.note}`),
  ));
}

export function correctButton(told, context) {
  const button = element("button", { type: "button", class: "plain correct", "aria-expanded": "false" }, "Correct");
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "true") return close();
    for (const other of document.querySelectorAll("form.correcting")) other.dispatchEvent(new Event("reset"));
    const form = correctionForm(told, context, close);
    button.setAttribute("aria-expanded", "true");
    button.closest(".about").append(form);
    form.elements.field.focus();
  });
  function close() {
    button.closest(".about").querySelector("form.correcting")?.remove();
    button.setAttribute("aria-expanded", "false");
    button.focus();
  }
  return button;
}

function correctionForm(told, { tenant, ticket, categories, corrections, recorded }, close) {
  const stands = standing(corrections, told.event_id);
  const now = { label: stands.label?.new ?? told.label, category: stands.category?.new ?? (told.category || null) };
  const field = element("select", { name: "field" }, ...Object.entries(FIELDS).map(([name, words]) => element("option", { value: name }, words)));
  const label = element("select", { name: "label" }, ...LABELS.map(([name, words]) => element("option", { value: name, ...(name === now.label ? { disabled: "" } : {}) }, words)));
  const category = element("input", { name: "category", list: "known-categories", pattern: "[a-z][a-z0-9_]{0,63}", maxlength: "64", placeholder: "billing", title: "a word in small letters, with underscores", autocomplete: "off", spellcheck: "false" });
  byId("known-categories").replaceChildren(...categories.map((each) => element("option", { value: each })));
  label.value = LABELS.find(([name]) => name !== now.label)[0];
  const said = element("p", { class: "muted", role: "status" });
  const form = element(
    "form", { class: "correcting", "aria-label": "Correct this message" },
    element("label", {}, "What", field), element("label", { class: "of-label" }, "Is", label), element("label", { class: "of-category", hidden: "" }, "Is", category),
    element("label", { class: "wide" }, "Why (may be left out)", element("input", { name: "note", maxlength: "1000", autocomplete: "off" })),
    element("div", { class: "wide buttons" }, element("button", { class: "main" }, "Record correction"), element("button", { type: "reset", class: "plain" }, "Cancel")),
    said,
  );
  const choose = () => {
    const isLabel = field.value === "label";
    form.querySelector(".of-label").hidden = !isLabel;
    form.querySelector(".of-category").hidden = isLabel;
    category.required = !isLabel;
    said.textContent = `Now: ${valueWords(field.value, now[field.value])}`;
  };
  field.addEventListener("change", choose);
  form.addEventListener("reset", () => close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = field.value;
    const correction = { tenant, ticket_id: ticket, event_id: told.event_id, field: name, old: now[name] ?? null, new: form.elements[name].value, note: form.elements.note.value };
    said.textContent = "Recording…";
    try {
      await ask("corrections", { tenant }, { method: "POST", body: correction });
      close();
      recorded();
    } catch (error) {
      said.textContent = inWords(error);
    }
  });
  choose();
  return form;
}
