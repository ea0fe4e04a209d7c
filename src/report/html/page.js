// The page as a whole: the verdict at its top, and where the data come from. They are in the page or,
// during a run, come from its server. The course of the run, the table and the failures are files of
// their own.

// The top: what came of it.

function drawTop() {
  const { verdict, run, plan, tool, totals, thread_groups: groups, generator } = page.document;
  const state = page.live ? "running" : verdict.passed ? "passed" : "failed";
  const word = page.live ? "RUNNING" : verdict.passed ? "PASSED" : "FAILED";
  // The first reason is the root cause; the others follow from it.
  const [cause, ...others] = verdict.reasons;
  const sentence = page.live ? (cause ? `so far: ${cause}` : "nothing has failed so far") : cause ?? verdict.summary;
  const fact = (name, ...value) => element("div", null, element("dt", null, name), element("dd", null, ...value));
  const kept = generator.kept_up ? element("span", { class: "good" }, "kept up") : element("span", { class: "bad" }, `could not keep up: ${generator.reason ?? ""}`);
  const details = [
    generator.cpu_share !== undefined ? `${percent(generator.cpu_share)} of all CPUs` : null,
    generator.busiest_thread_share !== undefined ? `busiest thread ${percent(generator.busiest_thread_share)}` : null,
    generator.lag_p99_ms !== undefined ? `requests started up to ${ms(generator.lag_p99_ms)} after their planned time (p99)` : null,
  ].filter((one) => one).join(", ");
  document.title = `${word.toLowerCase()}: ${plan.name} – ${tool.name}`;
  byId("top").replaceChildren(
    element("div", { class: `verdict ${state}` },
      element("h1", null, element("span", { class: "word" }, word), ": ", marked(sentence)),
      others.length ? element("ul", null, others.map((reason) => element("li", null, marked(reason)))) : null,
      element("p", null, element("strong", null, plan.name), page.live ? null : element("span", { class: "faint" }, ` · exit code ${verdict.exit_code}`))),
    element("dl", { class: "facts" },
      fact("When", element("time", { datetime: run.started_at }, new Date(run.started_at).toLocaleString())),
      fact("Duration", page.live ? `${seconds(run.load_s)}${planned() ? ` of ${seconds(planned())}` : ""}` : `${seconds(run.load_s)} under load, ${seconds(run.duration_s)} total`),
      fact("Requests", `${count(totals.count)}${rateOf(totals) ? `, ${perSecond(rateOf(totals))}` : ""}`),
      fact("Errors", element("span", { class: totals.failed ? "bad" : "good" }, totals.failed ? `${count(totals.failed)} (${percent(totals.error_rate)})` : "none")),
      fact("Response time", totals.response_time ? ["p50", "p95", "p99"].map((name) => `${name} ${atLeast(ms(totals.response_time[`${name}_ms`]), isLowerBound(totals, totals.response_time[`${name}_ms`]))}`.replaceAll(" ", "\u00a0")).join(", ") : "–",
        measured(totals).map((one) => element("div", { class: "faint" }, one))),
      fact("Received", bytes(totals.received_bytes)),
      ...groups.map((group) => fact(`Load: ${group.name}`, group.load || `${count(group.peak_users)} users`,
        group.dropped ? element("span", { class: "bad" }, ` ${count(group.dropped)} iterations were dropped.`) : null,
        group.users_lost ? element("span", { class: "bad" }, ` ${count(group.users_lost)} of ${count(group.users_started)} users ended early: ${group.lost.map((one) => `${count(one.count)} because ${one.because}`).join("; ")}.`) : null)),
      fact("Load generator", page.live || run.load_s === 0 ? "–" : kept, !page.live && details ? ` (${details})` : null),
      fact("Plan", element("span", { class: "mono" }, plan.file), run.profile ? `, profile ${run.profile}` : null)),
    ...(page.hints.length ? [element("div", { class: "hints" }, page.hints.map((hint) => element("p", null, marked(hint))))] : []));
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

function draw() {
  drawTop();
  drawCharts();
  drawWindow();
  drawTable();
  drawStatuses();
  drawThresholds();
  drawComparison();
  drawFailures();
}

function start() {
  byId("plain").hidden = true;
  byId("page").hidden = false;
  byId("filter").oninput = drawTable;
  byId("subject").onchange = () => cover(byId("subject").value || null);
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
