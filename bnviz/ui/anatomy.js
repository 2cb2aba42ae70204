// Makes the page "BatchNorm, taken apart" follow the hand: while a slider moves, its figures and
// the numbers of its tables are computed here. On release the server computes them again, and the
// formulas, which fade until then.

function shown(values) {
  // the numbers that the sliders of these keys show
  return Object.fromEntries(
    Object.keys(values).map((key) => [
      key,
      Number(document.querySelector(`.st-key-${key} .stSlider input`)?.ariaValueText),
    ]),
  );
}

function redraw(Plotly, key, { data, layout = {} }) {
  // without a new config, the figure keeps its node, and with its uirevision the zoom
  const box = document.querySelector(`.st-key-${key} .bnviz-plot-box`);
  if (box?.data?.length !== data.length || !inSight(box)) return; // not drawn yet, or not seen
  const axes = Object.entries(layout).map(([axis, change]) => [
    axis,
    { ...box.layout[axis], ...change },
  ]);
  Plotly.react(
    box,
    box.data.map((trace, i) => ({ ...trace, ...data[i] })),
    { ...box.layout, ...Object.fromEntries(axes) },
  );
}

function fill(table, rows) {
  // right of the first column; React keeps its text nodes
  rows.forEach((numbers, i) =>
    numbers.forEach((number, j) => {
      const text = table.tBodies[0].rows[i]?.cells[j + 1]?.firstChild;
      if (text) text.data = number;
    }),
  );
}

async function show(data) {
  const Plotly = await window.bnvizLibraries?.[data.library];
  if (!Plotly) return;
  const { figures, tables } = PARTS[data.part](shown(data.values), data);
  for (const [key, figure] of Object.entries(figures)) redraw(Plotly, key, figure);
  const all = document.querySelectorAll(".stMarkdown table");
  tables.forEach((rows, i) => all[i] && fill(all[i], rows));
}

export default function ({ parentElement, data }) {
  // called with each answer of the server, which knows the numbers of the last release
  const page = parentElement.closest("[data-testid=stMain]"),
    held = () => document.activeElement.closest(".stSlider"),
    ahead = () => Object.entries(shown(data.values)).some(([key, at]) => at !== data.values[key]);
  let frame;
  const follow = () => {
    page.classList.toggle("bnviz-ahead", ahead());
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => show(data));
  };
  page.classList.remove("bnviz-ahead");
  if (held() && ahead()) follow(); // the hand is further than the answer
  const observer = new MutationObserver(() => held() && follow());
  observer.observe(page, { subtree: true, attributeFilter: ["aria-valuetext"] });
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
  };
}
