// A message's text with marks at the terms that moved its score.

import { element } from "./elements.js";
import { signed, spoken } from "./words.js";

// Nodes for a text. `reasons` have `places`: pairs of code points, which are other places than those of a JavaScript string. Where two
// reasons share letters, the weightier one marks them.
export function marked(text, reasons) {
  const letters = [...text];
  const pieces = [];
  let done = 0;
  for (const { start, end, reason } of apart(reasons)) {
    if (start < done || end > letters.length) continue;
    pieces.push(letters.slice(done, start).join(""), mark(letters.slice(start, end).join(""), reason));
    done = end;
  }
  pieces.push(letters.slice(done).join(""));
  return pieces.filter((piece) => piece !== "");
}

// By place, without those that overlap a weightier one.
function apart(reasons) {
  const all = reasons.flatMap((reason) => reason.places.map(([start, end]) => ({ start, end, reason })));
  const weighty = all.sort((a, b) => Math.abs(b.reason.points) - Math.abs(a.reason.points));
  const kept = [];
  for (const place of weighty) {
    if (!kept.some((other) => place.start < other.end && other.start < place.end)) kept.push(place);
  }
  return kept.sort((a, b) => a.start - b.start);
}

function mark(words, { rule, points }) {
  const down = points < 0;
  // The list below the message says the same to those who do not see marks.
  return element("mark", { class: down ? "down" : "up", title: `moved the score by ${signed(points)} (${spoken(rule).toLowerCase()})` }, words);
}
