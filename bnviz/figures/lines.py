"""What a reader can change in every figure over steps: the unit of the x axis and the smoothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame, Series

from bnviz.data import SOURCES
from bnviz.figures.axes import filled, tell_page
from bnviz.figures.style import MARK, UNDER
from bnviz.figures.unchecked import axes, redrawn, set_axes, traces
from bnviz.spec import RunSpec

STEPS, EPOCHS, SECONDS = "steps", "epochs", "seconds"
UNITS = {  # title and hover of the axis
    STEPS: ("Steps", "Step %{x:,d}"),
    EPOCHS: ("Epochs", "Epoch %{x:.3g}"),
    SECONDS: ("Seconds of computing", "%{x:.3g} s"),
}
MOST_SMOOTHING = 0.99
LOWEST = UNDER - 1  # zorder of the last result
BEFORE = "before the change"
RAW = 0.25  # opacity of a line behind its smoothed one


@dataclass(frozen=True)
class Lines:
    """How figures over steps are drawn.

    Attributes
    ----------
    unit : of the x axis: STEPS, EPOCHS or SECONDS
    smoothing : weight of the past in the exponential moving average, from 0 (none) to 1 (excluded)
    seconds : how long a step of each run took, by the run's id, in seconds
    """

    unit: str = STEPS
    smoothing: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)

    def per_step(self, spec: RunSpec) -> float:
        """Return the length of a step of this run in units of the x axis; NaN if unknown."""
        if self.unit == EPOCHS:
            return spec.batch / SOURCES[spec.data].train_count
        return self.seconds.get(spec.id, np.nan) if self.unit == SECONDS else 1.0


IN_STEPS = Lines()


def wrong_smoothing(text: str) -> str:
    """Return what a smoothing given as text must be; "" if it is valid."""
    try:
        fits = 0 <= float(text) <= MOST_SMOOTHING
    except ValueError:
        fits = False
    return "" if fits else f"must be between 0 and {MOST_SMOOTHING}"


def moving_average(values: ArrayLike, weight: float) -> NDArray[np.float64]:
    """Return the exponential moving average of some values (n,), gaps left as they are.

    s_t = weight · s_{t−1} + (1 − weight) · y_t, divided by 1 − weight^t, so that the start is not
    drawn towards zero. TensorBoard smooths in the same way.
    """
    given = Series(np.asarray(values, dtype=float)).replace([np.inf, -np.inf], np.nan)
    smooth = given.ewm(alpha=1 - weight, ignore_na=True).mean().where(given.notna())
    return smooth.to_numpy()


def arranged(
    fig: go.Figure, numbers: DataFrame, specs: Sequence[RunSpec], lines: Lines
) -> go.Figure:
    """Return a figure over steps with the reader's unit and smoothing; others stay as they are.

    `numbers` are those that the figure draws.
    """
    if not (fig.layout.meta or {}).get("steps"):
        return fig
    if lines.smoothing:
        _smooth(fig, set(numbers["run"]), lines.smoothing)
    return fig if lines.unit == STEPS else _rescale(fig, numbers, specs, lines)


def _smooth(fig: go.Figure, runs: Collection[str], weight: float) -> None:
    """Draw a smoothed line for each run, with the measured one faint behind it."""
    both = []
    for trace in traces(fig):
        if is_line(trace, runs):
            raw = go.Scatter(trace, _validate=False)
            raw.update(opacity=RAW, mode="lines", showlegend=False, hoverinfo="skip", error_y=None)
            both.append(raw.update(hovertemplate=None).to_plotly_json())
            trace["y"] = moving_average(trace["y"], weight).astype(np.float32)
            trace["mode"] = "lines"
        both.append(trace)
    traces(fig)[:] = both


def beneath(fig: go.Figure, earlier: go.Figure, runs: Collection[str]) -> go.Figure:
    """Return a figure with the lines of these runs from an earlier one, thin and grey beneath.

    It stays as it is if the two do not have the same panels.
    """
    if _panels(fig) != _panels(earlier):
        return fig
    of_runs = [trace for trace in traces(earlier) if is_line(trace, runs)]
    lines = [
        trace
        | {"name": BEFORE, "legendgroup": BEFORE, "showlegend": place == 0}
        | {"line": trace["line"] | {"color": MARK, "width": 1}, "mode": "lines", "zorder": LOWEST}
        | {"hoverinfo": "skip", "hovertemplate": None, "error_y": None}
        for place, trace in enumerate(of_runs)
    ]
    return filled(redrawn(fig, [*lines, *traces(fig)])) if lines else fig


def _panels(fig: go.Figure) -> set[str]:
    return set(axes(fig, "y"))


def is_line(trace: Mapping[str, Any], runs: Collection[str]) -> bool:
    """Return whether a trace is the line of one of these runs, and no edge of a band."""
    return (
        trace.get("legendgroup") in runs
        and "lines" in trace.get("mode", "")
        and trace.get("hoverinfo") != "skip"
        and "fill" not in trace
    )


def _rescale(
    fig: go.Figure, numbers: DataFrame, specs: Sequence[RunSpec], lines: Lines
) -> go.Figure:
    """Draw the figure over another unit than steps."""
    scales = _scales(numbers, specs, lines)
    longest = max(scales.values(), default=np.nan)
    ends = [spec.steps * lines.per_step(spec) for spec in specs]
    for trace in traces(fig):
        if trace["x"] is not None and len(trace["x"]):
            x = np.asarray(trace["x"], dtype=float)
            trace["x"] = (x * scales.get(trace.get("legendgroup", ""), longest)).astype(np.float32)
    title, hover = UNITS[lines.unit]
    fig.for_each_xaxis(lambda axis: axis.update(title_text=axis.title.text and title))
    end = max(filter(np.isfinite, ends), default=1)
    set_axes(fig, "x", range=[0, end], unifiedhovertitle={"text": hover})
    # The page can mark a step only if a step has the same length in all runs.
    same = len(set(scales.values())) == 1
    return tell_page(fig, steps=longest if same else False)


def _scales(numbers: DataFrame, specs: Sequence[RunSpec], lines: Lines) -> dict[str, float]:
    """Return the length of a step in units of the axis, by run; a mean has that of its runs."""
    found = {}
    for run, norm, lr in numbers[["run", "norm", "lr"]].drop_duplicates().itertuples(index=False):
        of_run = [spec for spec in specs if spec.id == run] or [
            spec for spec in specs if (spec.norm, spec.lr) == (norm, lr)
        ]
        found[run] = float(np.mean([lines.per_step(spec) for spec in of_run]))
    return found
