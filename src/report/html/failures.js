// Thresholds and failures.

function thresholdTable(rules) {
  const mark = (one) => one.skipped ? element("span", { class: page.live ? "faint" : "note" }, page.live ? "nothing to judge yet" : "skipped") : one.passed ? element("span", { class: "good" }, "✓ passed") : element("span", { class: "bad" }, "✗ failed");
  return table(["threshold", "observed", "limit", "in the plan"], rules.map((one) => [
    element("span", null, mark(one), " ", one.implicit ? `${one.title} (no threshold allows ${one.scope_kind === "thread_group" ? "lost users" : "errors"})` : one.title, one.detail ? element("div", { class: "faint" }, one.detail) : null, one.note ? element("div", { class: "faint" }, one.note) : null),
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

/** The requests whose failures are those of a line: its own, or those in it. */
const failingTitles = (line, what) => what === "transaction" ? line.requests ?? [] : [titleOf(line)];

const errorsOf = (cause) => cause.errors.map((place) => page.document.errors[place]);

/** The causes a line failed for. */
function failuresOf(line, what) {
  const titles = failingTitles(line, what);
  return page.causes.filter((cause) => errorsOf(cause).some((error) => titles.includes(titleOf(error))));
}

/** How often a line failed for a cause. A response may fail two assertions for one reason. */
function failedOf(cause, line, what) {
  const titles = failingTitles(line, what);
  return errorsOf(cause).filter((error) => titles.includes(titleOf(error))).reduce((all, error) => Math.min(all + error.count, line.failed), 0);
}

const causeKey = (cause) => `${errorsOf(cause)[0].kind} ${cause.text} ${cause.errors.length > 1 ? "" : titleOf(errorsOf(cause)[0])}`;

/** Opens the failures of a line, or one cause of them, and shows them. */
function showFailures(line, what, only) {
  const keys = (only ? [only] : failuresOf(line, what)).map(causeKey);
  let first = null;
  for (const group of byId("failures").querySelectorAll("details")) {
    if (!keys.includes(group.dataset.key)) continue;
    group.open = true;
    first ??= group;
  }
  first?.scrollIntoView({ block: "start" });
  first?.querySelector("summary").focus({ preventScroll: true });
}

function drawFailures() {
  const section = byId("failures"), { causes } = page;
  section.hidden = causes.length === 0;
  const open = new Set([...section.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  const stats = new Map(page.document.samplers.map((line) => [titleOf(line), line]));
  const of = (error) => stats.has(titleOf(error)) ? ` of ${count(stats.get(titleOf(error)).count)}` : "";
  section.querySelector("div").replaceChildren(...causes.map((cause, place) => {
    const key = causeKey(cause), errors = errorsOf(cause), [first] = errors, several = new Set(errors.map(titleOf)).size;
    const actual = [...new Set(errors.flatMap((error) => error.actual ?? []))].slice(0, 5);
    const shown = errors.find((error) => error.example)?.example;
    const made = element("details", { open: place === 0 && !page.live || open.has(key) },
      element("summary", null, element("strong", { class: "bad" }, `${count(cause.count)} × `), `${errors.length > 1 ? (several > 1 ? `${several} requests` : titleOf(first)) : titleOf(first)}: ${cause.text} `, element("span", { class: "faint" }, `[${[...new Set(errors.map((error) => error.kind))].join(", ")}]`)),
      cause.hint ? element("p", null, marked(cause.hint)) : null,
      actual.length ? element("p", null, "Got ", actual.map((one, at) => [at ? " · " : "", element("code", null, one)]).flat()) : null,
      errors.length > 1
        ? element("div", { class: "wide" }, table(["request", "failed", "first", "last", "in the plan"], errors.slice(0, 50).map((error) => [rowLink(titleOf(error)), `${count(error.count)}${of(error)}`, seconds(error.first_s), seconds(error.last_s), placeOf(error)])))
        : element("p", { class: "faint" }, rowLink(titleOf(first)), ` failed ${count(first.count)}${of(first)} times, first at ${seconds(first.first_s)}, last at ${seconds(first.last_s)}; in the plan at ${placeOf(first)}.`),
      errors.length > 50 ? element("p", null, `and ${count(errors.length - 50)} more`) : null,
      shown?.request ? [element("h3", null, "One request"), element("pre", null, shown.request)] : null,
      shown?.response ? [element("h3", null, "Its response"), element("pre", null, shown.response)] : null);
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
      element("div", { class: "wide" }, table(["metric", "baseline", "this run", "change (95% interval)", "limit", ""],
        line.figures.map((one) => [one.metric.replace("_", " "), show(one.base, one.unit), show(one.new, one.unit), change(one), show(one.limit, one.unit), judged(one.verdict)]))),
      element("ul", null, line.figures.filter((one) => !["ok", "not_judged"].includes(one.verdict)).map((one) => element("li", null, one.sentence))));
  };
  const lines = [...compared.samplers, ...compared.transactions, ...compared.thread_groups];
  const rank = { regressed: 0, follows: 1, inconclusive: 2, improved: 3 };
  lines.sort((one, two) => (rank[one.verdict] ?? 4) - (rank[two.verdict] ?? 4));
  section.querySelector("div").replaceChildren(
    element("p", null, judged(compared.verdict), ` – ${compared.summary}`),
    element("p", { class: "faint" }, `Baseline: ${runs.join(", ")}.`),
    element("p", { class: "faint" }, `${compared.method.text}.`),
    ...(compared.remarks.length ? [element("div", { class: "hints" }, compared.remarks.map((one) => element("p", null, one.text)))] : []),
    ...lines.slice(0, 200).map(of), of(compared.run));
}

