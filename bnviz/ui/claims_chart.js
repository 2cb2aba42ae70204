// Draws claims as rows: a sentence, and on a common axis where it holds, our value and the paper's.
const SHAPES = {
  holds: '<circle cx="8" cy="8" r="6"/>',
  fails: '<path d="M3 3 13 13M13 3 3 13" fill="none" stroke="currentColor" stroke-width="3.2"/>',
  undecided: '<path d="M8 1.5 15 14H1Z"/>',
  unmeasured: '<circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" stroke-width="2"/>',
  left: '<path d="M15 8H2M7 3 2 8l5 5" fill="none" stroke="currentColor" stroke-width="2.4"/>',
  right: '<path d="M1 8h13M9 3l5 5-5 5" fill="none" stroke="currentColor" stroke-width="2.4"/>',
  paper: '<path d="M8 1.5 14.5 8 8 14.5 1.5 8Z" fill="none" stroke="currentColor" stroke-width="2"/>',
};

function part(tag, look, ...inside) {
  const node = document.createElement(tag);
  node.className = look;
  node.append(...inside);
  return node;
}

function shape(look, drawn = look) {
  // in the colour of its look; an arrow in place of a number beyond the axis
  const holder = part("span", `bnviz-claims-shape bnviz-claims-${look}`);
  holder.ariaHidden = "true";
  holder.innerHTML = `<svg viewBox="0 0 16 16" fill="currentColor">${SHAPES[drawn]}</svg>`;
  return holder;
}

const percent = (share) => `${100 * share}%`;

function at(node, share) {
  node.style.left = percent(share);
  return node;
}

function span(look, [from, to]) {
  const node = at(part("span", look), from);
  node.style.width = percent(to - from);
  return node;
}

function marked(mark, look, [from, to] = [mark.at, mark.at]) {
  // a shape and its number, which stands where the interval leaves room
  const text = part("span", "bnviz-claims-number", mark.text);
  if (to < 0.8) at(text, to).classList.add("after");
  else if (from > 0.2) {
    text.style.right = percent(1 - from);
    text.classList.add("before");
  } else at(text, mark.at).classList.add("after");
  return [at(shape(look, mark.look), mark.at), text];
}

function plotted(row, ticks) {
  const ours = part("span", "bnviz-claims-line"),
    theirs = part("span", "bnviz-claims-line");
  if (row.ours) {
    const interval = row.interval.length ? row.interval : undefined;
    if (interval) ours.append(span(`bnviz-claims-interval bnviz-claims-${row.look}`, interval));
    ours.append(...marked(row.ours, row.look, interval));
  }
  if (row.theirs) theirs.append(...marked(row.theirs, "paper"));
  const plot = part(
    "span",
    "bnviz-claims-plot",
    span("bnviz-claims-region", row.region),
    ...ticks.map((tick) => at(part("span", "bnviz-claims-grid"), tick.at)),
    ours,
    theirs,
  );
  plot.ariaHidden = "true";
  return plot;
}

function button(row, ticks) {
  const words = part(
    "span",
    "bnviz-claims-words",
    part("span", "bnviz-claims-says", row.says),
    part("span", "bnviz-claims-said", shape(row.look), `${row.verdict} · ${row.source}`),
    part("span", "bnviz-claims-spoken", row.spoken),
  );
  const node = part("button", "bnviz-claims-row", words, plotted(row, ticks));
  node.type = "button";
  node.ariaExpanded = String(row.open);
  node.dataset.claim = row.name;
  node.onclick = () => {
    node.focus(); // Safari does not
    // This chart may be about to leave the page, and then nobody would hear it. The first one stays.
    document.querySelector(".bnviz-claims").open(row.name);
  };
  return node;
}

function head({ title, ticks }) {
  const axis = part(
    "span",
    "bnviz-claims-plot",
    ...ticks.map((tick) => at(part("span", "bnviz-claims-tick", tick.text), tick.at)),
  );
  axis.ariaHidden = "true";
  return part("div", "bnviz-claims-head", part("h2", "bnviz-claims-title", title), axis);
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".bnviz-claims"),
    text = JSON.stringify(data);
  if (root.dataset.drawn === text) return;
  root.dataset.drawn = text;
  root.open = (name) => setTriggerValue("open", name);
  // The row with the focus keeps it, also if another chart showed it before.
  const focused = document.activeElement.dataset.claim;
  root.replaceChildren(head(data), ...data.rows.map((row) => button(row, data.ticks)));
  if (focused) root.querySelector(`[data-claim="${focused}"]`)?.focus({ preventScroll: true });
}
