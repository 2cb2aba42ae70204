"""Several seeds: means, named intervals and paired differences.

An interval over seeds must not look like a band over step sizes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pandas import DataFrame
from scipy import stats

from bnviz.analysis import thinning
from bnviz.analysis.scales import COSINE, ERROR, LOG, OF_METRIC, SHARE, STATISTICS
from bnviz.analysis.seeds import difference, over_seeds
from bnviz.analysis.thinning import POINTS
from bnviz.figures import comparison, training
from bnviz.figures.landscape import loss_band
from bnviz.figures.metrics import METRICS
from bnviz.figures.style import Time
from bnviz.figures.traces import error_bars
from bnviz.figures.training import training_loss

STEPS = [0, 10, 20]
FINITE = st.floats(-1e6, 1e6)


def curves(values: np.ndarray, norm: str = "batch", lr: float = 0.1, **more: object) -> DataFrame:
    """Return curves from an array: a run (seeds 0, 1, …) per row, a step per column."""
    frames = [
        DataFrame(
            {
                "run": f"{norm}{seed}",
                "norm": norm,
                "lr": lr,
                "seed": seed,
                **more,
                "step": STEPS,
                "value": row,
            }
        )
        for seed, row in enumerate(values)
    ]
    return pd.concat(frames, ignore_index=True)


@settings(max_examples=40)
@given(values=arrays(float, st.tuples(st.integers(2, 6), st.just(3)), elements=FINITE))
def test_mean_and_intervals_agree_with_scipy(values: np.ndarray) -> None:
    n = len(values)
    mean, sem = values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(n)
    half = stats.t.ppf(0.975, n - 1) * sem
    ends = {
        "t": (mean - half, mean + half),
        "range": (values.min(axis=0), values.max(axis=0)),
        "sd": (mean - sem * np.sqrt(n), mean + sem * np.sqrt(n)),
    }
    for statistic, (low, high) in ends.items():
        table = over_seeds(curves(values), {"value": "plain"}, statistic)
        assert table["step"].tolist() == STEPS and set(table["n"]) == {n}
        assert set(table["interval"]) == {STATISTICS[statistic]}
        for name, expected in (("value", mean), ("value_from", low), ("value_to", high)):
            np.testing.assert_allclose(table[name], expected, rtol=1e-9, atol=1e-6)


def test_a_single_seed_has_no_interval_and_networks_are_not_mixed() -> None:
    several = pd.concat(
        [
            curves(np.ones((3, 3))),
            curves(np.zeros((1, 3)), "none"),
            curves(np.zeros((2, 3)), lr=0.5),
        ]
    )
    table = over_seeds(several, {"value": "plain"}, "range")
    assert table.groupby(["norm", "lr"])["n"].first().to_dict() == {
        ("batch", 0.1): 3,
        ("batch", 0.5): 2,
        ("none", 0.1): 1,
    }
    assert table["run"].nunique() == 3
    alone = table[table["n"] == 1]
    assert alone["value_from"].isna().all() and alone["value_to"].isna().all()


def test_a_seed_that_overflows_leaves_a_gap_and_a_seed_that_is_behind_reduces_n() -> None:
    # Seed 1 has not reached step 20.
    lagging = curves(np.array([[1, np.nan, 3], [2.0, 2, 5]])).drop(index=5)
    table = over_seeds(lagging, {"value": "plain"}, "t")
    assert table["n"].tolist() == [2, 2, 1]
    assert np.isnan(table["value"][1])
    assert table["value"][[0, 2]].tolist() == [1.5, 3]


def test_differences_are_paired_by_seed_and_step() -> None:
    shared = np.array([[1, 2, 3], [10, 20, 30], [5, 5, 5.0]])
    ours = curves(shared + 2, layer="conv1", metric="ics_l2")
    theirs = curves(shared[:2], "none", layer="conv1", metric="ics_l2")
    less = difference(ours, {"value": "plain"}, theirs)
    assert sorted(set(less["seed"])) == [0, 1]  # the baseline has no seed 2
    assert set(less["value"]) == {2}
    # The variation that the networks share has cancelled.
    assert over_seeds(less, {"value": "plain"}, "sd")["value_to"].tolist() == [
        2,
        2,
        2,
    ]


def test_thinning_keeps_the_ends_of_intervals() -> None:
    random = np.random.default_rng(0).standard_cauchy((3, 5000))
    long = pd.concat(
        DataFrame(
            {
                "run": f"r{s}",
                "norm": "batch",
                "lr": 0.1,
                "seed": s,
                "step": range(5000),
                "value": row,
            }
        )
        for s, row in enumerate(random)
    )
    table = over_seeds(long, {"value": "plain"}, "range")
    drawn = thinning.drawn(table)
    assert len(drawn) <= POINTS
    assert (drawn["value_from"].min(), drawn["value_to"].max()) == (random.min(), random.max())
    assert list(drawn.columns) == list(table.columns)


def test_an_interval_over_seeds_is_hatched_without_edges_and_named() -> None:
    values = np.random.default_rng(0).uniform(0.2, 0.8, (3, 3))
    frame = over_seeds(curves(values), {"value": "test_accuracy"}, "t")
    fig = training.test_accuracy(frame, Time(20))
    areas = [trace for trace in fig.data if trace.fill == "tonexty"]
    assert [(area.fillpattern.shape, area.line.width) for area in areas] == [("/", 0)]
    np.testing.assert_allclose(areas[0].y, frame["value_to"], rtol=1e-6)
    named = [trace.name for trace in fig.data if trace.showlegend is not False]
    assert named == ["BatchNorm · n = 3", f"{SHARE.interval('t')} over seeds"]


def test_around_a_band_over_step_sizes_an_interval_is_whiskers() -> None:
    edges = curves(np.random.default_rng(0).uniform(1, 2, (3, 3)))
    bands = edges.rename(columns={"value": "loss_low"}).assign(
        loss_high=edges["value"] + 1, eta_min=0.05
    )
    frame = over_seeds(bands, {"loss_low": "loss", "loss_high": "loss"}, "range")
    fig = loss_band(frame, Time(20))
    assert all(trace.fillpattern.shape is None for trace in fig.data)
    up, down = (
        trace.error_y
        for trace in fig.data
        if trace.error_y.array is not None and trace.y[0] > 0 and trace.mode == "markers"
    )
    assert {up.type, down.type} == {"data"}
    assert "mean of logarithms, minimum to maximum over seeds" in [
        trace.name for trace in fig.data if trace.showlegend is not False
    ]


def test_a_network_with_one_seed_has_no_interval_beside_networks_with_three() -> None:
    mixed = pd.concat(
        [curves(np.random.default_rng(0).uniform(1, 2, (3, 3))), curves(np.ones((1, 3)), "none")]
    )
    fig = training.test_accuracy(over_seeds(mixed, {"value": "plain"}, "t"), Time(20))
    # One network has an interval, drawn with two edges.
    assert sum(trace.line.width == 0 and trace.showlegend is False for trace in fig.data) == 2


# Scales


def ends(values: np.ndarray, quantity: str, statistic: str = "t") -> np.ndarray:
    """Return lower end, mean and upper end over the seeds (rows), a line for each step."""
    table = over_seeds(curves(values), {"value": quantity}, statistic)
    return table[["value_from", "value", "value_to"]].to_numpy()


def t_interval(values: np.ndarray) -> np.ndarray:
    """Return lower end, mean and upper end of a plain t-interval over the rows."""
    found = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    return np.array([found.low, values.mean(axis=0), found.high]).T


def test_a_loss_has_the_interval_of_its_logarithms() -> None:
    values = np.array([[1.0, 2, 1e-3], [100, 2.5, 1], [10, 3, 1e3]])
    np.testing.assert_allclose(ends(values, "train_loss"), np.exp(t_interval(np.log(values))))
    np.testing.assert_allclose(ends(values, "train_loss")[:, 1], stats.gmean(values))
    # The logarithms of 1, 10 and 100 have the standard deviation ln 10.
    np.testing.assert_allclose(ends(values, "train_loss", "sd")[0], [1, 10, 100])
    np.testing.assert_allclose(ends(values, "train_loss", "range")[0], [1, 10, 100])


def test_a_cosine_has_the_interval_of_fisher_s_z() -> None:
    values = np.array([[0.9, -0.2, 0.5], [0.99, 0.1, 0.5], [0.7, 0.3, 0.5]])
    expected = np.tanh(t_interval(np.arctanh(values[:, :2])))
    np.testing.assert_allclose(ends(values, "ics_cosine")[:2], expected)
    np.testing.assert_allclose(ends(values, "ics_cosine")[2], 0.5)


def test_a_cosine_of_one_is_averaged_to_one() -> None:
    np.testing.assert_allclose(ends(np.ones((3, 3)), "ics_cosine"), 1, atol=1e-7)
    np.testing.assert_allclose(ends(-np.ones((1, 3)), "ics_cosine")[:, 1], -1, atol=1e-7)


def test_an_accuracy_has_a_plain_interval_that_is_cut_at_0_and_1() -> None:
    values = np.array([[0.5, 0.0, 1.0], [0.6, 0.1, 0.9], [0.7, 0.0, 1.0]])
    plain = t_interval(values)
    assert plain[1, 0] < 0 and plain[2, 2] > 1
    np.testing.assert_allclose(ends(values, "test_accuracy"), np.clip(plain, 0, 1))
    errors = ends(1 - values[:, [0, 0, 0]] * [1, 1, 1.4], "test_error")
    assert (errors[:2, 2] < 1).all() and errors[2, 2] == 1


@settings(max_examples=60)
@given(
    values=arrays(float, st.tuples(st.integers(2, 6), st.just(3)), elements=st.floats(0, 1)),
    quantity=st.sampled_from(["train_loss", "beta", "test_error", "ics_cosine", "accuracy"]),
    statistic=st.sampled_from(sorted(STATISTICS)),
)
def test_the_ends_enclose_the_mean_and_stay_in_the_range(
    values: np.ndarray, quantity: str, statistic: str
) -> None:
    placed = 2 * values - 1 if quantity == "ics_cosine" else values
    if quantity in ("train_loss", "beta", "test_error"):
        placed = np.maximum(values, 1e-6)
    low, mean, high = ends(placed, quantity, statistic).T
    room = 1e-9 * (1 + abs(mean))
    assert (low <= mean + room).all() and (mean <= high + room).all()
    if quantity == "ics_cosine":
        assert (low >= -1).all() and (high <= 1).all()
    elif quantity == "accuracy":
        assert (low >= 0).all() and (high <= 1).all()
    else:
        assert (low > 0).all()
    assert quantity != "test_error" or (high <= 1).all()


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_logarithmic_quantity_at_zero_or_below_leaves_a_gap(value: float, statistic: str) -> None:
    found = ends(np.array([[1, 2, value], [1, 3, 4.0]]), "train_loss", statistic)
    assert np.isfinite(found[:2]).all() and np.isnan(found[2]).all()


def test_each_measure_of_the_covariate_shift_has_a_scale_of_its_own() -> None:
    values = np.array([[0.5, 0.6, 0.7], [0.9, 0.8, 0.99]])
    shift = pd.concat([curves(values, metric=name) for name in ("ics_l2", "ics_cosine")])
    table = over_seeds(shift, {"value": OF_METRIC}, "t").set_index("metric")
    for name, scale in (("ics_l2", LOG), ("ics_cosine", COSINE)):
        found = table.loc[name, ["value_from", "value", "value_to"]].to_numpy(float)
        np.testing.assert_allclose(found, ends(values, name))
        assert set(table.loc[name, "interval"]) == {scale.interval("t")}
    empty = over_seeds(shift.iloc[:0], {"value": OF_METRIC}, "t")
    assert empty.empty and list(empty) == list(over_seeds(shift, {"value": OF_METRIC}, "t"))


def test_the_name_of_an_interval_says_how_it_was_computed() -> None:
    assert LOG.interval("t") == "mean of logarithms, 95% t-interval"
    assert COSINE.interval("sd") == "mean of Fisher's z, ± one standard deviation"
    assert SHARE.interval("t") == "95% t-interval cut at 0 and 100%"
    assert SHARE.interval("range") == "minimum to maximum"
    assert ERROR.interval("t") == "mean of logarithms, 95% t-interval cut at 100%"


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_on_a_logarithmic_axis_is_averaged_by_its_logarithms(name: str) -> None:
    averages = comparison.COMPARISONS[f"overlay-{name}"].averages
    values = np.array([[1.0, 1, 1], [4, 4, 4]]) / (4 if METRICS[name].percent else 1)
    mean = ends(values, averages["value"], "sd")[0, 1]
    if METRICS[name].log:
        assert mean == pytest.approx(2.0)
    elif name != "shift-cosine":
        assert mean == pytest.approx(values.mean())


def test_a_figure_draws_the_numbers_of_its_table_as_the_interval() -> None:
    values = np.array([[1e-3, 0.1, 0.5], [1, 0.2, 0.6], [1e-1, 0.9, 0.7]])
    frame = over_seeds(
        curves(values).rename(columns={"value": "mean"}), {"mean": "train_loss"}, "t"
    )
    figure = training_loss(frame, Time(20))
    below, above = figure.data[:2]
    np.testing.assert_allclose(below.y, frame["mean_from"], rtol=1e-6)
    np.testing.assert_allclose(above.y, frame["mean_to"], rtol=1e-6)
    named = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert named[-1] == "mean of logarithms, 95% t-interval over seeds"


def test_an_end_that_a_logarithmic_axis_cannot_show_leaves_a_gap_and_no_floor() -> None:
    keys = {"run": "b", "norm": "batch", "lr": 0.1, "seed": -1, "interval": "any", "n": 3}
    frame = DataFrame(
        {**keys, "step": range(4), "mean": 0.5, "mean_from": [0.2, -0.1, 0.3, 0.4], "mean_to": 0.9}
    )
    figure = training_loss(frame, Time(4))
    edges = [trace for trace in figure.data if trace.showlegend is False]
    drawn = [(float(x), float(y)) for trace in edges for x, y in zip(trace.x, trace.y, strict=True)]
    assert {x for x, _ in drawn} == {0, 2, 3}
    assert min(y for _, y in drawn) == pytest.approx(0.2)
    bar = error_bars(frame, "mean", log=True)["error_y"]
    assert np.isnan(bar["arrayminus"]).tolist() == [False, True, False, False]
    assert np.isnan(bar["array"]).tolist() == [False, True, False, False]
    assert np.isfinite(error_bars(frame, "mean")["error_y"]["arrayminus"]).all()
