"""Test the theorems of Santurkar et al. (2018), Sec. 4 and App. C, in single units during training.

For a unit j followed by BatchNorm, y ∈ R^m is the input of BatchNorm (m = batch, or
batch · height · width), μ and σ² are the biased moments of y, s² = σ² + ε, ŷ = (y − μ)/s and
z = γŷ + β. The paper compares with a network without BatchNorm that has the same gradient at z.
So the paper's ∇_y L is g = ∂L/∂z here, and its ∇_y L̂ is v = ∂L/∂y. We write s for the paper's σ,
because ε > 0.

The last part of a metric's name says which side it is:

- `left`: the measured side
- `right`: the correct bound
- `exact`: the equality that the bound becomes with the terms in ε
- `printed`: the bound as printed in arXiv 1805.11604v3
- `scale`: the size of the largest terms, to which the difference of two sides is relative

Gradients have the precision of the run; all else is float64. The rows of a unit without a gradient
are all 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bnviz.training.probes import Reading, Row, several
from bnviz.training.vectors import wide

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment
    from bnviz.training.models import Block

    Values = dict[str, Tensor]  # metric -> a number for every chosen unit

LABEL = "Theorems of Section 4"
INTERVAL = 100
TENSORS = 10  # the graph of a second derivative


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield lemma_4_5_… and, with BatchNorm, theorem_4_1_…, theorem_4_2_… and theorem_4_4_….

    They are measured in spec.theory_units units, the same at every step, of each layer that is
    normalised (or would be, in a network without normalisation).
    """
    yield from lemma(moment)
    if moment.spec.norm == "batch":
        yield from theorems(moment)


def chosen_units(moment: Moment, block: Block) -> list[int]:
    """Return the units of a layer that are measured.

    They are the same at every step and for every normalisation.
    """
    import torch

    from bnviz.training.seeds import generator

    order = torch.randperm(
        block.output[0], generator=generator(moment.spec.seed, "theory", block.name)
    )
    return sorted(order[: moment.spec.theory_units].tolist())


# Lemma 4.5

TERMS = ("inner", "left", "right", "distance")


def lemma(moment: Moment) -> Iterator[Reading]:
    """Yield both sides of Lemma 4.5, with the present weights as W*.

    They are those of single units (rows of the weight) and of whole layers (`unit` None).
    """
    objective = moment.objective
    initial, present = objective.views(objective.initial()), objective.views(moment.theta)
    for block in (block for block in objective.blocks if block.normalised):
        begun, now = (wide(views[block.name]["weight"].flatten(1)) for views in (initial, present))
        units = [(unit, begun[unit], now[unit]) for unit in chosen_units(moment, block)]
        for unit, start, end in [(None, begun.flatten(), now.flatten()), *units]:
            yield Reading(
                distances(start, end), partial(rows_of_lemma, moment.step, block.name, unit)
            )


def rows_of_lemma(step: int, layer: str, unit: int | None, terms: list[float]) -> Iterator[Row]:
    """Yield the terms of Lemma 4.5, but only ⟨W*, W0⟩ if it is not positive.

    The lemma says nothing then.
    """
    sides = dict(zip(TERMS, terms, strict=True))
    for side in TERMS if sides["inner"] > 0 else TERMS[:1]:
        yield Row(step, f"lemma_4_5_{side}", layer, unit, None, sides[side])


def distances(start: Tensor, end: Tensor) -> Tensor:
    """Return the TERMS of Lemma 4.5 (4,), for W0 = `start` and W* = `end`.

    The lemma is ‖W0 − kW*‖² = ‖W0 − W*‖² − (‖W*‖² − ⟨W*, W0⟩)² / ‖W*‖² with
    k = ⟨W*, W0⟩ / ‖W*‖². With BatchNorm, kW* gives the same outputs as W*, apart from ε. The terms
    are inner ⟨W*, W0⟩, its left and right side, and distance ‖W0 − W*‖².
    """
    import torch

    inner, square = start @ end, end @ end
    distance = (start - end).square().sum()
    left = (start - inner / square * end).square().sum()
    right = distance - (end @ (end - start)).square() / square
    return torch.stack([inner, left, right, distance])


# Theorems 4.1, 4.2 and 4.4


class Units(NamedTuple):
    """Some units of a layer followed by BatchNorm, in float64."""

    v: Tensor  # ∂L/∂y (units, m)
    g: Tensor  # ∂L/∂z (units, m)
    normalised: Tensor  # ŷ (units, m)
    gamma: Tensor  # γ (units,)
    s: Tensor  # (units,)
    epsilon: float

    @property
    def m(self) -> int:
        """The number of values that a unit has in a batch."""
        return self.v.shape[1]

    @property
    def tangent(self) -> Tensor:
        """Jv (units, m) with J = ∂ŷ/∂y = (I − 11ᵀ/m − ŷŷᵀ/m)/s: how ŷ moves as y moves along v."""
        centred = self.v - self.v.mean(1, keepdim=True)
        along = (dot(self.normalised, self.v) / self.m)[:, None]
        return (centred - self.normalised * along) / self.s[:, None]


def theorems(moment: Moment) -> Iterator[Reading]:
    """Yield the rows of the theorems layer by layer.

    The second derivatives of one layer are freed before those of the next are computed.
    """
    objective, spec = moment.objective, moment.spec
    views, gradient = (
        objective.views(moment.theta.detach().requires_grad_()),
        moment.evaluation.gradient,
    )
    seen: list[tuple[Block, Tensor, Tensor, Tensor]] = []
    loss, _, _ = objective.loss(views, moment.batch, tap=lambda *what: seen.append(what))
    for block, x, y, z in seen:
        if block.normalised:
            units, layer = chosen_units(moment, block), views[block.name]
            # Theorem 4.4 is about the loss without the penalty, but the training's gradient
            # includes the penalty.
            of_weight = (
                objective.views(gradient)[block.name]["weight"] - spec.l2 * layer["weight"].detach()
            )
            at, values = in_layer(loss, y, z, units, layer["gamma"].detach(), spec.epsilon)
            values |= theorem_4_4(
                at,
                wide(rows_of(of_weight, units).flatten(1)),
                spectral_norm(patches(block, x.detach())),
            )
            for metric, of_units in values.items():
                places = [(moment.step, metric, block.name, unit, None) for unit in units]
                yield several(of_units, places)


def in_layer(
    loss: Tensor, y: Tensor, z: Tensor, units: list[int], gamma: Tensor, epsilon: float
) -> tuple[Units, Values]:
    """Return the units of a layer, and the sides of Theorems 4.1 and 4.2 in them.

    `y` is the input of the layer's BatchNorm and `z` its output.
    """
    import torch

    at_y, at_z = torch.autograd.grad(loss, (y, z), create_graph=True)
    v, g, inputs = (wide(rows_of(by_unit(tensor.detach()), units)) for tensor in (at_y, at_z, y))
    s = (inputs.var(1, correction=0) + epsilon).sqrt()
    at = Units(
        v,
        g,
        (inputs - inputs.mean(1, keepdim=True)) / s[:, None],
        wide(rows_of(gamma, units)),
        s,
        epsilon,
    )
    through = curvatures(at_y, y, units, v)
    moved, straight = curvatures(at_z, z, units, at.tangent), curvatures(at_z, z, units, v)
    return at, theorem_4_1(at) | theorem_4_2(at, through, moved, straight)


def theorem_4_1(at: Units) -> Values:
    """Return the sides of Theorem 4.1 in each unit (units,), and the gain γ/s.

    ‖v‖² = γ²/s² (‖g‖² − ⟨1, g⟩²/m − (1 + ε/s²) ⟨g, ŷ⟩²/m). Without the term in ε this is "≤".
    arXiv v3 prints ⟨g, ŷ⟩²/√m.
    """
    gain, whole = at.gamma / at.s, dot(at.g, at.g)
    mean, along = at.g.sum(1).square() / at.m, dot(at.g, at.normalised).square() / at.m
    return {
        "theorem_4_1_left": dot(at.v, at.v),
        "theorem_4_1_exact": gain.square()
        * (whole - mean - along * (1 + at.epsilon / at.s.square())),
        "theorem_4_1_right": gain.square() * (whole - mean - along),
        "theorem_4_1_printed": gain.square() * (whole - mean - along * at.m**0.5),
        "theorem_4_1_scale": gain.square() * whole,
        "theorem_4_1_gain": gain,
    }


def theorem_4_2(at: Units, through: Tensor, moved: Tensor, straight: Tensor) -> Values:
    """Return the sides of Theorem 4.2 in each unit (units,), and inner ⟨g, ŷ⟩.

    vᵀ∇²_y L v = γ² (Jv)ᵀH(Jv) − γ/(ms²) ⟨g, ŷ⟩ (‖v‖² − a²/m) − 2a‖v‖²/(sm) with H = ∇²_z L and
    a = ⟨ŷ, v⟩, for one unit while all others are held fixed. `through`, `moved` and `straight` are
    vᵀ∇²_y L v, (Jv)ᵀH(Jv) and vᵀHv. For ε → 0 this becomes what the paper prints,
    γ²/σ² vᵀHv − γ/(mσ²) ⟨g, ŷ⟩ ‖v‖². The theorem assumes that inner is at least 0.
    """
    square, a, inner = dot(at.v, at.v), dot(at.normalised, at.v), dot(at.g, at.normalised)
    pull = at.gamma / (at.m * at.s.square()) * inner
    terms = (
        at.gamma.square() * moved,
        -pull * (square - a.square() / at.m),
        -2 * a * square / (at.s * at.m),
    )
    return {
        "theorem_4_2_left": through,
        "theorem_4_2_exact": terms[0] + terms[1] + terms[2],
        "theorem_4_2_printed": (at.gamma / at.s).square() * straight - pull * square,
        "theorem_4_2_scale": terms[0].abs() + terms[1].abs() + terms[2].abs(),
        "theorem_4_2_inner": inner,
    }


def theorem_4_4(at: Units, of_weight: Tensor, spectral: Tensor) -> Values:
    """Return the sides of Theorem 4.4 in each unit (units,).

    The paper's proof gives ‖∇_W L̂‖² = ‖Xᵀv‖² ≤ γ²/s² λ² (‖g‖² − mμ² − ⟨g, ŷ⟩²/m) with
    μ = ⟨1, g⟩/m and λ = ‖X‖₂. The paper prints γ²/σ² (G² − mμ² − λ²⟨g, ŷ⟩²) with G = λ²‖g‖², which
    subtracts squares of the gradient from its fourth power.
    """
    first, most = theorem_4_1(at), spectral**2 * dot(at.g, at.g)
    mean, along = at.g.sum(1).square() / at.m, dot(at.g, at.normalised).square()
    return {
        "theorem_4_4_left": dot(of_weight, of_weight),
        "theorem_4_4_right": spectral**2 * first["theorem_4_1_right"],
        "theorem_4_4_printed": (at.gamma / at.s).square()
        * (most.square() - mean - spectral**2 * along),
        "theorem_4_4_scale": spectral**2 * first["theorem_4_1_scale"],
    }


def curvatures(gradient: Tensor, place: Tensor, units: list[int], directions: Tensor) -> Tensor:
    """Return uᵀHu of each unit (units,), with the unit's row u of `directions` (units, m).

    H is the derivative of the unit's `gradient` with respect to its own values at `place`.
    """
    import torch

    values = []
    for unit, direction in zip(units, directions, strict=True):
        everywhere = torch.zeros_like(place)
        everywhere[:, unit] = direction.view_as(place[:, unit])
        (image,) = torch.autograd.grad(gradient, place, everywhere, retain_graph=True)
        values.append(wide(image[:, unit].flatten()) @ direction)
    return torch.stack(values)


def patches(block: Block, x: Tensor) -> Tensor:
    """Return the input matrix X (m, inputs of a unit) in y = XWᵀ.

    For a convolution it has a row for every example and position.
    """
    from torch.nn.functional import unfold

    if block.kernel is None:
        return x.flatten(1)
    windows = unfold(x, block.kernel, padding=block.padding, stride=block.stride)
    return windows.transpose(1, 2).flatten(0, 1)


def spectral_norm(matrix: Tensor) -> Tensor:
    """Return the largest singular value, from the smaller of the two Gram matrices in float64."""
    import torch

    x = wide(matrix) if len(matrix) < matrix.shape[1] else wide(matrix).T
    largest: Tensor = torch.linalg.eigvalsh(x @ x.T)[-1]
    return largest.sqrt()


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Return ⟨a, b⟩ of each unit: (units, m), (units, m) -> (units,)."""
    return (a * b).sum(1)


def rows_of(tensor: Tensor, units: list[int]) -> Tensor:
    """Return the rows of these units."""
    import torch

    return tensor.index_select(0, torch.tensor(units).to(tensor.device))


def by_unit(tensor: Tensor) -> Tensor:
    """Reshape (batch, units, …) to (units, m), with all values of a unit in one row."""
    return tensor.movedim(1, 0).flatten(1)


# What it costs


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements.

    In each layer, the lemma has 4 for the layer and for each unit, the theorems 15 for each unit.
    """
    each = 4 + (15 if spec.norm == "batch" else 0)
    return times * sum(4 + each * units for units in units_of(spec))


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: behind BatchNorm, six steps for every unit."""
    return (3 + 6 * sum(units_of(spec)) if spec.norm == "batch" else 0.1) * step


def units_of(spec: RunSpec) -> list[int]:
    """Return how many units are looked at in each normalised layer."""
    normalised = (block for block in spec.blocks() if block.normalised)
    return [min(spec.theory_units, block.output[0]) for block in normalised]
