// The course of the run: its charts, which requests they cover, and the part of the time that is shown.

/** Which line the charts cover, by its key; all requests together where that is null. */
let covered = null;

const keyOf = (one) => `${one.what} ${titleOf(one.line)}`;

/** The line that the charts cover, or null. */
const subject = () => covered === null ? null : lines().find((one) => keyOf(one) === covered) ?? null;

const warmsUp = () => page.document.thread_groups.some((group) => (group.parts ?? []).some((part) => part.name === "warm-up"));

/** What a part is called where there are several thread groups. */
const ofGroup = (group, name) => page.document.thread_groups.length > 1 ? `${group.name}: ${name}` : name;

/** The parts of a group's load; a stage that has a ramp and a hold gives both. */
function pieces(group) {
  return (group.parts ?? []).flatMap((part) => {
    const piece = (name, from_s, to_s) => ({ name: ofGroup(group, name), from_s, to_s });
    const whole = piece(part.name, part.from_s, part.to_s);
    if (part.hold_s === undefined) return [whole];
    return [{ ...whole, split: true }, piece(`${part.name} ramp`, part.from_s, part.hold_s), piece(`${part.name} hold`, part.hold_s, part.to_s)];
  });
}

/** Where parts of the load begin, the groups' taken together. */
function marks() {
  const found = new Map();
  for (const piece of page.document.thread_groups.flatMap(pieces)) {
    if (piece.split) continue;
    const at = Math.round(piece.from_s * 10) / 10;
    found.set(at, found.has(at) ? `${found.get(at)}, ${piece.name}` : piece.name);
  }
  return [...found].map(([at, name]) => ({ at, name })).sort((one, two) => one.at - two.at);
}

/** How many parts of the load get a button. */
const PARTS = 40;
const charts = {};

/** Counts as rates; the last slice may cover only a part of its time, and of a small one no rate can be told. */
function rates(column, width, last_s) {
  const covers = page.live ? width : Math.min(width, page.document.run.load_s - last_s);
  return column.map((one, place) => place < column.length - 1 ? one / width : covers * 2 < width ? null : one / covers);
}

/** The columns of the charts, for all requests together. */
function columns() {
  const one = subject();
  if (one) return columnsOf(one.place);
  const { series, document: { slice_s: width } } = page, rate = (column) => rates(column, width, series.t_s[series.t_s.length - 1] ?? 0);
  return {
    load: [series.t_s, series.users, ...(missing() ? [series.users_planned] : []), series.connections, rate(series.count)],
    times: [series.t_s, series.p50_ms, series.p95_ms, series.p99_ms],
    failed: [series.t_s, ...failureKinds().map((kind) => rate(series.failures[kind]))],
  };
}

/** The same for one line, from its packed times. */
function columnsOf(place) {
  const { series, packed_s: width } = page, number = (second) => Math.floor(second / width);
  const end = page.live ? (slices[slices.length - 1]?.number ?? -1) : number(series.t_s[series.t_s.length - 1] ?? -1);
  const times = Array.from({ length: end + 1 }, (_, at) => at * width), zeros = () => new Array(times.length).fill(0), none = () => new Array(times.length).fill(null);
  const most = (column) => {
    const found = zeros();
    series.t_s.forEach((second, at) => { if (number(second) <= end) found[number(second)] = Math.max(found[number(second)], column[at]); });
    return found;
  };
  const [counts, failed, percents] = [zeros(), zeros(), [50, 95, 99].map((percent) => [percent, none()])];
  for (const slice of slices) {
    const cell = slice.cells.get(place);
    if (!cell || slice.number > end) continue;
    counts[slice.number] = cell.count;
    failed[slice.number] = cell.failed;
    sum.clear().add(cell);
    for (const [percent, column] of percents) column[slice.number] = sum.percentile(percent);
  }
  const rate = (column) => rates(column, width, end * width);
  return {
    load: [times, most(series.users), ...(missing() ? [most(series.users_planned)] : []), most(series.connections), rate(counts)],
    times: [times, ...percents.map(([, column]) => column)],
    failed: [times, rate(failed)],
  };
}

/** Whether users were missing in any slice: they had ended early. */
const missing = () => page.series.users_planned.some((planned, place) => planned > page.series.users[place]);

const failureKinds = () => KINDS.filter((kind) => page.series.failures[kind]);

/** What the charts are made of; while it stays the same, new figures are only added. */
const shape = () => [covered, lines().length, subject() ? "" : failureKinds().join(), missing(), subject()?.line.failed > 0].join(" ");

function drawCharts() {
  // About a second has no course: a line needs two points. While a run goes, more comes.
  const points = rates(page.series.count, page.document.slice_s, page.series.t_s[page.series.t_s.length - 1] ?? 0);
  byId("course").hidden = !page.live && points.filter((rate) => rate !== null).length < 2;
  byId("lines").hidden = !page.live && lines().length === 0;
  if (byId("course").hidden) return;
  const whole = (value) => count(Math.round(value * 100) / 100);
  const one = subject(), kinds = failureKinds(), of = columns(), name = one ? titleOf(one.line) : "all requests";
  const make = (id, caption, drawn) => {
    charts[id] ??= new Chart(byId(id), marks, setWindow);
    charts[id].step = one ? page.packed_s : page.document.slice_s;
    charts[id].draw(caption, drawn, of[id]);
  };
  make("load", `Active users and open connections of the whole run, throughput of ${name}`, [
    { label: "users", color: "c1", axis: "users", show: whole },
    ...(missing() ? [{ label: "users planned", color: "c8", axis: "users", show: whole }] : []),
    { label: "connections", color: "c5", axis: "users", show: whole },
    { label: one?.what === "transaction" ? "transactions/s" : "requests/s", color: "c2", axis: "rate", show: perSecond },
  ]);
  make("times", `Response time of ${name}`, [
    { label: "p50", color: "c4", axis: "ms", show: ms },
    { label: "p95", color: "c2", axis: "ms", show: ms },
    { label: "p99", color: "c3", axis: "ms", show: ms },
  ]);
  const failing = one ? one.line.failed > 0 : kinds.length > 0;
  byId("failed").hidden = !failing;
  if (failing) {
    const errors = one ? ["errors"] : kinds;
    make("failed", one ? `Errors of ${name}` : "Errors of all requests, by kind", errors.map((kind, place) => ({ label: kind, color: `c${[8, 2, 5, 3, 6, 7, 1, 4][place % 8]}`, axis: "rate", show: perSecond })));
  }
  drawn = shape();
  zoomCharts();
  drawCovers();
}

/** The shape of the charts as they were drawn. */
let drawn = null;

/** Says which requests the charts cover, and lets one be chosen. */
function drawCovers() {
  const one = subject(), all = lines(), select = byId("subject");
  const option = (value, text) => element("option", { value, selected: value === (one ? covered : "") }, text);
  select.replaceChildren(option("", "All requests"), ...all.map((line) => option(keyOf(line), line.what === "transaction" ? `${titleOf(line.line)} (transaction)` : titleOf(line.line))));
  const warm = warmsUp();
  byId("covered").textContent = one
    ? `Throughput, response times and errors are those of this ${one.what}${warm ? ", without warm-up" : ""}.`
    : `All ${page.document.samplers.length === 1 ? "" : `${count(page.document.samplers.length + page.more_lines)} `}requests of all thread groups${warm ? ", warm-up included" : ""}; without setup and teardown.`;
}

/** Has the charts cover a line, or all requests where it is null. */
function cover(key) {
  covered = key;
  drawCharts();
  byId("course").scrollIntoView({ block: "start" });
}

function zoomCharts() {
  for (const chart of Object.values(charts)) {
    if (chart.plot) chart.zoom(shown.from, shown.to === null ? null : Math.max(shown.from, shown.to - chart.step));
  }
}

/** How long load was applied, in whole slices. What ends a moment later belongs to the last one. */
const length = () => {
  const { slice_s: width, run } = page.document, slices = page.series.t_s.length;
  return slices === 0 ? 0 : Math.min(page.series.t_s[slices - 1] + width, Math.max(width, Math.ceil((run.load_s - width / 10) / width) * width));
};

function setWindow(from, to) {
  if (from === null) {
    shown = WHOLE;
  } else {
    // Only whole slices can be told apart.
    const width = page.packed_s, end = Math.max(width, Math.ceil(length() / width) * width);
    const start = Math.min(Math.max(0, Math.floor(from / width) * width), end - width);
    shown = { from: start, to: Math.max(start + width, Math.min(Math.ceil(to / width) * width, end)) };
  }
  zoomCharts();
  drawWindow();
  drawTable();
  for (const [id, title] of [["thresholds-title", "Thresholds"], ["failures-title", "Failures"]]) {
    byId(id).textContent = shown.from === null ? title : `${title} of the whole run`;
  }
}

function drawWindow() {
  const parts = new Map();
  for (const piece of page.document.thread_groups.flatMap(pieces)) {
    if (!parts.has(piece.name) && (piece.to_s ?? length()) > piece.from_s) parts.set(piece.name, piece);
  }
  const choose = (name, from, to) => element("button", { type: "button", "aria-pressed": String(shown.from === from && shown.to === to), click: () => setWindow(from, to) }, name);
  const snapped = (part) => {
    const width = page.packed_s;
    return [Math.floor(part.from_s / width) * width, Math.min(Math.ceil((part.to_s ?? length()) / width) * width, Math.ceil(length() / width) * width)];
  };
  const input = (name, value) => element("input", { type: "number", min: 0, step: page.packed_s, name, value, "aria-label": `${name} second`, change: changed });
  const form = byId("window");
  const changed = () => {
    const [from, to] = [Number(form.elements.from.value), Number(form.elements.to.value)];
    if (Number.isFinite(from) && Number.isFinite(to) && to > from) setWindow(from, to);
    else drawWindow();
  };
  form.replaceChildren(
    choose("Whole run", null, null),
    ...[...parts].slice(0, PARTS).map(([name, part]) => choose(name, ...snapped(part))),
    element("span", null, "from ", input("from", shown.from ?? 0), " to ", input("to", shown.to ?? Math.ceil(length())), " s"),
    element("span", { class: "faint" }, "or drag across a chart"));
  form.onsubmit = (event) => event.preventDefault();
  form.elements.from.onchange = changed;
  form.elements.to.onchange = changed;
}

