// The timeline's controls: mouse, touch, keyboard and buttons; and in words what is visible.

const KEPT_S = 0.002; // nothing shorter is shown
const WAIT_MS = 200; // words follow when the view has come to rest

function start(data) {
  const root = document.getElementById("timeline");
  const find = (name) => root.querySelector(`[data-part="${name}"]`);
  const [svg, strip, said, body, go] = ["plot", "strip", "said", "rows", "go"].map(find);
  const pane = svg.parentElement;
  const panels = panelsOf(data);
  const whole = { from: 0, to: data.length };
  let view = { ...whole };
  let [plot, frame, waiting, drag] = [null, 0, 0, null];
  const touches = new Map();

  const rows = panels.flatMap((panel) => panel.lines).map((line) => tableRow(line, body));
  data.runs.forEach((run, place) => {
    go.add(new Option(`run ${run.number}: ${run.label}${run.note ? ` (${run.note})` : ""}`, place));
  });
  for (const [time, text] of data.breaks) find("breaks").append(` At ${clockText(time, data.length)} ${text}.`);
  if (data.left_out.length) find("breaks").append(` Left out, as there are so many runs: ${data.left_out.join(", ")}.`);

  function draw() {
    frame = 0;
    const width = Math.max(280, Math.round(pane.clientWidth));
    plot = drawTimeline(svg, data, panels, view, width);
    drawStrip(strip, data, view, width);
    for (const row of rows) row(view);
    clearTimeout(waiting);
    waiting = setTimeout(() => { said.textContent = sentence(data, view); }, WAIT_MS);
    go.value = String(data.runs.findIndex((run) => isWindow(run, view)));
    if (drag?.box) svg.append(drag.box);
  }

  function show(from, to) {
    const span = Math.min(data.length, Math.max(KEPT_S, to - from));
    const left = Math.min(Math.max(0, from), data.length - span);
    view = { from: left, to: left + span };
    frame = frame || requestAnimationFrame(draw);
  }

  const pan = (share) => {
    const by = share * (view.to - view.from);
    show(view.from + by, view.to + by);
  };

  function zoom(factor, at = (view.from + view.to) / 2) {
    show(at - (at - view.from) * factor, at + (view.to - at) * factor);
  }

  function showRun(place) {
    const run = data.runs[place];
    if (run) show(...(run.window ?? [0, run.length]).map((time) => run.start + time));
  }

  /** The run before or after the one in the middle of the view; from the whole: the ends. */
  function step(by) {
    if (view.to - view.from >= data.length) return showRun(by > 0 ? 0 : data.runs.length - 1);
    const middle = (view.from + view.to) / 2;
    const distance = (run) => Math.max(run.start - middle, middle - run.start - run.length, 0);
    const nearest = data.runs.reduce((best, run, i) => (distance(run) < distance(data.runs[best]) ? i : best), 0);
    return showRun(Math.min(data.runs.length - 1, Math.max(0, nearest + by)));
  }

  const acts = {
    previous: () => step(-1),
    next: () => step(1),
    whole: () => show(0, data.length),
    closer: () => zoom(0.5),
    wider: () => zoom(2),
  };
  const keys = {
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), "+": acts.closer, "=": acts.closer,
    "-": acts.wider, Home: acts.whole, Escape: acts.whole, PageUp: acts.previous, PageDown: acts.next,
  };
  for (const button of root.querySelectorAll("[data-act]")) {
    button.addEventListener("click", acts[button.dataset.act]);
  }
  go.addEventListener("change", () => showRun(Number(go.value)));
  pane.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.altKey || event.metaKey ? null : keys[event.key];
    if (!act) return;
    event.preventDefault();
    endDrag();
    act();
  });

  const at = (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) * svg.viewBox.baseVal.width) / box.width;
    return Math.min(Math.max(x, plot.left), plot.right);
  };
  const timeAt = (x) => plot.from + (x - plot.left) / plot.scale;

  function endDrag() {
    drag?.box?.remove();
    drag = null;
    touches.clear();
  }

  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    const x = at(event);
    touches.set(event.pointerId, x);
    const moves = event.pointerType === "touch" || event.shiftKey;
    // What lies under each finger when it comes down stays under it.
    drag = { from: x, to: x, moves, held: [...touches].map(([id, place]) => [id, timeAt(place)]), box: null };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag || !touches.has(event.pointerId)) return;
    touches.set(event.pointerId, (drag.to = at(event)));
    if (drag.moves) follow(drag.held, touches);
    else if (Math.abs(drag.to - drag.from) > 4) select();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    svg.addEventListener(name, (event) => {
      const ends = drag && [drag.from, drag.to].sort((a, b) => a - b).map(timeAt);
      const zooms = name === "pointerup" && drag?.box && touches.has(event.pointerId);
      endDrag();
      if (zooms) show(...ends);
    });
  }
  svg.addEventListener("dblclick", acts.whole);

  function select() {
    drag.box = drag.box || svg.appendChild(element("rect", { class: "tl-drag", y: SHADES, height: plot.bottom - SHADES }));
    drag.box.setAttribute("x", Math.min(drag.from, drag.to));
    drag.box.setAttribute("width", Math.abs(drag.to - drag.from));
  }

  function follow(held, fingers) {
    const [[first, time], other] = held;
    let span = view.to - view.from;
    const width = plot.right - plot.left;
    if (other) {
      const apart = fingers.get(other[0]) - fingers.get(first);
      if (Math.abs(apart) > 8) span = Math.abs(((other[1] - time) / apart) * width);
    }
    const from = time - ((fingers.get(first) - plot.left) / width) * span;
    show(from, from + span);
  }

  strip.addEventListener("pointerdown", (event) => {
    strip.setPointerCapture(event.pointerId);
    moveTo(event);
  });
  strip.addEventListener("pointermove", (event) => {
    if (strip.hasPointerCapture(event.pointerId)) moveTo(event);
  });

  function moveTo(event) {
    const middle = ((at(event) - plot.left) / (plot.right - plot.left)) * data.length;
    const half = (view.to - view.from) / 2;
    show(middle - half, middle + half);
  }

  new ResizeObserver(() => { frame = frame || requestAnimationFrame(draw); }).observe(pane);
  draw();
}

const isWindow = (run, view) => Boolean(run.window)
  && Math.abs(run.start + run.window[0] - view.from) < NEAR_S
  && Math.abs(run.start + run.window[1] - view.to) < NEAR_S;

/** Put a line's row into the table and return what fills it in for a view. */
function tableRow(line, body) {
  const row = body.insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  const swatch = element("svg", { class: "tl-swatch", viewBox: "0 0 24 8", "aria-hidden": "true" });
  swatch.append(sample(line, 1, 4));
  const title = TITLES[line.quantity].split(" / ")[0];
  head.append(swatch, `${title} of ${line.name}`);
  row.append(head);
  const cells = Array.from({ length: 5 }, () => row.insertCell());
  for (const cell of cells) cell.className = "num";
  const unit = line.quantity === "cpu" ? "%" : line.unit;
  return ({ from, to }) => {
    const found = statistics(line, from, to);
    const values = found.seen > 0 ? [found.area / found.seen, found.low, found.high] : [NaN, NaN, NaN];
    const texts = values.map((value) => (Number.isNaN(value) ? "–" : amount(value, unit)));
    const joules = line.quantity === "power" && found.seen > 0;
    texts.unshift(joules ? amount(found.area, "J") : "–");
    texts.push(`${significant((100 * found.seen) / (to - from), 3)} %`);
    cells.forEach((cell, place) => { cell.textContent = texts[place]; });
  };
}

/** What is visible, in words: read out when the view has come to rest. */
function sentence(data, { from, to }) {
  const span = to - from;
  const run = data.runs.find((each) => isWindow(each, { from, to }));
  const place = span >= data.length ? "The whole campaign, "
    : run ? `The window of run ${run.number}, ${run.label}, ` : "";
  const powers = data.lines.filter((line) => line.quantity === "power" && line.blocks.length);
  const joules = powers.map((line) => [line, statistics(line, from, to)]).filter(([, s]) => s.seen > 0)
    .map(([line, s]) => `${line.name} ${amount(s.area, "J")}, mean ${amount(s.area / s.seen, "W", 3)}`);
  const figures = (run?.figures ?? []).map(([line, text, method]) => `${data.lines[line].name} ${text} (${method})`);
  const range = `${place}${clockText(from, span)} to ${clockText(to, span)} (${amount(span, "s", 3)})`;
  const all = joules.length ? `${range}: ${joules.join("; ")}.` : `${range}.`;
  return figures.length ? `${all} The run's own figure: ${figures.join("; ")}.` : all;
}

/** All runs as one strip, with a frame around what is visible below. */
function drawStrip(strip, data, view, width) {
  const plot = { left: LEFT, right: width - RIGHT };
  plot.x = (time) => plot.left + (time / data.length) * (plot.right - plot.left);
  const spans = { "tl-run": [], "tl-flag": [] };
  for (const run of data.runs) {
    const window = (run.window ?? [0, run.length]).map((time) => run.start + time);
    spans[run.note ? "tl-flag" : "tl-run"].push(window);
  }
  const paths = Object.entries(spans).map(([name, each]) => element("path", {
    class: name, d: boxes(each, plot, name === "tl-flag" ? 4 : 9, 24, 1.2),
  }));
  const [x0, x1] = [plot.x(view.from), plot.x(view.to)];
  const frame = { class: "tl-frame", x: x0 - 1, y: 1.5, width: Math.max(4, x1 - x0 + 2), height: 26 };
  strip.setAttribute("viewBox", `0 0 ${width} 29`);
  strip.replaceChildren(...paths, element("rect", frame));
}

async function begin() {
  const text = document.getElementById("timeline-samples").textContent;
  if (!text || typeof DecompressionStream === "undefined") return;
  const began = performance.now();
  const data = await unpacked(text);
  const stills = document.getElementById("stills");
  document.getElementById("timeline").hidden = false;
  document.getElementById("timeline-instead").hidden = true;
  if (stills) {
    stills.open = false;
    addEventListener("beforeprint", () => { stills.open = true; });
    addEventListener("afterprint", () => { stills.open = false; });
  }
  start(data);
  performance.measure("timeline", { start: began });
}

begin();
