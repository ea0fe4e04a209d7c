// The page: the verdict, the course of the run, the table and the failures, from the data that lie
// in the page or, while a run goes, come from its server.

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

// The top: what came of it.

function drawTop() {
  const { verdict, run, plan, tool, totals, thread_groups: groups, generator } = page.document;
  const state = page.live ? "running" : verdict.passed ? "passed" : "failed";
  const word = page.live ? "RUNNING" : verdict.passed ? "PASSED" : "FAILED";
  const reasons = verdict.reasons.length > 1 ? element("ul", null, verdict.reasons.map((reason) => element("li", null, reason))) : null;
  const sentence = page.live ? (verdict.reasons.length ? `so far: ${verdict.reasons.join("; ")}` : "nothing has failed the run so far") : verdict.reasons[0] ?? verdict.summary;
  const fact = (name, ...value) => element("div", null, element("dt", null, name), element("dd", null, ...value));
  const kept = generator.kept_up ? element("span", { class: "good" }, "kept up") : element("span", { class: "bad" }, `could not keep up: ${generator.reason ?? ""}`);
  const details = [
    generator.cpu_share !== undefined ? `${percent(generator.cpu_share)} of the processors` : null,
    generator.busiest_thread_share !== undefined ? `busiest thread ${percent(generator.busiest_thread_share)}` : null,
    generator.lag_p99_ms !== undefined ? `late by ${ms(generator.lag_p99_ms)} (p99)` : null,
  ].filter((one) => one).join(", ");
  document.title = `${word.toLowerCase()}: ${plan.name} – ${tool.name}`;
  byId("top").replaceChildren(
    element("div", { class: `verdict ${state}` },
      element("span", { class: "word" }, word),
      element("h1", null, plan.name),
      page.live ? null : element("span", { class: "faint" }, `exit ${verdict.exit_code}`),
      reasons ?? element("p", null, sentence)),
    element("dl", { class: "facts" },
      fact("When", element("time", { datetime: run.started_at }, new Date(run.started_at).toLocaleString())),
      fact("How long", page.live ? `${seconds(run.load_s)}${planned() ? ` of ${seconds(planned())}` : ""}` : `${seconds(run.load_s)} of load, ${seconds(run.duration_s)} in all`),
      fact("Requests", `${count(totals.count)}${rateOf(totals) ? `, ${perSecond(rateOf(totals))}` : ""}`),
      fact("Errors", element("span", { class: totals.failed ? "bad" : "good" }, totals.failed ? `${count(totals.failed)} (${percent(totals.error_rate)})` : "none")),
      fact("Response time", totals.response_time ? ["p50", "p95", "p99"].map((name) => `${name} ${atLeast(ms(totals.response_time[`${name}_ms`]), isLowerBound(totals, totals.response_time[`${name}_ms`]))}`).join(", ") : "–",
        measured(totals).map((one) => element("div", { class: "faint" }, one))),
      fact("Received", bytes(totals.received_bytes)),
      ...groups.map((group) => fact(`Load of ${group.name}`, group.load || `${count(group.peak_users)} users`,
        group.dropped ? element("span", { class: "bad" }, ` ${count(group.dropped)} iterations were dropped.`) : null,
        group.users_lost ? element("span", { class: "bad" }, ` ${count(group.users_lost)} of ${count(group.users_started)} users ended before their time: ${group.lost.map((one) => `${count(one.count)} because ${one.because}`).join("; ")}.`) : null)),
      fact("Load generator", page.live || run.load_s === 0 ? "–" : kept, !page.live && details ? ` (${details})` : null),
      fact("Plan", element("span", { class: "mono" }, plan.file), run.profile ? `, profile ${run.profile}` : null)),
    ...(page.hints.length ? [element("div", { class: "hints" }, page.hints.map((hint) => element("p", null, hint)))] : []));
  const never = page.document.never_executed;
  byId("bottom").textContent = [
    never.length ? `${page.live ? "Not reached yet" : "Never executed"}: ${never.map((one) => one.title).join(", ")}${page.more_never ? ` and ${count(page.more_never)} more` : ""}.` : null,
    `${tool.name} ${tool.version} on ${run.host.name} (${run.host.cpus} processors, ${run.host.os}), run ${run.id}, seed ${run.seed}${run.git_commit ? `, commit ${run.git_commit.slice(0, 12)}` : ""}, plan ${plan.sha256.slice(0, 12)}.`,
  ].filter((one) => one).join(" ");
}

/** When the last part of the load is planned to end, if every one is. */
function planned() {
  const ends = page.document.thread_groups.map((group) => {
    const parts = group.parts ?? [];
    return parts.length && parts.every((part) => part.to_s !== undefined) ? Math.max(...parts.map((part) => part.to_s)) : null;
  });
  return ends.length && ends.every((end) => end !== null) ? Math.max(...ends) : null;
}

// The course of the run.

/** Where parts of the load begin, the groups' taken together. */
function marks() {
  const groups = page.document.thread_groups, found = new Map();
  for (const group of groups) {
    for (const part of group.parts ?? []) {
      const at = Math.round(part.from_s * 10) / 10, name = groups.length > 1 ? `${group.name}: ${part.name}` : part.name;
      found.set(at, found.has(at) ? `${found.get(at)}, ${name}` : name);
    }
  }
  return [...found].map(([at, name]) => ({ at, name })).sort((one, two) => one.at - two.at);
}

const charts = {};

function columns() {
  const { series, document: { slice_s: width, run } } = page, last = series.t_s.length - 1;
  // The last slice may cover only a part of its time; of a small one no rate can be told.
  const covered = last < 0 || page.live ? width : Math.min(width, run.load_s - series.t_s[last]);
  const rate = (column) => column.map((one, place) => place < last ? one / width : covered * 2 < width ? null : one / covered);
  return {
    load: [series.t_s, series.users, ...(missing() ? [series.users_planned] : []), series.connections, rate(series.count)],
    times: [series.t_s, series.p50_ms, series.p95_ms, series.p99_ms],
    failed: [series.t_s, ...failureKinds().map((kind) => rate(series.failures[kind]))],
  };
}

/** Whether users were missing in any slice: they had ended before their time. */
const missing = () => page.series.users_planned.some((planned, place) => planned > page.series.users[place]);

const failureKinds = () => KINDS.filter((kind) => page.series.failures[kind]);

function drawCharts() {
  // A second or less has no course; while a run goes, more comes.
  byId("course").hidden = !page.live && page.series.t_s.length < 2;
  byId("lines").hidden = !page.live && lines().length === 0;
  if (byId("course").hidden) return;
  const whole = (value) => count(Math.round(value * 100) / 100);
  const kinds = failureKinds(), of = columns();
  const make = (name, caption, lines) => {
    charts[name] ??= new Chart(byId(name), caption, marks, setWindow);
    charts[name].draw(lines, of[name]);
  };
  make("load", "Active users, open connections and throughput", [
    { label: "users", color: "c1", axis: "users", show: whole },
    ...(missing() ? [{ label: "users planned", color: "c8", axis: "users", show: whole }] : []),
    { label: "connections", color: "c5", axis: "users", show: whole },
    { label: "requests/s", color: "c2", axis: "rate", show: perSecond },
  ]);
  make("times", "Response time", [
    { label: "p50", color: "c4", axis: "ms", show: ms },
    { label: "p95", color: "c2", axis: "ms", show: ms },
    { label: "p99", color: "c3", axis: "ms", show: ms },
  ]);
  byId("failed").hidden = kinds.length === 0;
  if (kinds.length) {
    make("failed", "Errors by kind", kinds.map((kind, place) => ({ label: kind, color: `c${[8, 2, 5, 3, 6, 7, 1, 4][place % 8]}`, axis: "rate", show: perSecond })));
  }
  zoomCharts();
}

function zoomCharts() {
  for (const chart of Object.values(charts)) {
    if (chart.plot) chart.zoom(shown.from, shown.to === null ? null : Math.max(shown.from, shown.to - page.document.slice_s));
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
  for (const group of page.document.thread_groups) {
    for (const part of group.parts ?? []) {
      const name = page.document.thread_groups.length > 1 ? `${group.name}: ${part.name}` : part.name;
      if (!parts.has(name) && (part.to_s ?? length()) > part.from_s) parts.set(name, part);
    }
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
    ...[...parts].slice(0, 12).map(([name, part]) => choose(name, ...snapped(part))),
    element("span", null, "from ", input("from", shown.from ?? 0), " to ", input("to", shown.to ?? Math.ceil(length())), " s"),
    element("span", { class: "faint" }, "or draw over a chart"));
  form.onsubmit = (event) => event.preventDefault();
  form.elements.from.onchange = changed;
  form.elements.to.onchange = changed;
}

// The table.

const sum = new Merged();

/** A line's samples in the shown part of the run; until the next call. */
function merged(place) {
  sum.clear();
  for (const slice of slices) {
    if (inWindow(slice)) {
      const cell = slice.cells.get(place);
      if (cell) sum.add(cell);
    }
  }
  return sum;
}

function inWindow(slice) {
  const start = slice.number * page.packed_s;
  return shown.from === null || (start >= shown.from && start < shown.to);
}

/** Samples per second, as thresholds judge it. */
const rateOf = (stats) => stats.throughput_per_s > 0 ? stats.throughput_per_s : null;

/** Whether a time is only a lower bound: requests that got no whole response might have taken longer. */
const isLowerBound = (stats, time) => stats.cut_short !== undefined && stats.cut_short.least_ms <= time;

const atLeast = (figure, isLowerBound) => isLowerBound ? `≥ ${figure}` : figure;

/** Over how many requests the response times are, and which are lower bounds. */
function measured(totals) {
  return [
    totals.unsent ? `of ${count(totals.count - totals.unsent)} of ${count(totals.count)} requests: ${count(totals.unsent)} could not be sent` : null,
    totals.cut_short ? `${count(totals.cut_short.count)} requests got no whole response and count with the time they were waited for: figures with ≥ are lower bounds` : null,
  ].filter((one) => one);
}

function figuresOf(stats) {
  const times = stats.response_time;
  return {
    count: stats.count, failed: stats.failed, rate: rateOf(stats),
    mean: times?.mean_ms ?? null, p50: times?.p50_ms ?? null, p95: times?.p95_ms ?? null, p99: times?.p99_ms ?? null, max: times?.max_ms ?? null,
  };
}

/** For how many seconds of the shown part load was applied by one of these groups, warm-up left out. */
function loaded(groups) {
  const pieces = groups.filter((group) => group.began_s !== undefined).map((group) => {
    const warm = (group.parts ?? []).find((part) => part.name === "warm-up"), begin = Math.max(group.began_s, warm?.to_s ?? 0);
    return [Math.max(begin, shown.from), Math.min(begin + group.load_s, shown.to)];
  }).sort((one, two) => one[0] - two[0]);
  let [time, reached] = [0, 0];
  for (const [from, to] of pieces) {
    time += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return time;
}

function figuresIn(sum, groups) {
  const time = loaded(groups);
  return {
    // Of a moment no rate can be told.
    count: sum.count, failed: sum.failed, rate: time >= 0.5 ? sum.count / time : null,
    mean: sum.mean(), p50: sum.percentile(50), p95: sum.percentile(95), p99: sum.percentile(99), max: sum.max(),
  };
}

/** The figures of all lines, and of all requests together. */
function rows() {
  const all = lines();
  if (shown.from === null) {
    return { all: { stats: page.document.totals, ...figuresOf(page.document.totals) }, rows: all.map((one) => ({ ...one, stats: one.line, ...figuresOf(one.line) })) };
  }
  const groups = page.document.thread_groups;
  const own = (line) => groups.filter((group) => group.name === line.thread_group);
  return {
    all: { stats: page.document.totals, ...figuresIn(merged(all.length), groups) },
    rows: all.map((one) => ({ ...one, stats: one.line, ...figuresIn(merged(one.place), own(one.line)) })),
  };
}

const COLUMNS = [
  ["name", "line", (row) => titleOf(row.line)],
  ["count", "count", (row) => row.count, count],
  ["failed", "errors", (row) => row.failed, (value, row) => row.failed ? `${count(value)} (${percent(row.failed / row.count)})` : "0"],
  ["rate", "throughput", (row) => row.rate, perSecond],
  ["mean", "mean", (row) => row.mean, (value, row) => atLeast(ms(value), value !== null && row.failed > 0 && row.stats.cut_short !== undefined)],
  ...["p50", "p95", "p99", "max"].map((name) => [name, name, (row) => row[name],
    (value, row) => atLeast(ms(value), value !== null && row.failed > 0 && isLowerBound(row.stats, value))]),
];

function drawTable() {
  inner.forEach((chart) => chart.destroy());
  inner = [];
  const { all, rows: found } = rows();
  const wanted = byId("filter").value.trim().toLowerCase();
  const kept = found.filter((row) => !wanted || `${titleOf(row.line)} ${row.line.thread_group} ${row.what}`.toLowerCase().includes(wanted));
  const column = COLUMNS.find(([key]) => key === order.column);
  if (column) {
    const of = column[2], side = order.down ? -1 : 1;
    kept.sort((one, two) => {
      const [a, b] = [of(one), of(two)];
      return typeof a === "string" ? -side * a.localeCompare(b) : side * ((a ?? -1) - (b ?? -1));
    });
  }
  const head = element("tr", null, COLUMNS.map(([key, name]) => element("th", {
    scope: "col",
    "aria-sort": order.column === key ? (order.down ? "descending" : "ascending") : false,
  }, element("button", {
    type: "button",
    click: () => {
      order = { column: key, down: order.column === key ? !order.down : true };
      drawTable();
    },
  }, name + (order.column === key ? (order.down ? " ↓" : " ↑") : "")))), element("th", { scope: "col" }, "p95 over time"));
  const cells = (row) => COLUMNS.slice(1).map(([key, , of, show]) => element("td", { class: key === "failed" && row.failed ? "bad" : false }, show(of(row), row)));
  const body = [];
  for (const row of kept) {
    const key = `${row.what} ${titleOf(row.line)}`;
    const more = element("button", { type: "button", class: "open", "aria-expanded": String(opened.has(key)), click: () => {
      if (!opened.delete(key)) opened.add(key);
      drawTable();
    } }, titleOf(row.line));
    body.push(element("tr", null, element("td", null, more, row.what === "transaction" ? element("span", { class: "faint" }, " transaction") : null), cells(row), element("td", null, spark(row.place))));
    if (opened.has(key)) body.push(element("tr", { class: "more" }, element("td", { colspan: COLUMNS.length + 1 }, inside(row))));
  }
  if (!wanted && page.document.samplers.length > 1) {
    body.push(element("tr", { class: "all" }, element("td", null, "all requests"), cells(all), element("td")));
  }
  byId("table").replaceChildren(element("thead", null, head), element("tbody", null, body));
  byId("scope").textContent = shown.from === null ? "The whole run, without warm-up." : `Samples that ended from ${shown.from} s to ${shown.to} s.`;
  byId("more").textContent = page.more_lines ? `and ${count(page.more_lines)} more lines; results.json has them all` : "";
}

/** A line's p95 over the whole run, as a small picture. */
function spark(place) {
  const most = 60, step = Math.max(1, Math.ceil(slices.length / most)), points = [];
  for (let start = 0; start < slices.length; start += step) {
    sum.clear();
    for (const slice of slices.slice(start, start + step)) {
      const cell = slice.cells.get(place);
      if (cell) sum.add(cell);
    }
    points.push(sum.percentile(95));
  }
  const high = Math.max(...points.map((one) => one ?? 0));
  if (!(high > 0)) return "";
  let path = "", pen = false;
  points.forEach((value, at) => {
    if (value === null) { pen = false; return; }
    path += `${pen ? "L" : "M"}${(at / Math.max(1, points.length - 1) * 78 + 1).toFixed(1)} ${(19 - value / high * 17).toFixed(1)}`;
    pen = true;
  });
  return element("svg", { class: "spark", width: 80, height: 20, viewBox: "0 0 80 20", role: "img", "aria-label": `p95 over time, up to ${ms(high)}` },
    element("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.3 }));
}

/** The charts of opened rows; they go with the table. */
let inner = [];

/** A line's percentiles over the whole run, as a chart. */
function courseOf(place) {
  const figure = element("figure");
  const percents = [50, 95, 99], columns = [[], [], [], []];
  for (const slice of slices) {
    const cell = slice.cells.get(place);
    sum.clear();
    if (cell) sum.add(cell);
    columns[0].push(slice.number * page.packed_s);
    percents.forEach((percent, at) => columns[at + 1].push(sum.percentile(percent)));
  }
  const lines = [["p50", "c4"], ["p95", "c2"], ["p99", "c3"]].map(([label, color]) => ({ label, color, axis: "ms", show: ms }));
  // Its width is known once it stands in the page.
  const chart = new Chart(figure, "", marks, setWindow);
  inner.push(chart);
  queueMicrotask(() => { if (inner.includes(chart)) chart.draw(lines, columns); });
  return figure;
}

/** What a line opens to. */
function inside(row) {
  const { document: data } = page, stats = row.line, title = titleOf(stats);
  const parts = [];
  const bars = merged(row.place).bars(40), most = Math.max(1, ...bars.map((bar) => bar.count));
  if (slices.length > 1) parts.push(element("div", null, element("h3", null, "Response time"), courseOf(row.place)));
  if (bars.length) {
    parts.push(element("div", null, element("h3", null, "Distribution of response times"),
      element("svg", { class: "spark", width: 400, height: 90, viewBox: "0 0 400 90", role: "img", "aria-label": "distribution of response times" },
        bars.map((bar, place) => element("rect", { x: place * 10 + 1, width: 8, y: 88 - bar.count / most * 84, height: bar.count ? Math.max(1, bar.count / most * 84) : 0, fill: "currentColor" },
          element("title", null, `${ms(bar.from)} to ${ms(bar.to)}: ${count(bar.count)}`)))),
      element("p", { class: "faint" }, `${ms(bars[0].from)} to ${ms(bars[bars.length - 1].to)}, on a logarithmic scale`)));
  }
  const timed = Object.entries({ "service time (from the send)": stats.service_time, ...stats.phases }).filter(([, times]) => times);
  if (timed.length) {
    parts.push(element("div", null, element("h3", null, "Where the time goes (whole run)"), table(
      ["", "mean", "p50", "p95", "p99", "max"],
      timed.map(([name, times]) => [name.replace("_", " "), ms(times.mean_ms), ms(times.p50_ms), ms(times.p95_ms), ms(times.p99_ms), ms(times.max_ms)]))));
  }
  const checks = row.what === "request" ? data.assertions.filter((one) => titleOf(one) === title) : [];
  if (checks.length) {
    parts.push(element("div", null, element("h3", null, "Assertions"), table(["", "passed", "failed", "examples"],
      checks.map((one) => [`${one.text} (${placeOf(one)})`, count(one.passed), count(one.failed), one.examples.join(" · ")]))));
  }
  const rules = data.thresholds.filter((one) => one.scope === title && one.scope_kind === (row.what === "request" ? "sampler" : "transaction"));
  if (rules.length) parts.push(element("div", null, element("h3", null, "Thresholds"), thresholdTable(rules)));
  parts.push(element("div", null, element("h3", null, "More"), table([], [
    ["thread group", stats.thread_group], ["in the plan", placeOf(stats)],
    row.what === "request" ? ["received, sent", `${bytes(stats.received_bytes)}, ${bytes(stats.sent_bytes)}`] : null,
    stats.interrupted ? ["interrupted by the end", count(stats.interrupted)] : null,
    stats.cached ? ["from the cache", count(stats.cached)] : null,
    stats.reconnects ? ["sent again", count(stats.reconnects)] : null,
    ...stats.failures.map((one) => [`failed: ${one.kind}`, count(one.count)]),
  ].filter((one) => one))));
  return element("div", { class: "inside" }, parts);
}

function table(head, body) {
  return element("table", null,
    head.length ? element("thead", null, element("tr", null, head.map((one) => element("th", { scope: "col" }, one)))) : null,
    element("tbody", null, body.map((cells) => element("tr", null, cells.map((one) => element("td", null, one))))));
}

// Thresholds and failures.

function thresholdTable(rules) {
  const mark = (one) => one.skipped ? element("span", { class: page.live ? "faint" : "note" }, page.live ? "nothing to judge yet" : "skipped") : one.passed ? element("span", { class: "good" }, "✓ held") : element("span", { class: "bad" }, "✗ broken");
  return table(["threshold", "", "observed", "limit", "in the plan"], rules.map((one) => [
    element("span", null, one.implicit ? `${one.title} (no threshold allows ${one.scope_kind === "thread_group" ? "lost users" : "errors"})` : one.title, one.detail ? element("div", { class: "faint" }, one.detail) : null, one.note ? element("div", { class: "faint" }, one.note) : null), mark(one),
    one.observed === undefined ? "–" : atLeast(figure(one.observed, one.unit), one.at_least),
    one.note && one.observed === undefined ? "–" : figure(one.limit, one.unit), placeOf(one)]));
}

function drawThresholds() {
  const rules = page.document.thresholds;
  const section = byId("thresholds");
  // After a failed setup nothing was measured: they have nothing to say.
  section.hidden = rules.length === 0 || page.document.lifecycle.setup.state === "failed";
  section.querySelector(".wide").replaceChildren(thresholdTable(rules));
}

function drawFailures() {
  const { errors } = page.document, section = byId("failures");
  section.hidden = errors.length === 0;
  const open = new Set([...section.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  section.querySelector("div").replaceChildren(...errors.map((error, place) => {
    const key = `${error.kind} ${titleOf(error)} ${error.message}`;
    const expected = error.expected && !error.message.includes(error.expected) ? `, expected ${error.expected}` : "";
    const said = `${error.assertion && !error.message.includes(error.assertion) ? `${error.assertion}: ` : ""}${error.message}${expected}`;
    const made = element("details", { open: place === 0 && !page.live || open.has(key) },
      element("summary", null, element("strong", { class: "bad" }, `${count(error.count)} × `), `${titleOf(error)}: ${said} `, element("span", { class: "faint" }, `[${error.kind}]`)),
      page.remedies[place] ? element("p", null, page.remedies[place]) : null,
      error.actual?.length ? element("p", null, "Got ", error.actual.map((one, at) => [at ? " · " : "", element("code", null, one)]).flat()) : null,
      element("p", { class: "faint" }, `First at ${seconds(error.first_s)}, last at ${seconds(error.last_s)}; in the plan at ${placeOf(error)}.`),
      error.example?.request ? [element("h3", null, "One request"), element("pre", null, error.example.request)] : null,
      error.example?.response ? [element("h3", null, "Its response"), element("pre", null, error.example.response)] : null);
    made.dataset.key = key;
    return made;
  }), page.more_errors ? element("p", null, `and ${count(page.more_errors)} more; results.json has them all`) : "");
}

// The comparison with earlier runs.

const JUDGED = { ok: ["good", "ok"], improved: ["good", "improved"], regressed: ["bad", "regressed"], follows: ["note", "follows"], inconclusive: ["note", "inconclusive"], not_judged: ["faint", "not judged"] };

function judged(verdict) {
  const [kind, word] = JUDGED[verdict] ?? ["faint", verdict];
  return element("span", { class: kind }, word);
}

/** A change as a share; of a figure that is itself a share, in percentage points. */
const signed = (value, unit) => `${value < 0 ? "−" : "+"}${trimmed(Math.abs(value) * 100, 1)}${unit === "share" ? " points" : "%"}`;

function drawComparison() {
  const compared = page.document.regression, section = byId("comparison");
  section.hidden = !compared;
  if (!compared) return;
  const runs = compared.baseline.map((run) => `${run.file ?? run.id} (${new Date(run.started_at).toLocaleString()}${run.git_commit ? `, commit ${run.git_commit.slice(0, 12)}` : ""})`);
  const change = (one) => one.change === undefined ? "–" : `${signed(one.change, one.unit)}${one.change_low === undefined ? "" : ` (${signed(one.change_low, one.unit)} to ${signed(one.change_high, one.unit)})`}`;
  const show = (value, unit) => value === undefined ? "–" : figure(value, unit);
  const of = (line) => {
    const worst = line.figures.filter((one) => one.verdict === "regressed").map((one) => `${one.metric.replace("_", " ")} ${signed(one.change ?? 0, one.unit)}`);
    return element("details", { open: line.verdict === "regressed" },
      element("summary", null, judged(line.verdict), ` ${line.kind === "thread_group" ? "thread group " : line.kind === "transaction" ? "transaction " : ""}${line.kind === "run" ? "all requests" : line.title}`,
        worst.length ? `: ${worst.join(", ")}` : "", element("span", { class: "faint" }, line.part === "steady" ? " steady part" : " whole run")),
      element("div", { class: "wide" }, table(["figure", "baseline", "this run", "change (95% interval)", "limit", ""],
        line.figures.map((one) => [one.metric.replace("_", " "), show(one.base, one.unit), show(one.new, one.unit), change(one), show(one.limit, one.unit), judged(one.verdict)]))),
      element("ul", null, line.figures.filter((one) => !["ok", "not_judged"].includes(one.verdict)).map((one) => element("li", null, one.sentence))));
  };
  const lines = [...compared.samplers, ...compared.transactions, ...compared.thread_groups];
  const rank = { regressed: 0, follows: 1, inconclusive: 2, improved: 3 };
  lines.sort((one, two) => (rank[one.verdict] ?? 4) - (rank[two.verdict] ?? 4));
  section.querySelector("div").replaceChildren(
    element("p", null, judged(compared.verdict), ` – ${compared.summary}`),
    element("p", { class: "faint" }, `With ${runs.join(", ")}.`),
    element("p", { class: "faint" }, `${compared.method.text}.`),
    ...(compared.remarks.length ? [element("div", { class: "hints" }, compared.remarks.map((one) => element("p", null, one.text)))] : []),
    ...lines.slice(0, 200).map(of), of(compared.run));
}

function draw() {
  drawTop();
  drawCharts();
  drawWindow();
  drawTable();
  drawThresholds();
  drawComparison();
  drawFailures();
}

function start() {
  byId("plain").hidden = true;
  byId("page").hidden = false;
  byId("filter").oninput = drawTable;
  const redraw = () => Object.values(charts).forEach((chart) => chart.redraw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  matchMedia("print").addEventListener("change", redraw);
}

// The data.

const fromBase64 = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

async function inflated(id) {
  const packed = new Blob([fromBase64(byId(id).textContent)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

async function load() {
  const [data, times] = await Promise.all([inflated("data"), inflated("packed")]);
  page = JSON.parse(new TextDecoder().decode(data));
  slices = new Unpacker().read(times);
  start();
  draw();
}

if (byId("data")) load().catch((error) => { console.error(error); });
else live();
