// The words, figures and elements that every part of the page uses, and the data it shows.

const KINDS = ["dns", "connect", "tls", "timeout", "reset", "protocol", "body", "status", "assertion", "extraction", "step", "interrupted"];
const WHOLE = { from: null, to: null };
const byId = (id) => document.getElementById(id);

/** An element; text is always text, never markup. */
function element(name, attributes, ...children) {
  const made = name === "svg" || name === "path" || name === "rect" || name === "title"
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Figures, as the console shows them.
const trimmed = (value, digits) => digits > 0 ? value.toFixed(digits).replace(/\.?0+$/, "") : value.toFixed(0);
const none = (show) => (value) => value === null || value === undefined ? "–" : show(value);
const count = none((value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f"));
const ms = none((value) => value < 10 ? `${trimmed(value, 2)} ms` : value < 100 ? `${trimmed(value, 1)} ms` : value < 10000 ? `${value.toFixed(0)} ms` : `${trimmed(value / 1000, 1)} s`);
const perSecond = none((value) => `${trimmed(value, value < 10 ? 2 : 1)}/s`);
const percent = none((value) => {
  const text = trimmed(value * 100, 2);
  return text === "0" && value > 0 ? "< 0.01%" : text === "100" && value < 1 ? "> 99.99%" : `${text}%`;
});
const bytes = none((value) => {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (value < 1000) return `${trimmed(value, 1)} ${unit}`;
    value /= 1000;
  }
  return `${trimmed(value, 1)} TB`;
});
const seconds = none((value) => value < 10 ? `${trimmed(value, 1)} s` : value < 60 ? `${Math.round(value)} s` : value < 3600 ? `${Math.floor(value / 60)} min ${String(Math.floor(value % 60)).padStart(2, "0")} s` : `${Math.floor(value / 3600)} h ${String(Math.floor(value / 60 % 60)).padStart(2, "0")} min`);
const figure = (value, unit) => ({ ms, share: percent, per_s: perSecond, bytes, count: none((one) => Number.isInteger(one) ? count(one) : trimmed(one, 3)) })[unit](value);
/** Text of our own in which names stand between backticks. */
const marked = (text) => text.split(/`([^`]+)`/).map((part, at) => at % 2 ? element("code", null, part) : part);
const titleOf = (line) => line.title ?? line.label;

let page = null;
let slices = [];
let shown = WHOLE;
let order = { column: null, down: true };
const opened = new Set();

/** Every line of the report, in the order of the packed times; behind them are all requests together. */
const lines = () => [
  ...page.document.samplers.map((line, place) => ({ line, place, what: "request" })),
  ...page.document.transactions.map((line, place) => ({ line, place: page.document.samplers.length + place, what: "transaction" })),
];

const placeOf = (one) => `${one.file ?? page.document.plan.file}:${one.line}`;
