// How the page asks its server, and what it makes of a refusal.

const PATIENCE_MS = 15_000;

let onSignIn = () => {};

// What is called when the server wants to know who asks.
export function whenSignInIsWanted(callback) {
  onSignIn = callback;
}

export class Refused extends Error {
  constructor(status, body) {
    super(body?.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.body = body ?? {};
  }
}

// The JSON of an answer. Throws Refused for an error, and TimeoutError when there is no answer for 15 seconds.
export async function ask(path, parameters = {}, { signal, method = "GET", body, patience = PATIENCE_MS } = {}) {
  const late = AbortSignal.timeout(patience);
  const given = await fetch(`/api/v1/${path}?${new URLSearchParams(pairs(parameters))}`, {
    method,
    signal: signal ? AbortSignal.any([signal, late]) : late,
    cache: method === "GET" ? "no-cache" : "no-store",
    credentials: "same-origin",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await json(given);
  if (given.ok) return answer;
  if (given.status === 401 && path !== "session") onSignIn();
  throw new Refused(given.status, answer);
}

// A list is a parameter that is given several times.
export function pairs(parameters) {
  return Object.entries(parameters).flatMap(([name, value]) => (value === null || value === undefined ? [] : [value].flat().map((each) => [name, each])));
}

async function json(given) {
  const text = await given.text();
  try {
    return text ? JSON.parse(text) : null;
  } catch (error) {
    if (given.ok) throw error;
    return null;
  }
}

// What went wrong, for a person.
export function inWords(error) {
  if (error.name === "TimeoutError") return "The server does not answer.";
  if (!(error instanceof Refused)) return "The server cannot be reached.";
  if (error.status === 401) return "Sign in to see this.";
  if (error.status === 403) return `Your token does not allow this: ${error.message}`;
  return error.message.endsWith(".") ? error.message : `${error.message}.`;
}
