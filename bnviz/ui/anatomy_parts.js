// What each part of the page "BatchNorm, taken apart" shows for the numbers of the sliders: what
// changes in the traces and axes of its figures (bnviz/figures/anatomy.py), and the numbers of its
// tables in the order of the page (bnviz/figures/formulas.py).
const SHOWN = 5; // the sliders end here
const FACTORS = spaced(-1, 1, 41).map((exponent) => 10 ** exponent);
const RAISED = { "-": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].entries()) };

function spaced(low, high, count) {
  return Array.from({ length: count }, (_, i) => low + (i * (high - low)) / (count - 1));
}

function words(value, digits = 3) {
  // with so many decimals, or with a power of ten if it is too small or large
  const size = Math.abs(value);
  if (!value || (size >= 0.5 * 10 ** -digits && size < 1e5))
    return value.toFixed(digits).replace("-", "−");
  const [mantissa, exponent] = value.toExponential(1).replace("+", "").split("e");
  return `${mantissa.replace("-", "−")}·10${[...exponent].map((sign) => RAISED[sign]).join("")}`;
}

const cell = (value) => words(Number(value.toFixed(3))); // 0 for a rounding error
const rows = (...columns) => columns[0].map((_, i) => columns.map((column) => cell(column[i])));
const batch = ({ gamma, beta, eps }) => ({ gamma, beta, epsilon: eps });
const five = (values, letter) => [1, 2, 3, 4, 5].map((i) => values[letter + i]);

// Forward

function stacked(values, width) {
  // the lowest free level for each dot, so that none overlap
  const levels = [];
  values.forEach((value, i) => {
    const taken = levels.filter((_, j) => Math.abs(values[j] - value) < width);
    levels[i] = values.findIndex((_, level) => !taken.includes(level));
  });
  return levels;
}

function spread(values) {
  const middle = mean(values),
    deviation = Math.sqrt(varianceOf(values));
  return { x: [middle - deviation, middle, middle + deviation] };
}

function moves(columns) {
  const reach = Math.max(SHOWN, ...columns.flat().map(Math.abs)) + 0.6,
    heights = columns.map((column, row) =>
      stacked(column, reach / 8).map((level) => columns.length - 1 - row + 0.19 * level),
    ),
    paths = columns[0].map((_, i) => ({
      x: columns.map((column) => column[i]),
      y: heights.map((height) => height[i]),
    }));
  return {
    data: [...columns.map(spread), ...paths, ...paths],
    layout: { xaxis: { range: [-reach, reach] } },
  };
}

function forwardPart(values) {
  const line = forward(five(values, "x"), batch(values)),
    columns = [line.x, line.centred, line.normalised, line.y];
  return {
    figures: { "five-numbers-on-their-way-down": moves(columns) },
    tables: [[...rows(...columns), ...[mean, varianceOf].map((of) => columns.map(of).map(cell))]],
  };
}

// Backward

function tangent(line, targets, place, slope) {
  const along = lossAlong(line, targets, place),
    at = line.x[place],
    near = spaced(-6, 6, 121).map((times) => at + line.deviation * times),
    all = [...spaced(-SHOWN, SHOWN, 201), ...near.filter((x) => Math.abs(x) <= SHOWN), at],
    x = [...new Set(all.map((value) => Math.round(value * 1e9) / 1e9))].sort((a, b) => a - b),
    y = x.map(along),
    [low, high] = [Math.min(...y), Math.max(...y)],
    pad = 0.08 * (high - low) || 1;
  return {
    data: [
      { x, y },
      {
        y: [-SHOWN, SHOWN].map((end) => along(at) + slope * (end - at)),
        name: `slope ${words(slope)}`,
      },
      { x: [at], y: [along(at)] },
    ],
    layout: { yaxis: { range: [low - pad, high + pad] } },
  };
}

function backwardPart(values, { example }) {
  const line = forward(five(values, "x"), batch(values)),
    targets = five(values, "t"),
    place = example - 1,
    dy = line.y.map((value, i) => value - targets[i]),
    gradient = backward(line, dy),
    { dnormalised, direct, throughVariance, throughMean, dx } = gradient,
    found = centralDifference(line, targets, place);
  return {
    figures: {
      "three-gradient-paths-to-x": {
        data: [direct, throughVariance, throughMean, dx].map((y) => ({ y })),
      },
      "the-loss-along-x": tangent(line, targets, place, dx[place]),
    },
    tables: [
      [direct, dx].map((g) => [words(sum(g)), words(dot(g, line.normalised))]),
      [
        ...rows(line.y, targets, dy, dnormalised, dx),
        ["", "", ...[dy, dnormalised, dx].map(sum).map(cell)],
      ],
      [[words(found, 7)], [words(dx[place], 7)], [words(found - dx[place])]],
    ],
  };
}

// Training and inference

function company(batches, line, place, level) {
  const guest = line.x[place],
    visited = batches.map((numbers) => numbers.with(place, guest)),
    outputs = visited.map((numbers) => forward(numbers, line).y[place]);
  return {
    data: [
      ...visited.map(spread),
      { x: batches.flatMap((numbers) => numbers.toSpliced(place, 1)) },
      { x: batches.map(() => guest) },
      { x: [level, level] },
      { x: outputs.flatMap((value) => [level, value, null]) },
      { x: outputs },
    ],
  };
}

function inferencePart(values, { example, others }) {
  const line = forward(five(values, "x"), batch(values)),
    place = example - 1,
    batches = [line.x, ...others],
    over = population(batches),
    level = inference(line.x[place], over, line),
    normalised = inference(line.x[place], over, { ...line, gamma: 1, beta: 0 }),
    [means, variances] = [batches.map(mean), batches.map(varianceOf)];
  return {
    figures: { "the-same-example-in-other-batches": company(batches, line, place, level) },
    tables: [
      [...means, over.mean].map((value, i) =>
        [value, [...variances, mean(variances)][i]].map((number) => words(number)),
      ),
      [
        [words(line.normalised[place]), words(line.y[place])],
        [words(normalised), words(level)],
      ],
    ],
  };
}

// Larger weights

function overFactors(x, columns, a) {
  // a line for each column, and its dot at the factor of the slider
  const here = x.indexOf(a);
  return columns.flatMap((y) => [
    { x, y },
    { x: [a], y: [y[here]] },
  ]);
}

function scalePart({ a, eps }, { weights, inputs }) {
  const x = [...new Set([...FACTORS, a])].sort((one, other) => one - other),
    plain = layer(weights, inputs, eps),
    layers = x.map((factor) => layer(times(factor, weights), inputs, eps)),
    scaled = layers[x.indexOf(a)],
    byWeights = layers.map((one) => one.byWeights / plain.byWeights),
    byInputs = layers.map((one) => one.byInputs / plain.byInputs),
    changes = layers.map((one) =>
      one.y.flatMap((unit, j) => unit.map((y, i) => Math.abs(y - plain.y[j][i]))),
    ),
    off = [
      byWeights.map((ratio, i) => Math.abs(ratio * x[i] - 1)),
      byInputs.map((ratio) => Math.abs(ratio - 1)),
      changes.map((change) => Math.max(...change)),
    ].map((column) => column.map((error) => error || null)), // a logarithmic axis has no 0
    compared = (name, theory) => [plain[name], scaled[name], scaled[name] / plain[name], theory];
  return {
    figures: {
      "gradients-against-a": {
        data: [
          { x, y: x.map((factor) => 1 / factor) },
          ...overFactors(x, [byWeights, byInputs], a),
        ],
      },
      "what-epsilon-breaks": { data: overFactors(x, off, a) },
    },
    tables: [
      plain.y[0].map((one, i) => {
        const other = scaled.y[0][i];
        return [words(one, 5), words(other, 5), words(other - one)];
      }),
      [compared("byInputs", 1), compared("byWeights", 1 / a)].map((numbers) =>
        numbers.map((number) => words(number, 4)),
      ),
    ],
  };
}

const PARTS = {
  forward: forwardPart,
  backward: backwardPart,
  inference: inferencePart,
  scale: scalePart,
};
