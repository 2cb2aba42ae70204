"""The words and formulas of the page "BatchNorm, taken apart": numbers of `bnviz.papers.algorithm1` -> Markdown with the numbers put in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bnviz.papers import algorithm1
from bnviz.papers.algorithm1 import Array, Backward, Forward

MEAN, VARIANCE, EPSILON, HAT = (
    r"\mu_{\mathcal B}",
    r"\sigma^2_{\mathcal B}",
    r"\epsilon",
    r"\hat x_i",
)
ROOT = rf"\sqrt{{{VARIANCE}+{EPSILON}}}"


def partial(of: str) -> str:
    """∂ℓ/∂of."""
    return rf"\frac{{\partial\ell}}{{\partial {of}}}"


D_Y, D_HAT, D_X, D_MEAN, D_VARIANCE = map(partial, ("y_i", HAT, "x_i", MEAN, VARIANCE))
D_GAMMA, D_BETA = partial(r"\gamma"), partial(r"\beta")
BREAK = "  \n"
BN_WU, BN_AWU = r"\mathrm{BN}(Wu)", r"\mathrm{BN}((aW)u)"


# Forward


def forward_lines(line: Forward) -> str:
    """Algorithm 1: its four lines."""
    mean, variance = tex(line.mean), tex(line.variance)
    shifted = f"x_i {signed(-line.mean)}"
    return paragraphs(
        rf"**1. The mean of the batch**{BREAK}$\displaystyle {MEAN} = \frac1m\sum\nolimits_i x_i$"
        rf"{BREAK}$\displaystyle\phantom{{{MEAN}}} = \tfrac15\,({total(line.x)}) = {mean}$",
        rf"**2. Its variance**, over $m$, not $m-1${BREAK}$\displaystyle {VARIANCE} = \frac1m\sum\nolimits_i (x_i-{MEAN})^2$"
        rf"{BREAK}$\displaystyle\phantom{{{VARIANCE}}} = \tfrac15\,({total(line.centred**2)}) = {variance}$",
        rf"**3. Normalise**{BREAK}$\displaystyle {HAT} = \frac{{x_i-{MEAN}}}{{{ROOT}}} ="
        rf" \frac{{{shifted}}}{{\sqrt{{{variance} + {exactly(line.epsilon)}}}}} = \frac{{{shifted}}}{{{tex(line.deviation, 4)}}}$",
        rf"**4. Scale and shift**{BREAK}$y_i = \gamma\,{HAT} + \beta = {tex(line.gamma, 1)}\,{HAT} {signed(line.beta, 1)}$",
    )


def forward_numbers(line: Forward) -> str:
    """A row an example, and below them what has become of mean and variance."""
    columns = [line.x, line.centred, line.normalised, line.y]
    rows = by_example(columns)
    rows.append(["mean", *(cell(column.mean()) for column in columns)])
    rows.append(["variance", *(cell(column.var()) for column in columns)])
    return table(["$i$", "$x_i$", f"$x_i-{MEAN}$", f"${HAT}$", "$y_i$"], rows)


# Backward


def backward_lines(line: Forward, gradient: Backward, targets: ArrayLike, example: int) -> str:
    """Section 3 of the paper: the loss and the six equations; `example` counts from 1."""
    m, i = len(line.x), example - 1
    over_root, over_variance = (
        -np.sum(gradient.direct),
        gradient.dvariance * np.sum(-2 * line.centred) / m,
    )
    roads = [gradient.direct[i], gradient.through_variance[i], gradient.through_mean[i]]
    added = " ".join([tex(roads[0]), *map(signed, roads[1:])])
    return paragraphs(
        rf"**The loss**  $\ell = \frac12\sum_i (y_i-t_i)^2 = {tex(algorithm1.loss(line.y, targets))}$, so"
        rf" $\displaystyle {D_Y} = y_i - t_i$",
        rf"**1.** $\displaystyle {D_HAT} = {D_Y}\cdot\gamma$",
        rf"**2.** $\displaystyle {D_VARIANCE} = \sum\nolimits_i {D_HAT}\cdot(x_i-{MEAN})\cdot\tfrac{{-1}}{{2}}{{({VARIANCE}+{EPSILON})^{{-3/2}}}}$"
        rf"{BREAK}$\qquad = {tex(gradient.dvariance)}$",
        rf"**3.** $\displaystyle {D_MEAN} = \sum\nolimits_i {D_HAT}\cdot\frac{{-1}}{{{ROOT}}}"
        rf" + {D_VARIANCE}\cdot\frac{{\sum_i -2(x_i-{MEAN})}}{{m}}$"
        rf"{BREAK}$\qquad = {tex(over_root)} {signed(over_variance)} = {tex(gradient.dmean)}$",
        rf"**4.** $\displaystyle {D_X} = {D_HAT}\cdot\frac{{1}}{{{ROOT}}} + {D_VARIANCE}\cdot\frac{{2(x_i-{MEAN})}}{{m}}"
        rf" + {D_MEAN}\cdot\frac1m$"
        rf"{BREAK}for $i = {example}$:  $\displaystyle {partial(f'x_{example}')} = {added} = {tex(gradient.dx[i])}$",
        rf"**5.** $\displaystyle {D_GAMMA} = \sum\nolimits_i {D_Y}\cdot {HAT} = {tex(gradient.dgamma)}$",
        rf"**6.** $\displaystyle {D_BETA} = \sum\nolimits_i {D_Y} = {tex(gradient.dbeta)}$",
    )


def backward_numbers(line: Forward, gradient: Backward, targets: ArrayLike) -> str:
    """A row an example, and the sums of the gradients."""
    gradients = [gradient.dy, gradient.dnormalised, gradient.dx]
    rows = by_example([line.y, np.asarray(targets, dtype=float), *gradients])
    rows.append(["sum", "", "", *(cell(column.sum()) for column in gradients)])
    return table(
        ["$i$", "$y_i$", "$t_i$", *(rf"$\displaystyle {of}$" for of in (D_Y, D_HAT, D_X))], rows
    )


def removed(line: Forward, gradient: Backward) -> str:
    """The two sums that are zero, beside what they would be without the roads through mean and variance."""
    kinds = {"direct road alone": gradient.direct, rf"all three, $g_i = {D_X}$": gradient.dx}
    rows = [
        [words, maths(tex(g.sum())), maths(tex(np.sum(g * line.normalised)))]
        for words, g in kinds.items()
    ]
    left = line.epsilon / (line.variance + line.epsilon)
    return paragraphs(
        table(["", r"$\sum_i g_i$", rf"$\sum_i g_i\,{HAT}$"], rows),
        "The road through the mean takes away what would shift all five together, the road through the variance what would stretch them. "
        "Neither would change any y, so nothing asks for it: shift and stretch are left to β and γ.",
        r"The first sum is zero but for rounding. Of the second, ε leaves the share"
        rf" $\frac{{{EPSILON}}}{{{VARIANCE}+{EPSILON}}} = {tex(left)}$.",
        "Choose the targets **on a line with x**: the loss is not zero, and yet x has nothing left to do.",
    )


def check(line: Forward, gradient: Backward, targets: ArrayLike, example: int) -> str:
    """The derivative by one x twice: as a central difference and by the chain rule; `example` counts from 1."""
    found = algorithm1.central_difference(line, targets, example - 1)
    analytic, x = float(gradient.dx[example - 1]), f"x_{example}"
    rows = [
        [rf"$\displaystyle\frac{{\ell({x}+h)-\ell({x}-h)}}{{2h}}$", maths(tex(found.slope, 7))],
        [rf"chain rule, $\displaystyle {partial(x)}$", maths(tex(analytic, 7))],
        ["difference", maths(scientific(found.slope - analytic))],
    ]
    return paragraphs(
        f"Move ${x}$ by $h = {scientific(found.step)}$ to either side, and run nothing but the forward pass.",
        table(["the derivative", "value"], rows),
    )


# Training and inference


def population(batches: Array) -> str:
    """Algorithm 2: every batch's statistics, and those of the population."""
    over, m = algorithm1.population(batches), batches.shape[1]
    means, variances = batches.mean(axis=1), batches.var(axis=1)
    names = ["yours", *(f"no. {number}" for number in range(2, len(batches) + 1)), "average"]
    rows = [
        [name, maths(tex(mean)), maths(tex(variance))]
        for name, mean, variance in zip(
            names, [*means, over.mean], [*variances, variances.mean()], strict=True
        )
    ]
    return paragraphs(
        table(["Batch", f"${MEAN}$", f"${VARIANCE}$"], rows),
        rf"$\displaystyle\mathrm E[x] = \mathrm E_{{\mathcal B}}[{MEAN}] = {tex(over.mean)}$",
        rf"$\displaystyle\mathrm{{Var}}[x] = \frac{{m}}{{m-1}}\,\mathrm E_{{\mathcal B}}[{VARIANCE}]"
        rf" = \tfrac{m}{m - 1}\cdot {tex(variances.mean())} = {tex(over.variance)}$",
    )


def twice(line: Forward, over: algorithm1.Population, example: int) -> str:
    """One number by its batch and by the population; `example` counts from 1."""
    i, root = example - 1, r"\sqrt{\mathrm{Var}[x]+\epsilon}"
    slope = algorithm1.slope(over, line.gamma, line.epsilon)
    inferred = algorithm1.inference(line.x, over, line.gamma, line.beta, line.epsilon)
    normalised = algorithm1.inference(line.x, over, epsilon=line.epsilon)
    rows = [
        ["in training: its batch", maths(tex(line.normalised[i])), maths(tex(line.y[i]))],
        ["at inference: the population", maths(tex(normalised[i])), maths(tex(inferred[i]))],
    ]
    return paragraphs(
        table(["normalised by", rf"$\hat x_{example}$", f"$y_{example}$"], rows),
        "At inference BatchNorm is one straight line for everybody, and can be merged into the layer before it:",
        rf"$\displaystyle y = \frac{{\gamma}}{{{root}}}\,x + {{\Big(\beta - \frac{{\gamma\,\mathrm E[x]}}{{{root}}}\Big)}}$"
        rf"{BREAK}$\phantom{{y}} = {tex(slope)}\,x {signed(line.beta - slope * over.mean)}$",
    )


# Larger weights


def outputs(weights: Array, inputs: Array, a: float, epsilon: float) -> str:
    """What the first unit makes of every example, with W and with aW."""
    plain, scaled = (
        algorithm1.layer(weights, inputs, epsilon).y,
        algorithm1.layer(a * weights, inputs, epsilon).y,
    )
    rows = [
        [maths(str(i)), maths(tex(one, 5)), maths(tex(other, 5)), maths(scientific(other - one))]
        for i, (one, other) in enumerate(zip(plain[:, 0], scaled[:, 0], strict=True), 1)
    ]
    units, features = weights.shape
    return paragraphs(
        f"$W$ is a {units} × {features} matrix and $u_1 \\dots u_{len(inputs)}$ are inputs, all drawn from the seed; γ is 1, β is 0. "
        f"This is the first of the {units} units.",
        table(["$i$", r"$\mathrm{BN}(Wu_i)$", r"$\mathrm{BN}((aW)u_i)$", "difference"], rows),
    )


def gradients(weights: Array, inputs: Array, a: float, epsilon: float) -> str:
    """The norms of all derivatives, with W and with aW, their ratio and what it should be, and what follows."""
    found = algorithm1.invariance(weights, inputs, a, epsilon)
    plain, scaled = (
        algorithm1.layer(weights, inputs, epsilon),
        algorithm1.layer(a * weights, inputs, epsilon),
    )
    norm = np.linalg.norm
    measured = {
        "by $u$": [norm(plain.by_inputs), norm(scaled.by_inputs), found.by_inputs, 1.0],
        "by the weights": [
            norm(plain.by_weights),
            norm(scaled.by_weights),
            found.by_weights,
            1 / a,
        ],
    }
    rows = [
        [words, *(maths(tex(value, 4)) for value in values)] for words, values in measured.items()
    ]
    return paragraphs(
        table(["Gradient", "at $W$", "at $aW$", "ratio", "theory"], rows),
        rf"$\displaystyle {BN_AWU} = {BN_WU}$",
        rf"$\displaystyle\frac{{\partial {BN_AWU}}}{{\partial u}} = \frac{{\partial {BN_WU}}}{{\partial u}}$",
        rf"$\displaystyle\frac{{\partial {BN_AWU}}}{{\partial(aW)}} = \frac1a\cdot\frac{{\partial {BN_WU}}}{{\partial W}}$",
        "**Larger weights get smaller gradients**, and smaller weights larger ones. A step of gradient descent moves $aW$ by "
        f"${tex(found.by_weights)}$ of what it moves $W$; compared with its own length, by ${tex(found.by_weights / a)}$ (without ε: $1/a^2 = {tex(1 / a**2)}$). "
        "Weights that a large step has blown up are moved more carefully from then on: BatchNorm tunes the size of the steps by itself.",
        rf"**Not quite:** $aW$ with ${EPSILON}$ is exactly $W$ with ${EPSILON}/a^2 = {scientific(epsilon / a**2)}$. Therefore an output is off "
        rf"by up to ${scientific(found.outputs)}$, and the ratio of the weights' gradients by ${scientific(found.by_weights * a - 1)}$ of itself.",
    )


# Pieces


def tex(value: Any, digits: int = 3) -> str:
    """A number in a formula: so many decimals, or a power of ten where those would not show it."""
    number = float(value)
    if number and (abs(number) < 0.5 * 10**-digits or abs(number) >= 1e5):
        return scientific(number)
    return f"{number:.{digits}f}"


def scientific(value: Any) -> str:
    """Two digits and a power of ten, where that is shorter than the number."""
    number = float(value)
    if number == 0 or 0.01 <= abs(number) < 1e5:
        return f"{number:.3f}" if number else "0"
    mantissa, exponent = f"{number:.1e}".split("e")
    return rf"{{{mantissa}\cdot 10^{{{int(exponent)}}}}}"  # in braces: no line ends within it


def exactly(value: float) -> str:
    """A power of ten as such."""
    return f"{value:g}" if value >= 0.001 else rf"10^{{{round(np.log10(value))}}}"


def words(value: Any) -> str:
    """A number in a sentence, with a true minus."""
    return f"{float(value):.3f}".replace("-", "−")


def signed(value: Any, digits: int = 3) -> str:
    """A number that is added to what stands before it."""
    return f"{'-' if float(value) < 0 else '+'} {tex(abs(float(value)), digits)}"


def total(values: Array) -> str:
    """A sum, each number as short as three decimals let it be."""
    short = [f"{round(float(value), 3):g}" for value in values]
    return short[0] + "".join(
        f" - {part[1:]}" if part.startswith("-") else f" + {part}" for part in short[1:]
    )


def by_example(columns: list[Array]) -> list[list[str]]:
    """The rows of a table: an example each, counted from 1."""
    return [[maths(str(i)), *map(cell, row)] for i, row in enumerate(zip(*columns, strict=True), 1)]


def maths(formula: str) -> str:
    """A formula in a sentence or a cell."""
    return f"${formula}$"


def cell(value: Any) -> str:
    """A number in a column, where rounding errors would only break the alignment."""
    return maths(tex(round(float(value), 3) + 0.0))  # no -0.000


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table: the first column to the left, numbers to the right."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def paragraphs(*parts: str) -> str:
    """One under the other."""
    return "\n\n".join(parts)
