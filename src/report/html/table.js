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

/** Whether a time is only a lower bound: requests that got no complete response might have taken longer. */
const isLowerBound = (stats, time) => stats.cut_short !== undefined && stats.cut_short.least_ms <= time;

const atLeast = (figure, isLowerBound) => isLowerBound ? `≥ ${figure}` : figure;

/** Over how many requests the response times are, and which are lower bounds. */
function measured(totals) {
  return [
    totals.unsent ? `covers ${count(totals.count - totals.unsent)} of ${count(totals.count)} requests: ${count(totals.unsent)} could not be sent` : null,
    totals.cut_short ? `${count(totals.cut_short.count)} requests got no complete response and count with the time waited: figures with ≥ are lower bounds` : null,
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
  ["name", "request", (row) => titleOf(row.line)],
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
  const cells = (row) => COLUMNS.slice(1).map(([key, , of, show]) => {
    const text = show(of(row), row), failing = key === "failed" && row.failed > 0, link = failing && row.line && failuresOf(row.line, row.what).length > 0;
    return element("td", { class: failing ? "bad" : false },
      link ? element("button", { type: "button", class: "link bad", title: "Show these failures", click: () => showFailures(row.line, row.what) }, text) : text);
  });
  const body = [];
  for (const row of kept) {
    const key = keyOf(row);
    const more = element("button", { type: "button", class: "open", "aria-expanded": String(opened.has(key)), click: () => {
      if (!opened.delete(key)) opened.add(key);
      drawTable();
    } }, titleOf(row.line));
    const course = slices.length > 1 ? element("button", { type: "button", class: "link", title: "Show in the charts", "aria-label": `Show ${titleOf(row.line)} in the charts`, click: () => cover(key) }, spark(row.place)) : null;
    body.push(element("tr", { "data-key": key }, element("td", null, more, row.what === "transaction" ? element("span", { class: "faint" }, " transaction") : null), cells(row), element("td", null, course)));
    if (opened.has(key)) body.push(element("tr", { class: "more" }, element("td", { colspan: COLUMNS.length + 1 }, inside(row, found))));
  }
  if (!wanted && page.document.samplers.length > 1) {
    body.push(element("tr", { class: "all" }, element("td", null, "all requests"), cells(all), element("td")));
  }
  byId("table").replaceChildren(element("thead", null, head), element("tbody", null, body));
  byId("scope").textContent = shown.from === null ? warmsUp() ? "The whole run, without warm-up." : "The whole run." : `Only what ended from ${shown.from} s to ${shown.to} s.`;
  byId("more").textContent = page.more_lines ? `and ${count(page.more_lines)} more requests and transactions; results.json has them all` : "";
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
  const chart = new Chart(figure, marks, setWindow);
  inner.push(chart);
  queueMicrotask(() => { if (inner.includes(chart)) chart.draw("", lines, columns); });
  return figure;
}

/** Opens a line's row and shows it. */
function showRow(key) {
  opened.add(key);
  if (![...byId("table").querySelectorAll("tr")].some((row) => row.dataset.key === key)) byId("filter").value = "";
  drawTable();
  const row = [...byId("table").querySelectorAll("tr")].find((one) => one.dataset.key === key);
  row?.scrollIntoView({ block: "center" });
  row?.querySelector("button")?.focus({ preventScroll: true });
}

/** A line's name that leads to its row. */
function rowLink(title, what = "request") {
  const key = `${what} ${title}`;
  return lines().some((one) => keyOf(one) === key) ? element("button", { type: "button", class: "link", click: () => showRow(key) }, title) : title;
}

/** The requests of a transaction, those that were never reached included. */
function requestsOf(line, found) {
  const rows = new Map(found.filter((row) => row.what === "request").map((row) => [titleOf(row.line), row]));
  return table(["request", "count", "errors", "mean", "p95", "max"], (line.requests ?? []).map((title) => {
    const row = rows.get(title);
    return row ? [rowLink(title), count(row.count), row.failed ? `${count(row.failed)} (${percent(row.failed / row.count)})` : "0", ms(row.mean), ms(row.p95), ms(row.max)] : [title, "0", "0", "–", "–", "–"];
  }));
}

/** What a line opens to. */
function inside(row, found) {
  const { document: data } = page, stats = row.line, title = titleOf(stats);
  const parts = [];
  if (row.what === "transaction" && stats.requests?.length) parts.push(element("div", null, element("h3", null, "Requests in this transaction"), requestsOf(stats, found)));
  const failures = failuresOf(stats, row.what);
  if (failures.length) {
    parts.push(element("div", null, element("h3", null, "Failures (whole run)"), element("ul", null, failures.slice(0, 10).map((cause) =>
      element("li", null, element("button", { type: "button", class: "link", click: () => showFailures(stats, row.what, cause) }, `${count(failedOf(cause, stats, row.what))} × ${cause.text}`))),
      failures.length > 10 ? element("li", null, `and ${failures.length - 10} more`) : null)));
  }
  if (row.what === "request" && statusesOf(stats).length) {
    parts.push(element("div", null, element("h3", null, "Status codes (whole run)"), table(["status", "responses", ""],
      statusesOf(stats).map(([status, number]) => [status, count(number), percent(number / stats.count)]))));
  }
  const bars = merged(row.place).bars(40), most = Math.max(1, ...bars.map((bar) => bar.count));
  if (slices.length > 1) parts.push(element("div", null, element("h3", null, `Response time of ${title}`), element("button", { type: "button", class: "link", click: () => cover(keyOf(row)) }, "Show in the charts above"), courseOf(row.place)));
  if (bars.length) {
    parts.push(element("div", null, element("h3", null, `Distribution of response times${shown.from === null ? "" : ` from ${shown.from} s to ${shown.to} s`}`),
      element("svg", { class: "spark", width: 400, height: 90, viewBox: "0 0 400 90", role: "img", "aria-label": "distribution of response times" },
        bars.map((bar, place) => element("rect", { x: place * 10 + 1, width: 8, y: 88 - bar.count / most * 84, height: bar.count ? Math.max(1, bar.count / most * 84) : 0, fill: "currentColor" },
          element("title", null, `${ms(bar.from)} to ${ms(bar.to)}: ${count(bar.count)}`)))),
      element("p", { class: "faint" }, `${ms(bars[0].from)} to ${ms(bars[bars.length - 1].to)}, on a logarithmic scale`)));
  }
  const timed = Object.entries({ "service time (from the send)": stats.service_time, ...stats.phases }).filter(([, times]) => times);
  if (timed.length) {
    parts.push(element("div", null, element("h3", null, "Time by phase (whole run)"), table(
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
  parts.push(element("div", null, element("h3", null, "Details"), table([], [
    ["thread group", stats.thread_group], ["in the plan", placeOf(stats)],
    row.what === "request" ? ["received, sent", `${bytes(stats.received_bytes)}, ${bytes(stats.sent_bytes)}`] : null,
    stats.interrupted ? ["interrupted at the end", count(stats.interrupted)] : null,
    stats.cached ? ["from the cache", count(stats.cached)] : null,
    stats.reconnects ? ["sent again", count(stats.reconnects)] : null,
    ...stats.failures.map((one) => [`failed: ${one.kind}`, count(one.count)]),
  ].filter((one) => one))));
  return element("div", { class: "inside" }, parts);
}

// Status codes.

const NO_STATUS = "no status";

/** The statuses of a line and how often each came; last, how many of its samples had none. */
function statusesOf(stats) {
  const found = (stats.statuses ?? []).map((one) => [String(one.status), one.count]);
  const rest = stats.count - found.reduce((all, [, number]) => all + number, 0);
  return rest > 0 && found.length + stats.failed > 0 ? [...found, [NO_STATUS, rest]] : found;
}

/** A row for each request, a column for each status. */
function drawStatuses() {
  const { totals, samplers } = page.document, section = byId("statuses"), most = 50;
  section.hidden = !totals.statuses?.length;
  if (section.hidden) return;
  const known = statusesOf(totals).map(([status]) => status).filter((status) => status !== NO_STATUS);
  const columns = known.slice(0, 12), others = known.length > columns.length, none = samplers.some((line) => statusesOf(line).some(([status]) => status === NO_STATUS));
  const heads = [...columns, ...(others ? ["other"] : []), ...(none ? [NO_STATUS] : [])];
  const bad = (status) => status === NO_STATUS || Number(status) >= 400;
  const row = (name, stats, all) => {
    const counts = new Map();
    for (const [status, number] of statusesOf(stats)) {
      const head = heads.includes(status) ? status : "other";
      counts.set(head, (counts.get(head) ?? 0) + number);
    }
    return element("tr", { class: all }, element("td", null, name), heads.map((head) => element("td", { class: counts.has(head) && bad(head) ? "bad" : false }, counts.has(head) ? count(counts.get(head)) : "")));
  };
  const failing = (line) => line.failed > 0 ? 0 : 1;
  const ordered = samplers.length > most ? [...samplers].sort((one, two) => failing(one) - failing(two)) : samplers;
  section.querySelector("table").replaceChildren(
    element("thead", null, element("tr", null, ["request", ...heads].map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", null, ordered.slice(0, most).map((line) => row(rowLink(titleOf(line)), line, false)), samplers.length > 1 ? row("all requests", totals, "all") : null));
  section.querySelector("p").textContent = [
    warmsUp() ? "The whole run, without warm-up." : "The whole run.",
    none ? "“No status”: no response came, or the step is not HTTP." : "",
    samplers.length > most ? `The other ${count(samplers.length - most)} requests: see their rows above.` : "",
  ].filter((one) => one).join(" ");
}

function table(head, body) {
  return element("table", null,
    head.length ? element("thead", null, element("tr", null, head.map((one) => element("th", { scope: "col" }, one)))) : null,
    element("tbody", null, body.map((cells) => element("tr", null, cells.map((one) => element("td", null, one))))));
}

