// How figures and names read to a person.

export const LABELS = [
  ["very_negative", "Very negative"],
  ["negative", "Negative"],
  ["neutral", "Neutral"],
  ["positive", "Positive"],
  ["very_positive", "Very positive"],
];

const REASONS = {
  not_json: "Not JSON",
  not_an_object: "Not a JSON object",
  no_id: "No event or ticket id",
  unknown_type: "Unknown event type",
  invalid_field: "A field is not valid",
  bad_time: "The time is none",
  empty: "Nothing to read in it",
  too_large: "Too large",
  tombstone: "No value (tombstone)",
  unknown_version: "Unknown version",
  bad_envelope: "Broken CloudEvent",
  processing_failed: "Processing failed",
};

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const MEASURES = {
  volume: "Volume",
  very_negative: "Very negative messages",
  negative_share: "Negative share",
  escalation_rate: "Escalation rate",
  score: "Average score",
  category_share: "Share of all events",
  label_share: "Share of a label",
  unseen_words: "Words that the model never saw",
};

export const DAY = 86_400;

const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const dayMonth = { local: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" }) };
dayMonth.UTC = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const hoursMinutes = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const withSeconds = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const count = (value) => whole.format(value);
export const clock = (time) => hoursMinutes.format(time);
export const clockSeconds = (time) => withSeconds.format(time);
export const dayOf = (time, zone = "local") => dayMonth[zone].format(time);
export const dayAndClock = (time) => `${dayOf(time)} ${clock(time)}`;
export const dayAndClockSeconds = (time) => `${dayOf(time)} ${clockSeconds(time)}`;
export const measureWords = (measure) => MEASURES[measure] ?? spoken(measure);
export const labelWords = (label) => LABELS.find(([name]) => name === label)?.[1] ?? label;
export const reasonWords = (reason) => REASONS[reason] ?? spoken(reason);

// A share of 0 to 1 with one decimal; "–" where there is nothing to divide by.
export const percent = (share) => (share === null ? "–" : `${(share * 100).toFixed(1)} %`);
export const points = (score) => (score === null ? "–" : score.toFixed(2));

// -1.5 -> −1.50, 0.25 -> +0.25
export const signed = (moved) => `${moved < 0 ? "−" : "+"}${Math.abs(moved).toFixed(2)}`;

// A figure in the unit of what it measures: events, a share or points.
export function inUnitOf(measure, figure) {
  if (measure === "score") return points(figure);
  return measure === "volume" || measure === "very_negative" ? decimal.format(figure) : percent(figure);
}

export const times = (ratio) => `${ratio < 10 ? ratio.toFixed(1) : count(ratio)} times`;

// 0.000003 -> 1 in 330,000. Beyond a billion nobody can tell one from another.
export function odds(probability) {
  if (probability < 1e-9) return "less than 1 in a billion";
  return `1 in ${count(Number((1 / probability).toPrecision(2)))}`;
}

// in_app -> In app
export function spoken(name) {
  if (name === "whatsapp") return "WhatsApp";
  const words = name.replaceAll("_", " ").trim();
  return words ? words[0].toUpperCase() + words.slice(1) : "None given";
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// Seconds as the one or two units that matter.
export function duration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `${hours} h ${Math.floor((seconds % 3600) / 60)} min` : `${Math.floor(hours / 24)} days`;
}

export const ago = (then, now) => (now - then < 1000 ? "now" : `${duration((now - then) / 1000)} ago`);
export const span = (minutes) => (minutes % 60 === 0 ? (minutes === 60 ? "hour" : `${minutes / 60} hours`) : `${minutes} minutes`);
