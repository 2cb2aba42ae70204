"""Draw how the gradient changes along itself (Figs. 4b-c, 10b-c and 11)."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from pandas import DataFrame
from plotly.colors import sample_colorscale

from bnviz.analysis import landscape as analysis
from bnviz.analysis.rows import at_spread_steps
from bnviz.analysis.scales import OF_METRIC
from bnviz.figures.axes import (
    axis_of,
    empty_axes,
    named_once,
    over_time,
    scale_for,
    separable,
    switchable,
)
from bnviz.figures.charts import line_chart
from bnviz.figures.landscape import (
    STEP_SIZE,
    band_chart,
    bands,
    direction,
    levels,
    measured,
    of_probe,
    over_steps,
    own_columns,
    unless_huge,
)
from bnviz.figures.panel import RANDOM, View
from bnviz.figures.papers import ours_in_sight, their_columns, their_legend, within
from bnviz.figures.style import MARK, TIME, Curve, Time, curves, groups
from bnviz.figures.traces import (
    NO_HOVER,
    band_traces,
    cross_trace,
    interval_legend,
    interval_traces,
    line_trace,
)
from bnviz.figures.unchecked import scatter, set_axes, set_layout

DISTANCE = "‖∇L(θ−ηg) − g‖₂"
COSINE = "cos(∇L(θ−ηg), g)"
SCALE_FREE_TITLES = {"relative": "‖∇L(θ−lr·g) − g‖ / ‖g‖", "normalised": "β ‖W‖²"}
CURVES = 50  # probe steps in the picture of distance against step size, as in Fig. 11


def gradient_predictiveness(
    frame: DataFrame, time: Time, paper: DataFrame | None = None
) -> go.Figure:
    """Draw the range of the gradient's change, `analysis.landscape_bands` (Figs. 4b and 10b)."""
    scale = unless_huge([*frame["distance_low"], *frame["distance_high"]])
    fig = band_chart(frame, "distance", DISTANCE, time, paper, scale == "log")
    return switchable(ours_in_sight(set_axes(fig, "y", **axis_of(scale)), time))


def gradient_cosine(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.gradient_cosines`: the range over η, and a line after one training step."""
    fig = band_chart(frame, "cosine", COSINE, time, None, log=False)
    networks = curves(frame)
    for column, (curve, rows) in zip(own_columns(len(networks)), networks, strict=True):
        line = line_trace(curve, rows["step"], rows["cosine"], showlegend=False)
        fig.add_traces([*interval_traces(curve, rows, "cosine"), line], rows=1, cols=column)
    return set_axes(fig, "y", range=[-1.05, 1.05], autorange=False, zeroline=True)


def scale_free(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.scale_free`, one row of axes per number that was measured."""
    titles = measured(frame, SCALE_FREE_TITLES)
    fig = empty_axes(frame, "Steps", titles.values(), shared_xaxes=True)
    for curve, run in curves(frame):
        for metric, rows in groups(run, "metric"):
            row = list(titles).index(metric) + 1
            step, value = rows["step"], rows["value"]
            lines = [
                *interval_traces(curve, rows, "value"),
                line_trace(curve, step, value, **curve.dots(4)),
                *cross_trace(curve, step, value, time, words=False),
            ]
            fig.add_traces(lines, rows=row, cols=1)
    for row, metric in enumerate(titles, 1):
        fig.update_yaxes(**axis_of(_scale(frame, metric)), row=row)
    fig.add_traces(interval_legend(frame))
    return over_time(time, fig)


def _scale(frame: DataFrame, metric: str) -> str:
    return scale_for(frame["value"][frame["metric"] == metric], 30)


def effective_beta(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw effective β of `analysis.landscape_bands` over training (Figs. 4c and 10c).

    Dashed lines mark two values of β. At 1/η_min even the smallest step changes the gradient by its
    own length; that value depends on the step sizes and not on the network. At 2/lr full-batch
    gradient descent trains at the edge of stability.
    """
    limits: dict[float, list[str]] = {}
    for eta, lr in frame[["eta_min", "lr"]].drop_duplicates().itertuples(index=False):
        for name, limit in (("1/η<sub>min</sub>", 1 / eta), ("2/lr", 2 / lr)):
            names = limits.setdefault(float(f"{limit:.6g}"), [])
            if name not in names:
                names.append(name)
    scale = scale_for([*frame["beta"], *limits], 30)
    fig = line_chart(frame, "beta", "Effective β", time, paper, log=scale == "log")
    named = {limit: f"{' = '.join(names)} = {limit:.3g}" for limit, names in limits.items()}
    fig.add_traces(levels(named, time))
    set_axes(fig, "y", **axis_of(scale), rangemode="tozero")
    return switchable(ours_in_sight(fig, time))


def beta_by_smallest(frame: DataFrame) -> go.Figure:
    """Draw `analysis.beta_by_smallest`, with the line β = 1/η_min."""
    fig = empty_axes(frame, "Smallest step size η<sub>min</sub>", ["Effective β"])
    for curve, rows in curves(frame):
        fig.add_trace(line_trace(curve, rows["eta"], rows["beta"], **curve.dots(7)))
    if len(frame):
        etas = np.geomspace(frame["eta"].min(), frame["eta"].max(), 30)
        bound = {"name": "1/η<sub>min</sub>", "mode": "lines", "line": {"dash": "dash"}}
        fig.add_trace(scatter(x=etas, y=1 / etas, **bound, line_color=MARK, **NO_HOVER))
    scale = scale_for(frame["eta"], 50)
    set_axes(fig, "x", **axis_of(scale), unifiedhovertitle={"text": "η_min = %{x:.3g}"})
    return switchable(set_axes(fig, "y", **axis_of(scale_for(frame["beta"], 10))))


def step_sizes(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw `analysis.step_sizes`: one line per step, coloured by the step (Fig. 11).

    From the paper's curves at steps that we have too, only the lowest, the highest and the median
    distance are drawn.
    """
    networks = curves(frame)
    columns = [curve.label for curve, _ in networks]
    fig = empty_axes(frame, STEP_SIZE, [DISTANCE], columns, shared_yaxes=True)
    for column, (curve, run) in enumerate(networks, 1):
        lines = [_coloured(curve, step, rows, time) for step, rows in groups(run, "step")]
        fig.add_traces(lines, rows=1, cols=column)
    for column, curve, rows in their_columns(within(paper, time), frame):
        fig.add_traces(_summary(curve, rows), rows=1, cols=column)
    # A colour bar needs a trace that uses it.
    fig.add_trace(scatter(x=[None], y=[None], marker={"color": [0], "coloraxis": "coloraxis"}))
    bar = {"orientation": "h", "thickness": 8, "y": -0.3, "yanchor": "top", "tickformat": "~s"}
    bar |= {"title": {"text": "Step", "side": "top"}}
    fig.update_layout(
        coloraxis={"colorscale": TIME, "cmin": 0, "cmax": time.steps, "colorbar": bar}
    )
    set_layout(fig, height=380, showlegend=False, hovermode="closest")
    set_axes(fig, "x", **axis_of(scale_for(frame["eta"], 100)))
    scale = unless_huge(frame["distance"].tolist())
    return separable(set_axes(named_once(their_legend(fig)), "y", **axis_of(scale)))


def _summary(curve: Curve, rows: DataFrame) -> list[go.Scatter]:
    """Draw the range and the median of the distances at each step size."""
    drawn = rows.groupby("eta", as_index=False)["distance"].agg(["min", "median", "max"])
    band = band_traces(curve, drawn["eta"], drawn["min"], drawn["max"], hover=False)
    return [
        *band,
        line_trace(curve, drawn["eta"], drawn["median"], hovertemplate="median %{y:.3g}"),
    ]


def _coloured(curve: Curve, step: int, rows: DataFrame, time: Time) -> go.Scatter:
    line = {"color": sample_colorscale(TIME, min(step / time.steps, 1.0))[0], "width": 1}
    text = f"step {step}: %{{y:.3g}}<extra></extra>"
    return line_trace(curve, rows["eta"], rows["distance"], line=line, hovertemplate=text)


def gradient_cosines(view: View) -> DataFrame:
    """Return the cosines along the direction of the page's switch, by default the gradient."""
    return analysis.gradient_cosines(view.rows, direction(view))


def scale_free_numbers(view: View) -> DataFrame:
    """Return the scale-free numbers along the direction of the page's switch."""
    return analysis.scale_free(view.rows, direction(view))


GRADIENT_PREDICTIVENESS = over_steps(
    "Gradient predictiveness",
    "How far the gradient moves over the step sizes. Compare it with ‖g‖: at a distance of ‖g‖ the "
    "change is as large as the gradient itself.",
    bands,
    lambda numbers, view: gradient_predictiveness(numbers, view.time, view.paper),
    paper="gradient_predictiveness",
    without=RANDOM,
    averages={"distance_low": "distance", "distance_high": "distance"},
    slug="gradient-predictiveness",
)
GRADIENT_COSINE = over_steps(
    "Direction of the gradient",
    "The cosine between the gradient at θ and at θ − ηg: 1 if it still points the same way, 0 at a "
    "right angle. The line is after one training step, the band over all step sizes.",
    gradient_cosines,
    lambda numbers, view: gradient_cosine(numbers, view.time),
    averages=dict.fromkeys(("cosine_low", "cosine_high", "cosine"), "gradient_cosine"),
    slug="gradient-cosine",
)
EFFECTIVE_BETA = over_steps(
    "Effective β-smoothness",
    "Which network's gradient changes least per length of the step? β depends on the smallest step "
    "size: at its inverse, 1/η, even that step changes the gradient by its own length. At 2/lr, "
    "full-batch training is at the edge of stability.",
    bands,
    lambda numbers, view: effective_beta(numbers, view.time, view.paper),
    paper="effective_beta",
    without=RANDOM,
    averages={"beta": "beta"},
    slug="effective-beta",
)
STEP_SIZES = of_probe(
    "Distance against step size",
    "One curve per step, blue early and red late. A flat curve means that a long step changes the "
    "gradient no more than a short one. If it is flat near ‖g‖, the gradient is lost already at "
    "the shortest step.",
    lambda view: analysis.step_sizes(view.rows),
    lambda numbers, view: step_sizes(numbers, view.time, view.paper),
    paper="step_sizes",
    fewer=lambda numbers: at_spread_steps(numbers, CURVES),
    slug="step-sizes",
)
BETA_BY_SMALLEST = of_probe(
    "Effective β against the smallest step size",
    "The same runs with the smallest step sizes left out one by one; the median over all probes. "
    "Near the dashed line, β says how fine the grid is. The preset *Fine steps* measures more.",
    lambda view: analysis.beta_by_smallest(view.rows),
    lambda numbers, view: beta_by_smallest(numbers),
    slug="beta-by-smallest",
)
SCALE_FREE = over_steps(
    "Without the scale of the weights",
    "A network with BatchNorm computes the same with weights c times as long, but its β is then "
    "1/c² times as large (Dinh et al. 2017). These numbers do not depend on c: the change of the "
    "gradient after one step as a share of its length, and β times the squared length of all "
    "weights.",
    scale_free_numbers,
    lambda numbers, view: scale_free(numbers, view.time),
    averages={"value": OF_METRIC},
    slug="scale-free",
)
