"""Sweeps: their runs, the final values of these runs, and the figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from plotly.colors import sample_colorscale
from scipy.stats import t as student

from bnviz import sweeps
from bnviz.analysis.ends import End, ends, telling
from bnviz.analysis.rows import KEYS
from bnviz.analysis.scales import SHARE, scale_of
from bnviz.figures import panel as panels
from bnviz.figures.style import style
from bnviz.figures.sweep import SHADES, SWEEP, SWEEP_MAP, _ink
from bnviz.presets import PRESETS
from bnviz.runs.parts import SCHEMA
from bnviz.spec import RunSpec, SpecError
from bnviz.sweeps import ENDS, SWEEPS
from tests.conftest import tiny_spec

NOISE = ("noise_mean", "noise_scale", "noise_mean_spread", "noise_scale_spread")
QUICK = PRESETS["quick"]
PROBES = {"accuracy": 1, "evaluation": 5, "landscape": 2}


def pair(*seeds: int) -> list[RunSpec]:
    """Return settings of a standard and a BatchNorm network, 20 steps each."""
    return [
        tiny_spec(norm=norm, seed=seed, steps=20, lr=0.1, probes=PROBES)
        for norm in ("none", "batch")
        for seed in seeds or (0,)
    ]


def rows(spec: RunSpec, metric: str, values: dict[int, Any], at: Any = np.nan) -> DataFrame:
    """Return rows of one metric. `values` maps a step to a value, or to one for each `at`."""
    each = np.array([*values.values()], dtype=float).reshape(len(values), -1)
    frame = {
        "step": np.repeat([*values], each.shape[1]),
        "at": np.resize(at, each.size),
        "value": each.ravel(),
    }
    same = {
        "run": spec.id,
        "norm": spec.norm,
        "lr": spec.lr,
        "seed": spec.seed,
        "metric": metric,
        "layer": None,
        "unit": np.nan,
    }
    return DataFrame(frame).assign(**same).astype({"layer": object})


def trained(spec: RunSpec, level: float, steps: int = 20, diverged: bool = False) -> DataFrame:
    """Return rows of a run that has trained for some steps.

    Its accuracy is the step times `level`, and its loss ten times that.
    """
    curve = {step: level * step for step in range(steps)}
    losses = {step: 10 * value for step, value in curve.items()} | (
        {steps: np.nan} if diverged else {}
    )
    return pd.concat(
        [rows(spec, "train_accuracy", curve), rows(spec, "train_loss", losses)], ignore_index=True
    )


def nothing() -> DataFrame:
    """Return a table without rows."""
    return SCHEMA.empty_table().to_pandas().assign(run="", norm="", lr=0.0, seed=0)


# The runs of a sweep


def test_a_sweep_has_every_run_at_every_value() -> None:
    asked = SWEEPS["lr"].specs(QUICK.specs(), " 0.02, 0.2 ,")
    assert [spec.id for spec in asked] == [
        spec.id for lr in (0.02, 0.2) for spec in QUICK.specs(lr=lr)
    ]
    wide = SWEEPS["width"].specs(QUICK.specs(), "0.25,1")
    assert [spec.id for spec in wide] == [
        spec.id for width in (0.25, 1.0) for spec in QUICK.specs(width=width)
    ]


def test_one_number_scales_all_the_papers_noise_and_0_switches_it_off() -> None:
    noisy = tiny_spec(norm="noisy")
    chosen = {
        level: [getattr(SWEEPS["noise"].spec_at(noisy, level), name) for name in NOISE]
        for level in ("0", "1", "2")
    }
    assert chosen == {"0": [0, 1, 0, 0], "1": [0.5, 1.25, 0.1, 0.1], "2": [1, 1.5, 0.2, 0.2]}
    assert SWEEPS["noise"].spec_at(noisy, "1").id == noisy.id


def test_networks_without_noise_run_once() -> None:
    asked = SWEEPS["noise"].specs(QUICK.specs(), "0, 0.5, 1")
    assert sorted(spec.norm for spec in asked) == ["batch", "noisy", "noisy", "noisy", "none"]
    assert {spec.id for spec in QUICK.specs()} <= {spec.id for spec in asked}


def test_depth_means_another_vgg_or_more_layers_of_the_linear_network() -> None:
    assert [spec.model for spec in SWEEPS["depth"].specs([tiny_spec()], "11,19")] == [
        "vgg11",
        "vgg19",
    ]
    linear = PRESETS["dln"].specs()[:1]
    assert [spec.depth for spec in SWEEPS["depth"].specs(linear, "5,50")] == [5, 50]


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize("preset", ["quick", "class", "dln"])
def test_suggested_values_are_valid_and_include_the_value_of_the_preset(
    name: str, preset: str
) -> None:
    specs = PRESETS[preset].specs(norm="noisy")
    asked = SWEEPS[name].specs(specs, ",".join(map(str, SWEEPS[name].suggested(specs[0]))))
    assert specs[0].id in {spec.id for spec in asked}
    assert sweeps.turned(asked) is SWEEPS[name]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("lr", "0.1", "a sweep of lr takes at least two values, separated by commas, got '0.1'"),
        ("lr", "0.1, 0.10", "at least two values"),
        ("lr", ",", "at least two values"),
        ("lr", "0.1, fast", "lr must be a number above 0"),
        ("lr", "0.1, nan", "lr must be a number above 0"),
        ("width", "1, 0.001", "choose a width of at least"),
        ("depth", "11, 12", "depth of vgg11 must be one of 11, 13, 16, 19, got '12'"),
        (
            "noise",
            "1, loud",
            "noise must be a number, in multiples of the paper's noise, got 'loud'",
        ),
        ("noise", "1, -1", "noise must be between 0 and 100"),
        ("noise", "1, nan", "noise must be between 0 and 100"),
        ("noise", "1, 2", "noise changes nothing in none or batch; choose one of noisy, noise"),
        (
            "lr",
            ",".join(map(str, range(1, 32))),
            "that would be 62 runs; choose at most 60 at a time",
        ),
    ],
)
def test_wrong_values_give_a_one_sentence_error(name: str, text: str, says: str) -> None:
    with pytest.raises(SpecError) as problem:
        SWEEPS[name].specs(pair(), text)
    assert says in str(problem.value) and "\n" not in str(problem.value)


def test_a_network_of_one_depth_says_so() -> None:
    with pytest.raises(SpecError, match="mlp has one depth only"):
        SWEEPS["depth"].specs([RunSpec.of(model="mlp", data="mnist-sample")], "2,3")


def test_a_sweep_on_the_command_line() -> None:
    assert sweeps.turn("lr=0.1,1") == (SWEEPS["lr"], "0.1,1")
    for text in ("lr", "speed=1,2", ""):
        with pytest.raises(SpecError, match="SETTING one of lr, noise, width, depth"):
            sweeps.turn(text)


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(["lr", "noise", "width"]), st.floats(0.02, 50))
def test_a_run_is_drawn_at_its_value(name: str, value: float) -> None:
    asked = SWEEPS[name].spec_at(tiny_spec(norm="noisy"), repr(value))
    assert SWEEPS[name].place(asked) == pytest.approx(value, rel=1e-15)


# Final values


def test_every_final_value_of_a_finished_run() -> None:
    spec, etas = pair()[0], [0.1, 0.2]
    measured = [
        trained(spec, 0.01),
        rows(spec, "test_accuracy", {0: 0.1, 15: 0.9, 20: 0.5}),
        rows(spec, "loss_along", {0: [1, 3], 10: [1, np.inf], 19: [2, 6]}, etas),
        rows(spec, "gradient_distance", {0: [0.1, 0.2], 10: [1, 1], 19: [0.4, 0.4]}, etas),
        rows(spec, "gradient_norm", {0: 1.0, 10: 1.0, 19: 2.0}),
    ]
    found = {end: ends(pd.concat(measured), end, {spec.id: 20}).iloc[0] for end in ENDS}
    assert {end: row["value"] for end, row in found.items()} == pytest.approx(
        {
            "accuracy": 0.185,  # steps 18 and 19
            "loss": 1.85,
            "test_accuracy": 0.5,
            "loss_band": (2 + 4) / 2,  # the measurement that overflowed does not count
            "beta": np.median([1.0, 10.0, 2.0]),
            "lost": 0.0,
        }
    )
    assert all((row["step"], row["diverged"]) == (20, 0) for row in found.values())


def test_a_diverged_run_has_no_final_value_except_the_share_lost() -> None:
    spec = pair()[0]
    for end in ENDS:
        (row,) = ends(trained(spec, 0.1, 5, diverged=True), end, {spec.id: 20}).itertuples()
        assert row.diverged == 1
        assert row.value == 0.75 if end == "lost" else np.isnan(row.value)


@pytest.mark.parametrize("end", ENDS)
def test_a_run_has_no_final_value_before_its_last_tenth(end: End) -> None:
    spec = pair()[0]
    assert ends(trained(spec, 0.1, 18), end, {spec.id: 20}).empty
    assert ends(nothing(), end, {spec.id: 20}).empty
    assert len(ends(trained(spec, 0.1, 19), "accuracy", {spec.id: 20})) == 1


def test_the_final_values_need_few_rows() -> None:
    first, second = pair()
    measured = [
        trained(first, 0.01),
        trained(second, 0.1, 5, diverged=True),
        rows(first, "test_accuracy", {0: 0.1, 20: 0.5}),
    ]
    every, steps = pd.concat(measured, ignore_index=True), {first.id: 20, second.id: 20}
    few = telling(every, steps)
    # Needed: two steps of accuracy and loss, one non-finite loss, two evaluations.
    assert len(few) == 2 * 2 + 1 + 2
    for end in ENDS:
        pd.testing.assert_frame_equal(ends(few, end, steps), ends(every, end, steps))


def test_the_last_tenth_of_a_short_run_is_its_last_step() -> None:
    spec = pair()[0]
    (row,) = ends(trained(spec, 0.1, 6), "accuracy", {spec.id: 6}).itertuples()
    assert row.value == pytest.approx(0.5)


def test_a_final_value_that_cannot_be_measured_is_not_offered() -> None:
    assert sweeps.ends(pair()) == list(ENDS)
    assert sweeps.ends(PRESETS["dln"].specs()) == ["loss", "loss_band", "beta", "lost"]
    assert sweeps.ends([tiny_spec(probes={"accuracy": 1})]) == ["accuracy", "loss", "lost"]
    assert sweeps.end_of(pair(), "") == "accuracy"
    with pytest.raises(ValueError, match="one of loss, loss_band, beta, lost, got 'accuracy'"):
        sweeps.end_of(PRESETS["dln"].specs(), "accuracy")


def test_every_run_has_a_cell_even_if_it_is_waiting() -> None:
    specs = SWEEPS["lr"].specs(pair(), "0.1,1")
    low, *_, high = specs  # the standard network at 0.1, BatchNorm at 1
    measured = pd.concat([trained(low, 0.01), trained(high, 0.1, 5, diverged=True)])
    table = sweeps.table(measured, specs, "accuracy").set_index(["norm", "knob"])
    assert table["value"].dropna().to_dict() == {("none", 0.1): pytest.approx(0.185)}
    assert table["diverged"].dropna().to_dict() == {("none", 0.1): 0, ("batch", 1.0): 1}
    assert len(table) == 4 and set(table["step"]) == {20}


def test_a_network_without_the_setting_is_drawn_at_every_value() -> None:
    specs = SWEEPS["noise"].specs(
        [*pair(), tiny_spec(norm="noisy", steps=20, lr=0.1, probes=PROBES)], "0,1,2"
    )
    measured = pd.concat([trained(spec, 0.01) for spec in specs])
    table = sweeps.table(measured, specs, "loss")
    assert table.groupby("norm")["knob"].apply(list).to_dict() == {
        norm: [0, 1, 2] for norm in ("none", "batch", "noisy")
    }
    assert table.groupby("norm")["run"].nunique().to_dict() == {"none": 1, "batch": 1, "noisy": 3}


def test_runs_that_differ_in_more_than_one_setting_are_not_a_sweep() -> None:
    specs = SWEEPS["lr"].specs([*pair(), tiny_spec(steps=30, lr=0.1)], "0.1,1")
    with pytest.raises(
        ValueError, match="not a sweep of lr: they differ in more than lr, network and seed"
    ):
        sweeps.table(nothing(), specs, "loss")


# Figures


def swept(
    measured: DataFrame, specs: list[RunSpec], choice: str = "accuracy", statistic: str = "t"
) -> panels.View:
    return panels.view(measured, specs, choice=choice, statistic=statistic)


def lines(figure: Any) -> dict[str, Any]:
    """Return the lines of a figure by their names in the legend."""
    return {trace.name: trace for trace in figure.data if trace.mode == "lines+markers"}


def test_seeds_are_averaged_and_a_diverged_one_leaves_no_mean() -> None:
    specs = SWEEPS["lr"].specs(pair(0, 1, 2), "0.1,1")
    levels = {spec.id: 0.01 * (1 + spec.seed) for spec in specs}
    gone = {spec.id for spec in specs if spec.norm == "none" and spec.lr == 1 and spec.seed == 2}
    measured = [
        trained(spec, levels[spec.id], 5 if spec.id in gone else 20, spec.id in gone)
        for spec in specs
    ]
    numbers, figure = SWEEP.figure(swept(pd.concat(measured), specs))
    at = numbers.set_index(["norm", "knob"])
    means = 18.5 * np.array([0.01, 0.02, 0.03])
    half = student.ppf(0.975, 2) * means.std(ddof=1) / np.sqrt(3)
    assert at.loc[
        ("batch", 1.0), ["value", "value_from", "value_to", "n"]
    ].tolist() == pytest.approx([means.mean(), 0, means.mean() + half, 3])  # the lower end is cut
    assert np.isnan(at.loc[("none", 1.0), "value"]) and at.loc[
        ("none", 1.0), "diverged"
    ] == pytest.approx(1 / 3)
    assert "diverged_from" not in numbers
    assert set(lines(figure)) == {"Standard · n = 3", "BatchNorm · n = 3"}
    assert lines(figure)["BatchNorm · n = 3"].error_y.array == pytest.approx([half, half])
    assert f"{SHARE.interval('t')} over seeds" in {trace.name for trace in figure.data}
    (cross,) = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert (list(cross.x), list(cross.text)) == ([1.0], ["1 of 3 seeds diverged"])


def test_lines_go_through_the_values_and_a_cross_marks_divergence() -> None:
    specs = SWEEPS["lr"].specs(pair(), "0.1,1,10")
    measured = [
        trained(
            spec,
            0.02 * spec.lr / 10,
            5 if spec.norm == "none" and spec.lr == 10 else 20,
            spec.norm == "none" and spec.lr == 10,
        )
        for spec in specs
    ]
    numbers, figure = SWEEP.figure(swept(pd.concat(measured), specs))
    standard, batch = lines(figure)["Standard"], lines(figure)["BatchNorm"]
    assert list(batch.x) == pytest.approx([0.1, 1, 10]) and list(batch.y) == pytest.approx(
        [0.0037, 0.037, 0.37]
    )
    assert list(standard.y)[:2] == pytest.approx([0.0037, 0.037]) and np.isnan(standard.y[2])
    assert (standard.line.color, batch.marker.symbol) == (style("none")[0], style("batch")[2])
    (cross,) = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert (list(cross.x), list(cross.text), cross.marker.symbol) == (
        [10],
        ["diverged at step 5"],
        "x",
    )
    assert list(figure.layout.yaxis2.ticktext) == ["diverged"]
    # The cross is on a separate strip, so that it is not read as a value.
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]
    assert figure.layout.xaxis.type == "log" and list(figure.layout.xaxis.ticktext) == [
        "0.1",
        "1",
        "10",
    ]
    assert list(numbers) == [*KEYS, "knob", "step", "value", "diverged", "metric"]


def test_without_divergence_there_is_no_strip_and_a_small_span_is_linear() -> None:
    specs = SWEEPS["width"].specs(pair(), "0.05,0.1")
    _, figure = SWEEP.figure(swept(pd.concat([trained(spec, 0.01) for spec in specs]), specs))
    assert all(trace.yaxis != "y2" for trace in figure.data)
    assert figure.layout.xaxis.type == "linear"


@pytest.mark.parametrize("end", ["loss", "accuracy"])
def test_losses_are_averaged_by_their_logarithms_and_accuracies_stay_below_1(end: str) -> None:
    specs = SWEEPS["lr"].specs(pair(0, 1), "0.1,1")
    measured = pd.concat(
        [trained(spec, (0.01 if spec.seed else 0.001) * spec.lr**2) for spec in specs]
    )
    numbers, figure = SWEEP.figure(swept(measured, specs, end))
    assert set(numbers["metric"]) == {end}
    if end == "loss":
        assert (numbers["value_from"] > 0).all() and (numbers["value_to"] > 1).any()
    else:
        assert (numbers["value_from"] == 0).any() and (numbers["value_to"] <= 1).all()
    assert figure.layout.yaxis.type == ("log" if end == "loss" else None)
    assert [trace.name for trace in figure.data][-1] == f"{scale_of(end).interval('t')} over seeds"


def words(figure: Any) -> dict[tuple[float, float], str]:
    """Return the text of each cell of a heat map, by (index of value, index of network)."""
    return {(note.x, note.y): note.text for note in figure.layout.annotations if note.text}


def test_a_heat_map_shows_final_values_divergence_and_empty_cells_for_waiting_runs() -> None:
    specs = SWEEPS["lr"].specs(pair(), "0.1,1")
    none, batch, later, _ = specs
    measured = pd.concat(
        [trained(none, 0.01), trained(batch, 0.02), trained(later, 0.1, 5, diverged=True)]
    )
    _, figure = SWEEP_MAP.figure(swept(measured, specs))
    assert np.asarray(figure.data[0].z, dtype=float) == pytest.approx(
        np.array([[0.185, np.nan], [0.37, np.nan]]), nan_ok=True
    )
    assert words(figure) == {(0, 0): "18.5%", (0, 1): "37.0%", (1, 0): "✕<br>diverged<br>at step 5"}
    assert list(figure.layout.xaxis.ticktext) == ["0.1", "1"]
    assert list(figure.layout.yaxis.ticktext) == ["Standard", "BatchNorm"]


def test_a_heat_map_leaves_a_cell_without_a_run_empty() -> None:
    specs = SWEEPS["lr"].specs(pair(), "0.1,1")[:3]
    _, figure = SWEEP_MAP.figure(swept(pd.concat([trained(spec, 0.01) for spec in specs]), specs))
    assert set(words(figure)) == {(0, 0), (0, 1), (1, 0)}


def test_a_heat_map_over_decades_is_coloured_by_the_logarithm() -> None:
    specs = SWEEPS["lr"].specs(pair(), "0.1,1")
    measured = pd.concat([trained(spec, 10.0**place) for place, spec in enumerate(specs)])
    _, figure = SWEEP_MAP.figure(swept(measured, specs, "loss"))
    exponents = np.log10(185) + np.array([[0, 2], [1, 3]])
    assert np.asarray(figure.data[0].z) == pytest.approx(exponents)
    assert words(figure)[1, 1] == "1.85e+05"
    assert list(figure.layout.coloraxis.colorbar.ticktext) == [
        "100",
        "1000",
        "10000",
        "100000",
        "1e+06",
    ]


@pytest.mark.parametrize("panel", [SWEEP, SWEEP_MAP])
@pytest.mark.parametrize("statistic", ["t", "each"])
def test_before_the_first_final_value_the_axes_are_drawn(
    panel: panels.Panel, statistic: str
) -> None:
    specs = SWEEPS["lr"].specs(pair(0, 1), "0.1,1")
    numbers, figure = panel.figure(swept(nothing(), specs, statistic=statistic))
    assert numbers["value"].isna().all()
    assert list(figure.layout.xaxis.ticktext) == ["0.1", "1"]


@pytest.mark.parametrize("share", np.linspace(0, 1, 21))
def test_numbers_are_readable_on_every_colour(share: float) -> None:
    def luminance(colour: Any) -> float:
        parts = np.array(colour)
        return float(
            np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
            @ [0.2126, 0.7152, 0.0722]
        )

    below = luminance(sample_colorscale(SHADES, [share], colortype="tuple")[0])
    ink = {"#000000": 0.0, "#ffffff": 1.0}[_ink(share)]
    assert (max(ink, below) + 0.05) / (min(ink, below) + 0.05) >= 4.5


def test_quick_has_half_of_the_noise() -> None:
    half = SWEEPS["noise"].turned(QUICK.specs()[0], "0.5")
    assert half == {name: PRESETS["quick"].knobs[name] for name in half}
