// The colours of a figure: those of the page's theme, and those of a picture on white.
const PAPER = {
  // downloads: on white, in the typeface that they bring along
  text: "#15181e",
  muted: "#4a505b",
  line: "#8b919c",
  grid: "#e2e5ea",
  back: "#ffffff",
  font: "'Bnviz Sans', Arial, sans-serif",
};

const plain = (x) => x !== null && typeof x === "object" && !Array.isArray(x);
const merge = (a, b) =>
  plain(a) && plain(b)
    ? { ...a, ...Object.fromEntries(Object.entries(b).map(([k, v]) => [k, merge(a[k], v)])) }
    : [a, b].every((x) => Array.isArray(x) && x.every(plain)) && a.length === b.length
      ? a.map((x, i) => merge(x, b[i]))
      : b;

function pageTheme(element) {
  const style = getComputedStyle(element);
  const get = (name) => style.getPropertyValue("--st-" + name).trim();
  return {
    text: get("text-color"),
    muted: get("gray-text-color"),
    line: get("gray-color"),
    grid: get("border-color"),
    back: get("background-color"),
    font: get("font"),
  };
}

// Colours go into the template: they replace those of the figure's template, and leave those that
// the figure itself sets.
function themed(layout, c) {
  const axis = {
    color: c.muted,
    gridcolor: c.grid,
    zerolinecolor: c.grid,
    linecolor: c.line,
    tickcolor: c.line,
    tickfont: { color: c.muted }, // plotly writes numbers within a panel in another colour
    title: { font: { color: c.text } },
  };
  const depth = { ...axis, backgroundcolor: "rgba(0,0,0,0)" };
  const colorbar = {
    outlinecolor: c.line,
    tickcolor: c.line,
    tickfont: { color: c.muted },
    title: { font: { color: c.text } },
  };
  const kinds = ["contour", "heatmap", "histogram2d", "surface"];
  const data = layout.template?.data ?? {};
  return merge(layout, {
    template: {
      data: Object.fromEntries(
        kinds.map((kind) => [
          kind,
          (data[kind] ?? [{}]).map((trace) => merge(trace, { colorbar })),
        ]),
      ),
      layout: {
        font: { color: c.text, family: c.font },
        title: { font: { color: c.text } },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        xaxis: axis,
        yaxis: axis,
        scene: { xaxis: depth, yaxis: depth, zaxis: depth, bgcolor: "rgba(0,0,0,0)" },
        legend: {
          font: { color: c.text },
          title: { font: { color: c.text } },
          bgcolor: "rgba(0,0,0,0)",
          bordercolor: c.line,
        },
        hoverlabel: {
          bgcolor: c.back,
          bordercolor: c.line,
          font: { color: c.text, family: c.font },
        },
        annotationdefaults: { font: { color: c.text }, arrowcolor: c.muted },
        shapedefaults: { line: { color: c.muted } },
        coloraxis: { colorbar },
        modebar: { bgcolor: "rgba(0,0,0,0)" }, // its icons: plot.css
      },
    },
  });
}
