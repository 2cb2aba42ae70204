"""The loss of one batch on a plane through θ, L(θ + a u + b v), with the path of the training.

u is −lr g, the next update of plain gradient descent, so that `a` counts its steps; or u is random,
as v always is. A random direction is the same draw at every step of a run. v is made orthogonal to
u, and both have the length of lr g: distances in the plane are then true to scale, and a coordinate
is a dot product.

With spec.surface_scaled the directions are normalised by filter, as in Li et al. (2018), arXiv
1712.09913, Sec. 4. Each filter (row w[o] of a weight) of −g or of a random draw is scaled to the
norm of that filter in θ; a filter of zeros stays zero, and biases, gamma and beta are not moved. As
in that paper, v is then not made orthogonal to u, because that would change the norms of the
filters.

The probe computes no gradient, and the training continues from θ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnviz.training.probes import Reading, one, several
from bnviz.training.vectors import length, wide

if TYPE_CHECKING:
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.loop import Moment
    from bnviz.training.objective import Objective

LABEL = "Surface of the loss"
INTERVAL = 100
MOST_KEPT = 20  # copies of θ, in memory and in every checkpoint


def measure(moment: Moment) -> Iterator[Reading]:
    """Yield surface_length, surface_path_a, surface_path_b, surface_off and surface_loss.

    - surface_length: ‖u‖ (unit 0) and ‖v‖ (unit 1).
    - surface_path_a, surface_path_b: coordinates of the point in the plane nearest to the θ of step
      `at`, which is an earlier step of this probe, the present step t (0, 0), or t + 1.
    - surface_off: the part of the distance from θ_t to that θ that is perpendicular to the plane,
      as a fraction of the distance; NaN if the distance is zero.
    - surface_loss: L(θ_t + a u + b v) at a = `at` and b = grid(…)[unit]: the objective on this
      step's batch, with batch statistics and this step's noise.
    """
    u, v = directions(moment)
    for unit, direction in enumerate((u, v)):
        yield one(moment.step, "surface_length", None, unit, None, length(direction))
    for step, theta in (
        moment.kept | {moment.step: moment.theta, moment.step + 1: moment.theta_next}
    ).items():
        names = ("surface_path_a", "surface_path_b", "surface_off")
        place = coordinates(wide(theta) - wide(moment.theta), u, v)
        for name, value in zip(names, place, strict=True):
            yield one(moment.step, name, None, None, float(step), value)
    ticks = grid(moment.spec.surface_extent, moment.spec.surface_grid)
    places = [
        (moment.step, "surface_loss", None, unit, a) for a in ticks for unit in range(len(ticks))
    ]
    yield several(heights(moment, u, v, ticks), places)


def grid(extent: float, points: int) -> list[float]:
    """Return equally spaced points from −extent to extent.

    They are symmetric to the bit; an odd number of points has 0 in the middle.
    """
    return [extent * ((2 * place - points + 1) / (points - 1)) for place in range(points)]


def heights(moment: Moment, u: Tensor, v: Tensor, ticks: list[float]) -> Tensor:
    """Return L(θ + a u + b v) for each a (rows) and b (columns)."""
    import torch

    objective, batch = moment.objective, moment.batch
    with torch.no_grad():
        along = (moment.theta.add(u, alpha=a) for a in ticks)
        losses = [
            objective.loss(objective.views(row.add(v, alpha=b)), batch)[0]
            for row in along
            for b in ticks
        ]
    return torch.stack(losses).view(len(ticks), len(ticks))


def directions(moment: Moment) -> tuple[Tensor, Tensor]:
    """Return u and v, flat as θ; they are NaN if u follows the gradient and that is zero."""
    spec, g = moment.spec, moment.evaluation.gradient
    u, v = (-g if spec.surface_along == "gradient" else draw(moment, "u")), draw(moment, "v")
    if spec.surface_scaled:
        return (
            filter_normalised(moment.objective, u, moment.theta),
            filter_normalised(moment.objective, v, moment.theta),
        )
    step = moment.lr * length(g)
    u, v = wide(u), wide(v)
    v = v - u * ((v @ u) / (u @ u))
    return (u * (step / u.norm())).to(g), (v * (step / v.norm())).to(g)


def draw(moment: Moment, name: str) -> Tensor:
    """Return a normal vector drawn with (seed, name), whose direction is uniformly distributed."""
    from bnviz.training.seeds import drawn

    return drawn(moment.theta, moment.spec.seed, "surface", name).to(moment.theta)


def filter_normalised(objective: Objective, direction: Tensor, theta: Tensor) -> Tensor:
    """Return `direction` with each filter scaled to its norm in θ; other parameters get 0."""
    import torch

    scaled = torch.zeros_like(theta)
    goals, own, there = (objective.views(flat) for flat in (theta, direction, scaled))
    for layer, parameters in there.items():
        weight, goal = (views[layer]["weight"].flatten(1) for views in (own, goals))
        length = weight.norm(dim=1, keepdim=True)
        factor = torch.where(length > 0, goal.norm(dim=1, keepdim=True) / length, 0.0)
        parameters["weight"].flatten(1).copy_(weight * factor)
    return scaled


def coordinates(way: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return a and b of the point a u + b v nearest to `way`, and the remaining part of `way`.

    That part is a fraction of the length of `way`, NaN if the length is zero. The coordinates are
    the least-squares solution in float64, from the normal equations: u and v may be of different
    lengths and need not be orthogonal.
    """
    import torch

    basis = torch.stack([wide(u), wide(v)])
    place = torch.linalg.solve_ex(basis @ basis.T, basis @ way).result
    off = (way - place @ basis).norm() / way.norm()
    return place[0], place[1], off


def keep(kept: dict[int, Tensor], step: int, theta: Tensor) -> dict[int, Tensor]:
    """Return the θ of earlier measurements and this one, by step; of too many, every other one."""
    kept = kept | {step: theta}
    return kept if len(kept) <= MOST_KEPT else dict(list(kept.items())[::2])


def rows(spec: RunSpec, times: int) -> int:
    """Return the number of rows of that many measurements."""
    return times * (2 + spec.surface_grid**2) + 3 * sum(path_lengths(times))


def path_lengths(times: int) -> Iterator[int]:
    """Yield the number of points on each plane's path: those kept, this one and the next."""
    kept = 0
    for _ in range(times):
        yield kept + 2
        kept = kept + 1 if kept < MOST_KEPT else MOST_KEPT // 2 + 1


def seconds(spec: RunSpec, step: float) -> float:
    """Return the seconds of a measurement: a forward pass for every point of the grid."""
    return spec.surface_grid**2 / 3 * step


def copies(spec: RunSpec, times: int) -> int:
    """Return the number of copies of θ that it holds."""
    return min(MOST_KEPT, times)
