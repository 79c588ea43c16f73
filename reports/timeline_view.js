// The drawing of the timeline: SVG in the page's colours, so that dark mode and print work.

const TITLES = { power: "Power / W", temperature: "Temperature / °C", memory: "Memory / MiB", cpu: "CPU / % of one core" };
const HEIGHTS = { power: 186, temperature: 62, memory: 76, cpu: 76 };
const LEFT = 42; // of the plot: room for the numbers of the vertical axes
const RIGHT = 10;
const [NAMES, STAGES, SHADES] = [36, 50, 57]; // heights of the rows above the first panel
const LETTER = 6.4; // the usual width of a letter
const FEW_RUNS = 5; // so many have their stages named
const DENSE = 1.5; // more intervals than this for each pixel are drawn as columns of pixels
const STEPS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120,
  300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400];

function element(name, attributes = {}, text = null) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

function significant(value, digits) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(9, Math.max(0, digits - 1 - size)));
}

/** A number with its unit; joules and watts with a prefix where they are very many or few. */
function amount(value, unit, digits = 4) {
  const scales = { J: [[1e6, "M"], [1e5, "k"]], W: [[1e4, "k"]] }[unit];
  if (!scales || !Number.isFinite(value)) return `${significant(value, digits)} ${unit}`;
  if (value !== 0 && Math.abs(value) < 0.1) return `${significant(1e3 * value, digits)} m${unit}`;
  const prefix = scales.find(([from]) => Math.abs(value) >= from)?.[1] ?? "";
  return `${significant(value / { M: 1e6, k: 1e3, "": 1 }[prefix], digits)} ${prefix}${unit}`;
}

function clockText(time, span) {
  const places = Math.min(3, Math.max(0, Math.ceil(2 - Math.log10(span))));
  return `${time.toFixed(places)} s`;
}

function tickText(time, step) {
  if (step >= 3600) return `${Math.round(time / 3600)} h`;
  if (step >= 60) return `${Math.round(time / 60)} min`;
  return `${time.toFixed(Math.max(0, -Math.floor(Math.log10(step))))} s`;
}

/** Round values from low to high, at most about `most` of them. */
function roundTicks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9); i += 1) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

function rangeOf(lines, quantity) {
  let [low, high] = [Infinity, -Infinity];
  for (const made of lines.flatMap((line) => line.blocks)) {
    for (let i = 0; i < made.n; i += 1) {
      if (made.low[i] < low) low = made.low[i];
      if (made.high[i] > high) high = made.high[i];
    }
  }
  if (!Number.isFinite(high)) return [0, 1];
  if (quantity !== "temperature") return [Math.min(0, low), high > 0 ? 1.06 * high : 1];
  const middle = (low + high) / 2;
  const half = Math.max(5, 0.6 * (high - low));
  return [middle - half, middle + half];
}

/** The panels of a drawing of this width, from the top down. */
function panelsOf(data) {
  let top = SHADES + 8;
  return Object.keys(TITLES).flatMap((quantity) => {
    const lines = data.lines.filter((line) => line.quantity === quantity && line.blocks.length);
    if (!lines.length) return [];
    const panel = { quantity, lines, top, height: HEIGHTS[quantity], range: rangeOf(lines, quantity) };
    top += panel.height + 32;
    return [panel];
  });
}

function drawTimeline(svg, data, panels, view, width) {
  const bottom = panels[panels.length - 1].top + panels[panels.length - 1].height;
  const plot = { left: LEFT, right: width - RIGHT, bottom, ...view };
  plot.scale = (plot.right - plot.left) / (view.to - view.from);
  plot.x = (time) => plot.left + (time - view.from) * plot.scale;
  const clip = element("clipPath", { id: "timeline-clip" });
  clip.append(element("rect", { x: plot.left, y: 0, width: plot.right - plot.left, height: bottom }));
  const shown = data.runs.filter((run) => run.start < view.to && run.start + run.length > view.from);
  const inside = element("g", { "clip-path": "url(#timeline-clip)" });
  inside.append(...shades(shown, plot), ...strips(data, shown, plot));
  const [axes, curves] = [[], []];
  for (const panel of panels) {
    axes.push(...verticalAxis(panel, plot));
    for (const line of panel.lines) curves.push(...curve(line, panel, plot));
  }
  for (const [time] of data.breaks) {
    const x = round(plot.x(time));
    curves.push(element("path", { class: "tl-break", d: `M${x} ${SHADES}V${bottom}` }));
  }
  const lines = element("g", { "clip-path": "url(#timeline-clip)" });
  lines.append(...curves);
  const height = bottom + 24;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(clip, inside, ...axes, ...times(plot), lines, ...labels(shown, plot));
  return plot;
}

const round = (value) => Math.round(value * 10) / 10;

function boxes(spans, plot, top, bottom, least) {
  return spans.map(([from, to]) => {
    const [x0, x1] = [Math.max(plot.left - 2, plot.x(from)), Math.min(plot.right + 2, plot.x(to))];
    return x1 < x0 ? "" : `M${round(x0)} ${top}H${round(Math.max(x1, x0 + least))}V${bottom}H${round(x0)}Z`;
  }).join("");
}

function shades(shown, plot) {
  const kinds = { "tl-settle": [], "tl-idle": [], "tl-window": [], "tl-noted": [] };
  for (const run of shown) {
    for (const [word, from, to] of run.stages) {
      kinds[word === "idle" ? "tl-idle" : "tl-settle"].push([run.start + from, run.start + to]);
    }
    if (run.window) {
      kinds[run.note ? "tl-noted" : "tl-window"].push(run.window.map((time) => run.start + time));
    }
  }
  return Object.entries(kinds).map(([name, spans]) =>
    element("path", { class: name, d: boxes(spans, plot, SHADES, plot.bottom, 0.8) }));
}

/** The workload's phases as a strip above the first panel. */
function strips(data, shown, plot) {
  return data.phases.map(([, role], place) => {
    const spans = shown.flatMap((run) => run.phases.filter((phase) => phase[0] === place)
      .map(([, from, to]) => [run.start + from, run.start + to]));
    return element("path", { class: `fill-${role}`, d: boxes(spans, plot, SHADES, SHADES + 5, 1) });
  });
}

/** The name of each run where there is room, and of its stages where there is more. */
function labels(shown, plot) {
  const made = [];
  for (const run of shown) {
    const [from, to] = [0, run.length].map((time) => plot.x(run.start + time));
    const tone = run.note ? " tl-caution" : "";
    put(made, `${run.number}: ${run.label}${run.note ? ` (${run.note})` : ""}`, from, to, plot, NAMES, `tl-name${tone}`);
    if (shown.length > FEW_RUNS) continue;
    const stages = run.window ? [["window", ...run.window], ...run.stages] : run.stages;
    for (const [word, start, end] of stages) {
      const [left, right] = [plot.x(run.start + start), plot.x(run.start + end)];
      const room = Math.min(right, plot.right) - Math.max(left, plot.left);
      if (room > LETTER * word.length + 4) put(made, word, left, right, plot, STAGES, "tl-stage");
    }
  }
  return made;
}

function put(made, text, from, to, plot, y, name) {
  const [left, right] = [Math.max(from, plot.left), Math.min(to, plot.right)];
  const letters = Math.floor((right - left) / LETTER);
  const number = text.split(":")[0];
  if (letters < number.length + 1) return;
  if (name.startsWith("tl-name")) {
    const line = `M${round(left)} ${y - 14}H${round(right)}`;
    made.push(element("path", { class: `${name} tl-rule`, d: line }));
  }
  let short = text;
  if (text.length > letters) short = letters < 8 ? number : `${text.slice(0, letters - 1).trimEnd()}…`;
  made.push(element("text", { class: name, x: round(left + 1), y }, short));
}

function verticalAxis(panel, plot) {
  const [low, high] = panel.range;
  panel.y = (value) => panel.top + panel.height * (1 - (value - low) / (high - low));
  const made = [title(panel, plot)].flat();
  for (const tick of roundTicks(low, high, panel.height > 100 ? 5 : 3)) {
    const y = round(panel.y(tick));
    made.push(element("path", { class: "tl-grid", d: `M${plot.left} ${y}H${plot.right}` }));
    made.push(element("text", { class: "tl-tick tl-end", x: plot.left - 6, y: y + 4 }, String(tick)));
  }
  return made;
}

/** The quantity, and which line is whose where there are several and there is room to say it. */
function title(panel, plot) {
  const y = panel.top === SHADES + 8 ? 11 : panel.top - 8;
  const made = [element("text", { class: "tl-title", x: 0, y }, TITLES[panel.quantity])];
  let x = LETTER * TITLES[panel.quantity].length + 22;
  const need = panel.lines.reduce((sum, line) => sum + 46 + LETTER * line.name.length, x);
  if (need > plot.right) return made;
  for (const line of panel.lines) {
    made.push(sample(line, x, y - 4));
    made.push(element("text", { class: "tl-tick", x: x + 28, y }, line.name));
    x += 46 + LETTER * line.name.length;
  }
  return made;
}

function sample(line, x, y) {
  return element("path", {
    class: `tl-line tl-${line.role}`, d: `M${x} ${y}h22`, "stroke-dasharray": line.dash || "none",
  });
}

function times(plot) {
  const most = Math.max(2, Math.floor((plot.right - plot.left) / 84));
  const span = plot.to - plot.from;
  const step = STEPS_S.find((s) => span / s <= most) ?? 86400 * Math.ceil(span / 86400 / most);
  const made = [];
  for (let i = Math.ceil(plot.from / step - 1e-9); i * step <= plot.to + 1e-9 * step; i += 1) {
    const x = round(plot.x(i * step));
    made.push(element("path", { class: "tl-mark", d: `M${x} ${plot.bottom}v4` }));
    made.push(element("text", { class: "tl-tick tl-middle", x, y: plot.bottom + 18 }, tickText(i * step, step)));
  }
  return made;
}

/** A line, and around it the band from the least to the largest value. */
function curve(line, panel, plot) {
  const blocks = visible(line, plot.from, plot.to);
  const ranges = blocks.map((made) => [made, placeOf(made, plot.from), placeOf(made, plot.to)]);
  const intervals = ranges.reduce((sum, [, first, last]) => sum + last - first + 1, 0);
  const dense = intervals > DENSE * (plot.right - plot.left);
  const paths = dense ? columns(ranges, panel, plot) : pieces(ranges, panel, plot);
  const role = `tl-${line.role}`;
  const made = [element("path", { class: `${dense ? "tl-bars" : "tl-band"} ${role}`, d: paths.band })];
  if (paths.dots && intervals < (plot.right - plot.left) / 8) {
    made.push(element("path", { class: `tl-dots ${role}`, d: paths.dots }));
  }
  made.push(element("path", {
    class: `tl-line ${role}`, d: paths.line, "stroke-dasharray": line.dash || "none",
  }));
  return made;
}

/** What stands at a window's edge was worked out from the readings near it. */
const isRead = (made, i) => !made.edges.includes(made.times[i]);

/** Every interval as it is. */
function pieces(ranges, panel, plot) {
  let [line, band, dots] = ["", "", ""];
  for (const [made, first, last] of ranges) {
    let open = false;
    for (let i = first; i <= last; i += 1) {
      if (Number.isNaN(made.mean[i])) { open = false; continue; }
      const [x0, x1] = [round(plot.x(made.times[i])), round(plot.x(made.times[i + 1]))];
      if (made.kind === LINE) {
        const [y0, y1] = [round(panel.y(made.values[i])), round(panel.y(made.values[i + 1]))];
        line += open ? `L${x1} ${y1}` : `M${x0} ${y0}L${x1} ${y1}`;
        if (!open && isRead(made, i)) dots += `M${x0} ${y0}h0`;
        if (isRead(made, i + 1)) dots += `M${x1} ${y1}h0`;
      } else {
        const y = round(panel.y(made.mean[i]));
        line += open ? `V${y}H${x1}` : `M${x0} ${y}H${x1}`;
        const [top, foot] = [round(panel.y(made.high[i])), round(panel.y(made.low[i]))];
        if (foot - top > 0.5) band += `M${x0} ${top}H${x1}V${foot}H${x0}Z`;
      }
      open = true;
    }
  }
  return { line, band, dots };
}

/** Many intervals: for each column of pixels the mean and the extremes of what lies in it. */
function columns(ranges, panel, plot) {
  const count = Math.ceil(plot.right - plot.left);
  const [sum, weight] = [new Float64Array(count), new Float64Array(count)];
  const [low, high] = [new Float64Array(count).fill(Infinity), new Float64Array(count).fill(-Infinity)];
  for (const [made, first, last] of ranges) {
    for (let i = first; i <= last; i += 1) {
      const mean = made.mean[i];
      if (Number.isNaN(mean)) continue;
      const [from, to] = [made.times[i] - plot.from, made.times[i + 1] - plot.from].map((t) => t * plot.scale);
      const c1 = Math.min(count - 1, Math.floor(to));
      for (let c = Math.max(0, Math.floor(from)); c <= c1; c += 1) {
        const part = Math.max(1e-9, Math.min(to, c + 1) - Math.max(from, c));
        sum[c] += part * mean;
        weight[c] += part;
        if (made.low[i] < low[c]) low[c] = made.low[i];
        if (made.high[i] > high[c]) high[c] = made.high[i];
      }
    }
  }
  let [line, band, open] = ["", "", false];
  for (let c = 0; c < count; c += 1) {
    if (weight[c] === 0) { open = false; continue; }
    const [x, y] = [plot.left + c + 0.5, round(panel.y(sum[c] / weight[c]))];
    line += open ? `L${x} ${y}` : `M${x - 0.5} ${y}h0.5`;
    const [top, foot] = [round(panel.y(high[c])), round(panel.y(low[c]))];
    if (foot - top > 0.5) band += `M${x} ${top}V${foot}`;
    open = true;
  }
  return { line, band, dots: "" };
}
