// Response times: unpacking them, merging them, reading percentiles off them.
// The layout is described where they are packed.

/** Microseconds: the highest time that an index stands for. */
function highest(index) {
  if (index < 2048) return index;
  const doublings = Math.floor(index / 1024) - 1;
  return (index % 1024 + 1024 + 1) * 2 ** doublings - 1;
}

/** Microseconds: the middle of the times that an index stands for. */
function middle(index) {
  if (index < 2048) return index;
  const width = 2 ** (Math.floor(index / 1024) - 1);
  return (index % 1024 + 1024) * width + (width - 1) / 2;
}

const INDICES = 1024 * 28;

/** Reads slices off bytes; keeps in mind which slice comes next. */
class Unpacker {
  constructor() { this.next = 0; }

  /** The slices: `{number, cells}`, with a cell for each line that had samples. */
  read(bytes) {
    const slices = [];
    let at = 0;
    const take = () => {
      let number = 0, factor = 1, byte;
      do {
        byte = bytes[at++];
        number += (byte & 127) * factor;
        factor *= 128;
      } while (byte > 127);
      return number;
    };
    while (at < bytes.length) {
      const number = this.next + take();
      this.next = number + 1;
      const cells = new Map();
      let line = 0;
      for (let left = take(); left > 0; left--) {
        line += take();
        const cell = { count: take(), failed: take() };
        const length = take();
        cell.index = new Uint32Array(length);
        cell.times = new Float64Array(length);
        for (let place = 0, index = 0; place < length; place++) {
          index += take();
          cell.index[place] = index;
          cell.times[place] = take();
        }
        cells.set(line, cell);
      }
      slices.push({ number, cells });
    }
    return slices;
  }
}

/** The samples of one line over some slices. There is one for all sums: its counts are large. */
class Merged {
  constructor() {
    this.of = new Float64Array(INDICES);
    this.high = -1;
    this.clear();
  }

  /** Empty again. */
  clear() {
    if (this.high >= 0) this.of.fill(0, this.low, this.high + 1);
    this.count = 0;
    this.failed = 0;
    this.answered = 0;
    this.low = INDICES;
    this.high = -1;
    return this;
  }

  add(cell) {
    this.count += cell.count;
    this.failed += cell.failed;
    for (let place = 0; place < cell.index.length; place++) {
      const index = Math.min(cell.index[place], INDICES - 1);
      this.of[index] += cell.times[place];
      this.answered += cell.times[place];
      if (index < this.low) this.low = index;
      if (index > this.high) this.high = index;
    }
  }

  /** Milliseconds: the least time that at least so many percent do not exceed. */
  percentile(percent) {
    if (this.answered === 0) return null;
    const rank = Math.max(1, Math.ceil(percent / 100 * this.answered - 1e-9));
    let seen = 0;
    for (let index = this.low; index <= this.high; index++) {
      seen += this.of[index];
      if (seen >= rank) return highest(index) / 1000;
    }
    return highest(this.high) / 1000;
  }

  mean() {
    if (this.answered === 0) return null;
    let sum = 0;
    for (let index = this.low; index <= this.high; index++) sum += middle(index) * this.of[index];
    return sum / this.answered / 1000;
  }

  max() { return this.answered === 0 ? null : highest(this.high) / 1000; }

  /** At most so many bars of equal width on a logarithmic scale: `{from, to, count}` in milliseconds. */
  bars(most) {
    if (this.answered === 0) return [];
    const least = Math.log(Math.max(1, middle(this.low))), greatest = Math.log(Math.max(2, highest(this.high) + 1));
    const width = Math.max((greatest - least) / most, 1e-6);
    const bars = [];
    for (let place = 0; place < most; place++) {
      bars.push({ from: Math.exp(least + place * width) / 1000, to: Math.exp(least + (place + 1) * width) / 1000, count: 0 });
    }
    for (let index = this.low; index <= this.high; index++) {
      if (this.of[index] === 0) continue;
      const place = Math.floor((Math.log(Math.max(1, middle(index))) - least) / width);
      bars[Math.min(most - 1, Math.max(0, place))].count += this.of[index];
    }
    return bars;
  }
}
