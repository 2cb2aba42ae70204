"""The figures: traces, styles and axes. test_analysis.py tests their numbers."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pytest
from pandas import DataFrame

from bnviz.analysis import training as training_numbers
from bnviz.analysis.covariate_shift import covariate_shift, covariate_shift_at
from bnviz.analysis.distributions import (
    RIDGES,
    densities,
    histograms,
    moment_changes,
    moment_drift,
    quantile_bands,
)
from bnviz.analysis.landscape import (
    beta_by_smallest,
    curvature,
    gradient_cosines,
    gradient_norms,
    landscape_bands,
    loss_slice,
    scale_free,
    step_sizes,
    widths,
)
from bnviz.analysis.rows import at_spread_steps, newest
from bnviz.analysis.scales import OF_METRIC
from bnviz.analysis.seeds import over_seeds
from bnviz.analysis.thinning import drawn
from bnviz.analysis.training import smooth
from bnviz.export import as_seen
from bnviz.figures import covariate_shift as covariate_shift_figures
from bnviz.figures import distributions
from bnviz.figures import gradients as gradient_figures
from bnviz.figures import landscape as landscape_figures
from bnviz.figures import training as training_figures
from bnviz.figures.distributions import histogram, ridges
from bnviz.figures.gradients import effective_beta, gradient_predictiveness
from bnviz.figures.landscape import gradient_norm, loss_band
from bnviz.figures.style import SPARE_STYLES, STYLES, UNDER, Time, curves, style
from bnviz.figures.training import training_accuracy, training_loss
from bnviz.papers import reference
from bnviz.papers.reference import counterpart
from bnviz.training.norms import NORMS

STEPS = 1000


def accuracies(rows: DataFrame) -> DataFrame:
    """Return the numbers of the panel of training accuracies."""
    return training_numbers.with_overall(smooth(rows, "train_accuracy", 9))


LAYERS = ["conv1", "conv2", "fc10"]
LEVELS = [0, 0.05, 0.15, 0.5, 0.85, 0.95, 1]
ETAS = np.array([0.05, 0.1, 0.2, 0.4])


def training(
    norm: str, lr: float = 0.1, seed: int = 0, steps: int = STEPS, every: int = 100
) -> DataFrame:
    """Return the rows of a run, with made-up values."""
    random, probes = np.random.default_rng(0), np.arange(0, steps + 1, every)
    columns = {
        "run": f"{norm}-{lr}-{seed}",
        "norm": norm,
        "lr": lr,
        "seed": seed,
        "unit": np.nan,
        "at": np.nan,
    }

    def rows(
        metric: str, where: Any, at: Any = np.nan, layer: str | None = None, **more: Any
    ) -> DataFrame:
        step = np.repeat(where, np.size(at))
        value = random.uniform(0.1, 1, step.size)
        own = {
            "step": step,
            "metric": metric,
            "layer": layer,
            "at": np.resize(at, step.size),
            "value": value,
        }
        return DataFrame({**columns, **own, **more}).astype({"layer": object})

    parts = [rows(metric, np.arange(steps + 1)) for metric in ("train_loss", "train_accuracy")]
    parts += [rows(metric, probes) for metric in ("test_accuracy", "gradient_norm", "weight_norm")]
    parts += [
        rows(metric, probes, ETAS)
        for metric in ("loss_along", "gradient_distance", "gradient_cosine")
    ]
    for layer in LAYERS:
        parts += [rows(metric, probes, layer=layer) for metric in ("ics_l2", "ics_cosine")]
        moments, moment_steps = (
            ("activation_mean", "activation_variance"),
            np.union1d(probes, probes + 1),
        )
        parts += [rows(metric, moment_steps, layer=layer, unit=2.0) for metric in moments]
        parts += [rows("activation_histogram", probes, np.linspace(-1, 1, 40), layer, unit=2.0)]
        quantiles = rows("activation_quantile", probes, LEVELS, layer, unit=2.0)
        parts += [quantiles.assign(value=2 * quantiles["at"])]
    return pd.concat(parts, ignore_index=True)


def landscape(
    draw: Callable[[DataFrame, Time], go.Figure],
) -> Callable[[DataFrame, Time], go.Figure]:
    return lambda rows, time: draw(drawn(landscape_bands(rows)), time)


def few_steps(numbers: DataFrame) -> DataFrame:
    return at_spread_steps(numbers, gradient_figures.CURVES)


FIGURES: dict[str, Callable[[DataFrame, Time], go.Figure]] = {
    "training_accuracy": lambda r, t: training_accuracy(drawn(accuracies(r)), t),
    "training_loss": lambda r, t: training_loss(drawn(smooth(r, "train_loss", 9)), t),
    "test_accuracy": lambda r, t: training_figures.test_accuracy(
        drawn(training_numbers.test_curve(r)), t
    ),
    "quantile_bands": lambda r, t: distributions.quantile_bands(
        drawn(quantile_bands(r, LAYERS, False)), t
    ),
    "ridges": lambda r, t: ridges(histograms(r, LAYERS, False), t),
    "histogram": lambda r, t: histogram(newest(densities(r, tuple(LAYERS), False), 500)),
    "moment_changes": lambda r, t: distributions.moment_changes(
        drawn(moment_changes(r, LAYERS)), t
    ),
    "moment_drift": lambda r, t: distributions.moment_drift(drawn(moment_drift(r, LAYERS)), t),
    "covariate_shift": lambda r, t: covariate_shift_figures.covariate_shift(
        drawn(covariate_shift(r, LAYERS)), t
    ),
    "covariate_shift_at": lambda r, t: covariate_shift_figures.covariate_shift_at(
        newest(covariate_shift_at(r), 500)
    ),
    "loss_band": landscape(loss_band),
    "gradient_predictiveness": landscape(gradient_predictiveness),
    "effective_beta": landscape(effective_beta),
    "gradient_norm": lambda r, t: gradient_norm(drawn(gradient_norms(r)), t),
    "step_sizes": lambda r, t: gradient_figures.step_sizes(few_steps(step_sizes(r)), t),
    "loss_width": lambda r, t: landscape_figures.loss_width(drawn(widths(landscape_bands(r))), t),
    "gradient_cosine": lambda r, t: gradient_figures.gradient_cosine(drawn(gradient_cosines(r)), t),
    "scale_free": lambda r, t: gradient_figures.scale_free(drawn(scale_free(r)), t),
    "beta_by_smallest": lambda r, t: gradient_figures.beta_by_smallest(beta_by_smallest(r)),
    "loss_slice": lambda r, t: landscape_figures.loss_slice(newest(loss_slice(r), 500)),
}
OVER_STEPS = [
    name
    for name in FIGURES
    if name
    not in {
        "ridges",
        "histogram",
        "covariate_shift_at",
        "step_sizes",
        "beta_by_smallest",
        "loss_slice",
    }
]
TITLES = {
    "training_accuracy": ["Steps", "Training accuracy"],
    "training_loss": ["Steps", "Training loss"],
    "test_accuracy": ["Steps", "Test accuracy"],
    "quantile_bands": ["Steps", "Activation"],
    "ridges": ["Activation", "Steps"],
    "histogram": ["Activation", "Density"],
    "moment_changes": [
        "Steps",
        "|μ<sub>t+1</sub> − μ<sub>t</sub>|",
        "|σ²<sub>t+1</sub> − σ²<sub>t</sub>|",
    ],
    "moment_drift": ["Steps", "μ<sub>t</sub> − μ<sub>0</sub>", "σ²<sub>t</sub> − σ²<sub>0</sub>"],
    "covariate_shift": ["Steps", "‖G − G′‖₂", "cos ∠(G, G′)"],
    "covariate_shift_at": ["Layer", "‖G − G′‖₂", "cos ∠(G, G′)"],
    "loss_band": ["Steps", "Loss"],
    "gradient_predictiveness": ["Steps", "‖∇L(θ−ηg) − g‖₂"],
    "effective_beta": ["Steps", "Effective β"],
    "loss_width": ["Steps", "Highest − lowest loss"],
    "gradient_cosine": ["Steps", "cos(∇L(θ−ηg), g)"],
    "scale_free": ["Steps", "‖∇L(θ−lr·g) − g‖ / ‖g‖", "β ‖W‖²"],
    "beta_by_smallest": ["Smallest step size η<sub>min</sub>", "Effective β"],
    "gradient_norm": ["Steps", "‖g‖₂"],
    "step_sizes": ["Step size η", "‖∇L(θ−ηg) − g‖₂"],
    "loss_slice": ["Step size η", "L(θ−ηg)"],
}


@pytest.fixture(scope="module")
def rows() -> DataFrame:
    # The order differs from that of NORMS on purpose.
    return pd.concat([training(norm) for norm in ("noisy", "none", "batch")])


@pytest.fixture(params=FIGURES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def axes(fig: go.Figure, letter: str) -> list[Any]:
    return list(fig.select_xaxes() if letter == "x" else fig.select_yaxes())


def titles(fig: go.Figure) -> list[str]:
    """Return the titles of all axes without repeats, x axes first."""
    found = [axis.title.text for letter in "xy" for axis in axes(fig, letter) if axis.title.text]
    return list(dict.fromkeys(found))


def notes(fig: go.Figure) -> list[str]:
    return [annotation.text for annotation in fig.layout.annotations]


def legend(fig: go.Figure) -> list[str]:
    return [trace.name for trace in fig.data if trace.showlegend is not False]


# Every figure


def test_axes_are_named(name: str, rows: DataFrame) -> None:
    fig = FIGURES[name](rows.iloc[:0], Time(STEPS))
    assert titles(fig) == TITLES[name]
    with_rows = titles(FIGURES[name](rows, Time(STEPS)))
    assert all(any(title.startswith(own) for own in TITLES[name]) for title in with_rows)


@pytest.mark.filterwarnings("error")
def test_an_empty_frame_says_so(name: str) -> None:
    columns = ["run", "norm", "lr", "seed", "step", "metric", "layer", "unit", "at", "value"]
    fig = FIGURES[name](DataFrame(columns=columns), Time(STEPS, diverged={"gone": 3}))
    assert "nothing measured yet" in notes(fig)
    assert not any(np.isfinite(np.asarray(trace.y, dtype=float)).any() for trace in fig.data)


def test_a_figure_with_rows_does_not_say_so(name: str, rows: DataFrame) -> None:
    assert "nothing measured yet" not in notes(FIGURES[name](rows, Time(STEPS)))


def test_colours_of_text_and_background_are_left_to_the_page(name: str, rows: DataFrame) -> None:
    fig = FIGURES[name](rows, Time(STEPS))
    assert fig.layout.template == pio.templates["bnviz"]
    assert (fig.layout.paper_bgcolor, fig.layout.plot_bgcolor, fig.layout.font.color) == (
        None,
        None,
        None,
    )
    assert fig.layout.title.text is None
    for axis in [*axes(fig, "x"), *axes(fig, "y")]:
        assert (axis.gridcolor, axis.color, axis.tickfont.color) == (None, None, None)


def test_the_default_template_does_not_matter(
    name: str, rows: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = FIGURES[name](rows, Time(STEPS)).to_json()
    monkeypatch.setattr(pio.templates, "default", "plotly_dark")
    assert FIGURES[name](rows, Time(STEPS)).to_json() == before


def test_a_normalisation_has_the_same_style_everywhere(name: str, rows: DataFrame) -> None:
    for trace in FIGURES[name](rows, Time(STEPS)).data:
        if (name == "step_sizes" and trace.mode != "lines+markers") or trace.legendgroup is None:
            continue  # these curves are coloured by step
        colour, dash, symbol = STYLES[trace.legendgroup.split("-")[0]]
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        looks = [trace.line.color, trace.fillcolor]
        assert any(
            str(look).startswith((colour, f"rgba({red}, {green}, {blue},")) for look in looks
        )
        assert trace.line.dash in (dash, None)
        assert trace.marker.symbol in (symbol, None)


def test_networks_are_in_the_order_of_norms_and_once_in_the_legend(
    name: str, rows: DataFrame
) -> None:
    fig = FIGURES[name](rows, Time(STEPS))
    labels = [NORMS[norm].label for norm in ("none", "batch", "noisy")]
    if fig.layout.showlegend is False:  # networks side by side: the labels are above them
        assert [note.replace("<br>", " ") for note in notes(fig)[:3]] == labels
    else:
        assert [name.partition(", mean ")[0] for name in legend(fig)[:3]] == labels
        plateau = name in ("effective_beta", "beta_by_smallest")  # a line that marks it
        assert len(legend(fig)) == 3 + plateau


def test_numbers_are_sent_as_float32(name: str, rows: DataFrame) -> None:
    for trace in FIGURES[name](rows, Time(STEPS)).data:
        if trace.legendgroup is not None:
            assert trace.x.dtype == trace.y.dtype == np.float32


def test_the_figure_of_a_long_run_stays_small(name: str) -> None:
    rows = pd.concat([training(norm, steps=15_000) for norm in ("none", "batch", "noisy", "noise")])
    assert len(FIGURES[name](rows, Time(15_000)).to_json()) <= 150_000


def test_learning_rates_and_seeds_are_named_if_there_are_several() -> None:
    runs = [("none", 0.1, 0), ("batch", 0.5, 0), ("batch", 0.1, 0), ("batch", 0.1, 1)]
    frame = gradient_norms(
        pd.concat([training(norm, lr, seed, steps=200) for norm, lr, seed in runs])
    )
    looks = [curve for curve, _ in curves(frame)]
    assert [curve.label for curve in looks] == [
        "Standard · lr 0.1 · seed 0",
        "BatchNorm · lr 0.1 · seed 0",
        "BatchNorm · lr 0.1 · seed 1",
        "BatchNorm · lr 0.5 · seed 0",
    ]
    assert looks[3].width > looks[1].width == looks[2].width == looks[0].width
    assert [c.label for c, _ in curves(frame[frame["norm"] == "none"])] == ["Standard"]


def test_an_unknown_norm_takes_a_free_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NORMS, "later", NORMS["none"])
    monkeypatch.setitem(NORMS, "last", NORMS["none"])
    styles = [style(norm) for norm in [*NORMS, "of another program"]]
    assert len(set(styles)) == len(styles)
    rows = training("of another program", steps=100)
    assert gradient_norm(gradient_norms(rows), Time(100)).data[0].name == "of another program"


def luminance(colour: str) -> float:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_styles_are_distinct_without_colour_and_readable_on_both_backgrounds() -> None:
    styles = [*STYLES.values(), *SPARE_STYLES]
    for part in zip(*styles, strict=True):
        assert len(set(part)) == len(styles)
    for (colour, *_), ground in itertools.product(styles, ("#ffffff", "#0e1117")):
        dark, light = sorted((luminance(colour), luminance(ground)))
        assert (light + 0.05) / (dark + 0.05) >= 3


def test_figures_need_neither_streamlit_nor_torch() -> None:
    heavy = "{'streamlit', 'torch', 'bnviz.runs.store', 'bnviz.ui'}"
    code = f"import sys, bnviz.figures; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "set()"


# Time


@pytest.mark.parametrize("name", OVER_STEPS)
def test_a_run_that_is_behind_shares_the_full_axis(name: str) -> None:
    fig = FIGURES[name](training("none", steps=200), Time(STEPS))
    assert all(axis.range == (0, STEPS) for axis in axes(fig, "x"))
    assert fig.layout.meta["steps"]


def test_more_than_three_lines_in_one_panel_are_named_at_their_ends(rows: DataFrame) -> None:
    four = pd.concat([rows, training("l1").assign(lr=0.1)])
    names = {f"{norm}-0.1-0": NORMS[norm].label for norm in ("none", "batch", "noisy", "l1")}
    for name in ("gradient_norm", "loss_width", "effective_beta", "training_loss"):
        assert FIGURES[name](four, Time(STEPS)).layout.meta["labels"] == names
        assert "labels" not in FIGURES[name](rows, Time(STEPS)).layout.meta
    assert "labels" not in FIGURES["loss_band"](four, Time(STEPS)).layout.meta  # a panel for each
    seeds = [four.assign(seed=seed, value=four["value"] * 2.0**seed) for seed in (0, 1)]
    mean = over_seeds(gradient_norms(pd.concat(seeds)), {"value": "gradient_norm"}, "t")
    assert list(gradient_norm(mean, Time(STEPS)).layout.meta["labels"].values()) == list(
        names.values()
    )


@pytest.mark.parametrize("name", OVER_STEPS)
def test_a_diverged_run_ends_in_a_cross(name: str, rows: DataFrame) -> None:
    lost = (rows["run"] == "batch-0.1-0") & (rows["step"] > 350)
    fig = FIGURES[name](
        rows.assign(value=rows["value"].mask(lost)), Time(STEPS, diverged={"batch-0.1-0": 351})
    )
    crosses = [trace for trace in fig.data if trace.marker.symbol == "x"]
    assert crosses
    for cross in crosses:
        assert cross.legendgroup == "batch-0.1-0"
        assert (cross.hovertemplate, cross.showlegend) == ("diverged at step 351", False)
        assert cross.marker.color == STYLES["batch"][0]
        assert 300 <= cross.x[0] <= 351
    if len(axes(fig, "x")) == 1:
        assert (crosses[0].mode, crosses[0].text) == ("markers+text", ("diverged at step 351",))


def test_no_cross_for_a_run_that_diverged_elsewhere(rows: DataFrame) -> None:
    fig = FIGURES["gradient_norm"](rows, Time(STEPS, diverged={"another run": 3}))
    assert len(fig.data) == 3


# Single figures


def test_a_click_in_the_legend_hides_both_edges_and_the_area_of_a_band(rows: DataFrame) -> None:
    fig = FIGURES["loss_band"](rows, Time(STEPS))
    assert len(fig.data) == 6
    for lower, upper in zip(fig.data[::2], fig.data[1::2], strict=True):
        assert (lower.fill, upper.fill) == (None, "tonexty")
        assert lower.legendgroup == upper.legendgroup
        assert (lower.showlegend, upper.showlegend) == (False, True)
        assert (lower.y <= upper.y).all()
        assert upper.fillcolor.endswith(", 0.3)")


@pytest.mark.parametrize("beyond", [np.nan, np.inf, 1e40])  # the last is too large for float32
def test_a_gap_splits_a_band(beyond: float) -> None:
    rows = training("none")
    gap = (rows["metric"] == "loss_along") & (rows["step"] == 500) & (rows["at"] == 0.4)
    fig = FIGURES["loss_band"](rows.assign(value=rows["value"].mask(gap, beyond)), Time(STEPS))
    assert [trace.x.tolist() for trace in fig.data[::2]] == [
        [0, 100, 200, 300, 400],
        [600, 700, 800, 900, 1000],
    ]
    assert legend(fig) == ["Standard"]


@pytest.mark.parametrize("name", ["loss_band", "loss_width"])
def test_losses_are_drawn_on_a_linear_axis_unless_they_span_decades(
    name: str, rows: DataFrame
) -> None:
    figure = FIGURES[name](rows, Time(STEPS))
    assert figure.layout.yaxis.type == "linear" and figure.layout.meta["scale"]["type"] == "log"
    exploded = (rows["metric"] == "loss_along") & (rows["step"] == 0) & (rows["at"] == ETAS[-1])
    higher = rows.assign(value=rows["value"].mask(exploded, 1e9))
    assert FIGURES[name](higher, Time(STEPS)).layout.yaxis.type == "log"


def test_accuracy_is_in_percent_and_loss_logarithmic(rows: DataFrame) -> None:
    accuracy = FIGURES["training_accuracy"](rows, Time(STEPS)).layout.yaxis
    assert (accuracy.tickformat, accuracy.range) == (".0%", (0, 1.02))
    zero = rows.assign(
        value=rows["value"].mask((rows["metric"] == "train_loss") & (rows["step"] == 7), 0.0)
    )
    loss = FIGURES["training_loss"](zero, Time(STEPS))
    assert loss.layout.yaxis.type == "log"
    assert all((trace.y[np.isfinite(trace.y)] > 0).all() for trace in loss.data)


def test_quantile_bands_are_nested_and_each_row_has_one_scale(rows: DataFrame) -> None:
    fig = FIGURES["quantile_bands"](rows, Time(STEPS))
    assert len(fig.data) == 3 * 3 * 5
    values = [trace.y[0] for trace in fig.data[:5]]
    np.testing.assert_allclose(values, [0.1, 1.9, 0.3, 1.7, 1.0], rtol=1e-6)
    assert [axis.matches for axis in axes(fig, "y")] == [
        None,
        "y",
        "y",
        None,
        "y4",
        "y4",
        None,
        "y7",
        "y7",
    ]
    assert titles(fig) == [
        "Steps",
        *(f"Activation<br>{name}" for name in ("conv1 (#1)", "conv2 (#2)", "fc10 (#10)")),
    ]


def test_ridges_are_drawn_from_back_to_front(rows: DataFrame) -> None:
    fig = FIGURES["ridges"](rows, Time(STEPS))
    panel = [trace for trace in fig.data if trace.xaxis == "x"]
    # The first step is drawn first, at the back.
    assert [trace.y[0] for trace in panel] == list(range(0, STEPS + 1, 100))
    assert len(panel) <= RIDGES
    assert {trace.fill for trace in panel} == {"toself"}
    heights = [trace.y[0] - trace.y.min() for trace in panel]
    np.testing.assert_allclose(heights, STEPS / 6, rtol=1e-3)
    top, bottom = fig.layout.yaxis.range[::-1]
    assert top < -STEPS / 6
    assert bottom == STEPS


def test_the_networks_share_the_axis_of_a_layer_unless_the_reader_wants_each_its_own(
    rows: DataFrame,
) -> None:
    wide = (rows["metric"] == "activation_histogram") & (rows["run"] == "batch-0.1-0")
    fig = FIGURES["ridges"](rows.assign(at=rows["at"].where(~wide, 5 * rows["at"])), Time(STEPS))
    together = [axis.range for axis in axes(fig, "x")]
    assert len(set(together)) == 1 and together[0][0] < -4.9
    own = as_seen(fig, {"apart": True})
    assert [axis.matches for axis in axes(own, "x")] == [None] * 9
    ends = [axis.range[0] for axis in axes(own, "x")]
    assert ends[1] == together[0][0] and -1.1 < ends[0] == ends[2] < -0.9
    for name in ("quantile_bands", "step_sizes"):
        shared = FIGURES[name](rows, Time(STEPS))
        free = as_seen(shared, {"apart": True, "yaxis.range": [0, 2], "yaxis2.range": [1, 3]})
        assert [axis.range for axis in axes(free, "y")][:3] == [(0, 2), (1, 3), None]
        assert all(axis.showticklabels is not False for axis in axes(free, "y"))
    assert "apart" not in FIGURES["loss_band"](rows, Time(STEPS)).layout.meta


def test_histograms_have_a_scale_of_densities_in_every_panel(rows: DataFrame) -> None:
    heights = axes(FIGURES["histogram"](rows, Time(STEPS)), "y")
    assert {(axis.showticklabels, axis.matches) for axis in heights} == {(True, None)}
    assert all(axis.nticks <= 4 for axis in heights)


def test_histograms_are_overlaid_as_step_lines(rows: DataFrame) -> None:
    fig = FIGURES["histogram"](rows, Time(STEPS))
    assert len(fig.data) == 3 * 3
    outline = fig.data[0]
    assert (outline.fill, outline.line.shape) == ("tozeroy", "hv")
    assert (outline.y[0], outline.y[-1]) == (0, 0)
    assert (np.diff(outline.x) * outline.y[:-1]).sum() == pytest.approx(1, rel=1e-5)


def test_covariate_shift_has_a_line_at_the_ideal_cosine_and_no_zero_on_the_log_axis(
    rows: DataFrame,
) -> None:
    still = rows.assign(
        value=rows["value"].mask((rows["metric"] == "ics_l2") & (rows["layer"] == "conv1"), 0.0)
    )
    for name in ("covariate_shift", "covariate_shift_at"):
        fig = FIGURES[name](still, Time(STEPS))
        ideal = [shape for shape in fig.layout.shapes if shape.y0 == shape.y1 == 1]
        assert {shape.line.dash for shape in ideal} == {"dash"}
        upper, lower = axes(fig, "y")[0], axes(fig, "y")[-1]
        assert (upper.type, lower.range) == ("log", (-1.05, 1.05))
        assert not any((np.asarray(trace.y) == 0).any() for trace in fig.data)
    assert fig.data[0].x.tolist() == [1, 2, 10]


def test_the_line_over_all_layers_goes_through_them_in_order(rows: DataFrame) -> None:
    renamed = rows.assign(layer=rows["layer"].astype("str").replace("conv2", "fc9"))
    seeds = [renamed.assign(seed=seed) for seed in (0, 1)]
    averaged = pd.concat([newest(covariate_shift_at(frame), 500) for frame in seeds])
    fig = covariate_shift_figures.covariate_shift_at(
        over_seeds(averaged, {"value": OF_METRIC}, "t")
    )
    lines = [trace for trace in fig.data if trace.mode == "lines+markers"]
    assert lines and all(list(line.x) == [1, 9, 10] for line in lines)


def test_the_legend_of_all_layers_at_one_step_names_both_intervals(
    rows: DataFrame,
) -> None:
    seeds = [rows.assign(seed=seed, value=rows["value"] * 10.0**-seed) for seed in (0, 1)]
    averaged = [newest(covariate_shift_at(frame), 500) for frame in seeds]
    fig = covariate_shift_figures.covariate_shift_at(
        over_seeds(pd.concat(averaged), {"value": OF_METRIC}, "t")
    )
    named = [trace.name for trace in fig.data if "over seeds" in (trace.name or "")]
    assert named == [
        "mean of logarithms, 95% t-interval over seeds",
        "mean of Fisher's z, 95% t-interval over seeds",
    ]


def test_effective_beta_shows_the_plateau_that_the_step_sizes_cause(rows: DataFrame) -> None:
    fig = FIGURES["effective_beta"](rows, Time(STEPS))
    *betas, limit = fig.data
    assert (limit.name, limit.line.dash, limit.y) == (
        "1/η<sub>min</sub> = 2/lr = 20",
        "dash",
        (20, 20),
    )
    assert {trace.mode for trace in betas} == {"lines+markers"}
    apart = FIGURES["effective_beta"](
        rows[rows["at"].isna() | (rows["at"] > 0.1)], Time(STEPS)
    ).data[-2:]
    assert [limit.name for limit in apart] == ["1/η<sub>min</sub> = 5", "2/lr = 20"]


@pytest.mark.parametrize(
    "measured",
    [
        [("hessian_top", 30.0), ("batch_sharpness", 10.0)],
        [("hessian_top", 30.0), ("batch_sharpness", 10.0), ("gradient_curvature", 14.0)],
    ],
    ids=["as older runs", "in full"],
)
def test_curvature_has_a_row_for_each_measure_and_the_edge_of_stability(
    measured: list[tuple[str, float]],
) -> None:
    places = pd.DataFrame(
        {
            "run": "r",
            "norm": "batch",
            "lr": 0.1,
            "seed": 0,
            "layer": None,
            "unit": np.nan,
            "at": np.nan,
        },
        index=[0],
    )
    rows = pd.concat(
        [places.assign(step=step, metric=m, value=v) for step in (0, 50) for m, v in measured]
    )
    numbers = curvature(rows)
    assert set(numbers[["metric", "value"]].itertuples(index=False, name=None)) == set(measured)
    fig = landscape_figures.curvature(numbers, Time(100))
    lines, edges = fig.data[: len(measured)], fig.data[len(measured) :]
    axes = {trace.y[0]: fig.layout[trace.yaxis.replace("y", "yaxis")].title.text for trace in lines}
    assert axes == {value: landscape_figures.CURVATURES[metric] for metric, value in measured}
    assert len(list(fig.select_yaxes())) == len(edges) == len(measured)
    assert {(edge.y, edge.name) for edge in edges} == {((20, 20), "2/lr = 20")}
    assert [edge.showlegend for edge in edges] == [True] + [False] * (len(measured) - 1)


def test_step_size_curves_are_coloured_by_step(rows: DataFrame) -> None:
    fig = FIGURES["step_sizes"](rows, Time(STEPS))
    first = [trace for trace in fig.data if trace.xaxis == "x" and trace.legendgroup]
    assert len({trace.line.color for trace in first}) == len(first) == 11
    assert (fig.layout.coloraxis.cmin, fig.layout.coloraxis.cmax) == (0, STEPS)
    assert len(FIGURES["step_sizes"](rows, Time(STEPS)).data) == 3 * 11 + 1


def test_huge_step_size_ranges_are_logarithmic(rows: DataFrame) -> None:
    wide = rows.assign(
        at=rows["at"].mask(
            rows["metric"].isin(["loss_along", "gradient_distance"]), rows["at"] ** 5
        )
    )
    assert FIGURES["step_sizes"](wide, Time(STEPS)).layout.xaxis.type == "log"
    assert FIGURES["step_sizes"](rows, Time(STEPS)).layout.xaxis.type == "linear"


def test_the_loss_slice_starts_at_zero(rows: DataFrame) -> None:
    fig = FIGURES["loss_slice"](rows, Time(STEPS))
    np.testing.assert_allclose(fig.data[0].x, [0, *ETAS], rtol=1e-6)


# The papers' curves under ours


PAPERS: dict[
    str, tuple[str, Callable[[DataFrame, Time, DataFrame | None], go.Figure]]
] = {  # figure -> family, drawn
    "training_accuracy": (
        "vgg",
        lambda r, t, p: training_accuracy(accuracies(r), t, p),
    ),
    "training_loss": ("dln", lambda r, t, p: training_loss(smooth(r, "train_loss", 9), t, p)),
    "test_accuracy": (
        "vgg",
        lambda r, t, p: training_figures.test_accuracy(training_numbers.test_curve(r), t, p),
    ),
    "quantile_bands": (
        "mlp",
        lambda r, t, p: distributions.quantile_bands(quantile_bands(r, LAYERS, False), t, p),
    ),
    "moment_changes": (
        "vgg",
        lambda r, t, p: distributions.moment_changes(moment_changes(r, LAYERS), t, p),
    ),
    "covariate_shift": (
        "vgg",
        lambda r, t, p: covariate_shift_figures.covariate_shift(covariate_shift(r, LAYERS), t, p),
    ),
    "loss_band": ("vgg", lambda r, t, p: loss_band(landscape_bands(r), t, p)),
    "gradient_predictiveness": (
        "vgg",
        lambda r, t, p: gradient_predictiveness(landscape_bands(r), t, p),
    ),
    "effective_beta": ("vgg", lambda r, t, p: effective_beta(landscape_bands(r), t, p)),
    "step_sizes": ("vgg", lambda r, t, p: gradient_figures.step_sizes(step_sizes(r), t, p)),
}
# The x axes of the panels, three by three, that have a layer of the paper.
FACETS = {
    "quantile_bands": {"x7", "x8"},
    "moment_changes": {"x2", "x5"},
    "covariate_shift": {"x6"},
}


def with_paper(
    name: str, rows: DataFrame, steps: int = STEPS, paper: DataFrame | None = None
) -> go.Figure:
    """Return a figure with the paper's curves, renumbered so that one layer is among ours."""
    family, drawn = PAPERS[name]
    lr = {"vgg": 0.1, "dln": 1e-6, "mlp": 0.1}[family]
    found = counterpart(name, family, frozenset((norm, lr) for norm in ("none", "batch", "noisy")))
    if name == "quantile_bands":
        found = found.assign(layer=10)
    return drawn(rows, Time(steps), found if paper is None else paper)


def theirs(fig: go.Figure) -> list[Any]:
    return [trace for trace in fig.data if trace.zorder == UNDER]


@pytest.fixture(params=PAPERS)
def shown(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_kind_of_the_papers_curves_is_tested() -> None:
    assert set(PAPERS) == {source.shows for source in reference.SOURCES}


def test_the_papers_curves_lie_under_ours_and_leave_them_unchanged(
    shown: str, rows: DataFrame
) -> None:
    fig, without = with_paper(shown, rows), PAPERS[shown][1](rows, Time(STEPS), None)
    ours = [trace for trace in fig.data if trace.zorder is None]
    assert len(ours) == len(without.data)
    assert len(theirs(fig)) + len(ours) == len(fig.data)
    assert theirs(fig)
    for mine, before in zip(ours, without.data, strict=True):
        np.testing.assert_array_equal(
            np.asarray(mine.y, dtype=float), np.asarray(before.y, dtype=float)
        )
        assert (mine.line, mine.marker, mine.xaxis) == (before.line, before.marker, before.xaxis)
    assert [axis.range for axis in axes(fig, "x")] == [axis.range for axis in axes(without, "x")]
    assert titles(fig) == titles(without)


def test_without_paper_rows_nothing_is_added(shown: str, rows: DataFrame) -> None:
    draw = PAPERS[shown][1]
    none = counterpart(shown, "lenet", frozenset({("none", 0.1)}))
    assert none.empty
    assert draw(rows, Time(STEPS), none) == draw(rows, Time(STEPS), None)


def test_the_papers_curves_are_thin_dotted_grey_and_named_after_their_figure(
    shown: str, rows: DataFrame
) -> None:
    fig = with_paper(shown, rows)
    for trace in theirs(fig):
        norm = trace.legendgroup.split(", ")[2]
        colour = style(norm)[0]
        assert trace.line.dash == "dot"
        assert trace.line.width <= 1.5
        assert not trace.line.color.startswith(colour)
        assert trace.name.startswith(f"{NORMS[norm].label} – paper, 20")
        assert ", Fig. " in trace.name
        assert trace.hoverlabel.namelength == -1  # the hover shows the full name
        assert trace.fillcolor is None or trace.fillcolor.endswith(", 0.08)")
        assert trace.x.dtype == trace.y.dtype == np.float32
    named = [trace.name for trace in theirs(fig) if trace.showlegend]
    assert len(named) == len(set(named)) == len({trace.legendgroup for trace in theirs(fig)})
    assert fig.layout.legend.yref == "container"  # below the figure, clear of the buttons
    assert fig.layout.height > PAPERS[shown][1](rows, Time(STEPS), None).layout.height


@pytest.mark.parametrize(("name", "panels"), FACETS.items())
def test_a_layer_of_the_paper_is_drawn_in_our_panel_with_the_same_number(
    name: str, panels: set[str], rows: DataFrame
) -> None:
    assert {trace.xaxis for trace in theirs(with_paper(name, rows))} == panels
    family, _ = PAPERS[name]
    elsewhere = counterpart(name, family, frozenset({("none", 0.1), ("batch", 0.1)})).assign(
        layer=77
    )
    assert not theirs(with_paper(name, rows, paper=elsewhere))


def test_networks_side_by_side_each_have_their_own_paper_curve(rows: DataFrame) -> None:
    fig = with_paper("step_sizes", rows)
    columns = {"none": "x", "batch": "x2"}  # noisy BatchNorm, the third, has none
    assert {(trace.legendgroup.split(", ")[2], trace.xaxis) for trace in theirs(fig)} == set(
        columns.items()
    )
    assert legend(fig) == [f"{NORMS[norm].label} – paper, 2018 v3, Fig. 11a" for norm in columns]
    other_rate = with_paper("step_sizes", rows.assign(lr=0.5))
    assert not theirs(other_rate)


def test_many_paper_lines_are_drawn_as_range_and_median_within_our_steps(
    rows: DataFrame,
) -> None:
    low, high, median = (trace.y for trace in theirs(with_paper("step_sizes", rows))[:3])
    lines = counterpart("step_sizes", "vgg", frozenset({("none", 0.1)}))
    early = lines[lines["step"] <= STEPS].groupby("eta")["distance"]
    for values, expected in ((low, early.min()), (high, early.max()), (median, early.median())):
        np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert not theirs(with_paper("step_sizes", rows, 50))


def paper_of(values: list[float], kind: str = "") -> DataFrame:
    """Return a paper's curve with a value every 500 steps."""
    columns = {
        "run": "Fig. 0, none, 0.1",
        "figure": "2018 v3, Fig. 0",
        "norm": "none",
        "lr": 0.1,
        "kind": kind,
    }
    steps = 500 * np.arange(len(values))
    return DataFrame(
        {**columns, "layer": 10, "step": steps, "value": values, "low": 1.0, "high": values}
    )


@pytest.mark.parametrize(
    "name", ["training_loss", "loss_band", "gradient_predictiveness", "effective_beta"]
)
def test_paper_values_after_our_last_step_do_not_stretch_the_y_axis(
    name: str, rows: DataFrame
) -> None:
    fig = with_paper(
        name, rows, paper=paper_of([2, 4, 3, 5000, 1e-9 if name == "training_loss" else 2])
    )
    # The reader sees it after zooming out.
    assert max(trace.y.max() for trace in theirs(fig)) == 5000
    axis = fig.layout.yaxis
    assert axis.autorange is True
    top = max(4.0, *(np.nanmax(np.asarray(t.y, dtype=float)) for t in fig.data if t.zorder is None))
    assert top < axis.autorangeoptions.clipmax < 2 * top
    if name == "training_loss":
        assert 0 < axis.autorangeoptions.clipmin < 0.1


@pytest.mark.parametrize(("times", "longer"), [(1.0, None), (50.0, True)])
def test_a_figure_says_if_the_papers_curve_makes_its_axis_longer(
    times: float, longer: bool | None, rows: DataFrame
) -> None:
    ours = np.nanmax(smooth(rows, "train_loss", 20)["mean"])
    fig = with_paper("training_loss", rows, paper=paper_of([ours, times * ours, ours]))
    assert fig.layout.meta.get("stretched") == longer


def test_a_panel_that_the_paper_does_not_show_keeps_its_scale(rows: DataFrame) -> None:
    fig = with_paper("moment_changes", rows)
    mean, variance = fig.layout.yaxis, fig.layout.yaxis4
    assert mean.autorangeoptions.clipmax != variance.autorangeoptions.clipmax
    # Panels in a row share a scale.
    assert fig.layout.yaxis2.autorangeoptions == mean.autorangeoptions


def test_several_learning_rates_are_named_in_the_papers_curves_too() -> None:
    several = pd.concat([training("none", lr, steps=200) for lr in (0.1, 0.5)])
    paper = counterpart("test_accuracy", "vgg", frozenset({("none", 0.1), ("none", 0.5)}))
    fig = training_figures.test_accuracy(training_numbers.test_curve(several), Time(200), paper)
    assert [trace.name for trace in theirs(fig)] == [
        f"Standard · lr {lr} – paper, 2018 v3, Fig. 1b" for lr in ("0.1", "0.5")
    ]


def test_more_than_three_bands_get_a_panel_each(rows: DataFrame) -> None:
    three = landscape_bands(rows)
    six = pd.concat([three, three.assign(run=three["run"].astype(str) + "-later", lr=0.5)])
    assert len(axes(loss_band(three, Time(STEPS)), "x")) == 1
    apart = loss_band(six, Time(STEPS))
    assert len(axes(apart, "x")) == 6
    assert {trace.xaxis for trace in apart.data if trace.fill} == {
        "x",
        *(f"x{i}" for i in range(2, 7)),
    }
    assert not any(trace.showlegend for trace in apart.data if trace.fill)


def corner_notes(fig: go.Figure) -> list[str]:
    """Return the numbers written into the corners of a figure."""
    return [note.text for note in fig.layout.annotations if "domain" in (note.xref or "")]


def test_the_training_accuracy_says_how_far_batchnorm_is_ahead_on_average(rows: DataFrame) -> None:
    curves = training_numbers.with_overall(smooth(rows, "train_accuracy", 20))
    means = curves.groupby(["norm", "run"])["mean"].mean().groupby("norm").mean()
    ahead = 100 * (means["batch"] - means["none"])
    found = corner_notes(training_accuracy(curves, Time(STEPS)))
    assert found == [f"BatchNorm <b>{ahead:+.1f} points</b>, averaged over training"]
    alone = curves[curves["norm"] == "batch"]
    assert corner_notes(training_accuracy(alone, Time(STEPS))) == []


def test_the_covariate_shift_says_how_much_longer_the_distance_is_in_each_layer(
    rows: DataFrame,
) -> None:
    shift = covariate_shift(rows, ["conv1", "conv2"])
    said = corner_notes(covariate_shift_figures.covariate_shift(shift, Time(STEPS)))
    expected = []
    for layer in ("conv1", "conv2"):
        found = shift[(shift["layer"] == layer) & (shift["metric"] == "ics_l2")]
        table = found.pivot_table(index="step", columns="norm", values="value")
        ratio = table["batch"] / table["none"]
        if np.isfinite(np.log(ratio)).any():
            times = float(np.exp(np.log(ratio).mean()))
            expected.append(f"BatchNorm <b>{times:.3g} ×</b>")
    assert expected and said == expected
