// One step for all figures of a page: those of a moment show it, those over steps mark it, and the
// address has it. The step control (step.js), a player, and every figure over steps choose it.
const figures = () => [...document.querySelectorAll(".bnviz-plot")];
const played = () =>
  figures()
    .map((figure) => plots.get(figure))
    .filter((plot) => plot?.names?.length > 1);
const measuredSteps = () =>
  [...new Set(played().flatMap(({ names }) => names.map(Number)))].sort((a, b) => a - b);
const stepOfPage = () =>
  played()
    .map(({ frame }) => Number(frame))
    .sort((a, b) => b - a)[0];
const upTo = (names, step) => names.filter((name) => Number(name) <= step).at(-1) ?? names[0];
const isOverSteps = (box) => Boolean(box.layout?.meta?.steps);
const panelsOf = (box) => Object.values(box._fullLayout?._plots ?? {});
const perStep = (box) => Number(box.layout.meta.steps); // units of the axis; true is one

function mark(box) {
  // a line at the page's step in every panel; it can be dragged
  const step = stepOfPage(),
    panels = step === undefined || !isOverSteps(box) ? [] : panelsOf(box),
    notes = notesIn(box),
    lines = [...box.querySelectorAll(":scope > .bnviz-step-mark")];
  while (lines.length < panels.length) {
    const line = Object.assign(document.createElement("div"), { className: "bnviz-step-mark" });
    line.ariaHidden = true;
    line.onpointerdown = (event) => drag(box, event);
    box.append(line);
    lines.push(line);
  }
  lines.forEach((line, i) => {
    const { xaxis, yaxis } = panels[i] ?? {},
      x = xaxis?.l2p(step * perStep(box));
    line.hidden = !(x >= 0 && x <= xaxis._length);
    if (!line.hidden) {
      const [top, bottom] = beside(notes, xaxis._offset + x, yaxis);
      line.style.left = `${xaxis._offset + x}px`;
      line.style.top = `${top}px`;
      line.style.height = `${bottom - top}px`;
    }
  });
}

const noted = new WeakMap(); // figure -> its notes since it was drawn: to measure takes long

function notesIn(box) {
  if (!noted.has(box)) noted.set(box, measuredNotes(box));
  return noted.get(box);
}

function measuredNotes(box) {
  // where the words within the panels stand
  const from = box.getBoundingClientRect();
  return [...box.querySelectorAll(".annotation-text-g")].map((words) => {
    const { left, right, top, bottom } = words.getBoundingClientRect();
    return {
      left: left - from.left,
      right: right - from.left,
      top: top - from.top,
      bottom: bottom - from.top,
    };
  });
}

function beside(notes, x, { _offset: top, _length: length }) {
  // the ends of a vertical line at x in this panel that crosses no words
  const middle = top + length / 2,
    met = notes.filter((note) => note.left - 4 < x && x < note.right + 4),
    within = met.filter((note) => note.bottom > top && note.top < top + length);
  return [
    Math.max(top, ...within.filter((note) => note.top < middle).map((note) => note.bottom)),
    Math.min(top + length, ...within.filter((note) => note.top >= middle).map((note) => note.top)),
  ];
}

async function showStep(step) {
  // in every figure of the page
  const drawn = figures().filter((figure) => plots.get(figure)?.names?.length);
  await Promise.all(
    drawn.map((figure) => {
      const plot = plots.get(figure),
        frame = upTo(plot.names, step);
      if (frame === plot.frame) return undefined;
      plot.frame = frame;
      return draw(figure);
    }),
  );
  markAll();
}

function markAll() {
  const boxes = figures().map((figure) => figure.firstElementChild);
  for (const box of boxes.filter(isOverSteps)) mark(box);
  window.dispatchEvent(new Event("bnviz-step"));
}

function nearest(step) {
  return measuredSteps().reduce((a, b) => (Math.abs(b - step) < Math.abs(a - step) ? b : a));
}

function choose(step) {
  // the reader's choice, which the address keeps
  const [last] = measuredSteps().slice(-1),
    address = new URL(location);
  if (last === undefined) return;
  showStep(step);
  if (step === last) address.searchParams.delete("step");
  else address.searchParams.set("step", step);
  history.replaceState(history.state, "", address);
}

function follow(box) {
  // a figure over steps: a click chooses the step, and hovering shows it in the other figures
  box.on("plotly_afterplot", () => {
    noted.delete(box);
    mark(box);
    label(box);
  });
  const hovered = (event) => event && isOverSteps(box);
  box.on("plotly_hover", ({ points, event }) => {
    if (hovered(event)) hoverElsewhere(box, points[0].x / perStep(box));
  });
  box.on("plotly_unhover", ({ event }) => hovered(event) && hoverElsewhere(box));
  box.addEventListener("pointerdown", (event) => click(box, event), true);
}

function panelsWith(box, step) {
  // the panels whose axis reaches to this step: a zoom may have left it out
  const x = step * perStep(box);
  return Object.entries(box._fullLayout._plots)
    .filter(([, { xaxis }]) => x >= Math.min(...xaxis.range) && x <= Math.max(...xaxis.range))
    .map(([name]) => name);
}

const overSteps = (box) =>
  figures()
    .map((figure) => figure.firstElementChild)
    .filter((other) => other !== box && isOverSteps(other) && inSight(other));

function hoverElsewhere(box, step) {
  // the other figures over steps show the same step, and those of a moment what was measured there
  for (const other of overSteps(box)) {
    const { Fx } = plots.get(other.parentElement).Plotly;
    if (step === undefined) Fx.unhover(other);
    else Fx.hover(other, { xval: step * perStep(other) }, panelsWith(other, step));
  }
  for (const figure of figures().filter((each) => inSight(each) && plots.get(each)?.names?.length)) {
    const plot = plots.get(figure),
      frame = step === undefined ? undefined : upTo(plot.names, step);
    if (frame === plot.preview) continue;
    plot.preview = frame;
    draw(figure);
  }
}

const stepUnder = (box, axis, { clientX }) =>
  nearest(axis.p2l(clientX - box.getBoundingClientRect().left - axis._offset) / perStep(box));

function click(box, down) {
  // without a movement: plotly zooms with one
  const axis = axisUnder(box, down),
    still = (up) => Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY) < 4;
  if (!axis || !isOverSteps(box) || !measuredSteps().length) return;
  if (down.target.closest(".bnviz-step-mark, .modebar")) return;
  const release = (up) => still(up) && choose(stepUnder(box, axis, up));
  addEventListener("pointerup", release, { once: true, capture: true });
}

function drag(box, down) {
  const axis = axisUnder(box, down),
    move = (event) => {
      const step = stepUnder(box, axis, event);
      if (step !== stepOfPage()) choose(step);
    };
  down.target.setPointerCapture(down.pointerId);
  down.target.onpointermove = axis ? move : null;
  down.target.onpointerup = () => {
    down.target.onpointermove = null;
  };
}

function axisUnder(box, { clientX, clientY }) {
  // the axis of the steps in the panel under the pointer
  const { left, top } = box.getBoundingClientRect(),
    within = (axis, at) => at >= axis._offset - 8 && at <= axis._offset + axis._length + 8;
  return panelsOf(box)
    .filter(({ xaxis, yaxis }) => within(xaxis, clientX - left) && within(yaxis, clientY - top))
    .map(({ xaxis }) => xaxis)[0];
}

function stepBy(places) {
  // to the next measured step, or the one before
  const all = measuredSteps(),
    at = all.indexOf(nearest(stepOfPage())) + places;
  if (all[at] !== undefined) choose(all[at]);
}

window.bnvizSteps = { all: measuredSteps, now: stepOfPage, choose };
window.bnvizKeys ??= addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key],
    busy = document.activeElement.closest("input, textarea, [role], [contenteditable]");
  if (by && !busy && measuredSteps().length) stepBy(by);
}) ?? true;
