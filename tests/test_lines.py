"""What a reader may change about figures over steps: unit of the x axis, and smoothing."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnviz import paths
from bnviz.cli import main
from bnviz.figures import PANELS, panel
from bnviz.figures.lines import EPOCHS, MOST_SMOOTHING, SECONDS, Lines, moving_average
from bnviz.figures.panel import View
from bnviz.figures.unchecked import traces
from bnviz.presets import PRESETS
from bnviz.runs.run import Run
from bnviz.runs.store import joined
from tests.pages import page, plots

values = arrays(float, st.integers(1, 40), elements=st.floats(-1e6, 1e6))
weights = st.floats(0, MOST_SMOOTHING)
SPECS = PRESETS["quick"].specs()[:2]


@given(values, weights)
def test_the_moving_average_is_the_one_of_its_definition(y: np.ndarray, weight: float) -> None:
    smooth, total = [], 0.0
    for t, each in enumerate(y, 1):
        total = weight * total + (1 - weight) * each
        smooth.append(total / (1 - weight**t))
    np.testing.assert_allclose(moving_average(y, weight), smooth, rtol=1e-6, atol=1e-6)


@given(values, weights)
def test_the_moving_average_stays_between_the_values(y: np.ndarray, weight: float) -> None:
    smooth, slack = moving_average(y, weight), 1e-9 * (1 + np.abs(y).max())
    assert y.min() - slack <= smooth.min() and smooth.max() <= y.max() + slack


def test_a_gap_stays_a_gap_and_the_average_continues_behind_it() -> None:
    smooth = moving_average([1.0, np.nan, np.inf, 1.0], 0.9)
    np.testing.assert_array_equal(smooth, [1.0, np.nan, np.nan, 1.0])


@cache
def view() -> View:
    runs = [Run(paths.GALLERY / spec.id) for spec in SPECS]
    return panel.view(joined(runs), SPECS)


def drawn(name: str, **lines: object) -> go.Figure:
    """Return a shipped figure, drawn with these lines."""
    return PANELS[name].figure(replace(view(), lines=Lines(**lines)))[1]  # type: ignore[arg-type]


def of_run(figure: go.Figure, id: str) -> list[go.Scatter]:
    """Return the traces of a run."""
    return [trace for trace in figure.data if trace.legendgroup == id]


def test_a_smoothed_line_has_the_measured_one_behind_it() -> None:
    spec = SPECS[0]
    (plain,) = of_run(drawn("loss-width"), spec.id)[:1]
    raw, smooth = of_run(drawn("loss-width", smoothing=0.9), spec.id)[:2]
    np.testing.assert_array_equal(raw.y, plain.y)
    np.testing.assert_allclose(smooth.y, moving_average(plain.y, 0.9), rtol=1e-6)
    assert raw.opacity < 1 and raw.showlegend is False and smooth.showlegend is not False


def test_a_run_with_a_line_in_each_of_several_panels_is_smoothed_in_all() -> None:
    plain, smooth = (traces(drawn("moment-drift", smoothing=weight)) for weight in (0, 0.9))
    assert len(smooth) == 2 * len(plain)
    for place, line in enumerate(plain):
        raw, other = smooth[2 * place : 2 * place + 2]
        np.testing.assert_array_equal(raw["y"], line["y"])
        np.testing.assert_allclose(other["y"], moving_average(line["y"], 0.9), rtol=1e-6)


def test_a_band_is_not_smoothed() -> None:
    plain, smoothed = drawn("landscape"), drawn("landscape", smoothing=0.9)
    assert plain.to_json() == smoothed.to_json()


def test_a_figure_of_a_moment_stays_as_it_is() -> None:
    changed = drawn("loss-slice", smoothing=0.9, unit=EPOCHS)
    assert changed.to_json() == drawn("loss-slice").to_json()


@pytest.mark.parametrize("name", ["loss-width", "landscape", "quantiles", "covariate-shift"])
def test_an_epoch_is_one_pass_through_the_training_set(name: str) -> None:
    plain, over_epochs = drawn(name), drawn(name, unit=EPOCHS)
    per_step = 128 / 4000
    for before, after in zip(plain.data, over_epochs.data, strict=True):
        if before.x[0] is not None:
            np.testing.assert_allclose(after.x, np.asarray(before.x) * per_step, rtol=1e-6)
    assert over_epochs.layout.xaxis.range == pytest.approx((0, SPECS[0].steps * per_step))
    assert over_epochs.layout.meta["steps"] == pytest.approx(per_step)  # the page marks steps by it
    assert "Epochs" in {axis.title.text for axis in over_epochs.select_xaxes()}


def test_each_run_has_its_own_seconds_and_then_no_step_is_marked() -> None:
    seconds = {SPECS[0].id: 0.1, SPECS[1].id: 0.3}
    figure = drawn("loss-width", unit=SECONDS, seconds=seconds)
    for spec in SPECS:
        last = max(of_run(drawn("loss-width"), spec.id)[0].x)
        found = max(of_run(figure, spec.id)[0].x)
        assert found == pytest.approx(seconds[spec.id] * last)
    assert figure.layout.meta["steps"] is False
    assert figure.layout.xaxis.range[1] == pytest.approx(0.3 * SPECS[0].steps)


def test_a_mean_over_seeds_has_the_mean_seconds_of_its_runs() -> None:
    specs = [spec for seed in (0, 1, 2) for spec in PRESETS["quick"].specs(seed=seed)[:1]]
    runs = [Run(paths.GALLERY / spec.id) for spec in specs]
    seconds = dict(zip([spec.id for spec in specs], (0.1, 0.2, 0.6), strict=True))
    averaged = panel.view(joined(runs), specs, statistic="t", lines=Lines(SECONDS, 0.0, seconds))
    _, figure = PANELS["loss-width"].figure(averaged)
    assert figure.layout.xaxis.range[1] == pytest.approx(0.6 * specs[0].steps)
    assert max(max(trace.x) for trace in figure.data if trace.name and "mean" in trace.name) == (
        pytest.approx(0.3 * specs[0].steps, rel=0.06)
    )


def test_a_page_draws_lines_as_its_link_says() -> None:
    opened = page("paper/landscape", preset="quick", unit="epochs", smoothing="0.8")
    assert not opened.exception and not opened.warning
    assert (opened.segmented_control(key="unit").value, opened.slider(key="smoothing").value) == (
        "epochs",
        0.8,
    )
    assert plots(opened)[0]["figure"]["layout"]["xaxis"]["title"]["text"] == "Epochs"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("unit", "years", "it must be one of steps, epochs, seconds"),
        ("smoothing", "1", "it must be between 0 and 0.99"),
        ("smoothing", "nan", "it must be between 0 and 0.99"),
        ("smoothing", "much", "it must be between 0 and 0.99"),
    ],
)
def test_a_wrong_link_is_explained(name: str, text: str, says: str) -> None:
    opened = page("paper/landscape", preset="quick", **{name: text})
    assert not opened.exception and [says in warning.value for warning in opened.warning] == [True]


def test_the_command_line_draws_the_same_lines(tmp_path: Path) -> None:
    out = tmp_path / "figure.html"
    words = ["export", *(spec.id for spec in SPECS), "--figure", "loss-width", "--out", str(out)]
    main([*words, "--unit", "seconds", "--smoothing", "0.9"])
    assert "Seconds of computing" in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--unit", "years"], "--unit must be one of steps, epochs, seconds, got 'years'"),
        (["--smoothing", "2"], "--smoothing must be between 0 and 0.99, got '2'"),
    ],
)
def test_a_wrong_option_is_explained(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["export", SPECS[0].id, "--figure", "loss-width", "--out", str(tmp_path / "a.html")]
    with pytest.raises(SystemExit):
        main([*command, *words])
    assert says in capsys.readouterr().err
