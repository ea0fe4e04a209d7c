// The report and the live page in a real browser.
//   browser.mjs PATH_TO_LOADPLAN WORK_FOLDER [SCREENSHOTS]
// Needs playwright-core and hdr-histogram-js in $NODE_TOOLS/node_modules, and chromium.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.resolve(process.env.NODE_TOOLS ?? ".", "x.js"));
const { chromium } = require("playwright-core");
const hdr = require("hdr-histogram-js");

const [loadplan, work, shots] = [process.argv[2], process.argv[3], process.argv[4]].map((one) => one && path.resolve(one));
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const PLAN = `name: The page's plan </script><script>alert(1)</script>
services: { api: { demo: trading } }
http: { base_url: "\${services.api.url}" }
thread_groups:
  climbers:
    stages:
      - { users: 2, over: 2s, hold: 3s }
      - { users: 3, over: 2s }
    think_time: 100ms
    steps:
      - transaction: Check out
        steps:
          - get: /api/no-cart
          - get: /api/no-shipping
          - get: /api/no-payment
          - get: /api/no-thanks
          - get: /api/no-end
  visitors:
    users: 4
    ramp_up: 2s
    duration: 8s
    think_time: 20ms
    steps:
      - get: /api/market-data
        assert: { status: 200 }
        thresholds: [p95 < 2s]
      - transaction: Look around
        steps:
          - get: /api/quotes/AAPL
          - get: /api/quotes/<img src=x onerror=alert(2)>
  late:
    users: 1
    delay: 3s
    duration: 4s
    warm_up: 1s
    think_time: 5ms
    steps:
      - get: /api/quotes/MSFT
`;

let checks = 0;
const check = (...args) => { checks += 1; assert.ok(...args); };
const near = (value, expected, what) => { checks += 1; assert.ok(Math.abs(value - expected) <= Math.max(0.006, 0.005 * expected), `${what}: ${value} is not ${expected}`); };
/** A figure of the table as a number of milliseconds, per second, or samples. */
const number = (text) => {
  const value = Number(text.replaceAll("\u202f", "").match(/^[\d.]+/)?.[0]);
  return / s$/.test(text) ? value * 1000 : value;
};

mkdirSync(work, { recursive: true });
writeFileSync(path.join(work, "page.yaml"), PLAN);
const ran = spawnSync(loadplan, ["run", "page.yaml", "--out", "page", "--quiet"], { cwd: work, encoding: "utf8" });
assert.equal(ran.status, 1, ran.stdout + ran.stderr);
const results = JSON.parse(readFileSync(path.join(work, "page/results.json"), "utf8"));
const report = "file://" + path.join(work, "page/report.html");

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** For how many seconds of a part of the run a group applied load, its warm-up left out. */
function loaded(group, from, to) {
  const warm = group.parts.find((part) => part.name === "warm-up"), begin = Math.max(group.began_s, warm?.to_s ?? 0);
  return Math.max(0, Math.min(begin + group.load_s, to) - Math.max(begin, from));
}

const shownCount = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, " ");

/** A page that remembers what must not happen. */
async function open(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.wrong = [];
  page.requests = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) page.wrong.push(message.text()); });
  page.on("pageerror", (error) => page.wrong.push(String(error.stack)));
  page.on("dialog", (dialog) => { page.wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (sent) => page.requests.push(sent.url()));
  await page.goto(address);
  return page;
}

const shot = async (page, name) => { if (shots) { mkdirSync(shots, { recursive: true }); await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true }); } };
const rowsOf = (page) => page.$$eval("#table tbody > tr:not(.more)", (rows) => Object.fromEntries(rows.map((row) => {
  const cells = [...row.children].map((cell) => cell.innerText.trim());
  return [cells[0], cells.slice(1, 9)];
})));
const drawn = (page, id) => page.$eval(`#${id} canvas`, (canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Set();
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) colors.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
  return colors.size;
});

/** The root cause, failures that are alike, the charts of one request, stages, statuses, a transaction's requests. */
async function causes(page) {
  const top = await page.innerText("#top h1");
  const missing = results.samplers.filter((line) => line.statuses?.some((one) => one.status === 404));
  const [failed, all] = [missing.reduce((sum, line) => sum + line.failed, 0), missing.reduce((sum, line) => sum + line.count, 0)];
  check(top.startsWith(`FAILED: ${shownCount(failed)} of ${shownCount(all)} requests got status 404`), top);
  check((await page.innerText("#failures summary >> nth=0")).includes(`${missing.length} requests: got status 404`));
  const named = await page.innerText("#failures details >> nth=0");
  for (const line of missing) check(named.includes(line.label), `${line.label} is in the group`);

  // Statuses: those of each request, and all together.
  const statuses = await page.$$eval("#statuses tbody tr", (rows) => rows.map((row) => [...row.children].map((cell) => cell.innerText.trim())));
  const heads = await page.$$eval("#statuses thead th", (cells) => cells.map((cell) => cell.innerText.trim()));
  for (const [line, title] of [...results.samplers.map((line) => [line, line.label]), [results.totals, "all requests"]]) {
    const row = statuses.find((cells) => cells[0] === title);
    for (const one of line.statuses) assert.equal(number(row[heads.indexOf(String(one.status))]), one.count, `${title}: ${one.status}`);
  }

  // A row leads to its failures, and these to a row.
  await page.click("#failures summary >> nth=0");
  check(!(await page.locator("#failures details >> nth=0").evaluate((group) => group.open)));
  await page.click("#table tr:has-text('GET /api/no-cart') button[title='Show these failures']");
  check(await page.locator("#failures details >> nth=0").evaluate((group) => group.open));
  await page.click("#failures details >> nth=0 >> button:has-text('GET /api/no-cart')");
  check((await page.innerText("#table tr.more")).includes("Failures (whole run)"));
  await page.click("#table button.open:has-text('GET /api/no-cart')");

  // A transaction lists its requests.
  await page.click("#table button.open:has-text('Check out')");
  const transaction = results.transactions.find((line) => line.label === "Check out");
  assert.equal(transaction.requests.length, 5);
  const inside = await page.innerText("#table tr.more");
  for (const title of transaction.requests) check(inside.includes(title), `${title} is listed`);
  await page.click("#table button.open:has-text('Check out')");

  // The charts of one request: its own figures, second by second; and what they cover is said.
  check((await page.innerText("#times figcaption")).includes("all requests"));
  await page.click("#table tr:has-text('GET /api/market-data') button[title='Show in the charts']");
  for (const id of ["load", "times"]) check((await page.innerText(`#${id} figcaption`)).includes("GET /api/market-data"), id);
  check(await page.isHidden("#failed"), "it has no errors");
  const place = results.samplers.findIndex((line) => line.label === "GET /api/market-data");
  const counts = results.timeline.map((slice) => slice.samplers.find((one) => one.label === place)?.count ?? 0);
  const rates = await page.evaluate(() => charts.load.columns.at(-1));
  counts.slice(0, -1).forEach((count, second) => assert.equal(rates[second] ?? 0, count, `requests of second ${second}`));
  await page.selectOption("#subject", "");
  check((await page.innerText("#times figcaption")).includes("all requests") && (await page.isVisible("#failed")));

  // One button for a stage's ramp, and one for its hold.
  for (const [button, scope] of [["stage 1 ramp", "from 0 s to 2 s"], ["stage 1 hold", "from 2 s to 5 s"], ["stage 2", "from 5 s to 7 s"]]) {
    await page.click(`#window button:text-is('climbers: ${button}')`);
    check((await page.innerText("#scope")).includes(scope), `${button}: ${await page.innerText("#scope")}`);
  }
  await page.click("#window button:has-text('Whole run')");
}

// The whole report: figures are those of results.json, and nothing is asked of anybody.
{
  const page = await open(report);
  await page.waitForSelector("#table tbody tr");
  await page.waitForTimeout(300);
  const rows = await rowsOf(page);
  for (const line of results.samplers) {
    const cells = rows[line.title ?? line.label];
    check(cells, `no row for ${line.label} among ${Object.keys(rows)}`);
    assert.equal(number(cells[0]), line.count);
    assert.equal(number(cells[1]), line.failed);
    near(number(cells[2]), line.throughput_per_s, "throughput");
    near(number(cells[3]), line.response_time.mean_ms, "mean");
    near(number(cells[5]), line.response_time.p95_ms, "p95");
    near(number(cells[7]), line.response_time.max_ms, "max");
  }
  check("Look around transaction" in rows, "the transaction has a row");
  for (const id of ["load", "times", "failed"]) check(await drawn(page, id) > 5, `#${id} shows something`);
  check((await page.innerText("#top")).includes("FAILED"));
  check((await page.innerText("#failures")).includes("Nothing exists at that path"), "a failure has its hint");
  await causes(page);
  await shot(page, "report-light");

  // A part of the run, drawn over a chart, is computed anew from the histograms.
  const box = await page.locator("#times .u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.40, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.70, box.y + 60, { steps: 5 });
  await page.mouse.up();
  const said = await page.innerText("#scope");
  const [from, to] = said.match(/from (\d+) s to (\d+) s/).slice(1).map(Number);
  check(from > 0 && to > from && to < 9, said);
  const zoomed = await rowsOf(page);
  for (const [place, line] of results.samplers.entries()) {
    const merged = hdr.build({ numberOfSignificantValueDigits: 3, autoResize: true, useWebAssembly: false });
    let [count, failed] = [0, 0];
    for (const slice of results.timeline.filter((one) => one.t_s >= from && one.t_s < to)) {
      for (const one of slice.samplers.filter((one) => one.label === place)) {
        count += one.count;
        failed += one.failed;
        if (one.histogram) merged.add(hdr.decodeFromCompressedBase64(one.histogram));
      }
    }
    const cells = zoomed[line.title ?? line.label];
    assert.equal(number(cells[0]), count, `${line.label} from ${from} to ${to}`);
    assert.equal(number(cells[1]), failed);
    check(count < line.count, "it is a part");
    if (count > 0) {
      const time = loaded(results.thread_groups.find((group) => group.name === line.thread_group), from, to);
      near(number(cells[2]), count / time, `throughput of ${line.label}`);
      for (const [cell, percent] of [[4, 50], [5, 95], [6, 99], [7, 100]]) near(number(cells[cell]), merged.getValueAtPercentile(percent) / 1000, `p${percent} of ${line.label}`);
    }
  }
  const everything = results.samplers.reduce((sum, line) => sum + number(zoomed[line.title ?? line.label][0]), 0);
  assert.equal(number(zoomed["all requests"][0]), everything, "all requests are the sum of them");
  await shot(page, "report-zoomed");
  // The group that warms up: its part begins behind, and its rate is that of the whole run.
  await page.click("#window button:has-text('late: steady')");
  const late = results.samplers.find((line) => line.thread_group === "late");
  near(number((await rowsOf(page))[late.label][2]) / late.throughput_per_s, 1, "the steady part's rate");
  await page.click("#window button:has-text('Whole run')");
  assert.deepEqual(await rowsOf(page), rows);

  // Sorting, filtering, opening a row.
  await page.click("#table thead button:has-text('count')");
  const counts = Object.values(await rowsOf(page)).slice(0, -1).map((cells) => number(cells[0]));
  assert.deepEqual(counts, [...counts].sort((one, two) => two - one));
  await page.fill("#filter", "market");
  assert.deepEqual(Object.keys(await rowsOf(page)), ["GET /api/market-data"]);
  await page.click("#table button.open");
  const inside = await page.innerText("#table tr.more");
  for (const part of ["Response time", "Distribution of response times", "first byte", "status is 200", "p95 < 2s", "✓ passed", "Status codes"]) check(inside.includes(part), part);
  await shot(page, "report-row");
  await page.emulateMedia({ media: "print" });
  await page.waitForTimeout(200);
  check((await page.pdf()).length > 10000, "it can be printed");
  assert.deepEqual(page.wrong, []);
  assert.deepEqual(page.requests.filter((one) => !one.startsWith("data:")), [report]);
}

// Beside an earlier run, its comparison.
{
  spawnSync(loadplan, ["run", "page.yaml", "--out", "again", "--quiet", "--baseline", "page/results.json"], { cwd: work });
  const page = await open("file://" + path.join(work, "again/report.html"));
  await page.waitForSelector("#comparison details");
  const { regression } = JSON.parse(readFileSync(path.join(work, "again/results.json"), "utf8"));
  const told = await page.innerText("#comparison");
  check(told.includes(regression.summary) && told.includes("page/results.json"), told);
  const lines = [...regression.samplers, ...regression.transactions, ...regression.thread_groups];
  assert.equal(await page.locator("#comparison details").count(), lines.length + 1);
  for (const line of lines) check(told.includes(line.title), line.title);
  await shot(page, "report-compared");
  assert.deepEqual(page.wrong, []);
}

// After a failed setup there is nothing to show but why.
{
  writeFileSync(path.join(work, "setup.yaml"), "name: No setup\nhttp: { base_url: 'http://127.0.0.1:9' }\nsetup:\n  - get: /up\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /x\n        thresholds: [p95 < 1s]\n");
  spawnSync(loadplan, ["run", "setup.yaml", "--out", "setup", "--quiet"], { cwd: work });
  const page = await open("file://" + path.join(work, "setup/report.html"));
  await page.waitForSelector("#top h1");
  check((await page.innerText("#top")).includes("setup failed: GET /up: connection refused"));
  for (const id of ["course", "lines", "thresholds"]) check(!(await page.isVisible(`#${id}`)), `#${id} has nothing to say`);
  assert.deepEqual(page.wrong, []);
}

// In the dark, and on a phone.
for (const [name, options] of [["dark", { colorScheme: "dark" }], ["phone", { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }]]) {
  const page = await open(report, options);
  await page.waitForSelector("#table tbody tr");
  await page.waitForTimeout(300);
  const [width, view, back] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth, getComputedStyle(document.body).backgroundColor]);
  check(width <= view, `${name}: ${width} pixels in a window of ${view}`);
  assert.equal(back === "rgb(255, 255, 255)", name !== "dark");
  for (const label of await page.$$eval(".u-legend", (all) => all.map((one) => one.innerText))) check(!/^at\b|–/m.test(label), `${name}: an idle legend says ${label}`);
  await page.click("#window button:has-text('ramp-up')");
  check((await page.innerText("#scope")).includes("from 0 s to 2 s"));
  await shot(page, `report-${name}`);
  assert.deepEqual(page.wrong, []);
}

// Where neither scripts nor styles may run, as Jenkins serves artifacts, the summary is there as text.
{
  const server = createServer((_, answer) => {
    answer.setHeader("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; style-src 'self';");
    answer.setHeader("Content-Type", "text/html");
    answer.end(readFileSync(path.join(work, "page/report.html")));
  }).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  const page = await open(`http://127.0.0.1:${server.address().port}/`);
  const text = await page.innerText("#plain");
  check(text.includes("GET /api/market-data") && text.includes("FAILED (exit 1)"), text);
  check(!(await page.isVisible("#page")));
  await shot(page, "report-without-script");
  server.close();
}

// The live page: it fills, follows the run, can stop it, and stays as the report of the run.
for (const stop of [false, true]) {
  const run = spawn(loadplan, ["run", "page.yaml", "--out", "live", "--quiet", "--dashboard", "--duration", `visitors=${stop ? 120 : 20}s`], { cwd: work });
  const ended = new Promise((tell) => run.on("exit", tell));
  let told = "";
  const address = await new Promise((tell) => run.stderr.on("data", (data) => {
    told += data;
    const found = told.match(/dashboard: (\S+)/);
    if (found) tell(found[1]);
  }));
  const page = await open(address);
  page.removeAllListeners("dialog");
  page.on("dialog", (dialog) => dialog.accept());
  await page.waitForSelector("#table tbody tr", { timeout: 20000 });
  await page.waitForFunction(() => document.querySelector("#load canvas") && slices.length >= 2, null, { timeout: 20000 });
  const first = number((await rowsOf(page))["all requests"][0]);
  check((await page.innerText("#top")).includes("RUNNING"));
  await page.waitForFunction((first) => rows().all.count > first, first, { timeout: 20000 });
  check(await drawn(page, "load") > 5);
  await shot(page, "live-running");
  if (stop) await page.click("#stop");
  assert.equal(await ended, stop ? 130 : 1);
  await page.waitForFunction(() => !page.live, null, { timeout: 5000 });
  const final = JSON.parse(readFileSync(path.join(work, "live/results.json"), "utf8"));
  const rowsAtEnd = await rowsOf(page);
  assert.equal(number(rowsAtEnd["all requests"][0]), final.totals.count);
  near(number(rowsAtEnd["all requests"][5]), final.totals.response_time.p95_ms, "p95 at the end");
  check((await page.innerText("#top")).includes(stop ? "stopped from the dashboard" : "FAILED"));
  await shot(page, stop ? "live-stopped" : "live-ended");
  assert.deepEqual(page.wrong, []);
  check(page.requests.every((one) => one.startsWith(address) || one.startsWith("data:")), page.requests);
}
// A run that is killed is told, not shown as running for good.
{
  const run = spawn(loadplan, ["run", "page.yaml", "--out", "killed", "--quiet", "--dashboard", "--duration", "visitors=60s"], { cwd: work });
  let told = "";
  const address = await new Promise((tell) => run.stderr.on("data", (data) => {
    told += data;
    const found = told.match(/dashboard: (\S+)/);
    if (found) tell(found[1]);
  }));
  // Without its last slash the address leads to the page all the same.
  const page = await open(address.replace(/\/$/, ""));
  await page.waitForSelector("#table tbody tr", { timeout: 20000 });
  run.kill("SIGKILL");
  await page.waitForSelector("#notice:not([hidden])", { timeout: 20000 });
  check((await page.innerText("#notice")).includes("Lost the connection to the run"));
  check(!(await page.isVisible("#stop")));
}
await browser.close();
console.log(`the report and the live page hold in ${executablePath}: ${checks} checks`);
