// Algorithm 1, its chain rule, Algorithm 2 and BN((aW)u) on plain arrays, with the formulas of
// bnviz/papers/algorithm1.py. A batch holds one number per example.
const STEP = 1e-4; // of the central difference, in units of √(σ² + ε)

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;
const dot = (a, b) => sum(a.map((value, i) => value * b[i]));
const norm = (nested) => Math.sqrt(sum(nested.flat(Infinity).map((value) => value ** 2)));

function varianceOf(values) {
  // divided by m, not by m - 1
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
}

function forward(x, { gamma, beta, epsilon }) {
  // every line of Algorithm 1
  const middle = mean(x),
    centred = x.map((value) => value - middle),
    variance = varianceOf(x),
    deviation = Math.sqrt(variance + epsilon),
    normalised = centred.map((value) => value / deviation),
    y = normalised.map((value) => gamma * value + beta);
  return { x, gamma, beta, epsilon, mean: middle, variance, deviation, centred, normalised, y };
}

function backward(line, dy) {
  // the chain rule, and the three paths whose sum is dx
  const { gamma, epsilon, variance, deviation, centred } = line,
    m = dy.length,
    dnormalised = dy.map((value) => value * gamma),
    steep = (variance + epsilon) ** -1.5,
    dvariance = sum(dnormalised.map((value, i) => value * centred[i] * -0.5 * steep)),
    dmean =
      sum(dnormalised.map((value) => -value / deviation)) +
      (dvariance * sum(centred.map((value) => -2 * value))) / m,
    direct = dnormalised.map((value) => value / deviation),
    throughVariance = centred.map((value) => (dvariance * 2 * value) / m),
    throughMean = dy.map(() => dmean / m),
    dx = direct.map((value, i) => value + throughVariance[i] + throughMean[i]);
  return { dy, dnormalised, direct, throughVariance, throughMean, dx };
}

const loss = (y, targets) => 0.5 * sum(y.map((value, i) => (value - targets[i]) ** 2));

function lossAlong(line, targets, place) {
  // the loss as a function of one x, all else fixed
  return (value) => loss(forward(line.x.with(place, value), line).y, targets);
}

function centralDifference(line, targets, place) {
  // the derivative of the loss by one x, without calculus
  const along = lossAlong(line, targets, place),
    step = STEP * line.deviation,
    at = line.x[place];
  return (along(at + step) - along(at - step)) / (2 * step);
}

function population(batches) {
  // the statistics that replace those of a batch at inference
  const m = batches[0].length;
  return { mean: mean(batches.map(mean)), variance: (m / (m - 1)) * mean(batches.map(varianceOf)) };
}

function inference(x, over, { gamma, beta, epsilon }) {
  const slope = gamma / Math.sqrt(over.variance + epsilon);
  return slope * x + (beta - slope * over.mean);
}

function layer(weights, inputs, epsilon) {
  // BN(Wu) with γ = 1 and β = 0: its outputs, and the norms of its derivatives
  const units = weights.map((row) => {
    const x = inputs.map((u) => dot(u, row)),
      line = forward(x, { gamma: 1, beta: 0, epsilon }),
      slopes = x.map((_, i) => backward(line, x.map((_, n) => (n === i ? 1 : 0))).dx);
    return {
      y: line.y,
      byWeights: slopes.map((dx) => row.map((_, k) => dot(dx, inputs.map((u) => u[k])))),
      byInputs: slopes.map((dx) => dx.map((slope) => row.map((weight) => slope * weight))),
    };
  });
  return {
    y: units.map(({ y }) => y),
    byWeights: norm(units.map(({ byWeights }) => byWeights)),
    byInputs: norm(units.map(({ byInputs }) => byInputs)),
  };
}

const times = (a, weights) => weights.map((row) => row.map((weight) => a * weight));
