// The live view's figures as they change: server-sent events, each with the members of an answer that are new.

import { pairs } from "./asking.js";

// Three heartbeats of the server's.
const SILENT_MS = 30_000;

// `shown` hears the whole answer of a part, `away` why the database does not answer (null: it does again), `broken` that there is no
// stream: the browser tries again by itself (`again`), or gives up, and then somebody else must ask.
export function openStream(parameters, { shown, away, broken }) {
  const source = new EventSource(`/api/v1/stream?${new URLSearchParams(pairs(parameters))}`);
  const known = { live: {}, alerts: {}, notifications: {} };
  let silent = null;
  const heard = () => {
    clearTimeout(silent);
    silent = setTimeout(() => give(), SILENT_MS);
  };
  const give = () => {
    clearTimeout(silent);
    source.close();
    broken(false);
  };
  for (const part of Object.keys(known)) {
    source.addEventListener(part, (event) => {
      heard();
      Object.assign(known[part], JSON.parse(event.data));
      shown(part, known[part]);
    });
  }
  source.addEventListener("away", (event) => {
    heard();
    away(JSON.parse(event.data).detail);
  });
  source.addEventListener("back", () => away(null));
  source.addEventListener("beat", heard);
  source.addEventListener("error", () => (source.readyState === EventSource.CLOSED ? give() : broken(true)));
  heard();
  return {
    close() {
      clearTimeout(silent);
      source.close();
    },
  };
}
