"""The numbers behind the figures: small tables with known results, and no extreme value lost."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from bnviz.analysis import thinning, training
from bnviz.analysis.covariate_shift import covariate_shift, covariate_shift_at
from bnviz.analysis.distributions import (
    RIDGES,
    changes_in_spreads,
    densities,
    histograms,
    moment_changes,
    moment_drift,
    quantile_bands,
)
from bnviz.analysis.landscape import (
    band_width,
    beta_by_smallest,
    gradient_cosines,
    gradient_norms,
    landscape_bands,
    loss_slice,
    scale_free,
    step_sizes,
    widths,
)
from bnviz.analysis.rows import (
    KEYS,
    default_layers,
    diverged,
    layer_number,
    layers,
    measured_steps,
    newest,
)
from bnviz.analysis.thinning import FACET_POINTS, POINTS
from bnviz.analysis.training import smooth

COLUMNS = [*KEYS, "step", "metric", "layer", "unit", "at", "value"]
ETAS = [0.05, 0.1]


def measured(metric: str, values: dict[int, Any], run: str = "a", **fields: Any) -> DataFrame:
    """Return rows of one metric. `values` maps a step to a value, or to {at: value}."""
    each = np.array([*values.values()], dtype=float).reshape(len(values), -1)
    steps, at = (
        np.repeat(list(values), each.shape[1]),
        np.resize(fields.pop("at", np.nan), each.size),
    )
    same = {
        "run": run,
        "norm": "none",
        "lr": 0.1,
        "seed": 0,
        "metric": metric,
        "layer": None,
        "unit": np.nan,
    }
    rows = DataFrame({"step": steps, "at": at, "value": each.ravel()})
    return rows.assign(**{**same, **fields})[COLUMNS].astype({"layer": object})


def together(*parts: DataFrame) -> DataFrame:
    return pd.concat(parts)


def probed(
    losses: dict[int, Any], distances: dict[int, Any], norms: dict[int, float], **fields: Any
) -> DataFrame:
    """Return rows of the landscape probe."""
    return together(
        measured("loss_along", losses, at=ETAS, **fields),
        measured("gradient_distance", distances, at=ETAS, **fields),
        measured("gradient_norm", norms, **fields),
    )


def empty() -> DataFrame:
    return DataFrame(columns=COLUMNS)


# Layers, steps, runs


def test_layers_come_in_the_order_of_the_network() -> None:
    rows = together(
        *(measured("ics_l2", {0: 1.0}, layer=name) for name in ("fc10", "conv2", "fc9", "conv1"))
    )
    assert layers(rows) == ["conv1", "conv2", "fc9", "fc10"]
    assert layer_number("conv12") == 12


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([], []),
        (["fc1"], ["fc1"]),
        (["fc1", "fc2"], ["fc1", "fc2"]),
        ([f"conv{i}" for i in range(1, 9)] + ["fc9"], ["conv3", "conv5", "fc9"]),
    ],
)
def test_default_layers_are_early_middle_and_late(names: list[str], chosen: list[str]) -> None:
    assert default_layers(names) == chosen


def test_measured_steps() -> None:
    rows = together(
        measured("gradient_norm", {4: 1.0, 0: 1.0}), measured("gradient_norm", {2: 1.0}, run="b")
    )
    assert measured_steps(rows, "gradient_norm") == [0, 2, 4]
    assert measured_steps(rows, "ics_l2") == []


def test_a_run_diverged_at_its_first_loss_that_is_not_finite() -> None:
    rows = together(
        measured("train_loss", {0: 1.0, 1: np.inf, 2: np.nan}),
        measured("train_loss", {0: 1.0, 1: 0.5}, run="b"),
        measured("train_accuracy", {0: np.nan}, run="b"),
        measured(
            "test_loss", {0: np.nan, 2: 1.0}, run="b"
        ),  # the population statistics had not settled
        measured("train_loss", {0: 1.0, 1: 0.5}, run="c"),
        measured(
            "test_loss", {0: 1.0, 2: np.nan}, run="c"
        ),  # parameters after the last step, which no training batch has seen
    )
    assert diverged(rows, dict.fromkeys("abc", 2)) == {"a": 1, "c": 2}


# Training and test


def test_smooth_adds_the_mean_over_the_last_records_to_the_raw_values() -> None:
    drawn = smooth(measured("train_loss", {0: 4.0, 1: 2.0, 2: 6.0, 3: np.nan}), "train_loss", 2)
    assert list(drawn.columns) == [*KEYS, "step", "mean", "low", "high"]
    np.testing.assert_array_equal(drawn["mean"], [4, 3, 4, np.nan])
    np.testing.assert_array_equal(drawn["low"], [4, 2, 6, np.nan])
    np.testing.assert_array_equal(drawn["high"], drawn["low"])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 3000), lag=st.integers(1, 3000))
def test_smooth_loses_no_extreme(seed: int, length: int, lag: int) -> None:
    random = np.random.default_rng(seed)
    values = {"a": random.standard_cauchy(length), "b": random.standard_cauchy(min(lag, length))}
    rows = together(
        *(measured("train_loss", dict(enumerate(v)), run=run) for run, v in values.items())
    )
    drawn = thinning.drawn(smooth(rows, "train_loss", 10))
    for run, points in drawn.groupby("run"):
        assert len(points) <= POINTS
        assert points["low"].min() == values[str(run)].min()
        assert points["high"].max() == values[str(run)].max()
    lagging, leading = (set(drawn.loc[drawn["run"] == run, "step"]) for run in "ba")
    assert lagging <= leading  # all runs share the buckets


def test_test_curve() -> None:
    drawn = training.test_curve(measured("test_accuracy", {0: 0.1, 1000: 0.8}))
    assert drawn[["step", "value"]].to_numpy().tolist() == [[0, 0.1], [1000, 0.8]]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 4000), levels=st.integers(1, 5))
def test_thinned_lines_lose_no_extreme(seed: int, length: int, levels: int) -> None:
    # Few levels give many ties.
    values = np.random.default_rng(seed).integers(levels, size=length).astype(float)
    drawn = thinning.drawn(gradient_norms(measured("gradient_norm", dict(enumerate(values)))))
    assert len(drawn) <= POINTS
    assert (drawn["value"].min(), drawn["value"].max()) == (values.min(), values.max())
    assert np.array_equal(values[drawn["step"]], drawn["value"])


def test_thinned_lines_keep_their_gaps() -> None:
    values = dict.fromkeys(range(2000), 1.0) | dict.fromkeys(range(1000, 1100), np.nan)
    drawn = thinning.drawn(gradient_norms(measured("gradient_norm", values)))
    assert drawn.loc[drawn["value"].isna(), "step"].between(1000, 1099).all()
    assert drawn["value"].isna().any()


# Distributions of activations


LEVELS = [0, 0.05, 0.15, 0.5, 0.85, 0.95, 1]


def activations(name: str, steps: Iterable[int], unit: float = 3.0) -> DataFrame:
    """Return quantiles and a histogram of four bins between 0 and 8, with counts 1, 3, 4, 2."""
    return together(
        measured(
            "activation_histogram",
            {s: [1.0, 3.0, 4.0, 2.0] for s in steps},
            layer=name,
            unit=unit,
            at=[0.0, 2, 4, 6],
        ),
        measured(
            "activation_quantile",
            {s: [0, 0.5, 1.5, 5, 8.5, 9.5, 8] for s in steps},
            layer=name,
            unit=unit,
            at=LEVELS,
        ),
    )


def test_quantile_bands_of_the_unit_or_pooled() -> None:
    rows = together(
        activations("conv1", [0]),
        activations("conv1", [0, 1], unit=np.nan),
        activations("conv2", [0]),
    )
    drawn = quantile_bands(rows, ["conv1"], pooled=False)
    assert list(drawn.columns) == [*KEYS, "layer", "step", "q05", "q15", "q50", "q85", "q95"]
    assert drawn.drop(columns=KEYS).to_numpy().tolist() == [["conv1", 0, 0.5, 1.5, 5, 8.5, 9.5]]
    assert len(quantile_bands(rows, ["conv1"], pooled=True)) == 2


def test_bucketed_quantile_bands_reach_to_the_extremes() -> None:
    values = np.random.default_rng(0).standard_normal((1000, len(LEVELS)))
    rows = measured(
        "activation_quantile", dict(enumerate(values)), layer="conv1", unit=0.0, at=LEVELS
    )
    drawn = thinning.drawn(quantile_bands(rows, ["conv1"], pooled=False))
    assert len(drawn) <= FACET_POINTS
    assert drawn["q05"].min() == values[:, 1].min()
    assert drawn["q95"].max() == values[:, 5].max()


def test_histograms_are_densities() -> None:
    drawn = histograms(activations("conv1", [0, 5]), ["conv1"], pooled=False)
    assert drawn["step"].unique().tolist() == [0, 5]
    first = drawn[drawn["step"] == 0]
    assert first[["left", "right", "density"]].to_numpy().tolist() == [
        [0, 2, 0.05],
        [2, 4, 0.15],
        [4, 6, 0.2],
        [6, 8, 0.1],
    ]
    assert ((first["right"] - first["left"]) * first["density"]).sum() == pytest.approx(1)


def test_a_half_written_histogram_is_not_drawn() -> None:
    whole, half = activations("conv1", [0]), activations("conv1", [5])
    without_bin = together(
        whole, half[(half["metric"] != "activation_histogram") | (half["at"] != 6)]
    )
    without_maximum = together(
        whole, half[(half["metric"] != "activation_quantile") | (half["at"] != 1)]
    )
    for rows in (without_bin, without_maximum):
        assert newest(densities(rows, ("conv1",), pooled=False), 9)["step"].unique().tolist() == [0]


def test_a_constant_activation_has_no_density() -> None:
    counts = measured(
        "activation_histogram", {0: [5.0, 0.0]}, layer="conv1", unit=0.0, at=[1.0, 1.0]
    )
    rows = together(
        counts, measured("activation_quantile", {0: 1.0}, layer="conv1", unit=0.0, at=1.0)
    )
    assert histograms(rows, ["conv1"], pooled=False)["density"].isna().all()


def test_few_ridges_are_drawn_and_they_include_the_first_and_last_step() -> None:
    steps = histograms(activations("conv1", range(100)), ["conv1"], pooled=False)["step"].unique()
    assert len(steps) == RIDGES
    assert (steps[0], steps[-1]) == (0, 99)


def test_histogram_at_is_each_runs_newest() -> None:
    rows = together(activations("conv1", [0, 10, 20]), activations("conv1", [0]).assign(run="b"))
    drawn = newest(densities(rows, ("conv1",), pooled=False), 15)
    assert drawn.groupby("run")["step"].unique().map(list).to_dict() == {"a": [10], "b": [0]}


def test_moment_changes_and_drift() -> None:
    rows = together(
        measured(
            "activation_mean", {0: 1.0, 1: 0.5, 10: 3.0, 11: 7.0, 20: 9.0}, layer="conv1", unit=0.0
        ),
        measured("activation_variance", {0: 2.0, 1: 2.5}, layer="conv1", unit=0.0),
        measured(
            "activation_mean", {0: 5.0, 1: 5.0}, layer="conv1"
        ),  # over all units: another quantity
    )
    changes = moment_changes(rows, ["conv1"])
    assert list(changes.columns) == [*KEYS, "layer", "moment", "step", "value"]
    found = changes[["moment", "step", "value"]].sort_values(["moment", "step"]).to_numpy().tolist()
    assert found == [["mean", 0, 0.5], ["mean", 10, 4.0], ["variance", 0, 0.5]]
    drift = moment_drift(rows, ["conv1"])
    assert drift.loc[drift["moment"] == "mean", ["step", "value"]].to_numpy().tolist() == [
        [0, 0],
        [10, 2],
    ]


# Internal covariate shift


def shifts(values: dict[int, dict[str, float]]) -> DataFrame:
    """Return rows of {step: {layer: l2}}, with a cosine that is a tenth of l2."""
    return together(
        *(
            measured(metric, {step: value * factor}, layer=name)
            for step, by_layer in values.items()
            for name, value in by_layer.items()
            for metric, factor in (("ics_l2", 1), ("ics_cosine", 0.1))
        )
    )


def test_covariate_shift_keeps_the_gap_of_a_zero_gradient() -> None:
    drawn = covariate_shift(
        shifts({0: {"conv2": np.nan}, 5: {"conv2": 2.0, "fc3": 1.0}}), ["conv2"]
    )
    cosine = drawn[drawn["metric"] == "ics_cosine"]
    np.testing.assert_array_equal(cosine[["step", "value"]], [[0, np.nan], [5, 0.2]])


def test_covariate_shift_at_is_the_newest_complete_probe_in_the_order_of_the_network() -> None:
    rows = shifts(
        {0: {"fc10": 1.0, "conv9": 2.0}, 5: {"fc10": 3.0, "conv9": 4.0}, 10: {"conv9": 6.0}}
    )
    drawn = newest(covariate_shift_at(rows), 12)
    l2 = drawn[drawn["metric"] == "ics_l2"]
    assert l2[["layer", "step", "value"]].to_numpy().tolist() == [
        ["conv9", 5, 4.0],
        ["fc10", 5, 3.0],
    ]


# The landscape


def test_landscape_bands_and_effective_beta() -> None:
    rows = probed({0: [3.0, 1.0]}, {0: [4.0, 6.0]}, {0: 2.0})
    drawn = landscape_bands(rows)
    assert list(drawn.columns[4:]) == [
        "step",
        "eta_min",
        "loss_low",
        "loss_high",
        "distance_low",
        "distance_high",
        "beta",
    ]
    # beta is the larger of 4 / (0.05 * 2) and 6 / (0.1 * 2)
    assert drawn.iloc[0, 4:].tolist() == [0, 0.05, 1, 3, 4, 6, 40]
    width = band_width(drawn)[["step", "loss", "distance", "loss_log"]]
    assert width.to_numpy().tolist() == [[0, 2, 2, pytest.approx(np.log(3))]]


def test_widths_carry_their_means_on_both_axes() -> None:
    rows = probed(
        {0: [3.0, 1.0], 10: [8.0, 4.0]}, {0: [4.0, 6.0], 10: [1.0, 1.0]}, {0: 2.0, 10: 2.0}
    )
    drawn = widths(landscape_bands(rows))
    assert drawn["value"].tolist() == [2, 4] and drawn["mean"].tolist() == [3, 3]
    assert drawn["log_mean"].tolist() == pytest.approx([np.log(6) / 2] * 2)


def test_the_mean_width_of_a_band_that_overflowed_is_not_a_number() -> None:
    rows = probed(
        {0: [3.0, 1.0], 10: [np.inf, 4.0]}, {0: [4.0, 6.0], 10: [1.0, 1.0]}, {0: 2.0, 10: 2.0}
    )
    assert widths(landscape_bands(rows))[["mean", "log_mean"]].isna().all(axis=None)


def test_cosines_are_a_range_over_the_step_sizes_and_a_line_after_one_step() -> None:
    rows = together(
        probed({0: [3.0, 1.0]}, {0: [4.0, 6.0]}, {0: 2.0}),
        measured("gradient_cosine", {0: [0.5, -0.25]}, at=ETAS),
    )
    [drawn] = gradient_cosines(rows).itertuples()
    assert (drawn.cosine_low, drawn.cosine_high, drawn.cosine) == (-0.25, 0.5, -0.25)  # lr is 0.1


def test_a_run_that_recorded_no_cosine_has_none() -> None:
    assert gradient_cosines(probed({0: [3.0, 1.0]}, {0: [4.0, 6.0]}, {0: 2.0})).empty


def test_scale_free_numbers() -> None:
    rows = together(
        probed({0: [3.0, 1.0]}, {0: [4.0, 6.0]}, {0: 2.0}), measured("weight_norm", {0: 3.0})
    )
    drawn = scale_free(rows).set_index("metric")["value"]
    assert drawn.to_dict() == pytest.approx({"relative": 6 / 2, "normalised": 40 * 3**2})


@settings(max_examples=25)
@given(
    distances=st.lists(st.floats(0.1, 10), min_size=2, max_size=2),
    norm=st.floats(0.1, 10),
    factor=st.floats(0.1, 10),
)
def test_scale_free_numbers_do_not_depend_on_the_scale_of_the_weights(
    distances: list[float], norm: float, factor: float
) -> None:
    """With weights c times as long, gradients of a scale-invariant loss are 1/c times as long."""

    def numbers(scale: float) -> list[float]:
        rows = together(
            probed({0: [1.0, 2.0]}, {0: [d / scale for d in distances]}, {0: norm / scale}),
            measured("weight_norm", {0: 3.0 * scale}),
        )
        # The step sizes grow by c² so that the weights move by the same share of their length.
        longer = rows.assign(at=rows["at"] * scale**2, lr=rows["lr"] * scale**2)
        return scale_free(longer).sort_values("metric")["value"].tolist()

    assert numbers(factor) == pytest.approx(numbers(1.0))


def test_beta_by_the_smallest_step_size_leaves_the_smaller_ones_out() -> None:
    rows = probed({0: [3.0, 1.0]}, {0: [4.0, 6.0]}, {0: 2.0})
    drawn = beta_by_smallest(rows).set_index("multiple")["beta"]
    assert drawn.to_dict() == pytest.approx({0.5: 40, 1.0: 30})


def test_layer_rows_do_not_enter_the_global_landscape() -> None:
    rows = probed({0: [3.0, 1.0]}, {0: [4.0, 6.0]}, {0: 2.0})
    of_a_layer = together(
        measured("gradient_distance", {0: [9.0, 9.0]}, at=ETAS, layer="conv1"),
        measured("gradient_norm", {0: 9.0}, layer="conv1"),
    )
    assert landscape_bands(together(rows, of_a_layer)).equals(landscape_bands(rows))


def test_the_random_direction_has_a_landscape_of_its_own() -> None:
    rows = together(
        probed({0: [3.0, 1.0]}, {0: [4.0, 6.0]}, {0: 2.0}),
        measured("loss_along_random", {0: [1.0, 2.0]}, at=ETAS),
        measured("gradient_distance_random", {0: [1.0, 1.0]}, at=ETAS),
    )
    drawn = landscape_bands(rows, "random")
    assert drawn[["loss_high", "distance_high", "beta"]].to_numpy().tolist() == [[2, 1, 10]]


@settings(max_examples=25, deadline=None)
@given(written=st.integers(0, 4))
def test_a_half_written_probe_makes_no_false_narrow_band(written: int) -> None:
    whole, half = (probed({s: [3.0, 1.0]}, {s: [4.0, 6.0]}, {s: 2.0}) for s in (0, 10))
    order = half.sort_values("metric", ascending=False)  # the losses come first, the norm last
    for part in (order.iloc[:written], half.iloc[:written]):
        rows = together(whole, part)
        assert landscape_bands(rows)["step"].tolist() == [0]
        assert step_sizes(rows)["step"].unique().tolist() == [0]
    assert landscape_bands(together(whole, half))["step"].tolist() == [0, 10]


def test_the_very_first_half_written_probe_draws_nothing_and_breaks_nothing() -> None:
    rows = measured("loss_along", {0: [3.0, 1.0]}, at=ETAS)
    assert landscape_bands(rows).empty


def test_a_step_that_overflows_is_a_gap_not_a_narrow_band() -> None:
    drawn = landscape_bands(probed({0: [3.0, np.inf]}, {0: [4.0, np.nan]}, {0: 2.0}))
    assert drawn[["loss_low", "loss_high", "distance_high", "beta"]].isna().all(axis=None)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 1500))
def test_bucketed_bands_lose_no_extreme(seed: int, length: int) -> None:
    losses, distances = np.random.default_rng(seed).lognormal(0, 5, (2, length, 2))
    rows = probed(
        dict(enumerate(losses)), dict(enumerate(distances)), dict.fromkeys(range(length), 1.0)
    )
    drawn = thinning.drawn(landscape_bands(rows))
    assert len(drawn) <= POINTS
    assert (drawn["loss_low"].min(), drawn["loss_high"].max()) == (losses.min(), losses.max())
    assert (drawn["distance_low"].min(), drawn["distance_high"].max()) == (
        distances.min(),
        distances.max(),
    )
    assert drawn["beta"].max() == pytest.approx((distances / ETAS).max())


def test_every_probe_has_its_distances() -> None:
    steps = range(0, 1000, 5)
    rows = probed(
        {s: [1.0, 2.0] for s in steps}, {s: [s, 2.0 * s] for s in steps}, dict.fromkeys(steps, 1.0)
    )
    drawn = step_sizes(rows)
    assert drawn["step"].nunique() == 200
    last = drawn[drawn["step"] == 995]
    assert last[["eta", "distance"]].to_numpy().tolist() == [[0.05, 995], [0.1, 1990]]


def test_loss_slice_starts_at_the_training_loss() -> None:
    rows = together(
        probed({0: [3.0, 1.0], 10: [5.0, 4.0]}, {0: [4.0, 6.0], 10: [1.0, 1.0]}, {0: 2.0, 10: 2.0}),
        measured("train_loss", dict.fromkeys(range(20), 7.0)),
    )
    drawn = newest(loss_slice(rows), 15)
    assert drawn[["step", "eta", "loss"]].to_numpy().tolist() == [
        [10, 0, 7],
        [10, 0.05, 5],
        [10, 0.1, 4],
    ]


# Properties of every function


FRAMES: dict[str, tuple[Callable[[DataFrame], DataFrame], list[str]]] = {
    "smooth": (lambda rows: smooth(rows, "train_loss", 5), ["step", "mean", "low", "high"]),
    "test_curve": (training.test_curve, ["step", "value"]),
    "quantile_bands": (
        lambda rows: quantile_bands(rows, ["conv1"], False),
        ["layer", "step", "q05", "q15", "q50", "q85", "q95"],
    ),
    "histograms": (
        lambda rows: histograms(rows, ["conv1"], False),
        ["layer", "step", "left", "right", "density"],
    ),
    "histogram_at": (
        lambda rows: newest(densities(rows, ("conv1",), False), 5),
        ["layer", "step", "left", "right", "density"],
    ),
    "moment_changes": (
        lambda rows: moment_changes(rows, ["conv1"]),
        ["layer", "moment", "step", "value"],
    ),
    "moment_drift": (
        lambda rows: moment_drift(rows, ["conv1"]),
        ["layer", "moment", "step", "value"],
    ),
    "covariate_shift": (
        lambda rows: covariate_shift(rows, ["conv1"]),
        ["layer", "metric", "step", "value"],
    ),
    "covariate_shift_at": (
        lambda rows: newest(covariate_shift_at(rows), 5),
        ["layer", "metric", "step", "value"],
    ),
    "landscape_bands": (
        landscape_bands,
        ["step", "eta_min", "loss_low", "loss_high", "distance_low", "distance_high", "beta"],
    ),
    "band_width": (
        lambda rows: band_width(landscape_bands(rows)),
        ["step", "loss", "distance", "loss_log"],
    ),
    "gradient_norms": (gradient_norms, ["step", "value"]),
    "step_sizes": (step_sizes, ["step", "eta", "distance"]),
    "widths": (
        lambda rows: widths(landscape_bands(rows)),
        ["step", "value", "mean", "log_mean"],
    ),
    "gradient_cosines": (gradient_cosines, ["step", "cosine_low", "cosine_high", "cosine"]),
    "scale_free": (scale_free, ["metric", "step", "value"]),
    "beta_by_smallest": (beta_by_smallest, ["eta", "multiple", "beta"]),
    "changes_in_spreads": (
        lambda rows: changes_in_spreads(rows, ["conv1"]),
        ["layer", "step", "value"],
    ),
    "loss_slice": (lambda rows: newest(loss_slice(rows), 5), ["step", "eta", "loss"]),
}


def everything() -> DataFrame:
    return together(
        measured("train_loss", {0: 2.0, 1: 1.0}),
        measured("test_accuracy", {0: 0.1}),
        activations("conv1", [0]),
        measured("activation_mean", {0: 1.0, 1: 2.0}, layer="conv1", unit=3.0),
        measured("activation_variance", {0: 1.0, 1: 2.0}, layer="conv1", unit=3.0),
        measured("weight_norm", {0: 3.0}),
        measured("gradient_cosine", {0: [0.5, 0.25]}, at=ETAS),
        shifts({0: {"conv1": 1.0}}),
        probed({0: [3.0, 1.0]}, {0: [4.0, 6.0]}, {0: 2.0}),
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", FRAMES)
def test_an_empty_frame_gives_the_same_columns_and_no_rows(name: str) -> None:
    function, columns = FRAMES[name]
    for rows in (empty(), everything().iloc[:0], measured("penalty", {0: 1.0})):
        drawn = function(rows)
        assert drawn.empty
        assert list(drawn.columns) == [*KEYS, *columns]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", FRAMES)
def test_rows_are_left_as_they_are_whatever_their_index_and_dtypes(name: str) -> None:
    function, columns = FRAMES[name]
    rows = everything()
    before = rows.copy()
    drawn = function(rows)
    assert rows.equals(before)
    assert list(drawn.columns) == [*KEYS, *columns]
    assert not drawn.empty
    texts = ["run", "norm", "metric", "layer"]
    categorical = function(rows.astype(dict.fromkeys(texts, "category")))
    assert np.array_equal(categorical[columns].to_numpy(object), drawn[columns].to_numpy(object))
