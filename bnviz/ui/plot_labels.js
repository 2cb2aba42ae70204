// The names of the networks at the ends of their lines, in the right margin. The legend says the
// same, so they are hidden from a screen reader.
const NARROW = 560; // px: on a narrower page there is no room beside the axes
const LABEL = { size: 12, height: 14, tick: 12, gap: 4 }; // px

function labelsOf(layout, box) {
  // legend group -> name, and the margin that they need; none if that is a quarter of the figure
  const names = layout?.meta?.labels;
  if (!names || box.clientWidth < NARROW) return {};
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${LABEL.size}px ${pageTheme(box).font}`;
  const widest = Math.max(...Object.values(names).map((name) => pen.measureText(name).width)),
    room = Math.ceil(widest) + LABEL.tick + 2 * LABEL.gap;
  return room > box.clientWidth / 4 ? {} : { names, room };
}

function besideLabels(layout, box) {
  // the figure with room for its labels
  const { room } = labelsOf(layout, box);
  return room ? { margin: { ...layout.margin, r: room } } : {};
}

function endOf({ x, y }, { xaxis, yaxis }) {
  // the height at which a line ends or leaves the panel on the right, in pixels; NaN if unseen
  const right = Math.max(...xaxis.range),
    height = (i) => yaxis.d2p(y[i]),
    last = x.findLastIndex((step, i) => step <= right && Number.isFinite(height(i)));
  if (last < 0) return NaN;
  const next = (height(last + 1) - height(last)) / (x[last + 1] - x[last]),
    end = height(last) + (Number.isFinite(next) ? next * (right - x[last]) : 0),
    seen = x[last] >= Math.min(...xaxis.range) || Number.isFinite(next);
  return seen && end >= 0 && end <= yaxis._length ? end : NaN;
}

function spread(heights, low, high) {
  // ascending heights, moved as little as keeps them apart: those that touch move as one
  const groups = [],
    gap = LABEL.height,
    middle = ({ sum, count }) => sum / count;
  heights.forEach((height, i) => {
    groups.push({ sum: height - i * gap, count: 1 });
    while (groups.length > 1 && middle(groups.at(-2)) > middle(groups.at(-1))) {
      const { sum, count } = groups.pop();
      groups.at(-1).sum += sum;
      groups.at(-1).count += count;
    }
  });
  const last = high - (heights.length - 1) * gap;
  return groups
    .flatMap((group) => Array(group.count).fill(Math.max(low, Math.min(last, middle(group)))))
    .map((height, i) => height + i * gap);
}

function label(box) {
  // every visible line that ends in sight, from the top down
  const { names = {} } = labelsOf(box.layout, box),
    [panel] = panelsOf(box),
    ends = (box._fullData ?? [])
      .filter((trace) => trace.visible === true && trace.showlegend && names[trace.legendgroup])
      .map((trace) => ({ trace, end: endOf(trace, panel) }))
      .filter(({ end }) => Number.isFinite(end))
      .sort((a, b) => a.end - b.end);
  const frame =
    box.querySelector(":scope > .bnviz-labels") ??
    box.appendChild(svgPart("svg", { class: "bnviz-labels", "aria-hidden": "true" }));
  frame.replaceChildren(...(ends.length ? marks(ends, panel, names) : []));
}

function marks(ends, { xaxis, yaxis }, names) {
  // a short stroke from the end of each line to its name
  const left = xaxis._offset + xaxis._length,
    top = yaxis._offset,
    places = spread(
      ends.map(({ end }) => top + end),
      top,
      top + yaxis._length,
    );
  if (ends.length * LABEL.height > yaxis._length) return []; // too many
  return ends.flatMap(({ trace, end }, i) => [
    svgPart("path", {
      d: `M${left},${top + end}L${left + LABEL.tick},${places[i]}`,
      stroke: trace.line.color,
      "stroke-width": 2,
    }),
    svgPart(
      "text",
      { x: left + LABEL.tick + LABEL.gap, y: places[i], dy: "0.35em" },
      names[trace.legendgroup],
    ),
  ]);
}
