"""The words and formulas of the page "BatchNorm, taken apart".

Each function puts numbers of `bnviz.papers.algorithm1` into the paper's formulas and returns
Markdown with LaTeX. Examples count from 1 throughout.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bnviz.papers import algorithm1
from bnviz.papers.algorithm1 import Array, Backward, Forward
from bnviz.words import markdown_table

MEAN, VARIANCE, EPSILON, HAT = (
    r"\mu_{\mathcal B}",
    r"\sigma^2_{\mathcal B}",
    r"\epsilon",
    r"\hat x_i",
)
ROOT = rf"\sqrt{{{VARIANCE}+{EPSILON}}}"


def partial(of: str) -> str:
    """Return the LaTeX of the partial derivative of ℓ by `of`."""
    return rf"\frac{{\partial\ell}}{{\partial {of}}}"


D_Y, D_HAT, D_X, D_MEAN, D_VARIANCE = map(partial, ("y_i", HAT, "x_i", MEAN, VARIANCE))
D_GAMMA, D_BETA = partial(r"\gamma"), partial(r"\beta")
BREAK = "  \n"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
BN_WU, BN_AWU = r"\mathrm{BN}(Wu)", r"\mathrm{BN}((aW)u)"


# Forward


def forward_lines(line: Forward) -> str:
    """Return the four lines of Algorithm 1 with their numbers."""
    mean, variance = tex(line.mean), tex(line.variance)
    shifted = f"x_i {signed(-line.mean)}"
    return paragraphs(
        rf"**1. The mean of the batch**{BREAK}$\displaystyle {MEAN} = \frac1m\sum\nolimits_i x_i$"
        rf"{BREAK}$\displaystyle\phantom{{{MEAN}}} = \tfrac15\,({total(line.x)}) = {mean}$",
        rf"**2. Its variance**, over $m$, not $m-1${BREAK}"
        rf"$\displaystyle {VARIANCE} = \frac1m\sum\nolimits_i (x_i-{MEAN})^2${BREAK}"
        rf"$\displaystyle\phantom{{{VARIANCE}}}"
        rf" = \tfrac15\,({total(line.centred**2)}) = {variance}$",
        rf"**3. Normalise**{BREAK}$\displaystyle {HAT} = \frac{{x_i-{MEAN}}}{{{ROOT}}} ="
        rf" \frac{{{shifted}}}{{\sqrt{{{variance} + {exactly(line.epsilon)}}}}}"
        rf" = \frac{{{shifted}}}{{{tex(line.deviation, 4)}}}$",
        rf"**4. Scale and shift**{BREAK}$y_i = \gamma\,{HAT} + \beta"
        rf" = {tex(line.gamma, 1)}\,{HAT} {signed(line.beta, 1)}$",
    )


def forward_numbers(line: Forward) -> str:
    """Return a table with one row per example, and the mean and variance of each column below."""
    columns = [line.x, line.centred, line.normalised, line.y]
    rows = by_example(columns)
    rows.append(["mean", *(cell(column.mean()) for column in columns)])
    rows.append(["variance", *(cell(column.var()) for column in columns)])
    return markdown_table(["$i$", "$x_i$", f"$x_i-{MEAN}$", f"${HAT}$", "$y_i$"], rows)


# Backward


def backward_lines(line: Forward, gradient: Backward, targets: ArrayLike, example: int) -> str:
    """Return the loss and the six equations of the chain rule (Section 3 of the paper).

    The gradient at x is worked out for one example.
    """
    m, i = len(line.x), example - 1
    over_root = -np.sum(gradient.direct)
    over_variance = gradient.dvariance * np.sum(-2 * line.centred) / m
    roads = [gradient.direct[i], gradient.through_variance[i], gradient.through_mean[i]]
    added = " ".join([tex(roads[0]), *map(signed, roads[1:])])
    return paragraphs(
        r"**The loss**  $\ell = \frac12\sum_i (y_i-t_i)^2"
        rf" = {tex(algorithm1.loss(line.y, targets))}$, so $\displaystyle {D_Y} = y_i - t_i$",
        rf"**1.** $\displaystyle {D_HAT} = {D_Y}\cdot\gamma$",
        rf"**2.** $\displaystyle {D_VARIANCE} = \sum\nolimits_i {D_HAT}\cdot(x_i-{MEAN})"
        rf"\cdot\tfrac{{-1}}{{2}}{{({VARIANCE}+{EPSILON})^{{-3/2}}}}$"
        rf"{BREAK}$\qquad = {tex(gradient.dvariance)}$",
        rf"**3.** $\displaystyle {D_MEAN} = \sum\nolimits_i {D_HAT}\cdot\frac{{-1}}{{{ROOT}}}"
        rf" + {D_VARIANCE}\cdot\frac{{\sum_i -2(x_i-{MEAN})}}{{m}}$"
        rf"{BREAK}$\qquad = {tex(over_root)} {signed(over_variance)} = {tex(gradient.dmean)}$",
        rf"**4.** $\displaystyle {D_X} = {D_HAT}\cdot\frac{{1}}{{{ROOT}}}"
        rf" + {D_VARIANCE}\cdot\frac{{2(x_i-{MEAN})}}{{m}} + {D_MEAN}\cdot\frac1m$"
        rf"{BREAK}for $i = {example}$:  $\displaystyle {partial(f'x_{example}')}"
        rf" = {added} = {tex(gradient.dx[i])}$",
        rf"**5.** $\displaystyle {D_GAMMA} = \sum\nolimits_i {D_Y}\cdot {HAT}"
        rf" = {tex(gradient.dgamma)}$",
        rf"**6.** $\displaystyle {D_BETA} = \sum\nolimits_i {D_Y} = {tex(gradient.dbeta)}$",
    )


def backward_numbers(line: Forward, gradient: Backward, targets: ArrayLike) -> str:
    """Return a table of outputs, targets and gradients, one row per example, sums below."""
    gradients = [gradient.dy, gradient.dnormalised, gradient.dx]
    rows = by_example([line.y, np.asarray(targets, dtype=float), *gradients])
    rows.append(["sum", "", "", *(cell(column.sum()) for column in gradients)])
    return markdown_table(
        ["$i$", "$y_i$", "$t_i$", *(rf"$\displaystyle {of}$" for of in (D_Y, D_HAT, D_X))], rows
    )


def removed(line: Forward, gradient: Backward) -> str:
    """Explain what BatchNorm removes from the gradient.

    Two sums over the gradient at x are (nearly) zero. The table compares them with those of the
    direct path alone, which leaves out the paths through mean and variance.
    """
    kinds = {"direct path only": gradient.direct, rf"all three, $g_i = {D_X}$": gradient.dx}
    rows = [[kind, words(g.sum()), words(np.sum(g * line.normalised))] for kind, g in kinds.items()]
    left = line.epsilon / (line.variance + line.epsilon)
    return paragraphs(
        markdown_table(["", r"$\sum_i g_i$", rf"$\sum_i g_i\,{HAT}$"], rows),
        "The path through the mean removes the part of the gradient that would shift all five "
        "numbers together. The path through the variance removes the part that would stretch them. "
        "Neither a shift nor a stretch of x changes any y: only β shifts the outputs, and only γ "
        "stretches them.",
        "The first sum is zero up to rounding. The second is not quite zero: because of ε,"
        rf" the share $\frac{{{EPSILON}}}{{{VARIANCE}+{EPSILON}}} = {tex(left)}$"
        " of the direct path's sum is left.",
        "Choose the targets **on a line with x**: the loss is not zero, and yet the gradient at x "
        "almost vanishes. Only γ and β are left to reduce the loss.",
    )


def check(line: Forward, gradient: Backward, targets: ArrayLike, example: int) -> str:
    """Compare the chain rule with a central difference, for the derivative by one example's x."""
    found = algorithm1.central_difference(line, targets, example - 1)
    analytic, x = float(gradient.dx[example - 1]), f"x_{example}"
    rows = [
        [rf"$\displaystyle\frac{{\ell({x}+h)-\ell({x}-h)}}{{2h}}$", words(found.slope, 7)],
        [rf"chain rule, $\displaystyle {partial(x)}$", words(analytic, 7)],
        ["difference", words(found.slope - analytic)],
    ]
    return paragraphs(
        f"Move ${x}$ by $h = {scientific(found.step)}$ to either side, "
        "and run only the forward pass.",
        markdown_table(["the derivative", "value"], rows),
    )


# Training and inference


def population(batches: Array) -> str:
    """Return the statistics of every batch and of the population (Algorithm 2)."""
    over, m = algorithm1.population(batches), batches.shape[1]
    means, variances = batches.mean(axis=1), batches.var(axis=1)
    names = ["yours", *(f"no. {number}" for number in range(2, len(batches) + 1)), "average"]
    rows = [
        [name, words(mean), words(variance)]
        for name, mean, variance in zip(
            names, [*means, over.mean], [*variances, variances.mean()], strict=True
        )
    ]
    return paragraphs(
        markdown_table(["Batch", f"${MEAN}$", f"${VARIANCE}$"], rows),
        rf"$\displaystyle\mathrm E[x] = \mathrm E_{{\mathcal B}}[{MEAN}] = {tex(over.mean)}$",
        r"$\displaystyle\mathrm{Var}[x]"
        rf" = \frac{{m}}{{m-1}}\,\mathrm E_{{\mathcal B}}[{VARIANCE}]"
        rf" = \tfrac{m}{m - 1}\cdot {tex(variances.mean())} = {tex(over.variance)}$",
    )


def twice(line: Forward, over: algorithm1.Population, example: int) -> str:
    """Compare one example normalised by its batch (training) and by the population (inference)."""
    i, root = example - 1, r"\sqrt{\mathrm{Var}[x]+\epsilon}"
    slope = algorithm1.slope(over, line.gamma, line.epsilon)
    inferred = algorithm1.inference(line.x, over, line.gamma, line.beta, line.epsilon)
    normalised = algorithm1.inference(line.x, over, epsilon=line.epsilon)
    rows = [
        ["in training: its batch", words(line.normalised[i]), words(line.y[i])],
        ["at inference: the population", words(normalised[i]), words(inferred[i])],
    ]
    return paragraphs(
        markdown_table(["normalised by", rf"$\hat x_{example}$", f"$y_{example}$"], rows),
        "At inference BatchNorm is the same straight line for every example, "
        "so it can be merged into the layer before it:",
        rf"$\displaystyle y = \frac{{\gamma}}{{{root}}}\,x"
        rf" + {{\Big(\beta - \frac{{\gamma\,\mathrm E[x]}}{{{root}}}\Big)}}$"
        rf"{BREAK}$\phantom{{y}} = {tex(slope)}\,x {signed(line.beta - slope * over.mean)}$",
    )


# Larger weights


def outputs(weights: Array, inputs: Array, a: float, epsilon: float) -> str:
    """Compare the outputs of the first unit for weights W and for weights aW."""
    plain = algorithm1.layer(weights, inputs, epsilon).y
    scaled = algorithm1.layer(a * weights, inputs, epsilon).y
    rows = [
        [str(i), words(one, 5), words(other, 5), words(other - one)]
        for i, (one, other) in enumerate(zip(plain[:, 0], scaled[:, 0], strict=True), 1)
    ]
    units, features = weights.shape
    return paragraphs(
        f"$W$ is a {units} × {features} matrix and $u_1 \\dots u_{len(inputs)}$ are inputs, "
        "all drawn at random from the seed above; γ is 1 and β is 0. "
        f"The table shows the first of the {units} units.",
        markdown_table(
            ["$i$", r"$\mathrm{BN}(Wu_i)$", r"$\mathrm{BN}((aW)u_i)$", "difference"], rows
        ),
    )


def gradients(weights: Array, inputs: Array, a: float, epsilon: float) -> str:
    """Compare the norms of the derivatives for weights W and aW, and explain what follows.

    The table has their ratio and what theory predicts for it.
    """
    found = algorithm1.invariance(weights, inputs, a, epsilon)
    plain = algorithm1.layer(weights, inputs, epsilon)
    scaled = algorithm1.layer(a * weights, inputs, epsilon)
    norm = np.linalg.norm
    by_inputs = [norm(plain.by_inputs), norm(scaled.by_inputs), found.by_inputs, 1.0]
    by_weights = [norm(plain.by_weights), norm(scaled.by_weights), found.by_weights, 1 / a]
    measured = {"by $u$": by_inputs, "by the weights": by_weights}
    rows = [[name, *(words(value, 4) for value in values)] for name, values in measured.items()]
    return paragraphs(
        markdown_table(["Gradient", "at $W$", "at $aW$", "ratio", "theory"], rows),
        rf"$\displaystyle {BN_AWU} = {BN_WU}$",
        rf"$\displaystyle\frac{{\partial {BN_AWU}}}{{\partial u}}"
        rf" = \frac{{\partial {BN_WU}}}{{\partial u}}$",
        rf"$\displaystyle\frac{{\partial {BN_AWU}}}{{\partial(aW)}}"
        rf" = \frac1a\cdot\frac{{\partial {BN_WU}}}{{\partial W}}$",
        "**Larger weights get smaller gradients**, and smaller weights get larger ones. A step of "
        f"gradient descent moves $aW$ ${tex(found.by_weights)}$ times as far as it moves $W$, and "
        f"${tex(found.by_weights / a)}$ times as far relative to the length of the weights "
        f"(without ε: $1/a^2 = {tex(1 / a**2)}$). Once a large step has lengthened the weights, "
        "a later step turns them less.",
        rf"**Not quite exact:** $aW$ with ${EPSILON}$ behaves exactly like $W$ with"
        rf" ${EPSILON}/a^2 = {scientific(epsilon / a**2)}$. Therefore outputs differ by up to"
        rf" ${scientific(found.outputs)}$, and the relative error of the ratio of the weights'"
        rf" gradients is ${scientific(found.by_weights * a - 1)}$.",
    )


# Pieces


def tex(value: Any, digits: int = 3) -> str:
    """Write a number with so many decimals, or with a power of ten if it is too small or large."""
    number = float(value)
    if number and (abs(number) < 0.5 * 10**-digits or abs(number) >= 1e5):
        return scientific(number)
    return f"{number:.{digits}f}"


def scientific(value: Any) -> str:
    """Write a very small or large number as two digits times a power of ten, else 3 decimals."""
    number = float(value)
    if number == 0 or 0.01 <= abs(number) < 1e5:
        return f"{number:.3f}" if number else "0"
    mantissa, exponent = f"{number:.1e}".split("e")
    return rf"{{{mantissa}\cdot 10^{{{int(exponent)}}}}}"  # braces keep KaTeX from breaking it


def exactly(value: float) -> str:
    """Write ε exactly: as a decimal number, or as a power of ten if it is below 0.001."""
    return f"{value:g}" if value >= 0.001 else rf"10^{{{round(np.log10(value))}}}"


def words(value: Any, digits: int = 3) -> str:
    """Write a number as `tex` does, but as plain text: "−1.500", "2.0·10⁻¹²"."""
    number = float(value) + 0.0  # turns -0.0 into 0.0
    text, _, power = tex(number, digits).strip("{}").partition(r"\cdot 10^{")
    raised = f"·10{power.translate(RAISED)}" if power else ""
    return text.replace("-", "−") + raised


def signed(value: Any, digits: int = 3) -> str:
    """Write a number as a summand, with its sign in front: "+ 1.000" or "- 1.000"."""
    return f"{'-' if float(value) < 0 else '+'} {tex(abs(float(value)), digits)}"


def total(values: Array) -> str:
    """Write out a sum, each number with up to three decimals and no trailing zeros."""
    short = [f"{round(float(value), 3):g}" for value in values]
    return short[0] + "".join(
        f" - {part[1:]}" if part.startswith("-") else f" + {part}" for part in short[1:]
    )


def by_example(columns: list[Array]) -> list[list[str]]:
    """Return the rows of a table, one per example, with its number in front."""
    return [[str(i), *map(cell, row)] for i, row in enumerate(zip(*columns, strict=True), 1)]


def cell(value: Any) -> str:
    """Write a number for a table column, with three decimals so that the column lines up."""
    return words(round(float(value), 3))


def paragraphs(*parts: str) -> str:
    """Join Markdown paragraphs."""
    return "\n\n".join(parts)
