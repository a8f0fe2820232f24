// Elements from values. Text only ever becomes text nodes: what a ticket says is never markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.map(textOrNode));
  return made;
}

function textOrNode(child) {
  return child instanceof Node ? child : String(child);
}

export const byId = (id) => document.getElementById(id);

export function say(id, text) {
  const target = byId(id);
  if (target.textContent !== text) target.textContent = text;
}

const shown = new Map();

// Rebuild a part only when its figures changed, so that a selection or a focus in it survives the refresh.
export function rebuild(id, figures, build) {
  const key = JSON.stringify(figures);
  if (shown.get(id) === key) return;
  shown.set(id, key);
  byId(id).replaceChildren(...build());
}
