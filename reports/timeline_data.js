// The samples of a campaign: decoded, and integrated over any range.
// The bytes are described in benchharness/report/timeline_packed.py.

const LINE = 0; // straight lines join the samples
const HOLD = 1; // a sample holds since the one before, as between two readings of a counter
const SLICES = 2; // means of slices of time, with extremes and the share that was covered
const MISSING = 65535;
const LEVELS = 16383;
const NEAR_S = 2e-6; // the head's times are rounded to 1 µs

async function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const planes = bytes.subarray(4 + length);
  const words = new Uint16Array(planes.length / 2);
  for (let i = 0; i < words.length; i += 1) words[i] = planes[i] | (planes[words.length + i] << 8);
  for (const line of head.lines) line.blocks = [];
  for (const row of head.blocks) {
    const run = head.runs[row[0]];
    const bounds = [0, ...(run.window ?? [0, run.length]), run.length];
    head.lines[row[1]].blocks.push(block(row, words, run.start, bounds, head.slices[row[0]]));
  }
  return head;
}

/** A block has n intervals: n + 1 times, and for each a mean, the extremes, and sums so far. */
function block([, , kind, count, base, step, at, timesAt, tick], words, start, bounds, slices) {
  const n = kind === SLICES ? count : count - 1;
  const edges = [start + bounds[1], start + bounds[2]];
  const made = { kind, n, edges, times: null, values: null, mean: new Float64Array(n) };
  for (const name of ["low", "high"]) made[name] = new Float64Array(n);
  if (kind === SLICES) {
    made.times = sliceTimes(start, bounds, slices);
    readSlices(made, words, at, base, step);
  } else {
    made.times = summed(words, timesAt, count).map((ticks) => atEdge(start + ticks * tick, edges, tick));
    made.values = summed(words, at, count).map((sum) => {
      const level = sum % 65536; // differences of values are modulo 65536, those of times are not
      return level === MISSING ? NaN : base + level * step;
    });
    readSamples(made);
  }
  sumUp(made);
  return made;
}

/** Times are whole ticks; those of a window's edges are known better. */
function atEdge(time, edges, tick) {
  return edges.find((edge) => Math.abs(edge - time) < 0.501 * tick) ?? time;
}

function summed(words, at, count) {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i += 1) sums[i] = sum += words[at + i];
  return sums;
}

function sliceTimes(start, bounds, slices) {
  const times = [];
  slices.forEach((count, part) => {
    const width = (bounds[part + 1] - bounds[part]) / count;
    for (let i = 0; i < count; i += 1) times.push(start + bounds[part] + i * width);
  });
  return Float64Array.from([...times, start + bounds[3]]);
}

function readSlices(made, words, at, base, step) {
  const n = made.n;
  made.share = new Float64Array(n);
  let level = 0;
  for (let i = 0; i < n; i += 1) {
    level = (level + words[at + i]) & 0xffff;
    made.share[i] = words[at + 3 * n + i] / LEVELS;
    made.mean[i] = made.share[i] > 0 ? base + level * step : NaN;
    made.low[i] = base + (level - words[at + n + i]) * step;
    made.high[i] = base + (level + words[at + 2 * n + i]) * step;
  }
}

function readSamples(made) {
  for (let i = 0; i < made.n; i += 1) {
    const [left, right] = [made.values[i + (made.kind === HOLD ? 1 : 0)], made.values[i + 1]];
    made.mean[i] = (left + right) / 2;
    made.low[i] = Math.min(left, right);
    made.high[i] = Math.max(left, right);
  }
}

function sumUp(made) {
  made.area = new Float64Array(made.n + 1);
  made.seen = new Float64Array(made.n + 1);
  for (let i = 0; i < made.n; i += 1) {
    const known = !Number.isNaN(made.mean[i]);
    const share = made.share ? made.share[i] : 1;
    const seen = known ? share * (made.times[i + 1] - made.times[i]) : 0;
    made.seen[i + 1] = made.seen[i] + seen;
    made.area[i + 1] = made.area[i] + (known ? seen * made.mean[i] : 0);
  }
}

/** The interval that holds a time, 0 to n - 1. */
function placeOf(made, time) {
  let [low, high] = [0, made.n - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (made.times[middle] <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The integral and the covered seconds from the start of a block to a time. */
function sumsTo(made, time) {
  if (time <= made.times[0]) return [0, 0];
  if (time >= made.times[made.n]) return [made.area[made.n], made.seen[made.n]];
  const i = placeOf(made, time);
  const width = made.times[i + 1] - made.times[i];
  const part = width > 0 ? (time - made.times[i]) / width : 0;
  const seen = made.seen[i] + part * (made.seen[i + 1] - made.seen[i]);
  let area = part * (made.area[i + 1] - made.area[i]);
  if (made.kind === LINE && !Number.isNaN(made.mean[i])) {
    const [left, right] = [made.values[i], made.values[i + 1]];
    area = part * width * (left + ((right - left) * part) / 2);
  }
  return [made.area[i] + area, seen];
}

function valueAt(made, i, time) {
  const [left, right] = [made.values[i], made.values[i + 1]];
  const width = made.times[i + 1] - made.times[i];
  return width > 0 ? left + ((right - left) * (time - made.times[i])) / width : left;
}

/** Integral, covered seconds, least and largest value of a line between two times. */
function statistics(line, from, to) {
  const found = { area: 0, seen: 0, low: Infinity, high: -Infinity };
  for (const made of visible(line, from, to)) {
    const [area0, seen0] = sumsTo(made, from);
    const [area1, seen1] = sumsTo(made, to);
    found.area += area1 - area0;
    found.seen += seen1 - seen0;
    const last = placeOf(made, to);
    for (let i = placeOf(made, from); i <= last; i += 1) {
      const [start, end] = [Math.max(made.times[i], from), Math.min(made.times[i + 1], to)];
      if (Number.isNaN(made.mean[i]) || end - start < NEAR_S) continue;
      const cut = made.kind === LINE && end - start < made.times[i + 1] - made.times[i];
      const ends = cut ? [valueAt(made, i, start), valueAt(made, i, end)] : null;
      found.low = Math.min(found.low, ends ? Math.min(...ends) : made.low[i]);
      found.high = Math.max(found.high, ends ? Math.max(...ends) : made.high[i]);
    }
  }
  return found;
}

function visible(line, from, to) {
  return line.blocks.filter((made) => made.times[0] < to && made.times[made.n] > from);
}
