// During a run: its server sends the whole page once, then what has changed.

let unpacker = new Unpacker();

function take(message) {
  const first = page === null;
  if (message.whole) {
    unpacker = new Unpacker();
    slices = [];
    page = { ...message.page };
  } else {
    const before = page.series;
    page = { ...message.page, series: appended(before, message.page.series) };
  }
  slices.push(...unpacker.read(fromBase64(message.times)));
  if (first) start();
}

/** The series so far with further slices behind them. */
function appended(before, more) {
  const joined = { failures: {} }, length = before.t_s.length;
  for (const key of Object.keys(before)) {
    if (key !== "failures") joined[key] = before[key].concat(more[key]);
  }
  const zeros = (number) => new Array(number).fill(0);
  for (const kind of KINDS) {
    const [one, two] = [before.failures[kind], more.failures[kind]];
    if (one || two) joined.failures[kind] = (one ?? zeros(length)).concat(two ?? zeros(more.t_s.length));
  }
  return joined;
}

function live() {
  const source = new EventSource("events");
  const receive = (event) => {
    take(JSON.parse(event.data));
    if (!charts.load || shape() !== drawn || !page.live) {
      draw();
    } else {
      drawTop();
      const of = columns();
      for (const [name, chart] of Object.entries(charts)) {
        if (chart.plot) chart.update(of[name]);
      }
      if (!byId("window").contains(document.activeElement)) drawWindow();
      drawTable();
      drawStatuses();
      drawThresholds();
      drawFailures();
    }
    offerStop();
  };
  source.addEventListener("page", receive);
  source.addEventListener("end", (event) => {
    source.close();
    lost = null;
    receive(event);
  });
  // A browser tries again by itself; what lasts is told.
  let lost = null;
  source.addEventListener("open", () => { lost = null; tell(""); });
  source.addEventListener("error", () => { lost ??= Date.now(); });
  setInterval(() => {
    const over = source.readyState === EventSource.CLOSED && (page === null || page.live);
    if (over || (lost !== null && Date.now() - lost > 4000)) {
      tell("Lost the connection to the run: it has ended or was killed. The page shows the last known state.");
      byId("stop").hidden = true;
    }
  }, 1000);
}

/** A word about the page itself. */
function tell(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = text === "";
  if (page === null && text) byId("plain").textContent = text;
}

function offerStop() {
  const button = byId("stop");
  button.onclick = async () => {
    if (!confirm("Stop the run? Iterations in progress may finish, and all reports are written.")) return;
    button.disabled = true;
    try {
      const answer = await fetch("stop", { method: "POST" });
      if (!answer.ok) throw new Error(String(answer.status));
    } catch {
      button.disabled = false;
      tell("Could not stop the run.");
    }
  };
  button.hidden = !page.live;
}
