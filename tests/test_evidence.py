"""One number per seed: small tables with known results, compared within a seed only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from bnviz.claims import evidence
from bnviz.claims import evidence_landscape as walks
from bnviz.claims.evidence import Measure, difference, final, of, ratio
from bnviz.claims.evidence_landscape import landscape
from tests.test_analysis import empty, measured, probed, together

LEVELS = [0.05, 0.15, 0.5, 0.85, 0.95]
UNIT: dict[str, Any] = {"unit": 3.0, "layer": "conv1"}


def network(rows: DataFrame, norm: str, seed: int = 0, lr: float = 0.1) -> DataFrame:
    """Return the same rows under the name of another network."""
    return rows.assign(run=f"{norm} {lr} {seed}", norm=norm, seed=seed, lr=lr)


def curve(
    metric: str, values: dict[int, Any], norm: str, seed: int = 0, **fields: Any
) -> DataFrame:
    lr = fields.pop("lr", 0.1)
    return network(measured(metric, values, **fields), norm, seed, lr)


def band(
    low: float,
    high: float,
    distances: list[float],
    steps: tuple[int, ...] = (0,),
    norm: float = 2.0,
) -> DataFrame:
    """Return equal landscape measurements at step sizes 0.05 and 0.1."""
    losses, apart = (dict.fromkeys(steps, values) for values in ([high, low], distances))
    return probed(losses, apart, dict.fromkeys(steps, norm))


def two(metric: str, batch: dict[int, Any], none: dict[int, Any], **fields: Any) -> DataFrame:
    return together(curve(metric, batch, "batch", **fields), curve(metric, none, "none", **fields))


def moments(
    mean: list[float], norm: str, layer: str = "conv1", variance: float | None = None
) -> DataFrame:
    """Return the moments of one unit at steps 0, 1, 10, 11, …; the variance is 7 times the mean."""
    steps = [first + plus for first in range(0, 5 * len(mean), 10) for plus in (0, 1)]
    values = dict(zip(steps, mean, strict=True))
    variances = {step: variance or 7 * value for step, value in values.items()}
    both = {"activation_mean": values, "activation_variance": variances}
    return network(
        together(*(measured(name, each, unit=3.0, layer=layer) for name, each in both.items())),
        norm,
    )


def quantiles(
    medians: list[float], norm: str, width: float = 2.0, layer: str = "conv1", unit: float = 3.0
) -> DataFrame:
    """Return quantiles at steps 0, 50, 100, … that move together, `width` from 5 to 95%."""
    spread = np.array([-0.5, -0.2, 0.0, 0.2, 0.5]) * width
    values = {50 * place: median + spread for place, median in enumerate(medians)}
    return network(measured("activation_quantile", values, at=LEVELS, layer=layer, unit=unit), norm)


def shifts(cosines: dict[str, list[float]], norm: str) -> DataFrame:
    """Return cos ∠(G, G′) of each layer, and ten times that as ‖G − G′‖."""
    each = [
        measured(metric, dict(enumerate(factor * np.array(values))), layer=layer)
        for layer, values in cosines.items()
        for metric, factor in (("ics_cosine", 1.0), ("ics_l2", 10.0))
    ]
    return network(together(*each), norm)


def theory(norm: str = "batch") -> DataFrame:
    """Return rows of two units at two steps.

    The two sides of Theorem 4.1 differ by 1e-15 of its terms. The printed bound is exceeded in
    three of four cases.
    """
    sides = {
        "left": [1.0, 1.0, 1.0, 1.0],
        "exact": [1 + 1e-15, 1.0, 1.0, 1.0],
        "right": [1.0, 1.0, 1.0, 1.0],
    }
    sides |= {
        "printed": [0.5, 0.9, 0.5, 2.0],
        "scale": [1.0, 4.0, 4.0, 4.0],
        "gain": [0.5, 2.0, 2.0, 2.0],
    }
    made = [
        measured(
            f"theorem_4_1_{side}", {step: values[2 * step + unit]}, layer="fc1", unit=float(unit)
        )
        for side, values in sides.items()
        for step in (0, 1)
        for unit in (0, 1)
    ]
    second = {"left": 1.0, "exact": 1.0, "printed": 1.0, "scale": 1.0}
    made += [
        measured(
            f"theorem_4_2_{side}",
            {step: inner if side == "inner" else value},
            layer="fc1",
            unit=float(unit),
        )
        for side, value in (second | {"inner": 0.0}).items()
        for step in (0, 1)
        for unit, inner in enumerate((1.0, -1.0) if step else (-1.0, -1.0))
    ]
    return network(together(*made), norm)


def wrong(rows: DataFrame) -> DataFrame:
    """Return the same rows with both theorems' left sides far off."""
    return rows.assign(value=rows["value"].where(~rows["metric"].str.endswith("left"), 9.0))


def at_random(rows: DataFrame) -> DataFrame:
    """Return the same measurements as if taken along a random direction."""
    along = rows["metric"].isin(["loss_along", "gradient_distance"])
    return rows.assign(metric=rows["metric"].where(~along, rows["metric"] + "_random"))


CASES: dict[str, tuple[Measure, DataFrame, dict[int, float]]] = {
    "mean accuracy within a window": (
        difference(evidence.accuracy(1, 3), "batch", "none", 100),
        two("train_accuracy", {0: 0.0, 1: 0.6, 2: 0.8, 3: 0.0}, {0: 1.0, 1: 0.2, 2: 0.4, 3: 1.0}),
        {0: 40.0},
    ),
    "the last accuracy, whatever the order of the rows": (
        difference(final("test_accuracy"), "batch", "none", 100),
        two("test_accuracy", {9: 0.8, 0: 0.1}, {9: 0.7, 0: 0.9}),
        {0: 10.0},
    ),
    "two learning rates of one network": (
        difference(final("test_accuracy", by="lr"), 0.5, 0.1, 100),
        together(
            *(
                curve("test_accuracy", {0: value}, "batch", lr=lr)
                for lr, value in ((0.1, 0.8), (0.5, 0.75))
            )
        ),
        {0: -5.0},
    ),
    "no mean accuracy of a run whose loss overflowed": (
        difference(evidence.accuracy(1, 3), "batch", "none", 100),
        together(
            two("train_accuracy", {1: 0.5, 2: 0.1}, {1: 0.2, 2: 0.4}),
            curve("train_loss", {1: 1.0, 2: np.nan}, "batch"),
        ),
        {},
    ),
    "no last accuracy of a run whose loss overflowed": (
        difference(final("test_accuracy"), "batch", "none", 100),
        together(
            two("test_accuracy", {0: 0.8}, {0: 0.7}),
            curve("train_loss", {0: 1.0, 1: np.inf}, "none"),
        ),
        {},
    ),
    "no share of measurements ahead of a run whose test loss overflowed": (
        evidence.ahead("batch", "none", 0),
        together(
            two("test_accuracy", {0: 5, 1: 5}, {0: 1, 1: np.nan}),
            curve("test_loss", {0: 1, 1: np.nan}, "none"),
        ),
        {},
    ),
    "a loss that overflowed is infinite": (
        ratio(final("train_loss"), "batch", "none"),
        two("train_loss", {0: 1.0, 1: np.nan}, {0: 1.0, 1: 2.0}),
        {0: np.inf},
    ),
    "the share of measurements ahead, ties not counting": (
        evidence.ahead("batch", "none", 1),
        two("test_accuracy", {0: 0, 1: 5, 2: 5, 3: 5, 4: 5}, {0: 9, 1: 4, 2: 5, 3: 4, 4: 6}),
        {0: 50.0},
    ),
    "how far two curves are apart": (
        evidence.apart("batch", "none", 1),
        two("test_accuracy", {0: 0.0, 1: 0.5, 2: 0.5}, {0: 0.9, 1: 0.4, 2: 0.9}),
        {0: 25.0},
    ),
    "the median change of the mean, geometric over layers": (
        ratio(evidence.moment_change("mean", "conv1", "conv2"), "noisy", "none"),
        together(
            moments([0.0, 2.0, 0.0, 4.0, 0.0, 8.0], "noisy"),
            moments([0.0, 1.0, 0.0, 9.0], "noisy", "conv2"),
            moments([0.0, 1.0], "none"),
            moments([0.0, 5.0], "none", "conv2"),
        ),
        {0: 2.0},  # √(4/1 · 5/5)
    ),
    "the change of the mean in units of the spread": (  # 2/√4 against 3/√36
        ratio(evidence.mean_change_in_spreads("conv1"), "noisy", "none"),
        together(
            moments([0.0, 2.0], "noisy", variance=4.0), moments([0.0, 3.0], "none", variance=36.0)
        ),
        {0: 2.0},
    ),
    "the drift of the mean": (
        ratio(evidence.mean_drift("conv1"), "none", "batch"),
        together(moments([1.0, 3.0, 5.0, 9.0], "none"), moments([0.0, 1.0, -1.0, 0.0], "batch")),
        {0: 4.0},
    ),
    "the first step of every second whose batch is good": (
        ratio(evidence.first_step(0.9, 2), "none", "batch"),
        two(
            "train_accuracy",
            {0: 0.1, 1: 0.95, 2: 0.9, 3: 0.1, 4: 0.1},
            {0: 0.1, 1: 0.95, 2: 0.5, 3: 0.9, 4: 0.9},
        ),
        {0: 2.0},
    ),
    "a share that no batch reaches counts with the last step": (
        of(evidence.first_step(0.9, 1), "none"),
        curve("train_accuracy", {0: 0.1, 1: 0.8}, "none"),
        {0: 1.0},
    ),
    "how far behind, as a share of the gap": (
        evidence.share_of_gap(final("test_accuracy"), "noisy", "none", "batch", 100),
        together(
            *(
                curve("test_accuracy", {0: v}, n)
                for n, v in (("none", 0.5), ("noisy", 0.8), ("batch", 0.9))
            )
        ),
        {0: 25.0},
    ),
    "the last 5-95% range": (
        ratio(evidence.spread("conv1", "last"), "none", "batch"),
        together(
            quantiles([0.0], "none", 9.0),
            quantiles([0.0, 0.0], "none", 3.0).query("step > 0"),
            quantiles([1.0], "batch", 2.0),
        ),
        {0: 1.5},
    ),
    "the shift of the quantiles in units of their spread": (
        of(evidence.shift("conv1"), "none"),
        quantiles([1.0, 7.0, 2.0], "none", width=4.0),
        {0: 0.25},
    ),
    "the travel of a running mean over ten": (
        of(evidence.travel(["conv1"], pooled=False), "none"),
        quantiles([0.0] * 10 + [10.0, -10.0, -10.0], "none"),  # running means 0, 1, 0, −1
        {0: 2.0},
    ),
    "the travel before a step": (
        of(evidence.travel(["conv1"], pooled=False, stop=501), "none"),
        quantiles([0.0] * 10 + [10.0, -10.0, -10.0], "none"),
        {0: 1.0},
    ),
    "a unit against all of them": (
        evidence.hidden_by_pooling("batch", ["conv1"]),
        together(
            quantiles([0.0] * 10 + [10.0], "batch"),
            quantiles([0.0] * 10 + [-2.5], "batch", unit=np.nan),
        ),
        {0: 4.0},
    ),
    "the smallest cosine of some layers": (
        of(evidence.covariate_shift("ics_cosine", "min", "fc1", "fc2"), "none"),
        shifts({"fc1": [1.0, 0.9], "fc2": [0.5, 0.8], "fc3": [-1.0, 1.0]}, "none"),
        {0: 0.5},
    ),
    "the median distance of one layer": (
        ratio(evidence.covariate_shift("ics_l2", "median", "fc1"), "batch", "none"),
        together(shifts({"fc1": [0.1, 0.6, 0.3]}, "batch"), shifts({"fc1": [0.1]}, "none")),
        {0: 3.0},
    ),
    "the mean width of the loss band within a window": (
        ratio(landscape("width", "mean", 0, 20), "none", "batch"),
        together(
            network(
                together(band(1, 4, [1, 1]), band(1, 6, [1, 1], (10,)), band(0, 99, [1, 1], (20,))),
                "none",
            ),
            network(band(0, 2, [1, 1], (0, 10, 20)), "batch"),
        ),
        {0: 2.0},
    ),
    "a band that overflowed is infinitely wide": (
        of(landscape("width", "mean"), "none"),
        network(together(band(1, 4, [1, 1]), band(1, np.inf, [1, 1], (10,))), "none"),
        {0: np.inf},
    ),
    "the highest loss of the bands": (
        of(landscape("loss_high", "max"), "none"),
        network(together(band(1, 4, [1, 1]), band(1, 6, [1, 1], (10,))), "none"),
        {0: 6.0},
    ),
    "the highest loss of a band that overflowed": (
        of(landscape("loss_high", "max"), "none"),
        network(together(band(1, 4, [1, 1]), band(1, np.inf, [1, 1], (10,))), "none"),
        {0: np.inf},
    ),
    "a gradient that overflowed at a probe": (
        walks.at_each_probe("max", "distance_high", "none", "batch"),
        together(network(band(0, 1, [1, np.inf]), "none"), network(band(0, 1, [1, 2]), "batch")),
        {0: np.inf},
    ),
    "the band along a random direction": (
        of(landscape("width", "mean", along="random"), "none"),
        network(
            together(
                band(1, 4, [1, 1]), at_random(band(1, 3, [1, 1])).query("metric != 'gradient_norm'")
            ),
            "none",
        ),
        {0: 2.0},
    ),
    "beta in units of 1/eta_min": (  # beta is the larger of 4 / (0.05 · 2) and 6 / (0.1 · 2)
        of(landscape("plateau", "median"), "batch"),
        network(band(0, 1, [4, 6]), "batch"),
        {0: 2.0},
    ),
    "how far beta is from 2/lr": (  # 40 · 0.04 / 2 = 0.8
        of(landscape("off_edge", "max"), "batch"),
        network(band(0, 1, [4, 6]), "batch", lr=0.04),
        {0: 0.2},
    ),
    "a ratio at each probe": (
        walks.at_each_probe("max", "distance_high", "none", "batch"),
        together(
            network(together(band(0, 1, [1, 6]), band(0, 1, [1, 2], (10,))), "none"),
            network(together(band(0, 1, [2, 3]), band(0, 1, [0.5, 0.1], (10,))), "batch"),
        ),
        {0: 4.0},
    ),
    "the width on a logarithmic axis": (
        of(landscape("log_width", "mean"), "none"),
        network(band(1, np.e, [1, 1]), "none"),
        {0: 1.0},
    ),
    "the cosine after one training step, whose learning rate is 0.1": (
        of(walks.cosine("median"), "none"),
        network(
            together(
                band(0, 1, [1, 1]), measured("gradient_cosine", {0: [0.9, 0.25]}, at=[0.05, 0.1])
            ),
            "none",
        ),
        {0: 0.25},
    ),
    "beta without the scale of the weights": (
        of(walks.scale_free("normalised", "median"), "none"),
        network(together(band(0, 1, [4, 6]), measured("weight_norm", {0: 3.0})), "none"),
        {0: 360.0},
    ),
    "beta of a coarser grid": (  # 6 / (0.1 · 2), not 4 / (0.05 · 2)
        of(walks.beta_from(1.0), "none"),
        network(band(0, 1, [4, 6]), "none"),
        {0: 30.0},
    ),
    "the growth of the distance with the step size": (
        ratio(walks.growth, "none", "batch"),
        together(
            network(band(0, 1, [1, 6], (0, 10)), "none"), network(band(0, 1, [2, 4]), "batch")
        ),
        {0: 3.0},
    ),
    "a gradient lost at the smallest step makes beta the grid's": (
        of(walks.finer_grid(10), "batch"),
        network(together(band(0, 1, [1, 9]), band(0, 1, [3, 3], (10,))), "batch"),
        {0: 2.0},
    ),
    "a distance in proportion to the step leaves beta to the landscape": (
        of(walks.finer_grid(0), "batch"),
        network(band(0, 1, [3, 6]), "batch"),
        {0: 1.0},
    ),
    "the largest deviation behind BatchNorm, whatever other networks do": (
        evidence.deviation("theorem_4_1"),
        together(theory(), wrong(theory("none"))),
        {0: 1.1102230246251565e-15},
    ),
    "the share of printed bounds exceeded": (
        evidence.exceeded("theorem_4_1", "fails"),
        theory(),
        {0: 75.0},
    ),
    "the share of true bounds exceeded": (
        evidence.exceeded("theorem_4_1", "broken"),
        theory(),
        {0: 0.0},
    ),
    "the share of shorter gradients": (  # ‖g‖² is scale / gain²: 4, 1, 1, 1
        evidence.condition("smaller", 100),
        theory(),
        {0: 25.0},
    ),
    "the share of units that meet the condition": (
        evidence.condition("inner", 100),
        theory(),
        {0: 25.0},
    ),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CASES)
def test_small_tables_give_the_known_number(name: str) -> None:
    measure, rows, expected = CASES[name]
    found = measure(rows).dropna()
    assert found.index.tolist() == list(expected)
    assert found.to_numpy() == pytest.approx(np.array(list(expected.values())), rel=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CASES)
def test_rows_are_not_changed_and_no_rows_give_no_number(name: str) -> None:
    measure, rows, _ = CASES[name]
    before = rows.copy()
    measure(rows)
    assert rows.equals(before)
    for nothing in (empty(), rows.iloc[:0], measured("penalty", {0: 1.0})):
        assert measure(nothing).dropna().empty


@settings(max_examples=25, deadline=None)
@given(
    values=st.dictionaries(
        st.tuples(st.sampled_from(["none", "batch", "noisy"]), st.integers(0, 4)),
        st.floats(0.01, 1),
        min_size=1,
    ),
    order=st.randoms(),
)
def test_networks_are_compared_within_a_seed(
    values: dict[tuple[str, int], float], order: Any
) -> None:
    parts = [
        curve("test_accuracy", {0: value}, norm, seed) for (norm, seed), value in values.items()
    ]
    order.shuffle(parts)
    paired = {seed for _, seed in values if {("none", seed), ("batch", seed)} <= values.keys()}
    for measure, combined in (
        (difference(final("test_accuracy"), "batch", "none"), np.subtract),
        (ratio(final("test_accuracy"), "batch", "none"), np.divide),
    ):
        found = measure(together(*parts))
        assert found.to_dict() == {
            seed: combined(values["batch", seed], values["none", seed]) for seed in paired
        }
