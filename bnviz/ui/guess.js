// A curve that the reader draws by hand: with the pointer, or with the arrow keys on its points.
const ROOM = { left: 48, top: 12, bottom: 48, height: 340 }; // px
const NARROW = 560; // px: on a narrower page the names stand above the ends of their lines
const POINT = 9; // px, the radius of a point
const KEYS = {
  ArrowUp: 0.01,
  ArrowRight: 0.01,
  ArrowDown: -0.01,
  ArrowLeft: -0.01,
  PageUp: 0.1,
  PageDown: -0.1,
  Home: -1,
  End: 1,
}; // how far a key moves a point, as a share of the axis
const drawings = new WeakMap(); // figure element -> what is known of it

const part = (parent, ...made) => parent.appendChild(svgPart(...made));

const percent = (share) => `${Math.round(100 * share)}%`;
const within = (share) => Math.min(1, Math.max(0, share));

const margin = (width) => (width < NARROW ? 16 : 140);

function named(svg, width, text) {
  // a name at the right end of a line, whose height is set later
  const right = width - margin(width),
    place = width < NARROW ? { x: right, dy: "-0.7em", "text-anchor": "end" } : { x: right + 14, dy: "0.35em" };
  return part(svg, "text", place, text);
}

function places({ data: { steps, top }, width }) {
  // from steps and heights to pixels, and from a pixel to the height and the nearest point
  const last = steps.at(-1),
    wide = width - ROOM.left - margin(width),
    high = ROOM.height - ROOM.top - ROOM.bottom,
    x = (step) => ROOM.left + (wide * step) / last,
    y = (height) => ROOM.top + high * (1 - height / top);
  return {
    x,
    y,
    height: (at) => top * within(1 - (at - ROOM.top) / high),
    nearest: (at) =>
      steps.reduce((best, step, i) => (Math.abs(x(step) - at) < Math.abs(x(steps[best]) - at) ? i : best), 0),
  };
}

function draw(figure) {
  const drawing = drawings.get(figure),
    svg = figure.querySelector("svg"),
    { data, heights } = drawing;
  drawing.width = figure.clientWidth;
  if (!drawing.width) return;
  const { x, y } = places(drawing),
    right = drawing.width - margin(drawing.width);
  svg.replaceChildren();
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const at = y(share * data.top);
    part(svg, "line", { class: "grid", x1: ROOM.left, x2: right, y1: at, y2: at });
    part(svg, "text", { x: ROOM.left - 6, y: at, dy: "0.35em", "text-anchor": "end" }, percent(share * data.top));
  }
  const middle = { x: (ROOM.left + right) / 2, y: ROOM.height - 6, "text-anchor": "middle" };
  part(svg, "text", middle, "Steps");
  data.steps.forEach((step, i) => {
    if (drawing.width < NARROW && i % 2) return;
    const attributes = { x: x(step), y: ROOM.height - 28, "text-anchor": "middle" };
    part(svg, "text", attributes, step.toLocaleString("en"));
  });
  for (const { label, colour, dash, x: xs, y: ys } of data.given) {
    const points = xs.map((step, i) => `${x(step)},${y(ys[i])}`).join(" ");
    part(svg, "polyline", { points, stroke: colour, "stroke-dasharray": dash });
    named(svg, drawing.width, label).setAttribute("y", y(ys.at(-1)));
  }
  drawing.line = part(svg, "polyline", { class: "mine" });
  drawing.name = named(svg, drawing.width, data.name);
  drawing.points = data.steps.map((step, i) => {
    const point = part(svg, "circle", {
      cx: x(step),
      r: POINT,
      role: "slider",
      tabindex: 0,
      "aria-label": `${data.name} at step ${step.toLocaleString("en")}`,
      "aria-valuemin": 0,
      "aria-valuemax": Math.round(100 * data.top),
    });
    point.onkeydown = (event) => {
      if (!(event.key in KEYS)) return;
      event.preventDefault();
      move(figure, i, heights[i] + KEYS[event.key] * data.top);
    };
    return point;
  });
  show(figure);
}

function show(figure) {
  const drawing = drawings.get(figure),
    { heights, points, data } = drawing,
    { x, y } = places(drawing);
  drawing.line.setAttribute("points", data.steps.map((step, i) => `${x(step)},${y(heights[i])}`).join(" "));
  drawing.name.setAttribute("y", y(heights.at(-1)));
  points.forEach((point, i) => {
    point.setAttribute("cy", y(heights[i]));
    point.setAttribute("aria-valuenow", Math.round(100 * heights[i]));
    point.setAttribute("aria-valuetext", percent(heights[i]));
  });
  figure.querySelector("button").disabled = !drawing.moved;
}

function move(figure, i, height) {
  const drawing = drawings.get(figure);
  drawing.heights[i] = Math.min(drawing.data.top, Math.max(0, height));
  drawing.moved = true;
  show(figure);
}

function follow(figure, event) {
  // the point nearest to the pointer takes its height
  const drawing = drawings.get(figure),
    box = figure.querySelector("svg").getBoundingClientRect(),
    place = places(drawing);
  move(figure, place.nearest(event.clientX - box.left), place.height(event.clientY - box.top));
}

export default function ({ parentElement, data, setTriggerValue }) {
  const figure = parentElement.querySelector(".bnviz-guess"),
    svg = figure.querySelector("svg"),
    text = JSON.stringify(data);
  if (drawings.get(figure)?.text === text) return undefined;
  const heights = data.steps.map(() => data.start);
  drawings.set(figure, { data, text, heights, moved: false });
  let held = false;
  svg.onpointerdown = (event) => {
    held = true;
    svg.setPointerCapture(event.pointerId);
    follow(figure, event);
  };
  svg.onpointermove = (event) => held && follow(figure, event);
  svg.onpointerup = svg.onpointercancel = () => (held = false);
  figure.querySelector("button").textContent = data.button;
  figure.querySelector("button").onclick = () =>
    setTriggerValue("guess", drawings.get(figure).heights.map((height) => Math.round(100 * height)));
  const observer = new ResizeObserver(() => draw(figure));
  observer.observe(figure);
  return () => figure.isConnected || observer.disconnect();
}
