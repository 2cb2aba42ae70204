"""Several seeds: means, named intervals and paired differences.

An interval over seeds must not look like a band over step sizes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pandas import DataFrame
from scipy import stats

from bnviz.analysis import thinning
from bnviz.analysis.seeds import STATISTICS, difference, over_seeds
from bnviz.analysis.thinning import POINTS
from bnviz.figures import training
from bnviz.figures.landscape import loss_band
from bnviz.figures.style import Time
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
        table = over_seeds(curves(values), ["value"], statistic)
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
    table = over_seeds(several, ["value"], "range")
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
    table = over_seeds(lagging, ["value"], "t")
    assert table["n"].tolist() == [2, 2, 1]
    assert np.isnan(table["value"][1])
    assert table["value"][[0, 2]].tolist() == [1.5, 3]


def test_differences_are_paired_by_seed_and_step() -> None:
    shared = np.array([[1, 2, 3], [10, 20, 30], [5, 5, 5.0]])
    ours = curves(shared + 2, layer="conv1", metric="ics_l2")
    theirs = curves(shared[:2], "none", layer="conv1", metric="ics_l2")
    less = difference(ours, ["value"], theirs)
    assert sorted(set(less["seed"])) == [0, 1]  # the baseline has no seed 2
    assert set(less["value"]) == {2}
    # The variation that the networks share has cancelled.
    assert over_seeds(less, ["value"], "sd")["value_to"].tolist() == [
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
    table = over_seeds(long, ["value"], "range")
    drawn = thinning.drawn(table)
    assert len(drawn) <= POINTS
    assert (drawn["value_from"].min(), drawn["value_to"].max()) == (random.min(), random.max())
    assert list(drawn.columns) == list(table.columns)


def test_an_interval_over_seeds_is_hatched_without_edges_and_named() -> None:
    values = np.random.default_rng(0).uniform(0.2, 0.8, (3, 3))
    frame = over_seeds(curves(values), ["value"], "t")
    fig = training.test_accuracy(frame, Time(20))
    areas = [trace for trace in fig.data if trace.fill == "tonexty"]
    assert [(area.fillpattern.shape, area.line.width) for area in areas] == [("/", 0)]
    np.testing.assert_allclose(areas[0].y, frame["value_to"], rtol=1e-6)
    named = [trace.name for trace in fig.data if trace.showlegend is not False]
    assert named == ["BatchNorm · n = 3", "95 % t-interval over seeds"]


def test_around_a_band_over_step_sizes_an_interval_is_whiskers() -> None:
    edges = curves(np.random.default_rng(0).uniform(1, 2, (3, 3)))
    bands = edges.rename(columns={"value": "loss_low"}).assign(
        loss_high=edges["value"] + 1, eta_min=0.05
    )
    frame = over_seeds(bands, ["loss_low", "loss_high"], "range")
    fig = loss_band(frame, Time(20))
    assert all(trace.fillpattern.shape is None for trace in fig.data)
    up, down = (
        trace.error_y
        for trace in fig.data
        if trace.error_y.array is not None and trace.y[0] > 0 and trace.mode == "markers"
    )
    assert {up.type, down.type} == {"data"}
    assert "minimum to maximum over seeds" in [
        trace.name for trace in fig.data if trace.showlegend is not False
    ]


def test_a_network_with_one_seed_has_no_interval_beside_networks_with_three() -> None:
    mixed = pd.concat(
        [curves(np.random.default_rng(0).uniform(1, 2, (3, 3))), curves(np.ones((1, 3)), "none")]
    )
    fig = training.test_accuracy(over_seeds(mixed, ["value"], "t"), Time(20))
    # One network has an interval, drawn with two edges.
    assert sum(trace.line.width == 0 and trace.showlegend is False for trace in fig.data) == 2


def test_on_a_logarithmic_axis_an_interval_that_reaches_zero_is_open_below() -> None:
    steps = np.arange(4)
    keys = {
        "run": "batch",
        "norm": "batch",
        "lr": 0.1,
        "seed": -1,
        "interval": "95 % t-interval",
        "n": 3,
    }
    frame = pd.DataFrame(
        {**keys, "step": steps, "mean": 0.5, "mean_from": [0.2, -0.1, 0.3, 0.4], "mean_to": 0.9}
    )
    figure = training_loss(frame, Time(4))
    edge = figure.data[0]
    assert edge.y[1] < 1e-20  # far below the axis, so that no floor is drawn
    # The axis ends below the lowest value that it can show.
    assert 0.1 < figure.layout.yaxis.autorangeoptions.clipmin < 0.2
    assert any("over seeds (open below" in (trace.name or "") for trace in figure.data)
    closed = training_loss(frame.assign(mean_from=0.2), Time(4))
    assert not any("open below" in (trace.name or "") for trace in closed.data)
