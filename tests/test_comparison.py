"""Labels that tell runs apart, and the numbers and figures of a comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame
from scipy import stats

from bnviz.analysis import training
from bnviz.analysis.ends import final
from bnviz.analysis.rows import KEYS
from bnviz.analysis.surface import rise
from bnviz.figures import comparison
from bnviz.figures import knobs as knobs_figures
from bnviz.figures import panel as panels
from bnviz.figures import style as style_figures
from bnviz.figures.metrics import METRICS, offered
from bnviz.figures.panel import EACH, View
from bnviz.figures.style import STYLES, ordered_styles
from bnviz.spec import RunSpec
from tests.conftest import tiny_spec

STEPS = 40
ETAS = (0.05, 0.1)


def several(**chosen: tuple[Any, ...]) -> list[RunSpec]:
    """Return the settings of each combination of these values."""
    specs = [tiny_spec(steps=STEPS)]
    for name, values in chosen.items():
        specs = [
            RunSpec.of(**spec.model_dump() | {name: value}) for spec in specs for value in values
        ]
    return specs


def rows_of(spec: RunSpec, metric: str, values: dict[int, float], **fields: Any) -> DataFrame:
    """Return rows of one metric. `values` maps a step to a value."""
    same = {"run": spec.id, "norm": spec.norm, "lr": spec.lr, "seed": spec.seed, "metric": metric}
    rows = DataFrame({"step": list(values), "value": list(values.values())})
    return rows.assign(**{**same, "layer": None, "unit": np.nan, "at": np.nan, **fields}).astype(
        {"layer": object}
    )


def told(specs: list[RunSpec], facet: str = "") -> list[str]:
    return list(dict.fromkeys(knobs_figures.labels(specs, facet).values()))


# Labels


@pytest.mark.parametrize(
    ("chosen", "labels"),
    [
        ({"norm": ("batch", "none")}, ["Standard", "BatchNorm"]),
        ({"lr": (0.5, 0.1, 1e-6)}, ["lr 1e-06", "lr 0.1", "lr 0.5"]),
        ({"width": (1, 0.25), "seed": (0, 1, 2)}, ["Width 0.25", "Width 1"]),
        ({"batch": (1024, 256)}, ["Batch 256", "Batch 1,024"]),
        ({"augment": (True, False)}, ["Augment off", "Augment on"]),
        ({"hidden": ((), (64, 32))}, ["Hidden layers none", "Hidden layers 64, 32"]),
        (
            {"norm": ("batch", "none"), "lr": (0.5, 0.1)},
            ["Standard · lr 0.1", "Standard · lr 0.5", "BatchNorm · lr 0.1", "BatchNorm · lr 0.5"],
        ),
        ({"seed": (0, 1)}, ["BatchNorm"]),
        ({"model": ("vgg13", "vgg11")}, ["vgg11", "vgg13"]),
    ],
)
def test_a_label_names_the_settings_that_vary_in_order_of_their_values(
    chosen: dict[str, Any], labels: list[str]
) -> None:
    assert told(several(**chosen)) == labels


def test_settings_that_vary_together_are_labelled_by_one_and_a_caution_names_the_others() -> None:
    specs = [
        tiny_spec(norm="none", lr=0.1, width=1),
        tiny_spec(norm="batch", lr=0.5, width=1, model="dln", data="gaussian", batch=1000),
    ]
    assert told(specs) == ["Standard", "BatchNorm"]
    besides, data = knobs_figures.cautions(specs)
    assert (
        besides
        == "Not shown in the labels: these runs also differ in Learning rate, Network, Data, Batch."
    )
    assert data.startswith("They are trained on different data (cifar10-sample, gaussian)")
    assert knobs_figures.cautions(several(norm=("none", "batch"), seed=(0, 1))) == []


def test_probe_intervals_are_named_only_if_nothing_else_differs() -> None:
    coarse, fine = tiny_spec(probes={"landscape": 20}), tiny_spec(probes={"landscape": 10})
    assert told([coarse, fine]) == [
        "Landscape along the gradient, every … steps 10",
        "Landscape along the gradient, every … steps 20",
    ]
    other = tiny_spec(probes={"landscape": 10}, norm="none")
    assert told([coarse, other]) == ["Standard", "BatchNorm"]


def test_runs_with_one_label_differ_only_in_their_seed() -> None:
    specs = several(norm=("none", "batch"), lr=(0.1, 0.2), width=(0.25, 0.5), seed=(0, 1))
    named = knobs_figures.labels(specs)
    assert len({(named[spec.id], spec.seed) for spec in specs}) == len(specs) == 16
    for label in set(named.values()):
        of_label = [spec.model_dump(exclude={"seed"}) for spec in specs if named[spec.id] == label]
        assert of_label[0] == of_label[1]


def test_in_small_multiples_the_label_leaves_out_the_setting_of_the_axes() -> None:
    specs = several(norm=("none", "batch"), lr=(0.1, 0.2), seed=(0, 1))
    assert knobs_figures.facets(specs) == ["norm", "lr", "seed"]
    assert told(specs, "lr") == ["Standard", "BatchNorm"]
    assert told(specs, "norm") == ["lr 0.1", "lr 0.2"]
    assert told(specs, "seed") == told(specs)
    assert told(several(norm=("none", "batch")), "norm") == ["Standard", "BatchNorm"]


def test_normalisations_keep_their_style_if_nothing_else_differs() -> None:
    styles = comparison.line_styles(several(norm=("none", "batch"), seed=(0, 1)))
    assert styles == {
        "Standard": (*style_figures.style("none"), 2),
        "BatchNorm": (*style_figures.style("batch"), 2),
    }


def test_another_setting_gives_colours_from_blue_to_red() -> None:
    styles = comparison.line_styles(several(lr=(0.4, 0.1, 0.2)))
    assert [look[0] for look in styles.values()] == ["#3f78c9", "#9060a8", "#d84a4a"]


def test_colour_shows_the_normalisation_unless_another_setting_has_more_values() -> None:
    few = comparison.line_styles(several(norm=("none", "batch"), lr=(0.1, 0.2)))
    assert few["BatchNorm · lr 0.2"][:2] == style_figures.style("batch")[:2]
    assert few["BatchNorm · lr 0.2"][3] > few["BatchNorm · lr 0.1"][3]
    many = comparison.line_styles(several(norm=("none", "batch"), lr=(0.1, 0.2, 0.3)))
    assert many["BatchNorm · lr 0.2"][1] == style_figures.style("batch")[1]
    assert many["BatchNorm · lr 0.2"][0] == many["Standard · lr 0.2"][0] == "#9060a8"


@pytest.mark.parametrize(
    "norms", [("none",), ("none", "batch"), ("none", "batch", "l1", "l2", "linf")]
)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_labels_have_distinct_styles_without_colour(norms: tuple[str, ...], count: int) -> None:
    styles = comparison.line_styles(
        several(norm=norms, lr=tuple(0.1 * (i + 1) for i in range(count)))
    )
    assert len({look[1:] for look in styles.values()}) == len(norms) * count


@pytest.mark.parametrize("count", [1, 2, 8, 14])
def test_ordered_styles_differ_without_colour(count: int) -> None:
    styles = ordered_styles(count)
    assert len({style[1:] for style in styles}) == min(count, len(STYLES))
    assert len({style[0] for style in styles}) == count


def test_an_unknown_baseline_or_setting_gives_a_one_sentence_error() -> None:
    specs = several(norm=("none", "batch"))
    assert comparison.baseline(specs) == "Standard"
    assert comparison.baseline(specs, specs[1].id[:8]) == "BatchNorm"
    with pytest.raises(
        ValueError,
        match=rf"one of the compared runs \({specs[0].id[:8]}, {specs[1].id[:8]}\), got 'zz'",
    ):
        comparison.baseline(specs, "zz")
    with pytest.raises(ValueError, match="by one of norm, got 'lr'"):
        comparison.faceted(specs, "lr")


# Numbers


@pytest.mark.parametrize(
    ("name", "metric", "layer"),
    [
        ("test-accuracy", "test_accuracy", None),
        ("test-loss", "test_loss", None),
        ("penalty", "penalty", None),
        ("gradient-norm", "gradient_norm", None),
        ("hessian-top", "hessian_top", None),
        ("batch-sharpness", "batch_sharpness", None),
        ("gradient-curvature", "gradient_curvature", None),
        ("shift-distance", "ics_l2", "conv2"),
        ("shift-cosine", "ics_cosine", "conv2"),
    ],
)
def test_a_metric_has_the_recorded_values_of_the_network_or_the_layer(
    name: str, metric: str, layer: str | None
) -> None:
    spec, values = tiny_spec(), {3: 0.5, 0: 0.25, 6: np.inf}
    other = {0: 9.0}
    rows = pd.concat(
        [
            rows_of(spec, metric, values, layer=layer),
            rows_of(spec, metric, other, layer="conv9"),
            rows_of(spec, "train_loss", other),
        ]
    )
    curve = METRICS[name].curve(rows, layer or "")
    assert list(curve) == [*KEYS, "step", "value"]
    assert curve["step"].tolist() == [0, 3, 6]
    np.testing.assert_array_equal(curve["value"], [0.25, 0.5, np.nan])
    assert METRICS[name].layers(rows) == (["conv2", "conv9"] if layer else [])


@pytest.mark.parametrize("name", ["training-accuracy", "training-loss"])
def test_training_curves_are_running_means_but_final_values_are_raw(name: str) -> None:
    noise = np.random.default_rng(0).random(STEPS)
    metric = METRICS[name].needs[0]
    rows = rows_of(tiny_spec(), metric, dict(enumerate(noise)))
    assert METRICS[name].measured(rows, "")["value"].tolist() == noise.tolist()
    window = METRICS[name].window
    expected = [noise[max(0, i + 1 - window) : i + 1].mean() for i in range(STEPS)]
    np.testing.assert_allclose(METRICS[name].curve(rows, "")["value"], expected)


def test_metrics_of_the_landscape() -> None:
    spec, parts = tiny_spec(), []
    for metric, at in (("loss_along", (3.0, 1.0)), ("gradient_distance", (4.0, 6.0))):
        parts += [
            rows_of(spec, metric, {0: value}, at=eta) for eta, value in zip(ETAS, at, strict=True)
        ]
    rows = pd.concat([*parts, rows_of(spec, "gradient_norm", {0: 2.0})])
    found = {name: METRICS[name].curve(rows, "")["value"].tolist() for name in offered(rows)}
    assert found == {
        "gradient-norm": [2.0],
        "loss-band": [2.0],
        "gradient-distance": [6.0],
        "effective-beta": [4 / (0.05 * 2)],
    }


def test_moments_of_the_sampled_unit_are_given_at_the_measured_steps() -> None:
    spec = tiny_spec()
    rows = pd.concat(
        [
            rows_of(
                spec,
                f"activation_{moment}",
                {0: 1.0 * sign, 1: 2.0 * sign, 10: 3.0 * sign, 11: 5.0 * sign},
                layer="conv1",
                unit=3.0,
            )
            for moment, sign in (("mean", -1), ("variance", 1))
        ]
    )
    mean, variance = (
        METRICS[f"unit-{moment}"].curve(rows, "conv1") for moment in ("mean", "variance")
    )
    assert mean[["step", "value"]].to_numpy().tolist() == [[0, -1], [10, -3]]
    assert variance[["step", "value"]].to_numpy().tolist() == [[0, 1], [10, 3]]


def test_the_rise_over_the_surface_agrees_with_the_surface_page() -> None:
    spec = tiny_spec()
    points = [(a, b, 10 * a + b) for a in (-1.0, 0.0, 1.0) for b in range(3)]
    rows = pd.concat(
        [rows_of(spec, "surface_loss", {0: loss}, at=a, unit=float(b)) for a, b, loss in points]
    )
    assert (
        METRICS["surface-rise"].curve(rows, "")["value"].tolist()
        == rise(rows)["value"].tolist()
        == [22.0]
    )


def test_only_measured_metrics_are_offered() -> None:
    spec = tiny_spec()
    rows = pd.concat([rows_of(spec, "test_loss", {0: 1.0}), rows_of(spec, "loss_along", {0: 1.0})])
    assert offered(rows) == ["test-loss"]
    assert offered(rows.iloc[:0]) == []


def test_final_is_the_mean_over_the_last_tenth_of_each_run() -> None:
    long, short, young = tiny_spec(steps=100), tiny_spec(steps=20), tiny_spec(steps=100, seed=1)
    curves = pd.concat(
        [
            rows_of(long, "test_loss", {step: float(step) for step in range(100)}),
            rows_of(short, "test_loss", {0: 1.0, 17: 2.0, 18: 4.0, 19: 6.0}),
            rows_of(young, "test_loss", {0: 1.0, 50: 2.0}),
        ]
    )
    curves = training.curve(curves, "test_loss")
    steps = {spec.id: spec.steps for spec in (long, short, young)}
    last = final(curves, steps).set_index("run")["value"]
    assert last.to_dict() == {long.id: 94.5, short.id: 5.0}
    curves.loc[curves["step"] == 95, "value"] = np.nan
    assert np.isnan(final(curves, steps).set_index("run")["value"][long.id])


NETWORKS = several(norm=("none", "batch", "noisy"), seed=(0, 1, 2))
RANDOM = np.random.default_rng(0).random((len(NETWORKS), STEPS))
VALUES = {spec.id: line for spec, line in zip(NETWORKS, RANDOM, strict=True)}


def view(specs: list[RunSpec] = NETWORKS, statistic: str = "t", choice: str = "") -> View:
    """Return a view that compares test losses."""
    rows = pd.concat(
        [rows_of(spec, "test_loss", dict(enumerate(VALUES[spec.id]))) for spec in specs]
    )
    return panels.view(rows, specs, statistic=statistic, choice=choice)


def of(specs: list[RunSpec], norm: str) -> np.ndarray:
    return np.array([VALUES[spec.id] for spec in specs if spec.norm == norm])


def test_the_overlay_averages_runs_that_differ_only_in_their_seed() -> None:
    numbers = comparison.COMPARISONS["overlay-test-loss"].measure(view())
    assert set(numbers["interval"]) == {"mean of logarithms, 95% t-interval"}
    assert set(numbers["n"]) == {3}
    batch = numbers[numbers["label"] == "BatchNorm"]
    lines = np.log(of(NETWORKS, "batch"))
    np.testing.assert_allclose(batch["value"], np.exp(lines.mean(axis=0)))
    half = stats.t.ppf(0.975, 2) * lines.std(axis=0, ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(batch["value_to"], np.exp(lines.mean(axis=0) + half))


def test_differences_are_paired_at_equal_seeds_and_then_averaged() -> None:
    base = next(spec.id for spec in NETWORKS if spec.norm == "batch")
    numbers = comparison.COMPARISONS["difference-test-loss"].measure(view(choice=base))
    assert set(numbers["label"]) == {"Standard", "Noisy BatchNorm"}
    less = of(NETWORKS, "none") - of(NETWORKS, "batch")
    standard = numbers[numbers["label"] == "Standard"]
    np.testing.assert_allclose(standard["value"], less.mean(axis=0))
    half = stats.t.ppf(0.975, 2) * less.std(axis=0, ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(standard["value_from"], less.mean(axis=0) - half)


def test_a_seed_that_the_baseline_lacks_is_left_out_and_named() -> None:
    specs = [spec for spec in NETWORKS if spec.norm != "none" or spec.seed != 1]
    found = comparison.differences(view(specs, EACH), METRICS["test-loss"])
    assert set(zip(found["label"], found["seed"], strict=True)) == {
        (label, seed) for label in ("BatchNorm", "Noisy BatchNorm") for seed in (0, 2)
    }
    assert comparison.unpaired(specs) == ["BatchNorm, seed 1", "Noisy BatchNorm, seed 1"]
    assert comparison.unpaired(NETWORKS) == []


def test_final_values_with_their_paired_differences() -> None:
    table = comparison.finals(view(), METRICS["test-loss"]).set_index("label")
    assert list(table.index) == ["Standard", "BatchNorm", "Noisy BatchNorm"]
    last = {norm: of(NETWORKS, norm)[:, -4:].mean(axis=1) for norm in ("none", "batch", "noisy")}
    np.testing.assert_allclose(table["value"], [stats.gmean(line) for line in last.values()])
    less = last["noisy"] - last["none"]
    row = table.loc["Noisy BatchNorm"]
    assert row["difference"] == pytest.approx(less.mean())
    half = stats.t.ppf(0.975, 2) * less.std(ddof=1) / np.sqrt(3)
    assert (row["difference_to"] - row["difference_from"]) / 2 == pytest.approx(half)
    assert np.isnan(table.loc["Standard", "difference"])
    assert table["n"].tolist() == [3, 3, 3] and table["diverged"].tolist() == [0, 0, 0]


def test_final_values_of_each_seed() -> None:
    table = comparison.finals(view(statistic=EACH), METRICS["test-loss"])
    assert list(zip(table["label"], table["seed"], strict=True))[:4] == [
        ("Standard", 0),
        ("Standard", 1),
        ("Standard", 2),
        ("BatchNorm", 0),
    ]
    np.testing.assert_allclose(table["value"], RANDOM[:, -4:].mean(axis=1))
    np.testing.assert_allclose(
        table["difference"][3:6],
        (of(NETWORKS, "batch") - of(NETWORKS, "none"))[:, -4:].mean(axis=1),
    )


def test_a_diverged_or_unfinished_run_has_a_line_without_a_value() -> None:
    specs = several(norm=("none", "batch", "noisy"))
    rows = pd.concat(
        [
            rows_of(specs[0], "train_loss", {0: 1.0, 1: np.inf}),
            rows_of(specs[1], "train_loss", {0: 1.0, 20: 2.0}),
            rows_of(specs[2], "train_loss", {0: 1.0, 39: 3.0}),
        ]
    )
    table = comparison.finals(panels.view(rows, specs), METRICS["training-loss"])
    np.testing.assert_array_equal(table["value"], [np.nan, np.nan, 3.0])
    assert table["diverged"].tolist() == [1, 0, 0]


def test_runs_of_different_length_can_be_paired_at_their_ends() -> None:
    specs = [tiny_spec(norm="none", steps=10), tiny_spec(norm="batch", steps=20)]
    rows = pd.concat(
        [rows_of(spec, "test_loss", {spec.steps: float(spec.steps)}) for spec in specs]
    )
    table = comparison.finals(panels.view(rows, specs), METRICS["test-loss"])
    assert table["difference"].tolist()[1] == 10.0


# Figures


def names(figure: Any) -> list[str]:
    return [trace.name for trace in figure.data if trace.showlegend is not False]


@pytest.mark.parametrize("kind", ["overlay", "difference", "multiples"])
def test_a_legend_names_each_label_once_with_how_many_seeds(kind: str) -> None:
    numbers, figure = comparison.COMPARISONS[f"{kind}-test-loss"].figure(view())
    base = [] if kind == "difference" else ["Standard · n = 3"]
    *labels, interval = names(figure)
    assert labels == [*base, "BatchNorm · n = 3", "Noisy BatchNorm · n = 3"]
    mean = "" if kind == "difference" else "mean of logarithms, "
    assert interval == f"{mean}95% t-interval over seeds"
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert sum(len(trace.x) for trace in lines) == len(numbers)
    drawn = np.concatenate([np.asarray(trace.y, dtype=float) for trace in lines])
    assert sorted(drawn) == pytest.approx(sorted(numbers["value"]), rel=1e-6)


def test_the_legend_names_no_interval_for_a_single_seed() -> None:
    specs = [spec for spec in NETWORKS if spec.seed == (0 if spec.norm == "none" else 1)]
    _, figure = comparison.COMPARISONS["overlay-test-loss"].figure(view(specs))
    assert names(figure) == ["Standard · n = 1", "BatchNorm · n = 1", "Noisy BatchNorm · n = 1"]


def test_small_multiples_have_axes_for_each_value_in_order() -> None:
    _, figure = comparison.COMPARISONS["multiples-test-loss"].figure(
        view(statistic=EACH, choice="seed")
    )
    assert [note.text for note in figure.layout.annotations] == ["Seed 0", "Seed 1", "Seed 2"]
    assert names(figure) == ["Standard", "BatchNorm", "Noisy BatchNorm"]
    assert {trace.xaxis for trace in figure.data} == {"x", "x2", "x3"}
    assert figure.layout.yaxis2.matches == "y" and figure.layout.xaxis3.matches == "x"


def test_many_small_multiples_fill_several_rows() -> None:
    specs = several(lr=(0.1, 0.2, 0.3, 0.4))
    rows = pd.concat([rows_of(spec, "test_loss", {0: spec.lr}) for spec in specs])
    _, figure = comparison.COMPARISONS["multiples-test-loss"].figure(panels.view(rows, specs))
    assert [note.text for note in figure.layout.annotations] == [
        "lr 0.1",
        "lr 0.2",
        "lr 0.3",
        "lr 0.4",
    ]
    shown = sorted(
        (trace for trace in figure.data if trace.mode == "lines+markers"),
        key=lambda trace: trace.xaxis,
    )
    assert [float(trace.y[0]) for trace in shown] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    bottoms = [figure.layout[trace.yaxis.replace("y", "yaxis")].domain[0] for trace in shown]
    assert bottoms[0] == bottoms[2] > bottoms[3]


def test_a_difference_has_a_line_at_zero_and_names_its_baseline() -> None:
    _, figure = comparison.COMPARISONS["difference-test-loss"].figure(view())
    (line,) = [shape for shape in figure.layout.shapes if shape.y0 == shape.y1]
    assert line.y0 == 0
    assert figure.layout.yaxis.title.text == "Test loss<br>minus Standard"
    assert figure.layout.yaxis.type == "linear"
    assert comparison.COMPARISONS["overlay-test-loss"].figure(view())[1].layout.yaxis.type == "log"


def test_differences_of_accuracies_are_in_percentage_points() -> None:
    specs = several(norm=("none", "batch"), seed=(0, 1))
    rows = pd.concat(
        [
            rows_of(
                spec, "test_accuracy", {0: 0.5 + (spec.seed / 8 if spec.norm == "batch" else 0)}
            )
            for spec in specs
        ]
    )
    numbers, figure = comparison.COMPARISONS["difference-test-accuracy"].figure(
        panels.view(rows, specs, statistic="range")
    )
    (line,) = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert (list(numbers["value"]), list(line.y)) == ([0.0625], [6.25])
    around = [
        list(trace.y) for trace in figure.data if trace.mode == "lines" and trace.y[0] is not None
    ]
    assert around == [[0.0], [12.5]]
    assert figure.layout.yaxis.title.text == "Test accuracy<br>minus Standard, points"
    assert "%" not in figure.layout.yaxis.tickformat
    assert line.hovertemplate == "%{y:+.3~g} points"


def test_the_axis_ends_with_the_longest_run() -> None:
    specs = [tiny_spec(norm="none", steps=10), tiny_spec(norm="batch", steps=300)]
    rows = pd.concat([rows_of(spec, "test_loss", {0: 1.0, spec.steps: 1.0}) for spec in specs])
    _, figure = comparison.COMPARISONS["overlay-test-loss"].figure(panels.view(rows, specs))
    assert list(figure.layout.xaxis.range) == [0, 300]


def test_a_run_that_diverged_ends_in_a_cross() -> None:
    specs = several(norm=("none", "batch"))
    rows = pd.concat(
        [
            rows_of(specs[0], "train_loss", {0: 1.0, 1: 2.0, 2: np.inf}),
            rows_of(specs[1], "train_loss", {0: 1.0}),
        ]
    )
    _, figure = comparison.COMPARISONS["overlay-training-loss"].figure(panels.view(rows, specs))
    (cross,) = [
        trace
        for trace in figure.data
        if trace.marker.symbol == "x" and trace.mode == "markers+text"
    ]
    assert list(cross.text) == ["diverged at step 2"]
    assert cross.legendgroup == "Standard"


@pytest.mark.parametrize("name", comparison.COMPARISONS)
def test_every_panel_says_so_when_nothing_is_measured(name: str) -> None:
    specs = several(norm=("none", "batch"), seed=(0, 1))
    rows = rows_of(specs[0], "step_only", {0: 1.0})
    numbers, figure = comparison.COMPARISONS[name].figure(
        panels.view(rows, specs, layers=["conv1"])
    )
    assert numbers.empty
    assert figure.layout.annotations[0].text == "nothing measured yet"


@pytest.mark.parametrize(("rates", "statistic"), [(2, "range"), (3, "range"), (3, EACH)])
def test_a_long_comparison_stays_small_and_hides_no_extreme(rates: int, statistic: str) -> None:
    specs = several(norm=("none", "batch", "noisy"), lr=(0.1, 0.2, 0.3)[:rates], seed=(0, 1))
    random = np.random.default_rng(0)
    rows = pd.concat(
        [rows_of(spec, "penalty", dict(enumerate(random.random(15_000)))) for spec in specs]
    )
    numbers, figure = comparison.COMPARISONS["overlay-penalty"].figure(
        panels.view(rows, specs, statistic=statistic)
    )
    assert len(figure.to_json()) < 150_000
    ends = ("value", "value") if statistic == EACH else ("value_from", "value_to")
    assert (numbers[ends[0]].min(), numbers[ends[1]].max()) == (
        rows["value"].min(),
        rows["value"].max(),
    )
