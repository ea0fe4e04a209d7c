// Charts over time, on uPlot.

const CHART_HEIGHT = 180;

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

/** `1:05` or, in runs of more than an hour, `1:02:05`. */
function clock(seconds) {
  const whole = Math.round(seconds), two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** A chart that stays as wide as its place and tells which part of the time was selected. */
class Chart {
  constructor(place, marks, select) {
    this.place = place;
    this.marks = marks;
    this.select = select;
    this.observer = new ResizeObserver(() => {
      if (this.plot && place.clientWidth > 0) this.plot.setSize({ width: place.clientWidth, height: CHART_HEIGHT });
    });
    this.observer.observe(place);
  }

  destroy() {
    this.observer.disconnect();
    if (this.plot) this.plot.destroy();
    this.plot = null;
  }

  /** `lines`: `{label, color, axis, show}`; `columns`: the times, then a column for each line. */
  draw(caption, lines, columns) {
    this.caption = caption;
    this.lines = lines;
    this.columns = columns;
    if (this.plot) this.plot.destroy();
    this.place.replaceChildren();
    this.place.append(element("figcaption", null, caption));
    const axis = (extra) => ({ stroke: color("faint"), grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1 }, ...extra });
    const scales = { x: { time: false } };
    const axes = [axis({ size: 30, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800], values: (_, all) => all.map(clock) })];
    [...new Set(lines.map((line) => line.axis))].forEach((name, place) => {
      const show = lines.find((line) => line.axis === name).show;
      scales[name] = { range: (_, low, high) => [0, high > 0 ? high * 1.2 : 1] };
      // Where two scales stand beside each other, each has its line's colour.
      const stroke = lines.some((line) => line.axis !== name) ? { stroke: color(lines.find((line) => line.axis === name).color) } : {};
      axes.push(axis({ ...stroke, scale: name, side: place === 0 ? 3 : 1, size: (_, values) => Math.max(64, 16 + 7 * Math.max(0, ...(values ?? []).map((one) => one.length))), ...(name === "users" ? { incrs: [1, 2, 5].flatMap((one) => [one, one * 10, one * 100, one * 1000, one * 10000]).sort((one, two) => one - two) } : {}), values: (_, all) => all.map((one) => one === null ? "" : show(one)), grid: { show: place === 0, stroke: color("line"), width: 1 } }));
    });
    this.plot = new uPlot({
      width: Math.max(this.place.clientWidth, 200),
      height: CHART_HEIGHT,
      scales, axes,
      // Charts without a second axis end where those with one do.
      padding: [18, axes.length < 3 && this.place.clientWidth > 600 ? 64 : null, null, null],
      cursor: { sync: { key: "run" }, drag: { x: true, y: false, setScale: false }, points: { size: 5 } },
      series: [
        { label: "at", value: (_, time) => time === null || time === undefined ? "" : clock(time) },
        ...lines.map((line) => ({
          label: line.label, scale: line.axis, stroke: color(line.color), width: 1.5,
          points: { show: columns[0].length < 2 },
          value: (_, one) => one === null || one === undefined ? "–" : line.show(one),
        })),
      ],
      hooks: {
        drawClear: [(plot) => this.drawMarks(plot)],
        // Where nothing is pointed at, the legend has names and no values.
        setCursor: [(plot) => plot.root.classList.toggle("idle", plot.cursor.idx === null || plot.cursor.idx === undefined)],
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          this.select(from, to);
        }],
      },
    }, columns, this.place);
    this.plot.root.classList.add("idle");
  }

  redraw() {
    if (this.columns) {
      const range = this.range;
      this.draw(this.caption, this.lines, this.columns);
      if (range) {
        this.range = range;
        this.plot.setScale("x", { min: range[0], max: range[1] });
      }
    }
  }

  update(columns) {
    this.columns = columns;
    this.plot.setData(columns, !this.range);
    if (this.range) this.plot.setScale("x", { min: this.range[0], max: this.range[1] });
  }

  /** Shows a part of the time; `last` is where its last point is. */
  zoom(from, last) {
    // A single point stands in the middle.
    const wide = from === last ? 0.5 : 0;
    this.range = from === null ? null : [from - wide, last + wide];
    const times = this.columns[0], [low, high] = this.range ?? [times[0] ?? 0, times[times.length - 1] ?? 1];
    this.plot.setScale("x", { min: low, max: high });
  }

  /** Where ramps, steady parts and stages begin; above the chart their names, where there is room before the next. */
  drawMarks(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = color("faint");
    ctx.fillStyle = color("faint");
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    const inside = this.marks().map((mark) => ({ name: mark.name, x: Math.round(plot.valToPos(mark.at, "x", true)) }))
      .filter(({ x }) => x >= bbox.left - 1 && x <= bbox.left + bbox.width);
    inside.forEach(({ name, x }, place) => {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const end = inside[place + 1]?.x ?? bbox.left + bbox.width;
      if (x + ctx.measureText(name).width + 4 * devicePixelRatio <= end) ctx.fillText(name, x, bbox.top - 2);
    });
    ctx.restore();
  }
}
