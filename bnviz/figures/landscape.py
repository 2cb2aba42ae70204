"""Draw the loss landscape along the gradient (Figs. 4, 10-13) and its curvature."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import plotly.graph_objects as go
from pandas import DataFrame
from plotly.colors import sample_colorscale

from bnviz.analysis import landscape as analysis
from bnviz.analysis.thinning import drawn
from bnviz.figures.axes import (
    LOG,
    axis_of,
    empty_axes,
    named_once,
    over_time,
    positive_only,
    scale_for,
)
from bnviz.figures.charts import line_chart
from bnviz.figures.panel import ALONG, RANDOM, Panel, View
from bnviz.figures.papers import ours_in_sight, papers, their_columns, their_legend, within
from bnviz.figures.style import DASHED, TIME, Curve, Time, curves, groups
from bnviz.figures.traces import (
    band_traces,
    cross_trace,
    interval_bars,
    interval_legend,
    line_trace,
)
from bnviz.figures.unchecked import scatter

OF_LANDSCAPE = (
    "train_loss",
    "gradient_norm",
    "loss_along",
    "loss_along_random",
    "gradient_distance",
    "gradient_distance_random",
)
DISTANCE = "‖∇L(θ−ηg) − g‖₂"
STEP_SIZE = "Step size η"
CURVATURES = {"hessian_top": "λ<sub>max</sub>(∇²L)", "batch_sharpness": "gᵀ∇²L g / ‖g‖²"}
# So that several level lines in one figure can be told apart.
DASHES = ("dash", "longdashdot", "8px,2px,2px,2px,2px,2px", "16px,4px")


def _landscape(
    frame: DataFrame, name: str, title: str, time: Time, paper: DataFrame | None, log: bool
) -> go.Figure:
    """Draw a band between the columns <name>_low and <name>_high for each run.

    If seeds are averaged, the edges are the means of both columns.
    """
    fig = empty_axes(frame, "Steps", [title])
    for place, (curve, rows) in enumerate(curves(frame)):
        step, low, high = rows["step"], rows[f"{name}_low"], rows[f"{name}_high"]
        around = [
            t
            for end in ("low", "high")
            for t in interval_bars(curve, rows, f"{name}_{end}", place, log)
        ]
        fig.add_traces(
            [*band_traces(curve, step, low, high), *around, *cross_trace(curve, step, high, time)]
        )
    for curve, rows in papers(paper, frame):
        fig.add_traces(band_traces(curve, rows["step"], rows["low"], rows["high"]))
    fig.add_traces(interval_legend(frame, whiskers=True))
    return over_time(time, fig)


def loss_band(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw the loss range of `analysis.landscape_bands` (Figs. 4a and 10a)."""
    scale = scale_for(frame["loss_low"], 0)
    fig = _landscape(frame, "loss", "Loss", time, paper, scale == "log")
    return ours_in_sight(fig.update_yaxes(**axis_of(scale)), time)


def gradient_predictiveness(
    frame: DataFrame, time: Time, paper: DataFrame | None = None
) -> go.Figure:
    """Draw the range of the gradient's change, `analysis.landscape_bands` (Figs. 4b and 10b)."""
    scale = _distance_scale([*frame["distance_low"], *frame["distance_high"]])
    fig = _landscape(frame, "distance", DISTANCE, time, paper, scale == "log")
    return ours_in_sight(fig.update_yaxes(**axis_of(scale)), time)


def _distance_scale(distances: list[float]) -> str:
    return scale_for(distances, 1e4)  # linear unless the range is huge


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
    fig.add_traces(_limits(named, time))
    return ours_in_sight(fig.update_yaxes(**axis_of(scale), rangemode="tozero"), time)


def _limits(names: Mapping[float, str], time: Time) -> list[go.Scatter]:
    """Return a level line for each value, with its own dash pattern."""
    return [
        scatter(x=[0, time.steps], y=[value, value], name=name, **DASHED).update(line_dash=dash)
        for (value, name), dash in zip(names.items(), cycle(DASHES))
    ]


def gradient_norm(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.gradient_norms` on a logarithmic axis."""
    return line_chart(positive_only(frame, "value"), "value", "‖g‖₂", time, log=True).update_yaxes(
        **LOG
    )


def step_sizes(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """Draw `analysis.step_sizes`: one line per step, coloured by the step (Fig. 11).

    The line of the selected step is wider. From the paper's curves at steps that we have too, only
    the lowest, the highest and the median distance are drawn.
    """
    networks = curves(frame)
    columns = [curve.label for curve, _ in networks]
    fig = empty_axes(frame, STEP_SIZE, [DISTANCE], columns, shared_yaxes=True)
    for column, (curve, run) in enumerate(networks, 1):
        lines = [_coloured(curve, step, rows, time) for step, rows in groups(run, "step")]
        fig.add_traces([*lines, *_highlighted(curve, run, time)], rows=1, cols=column)
    for column, curve, rows in their_columns(within(paper, time), frame):
        fig.add_traces(_summary(curve, rows), rows=1, cols=column)
    # A colour bar needs a trace that uses it.
    fig.add_trace(scatter(x=[None], y=[None], marker={"color": [0], "coloraxis": "coloraxis"}))
    bar = {"orientation": "h", "thickness": 8, "y": -0.3, "yanchor": "top", "tickformat": "~s"}
    bar |= {"title": {"text": "Step", "side": "top"}}
    fig.update_layout(
        coloraxis={"colorscale": TIME, "cmin": 0, "cmax": time.steps, "colorbar": bar}
    )
    fig.update_layout(height=380, showlegend=False, hovermode="closest")
    fig.update_xaxes(**axis_of(scale_for(frame["eta"], 100)))
    scale = _distance_scale(frame["distance"].tolist())
    return named_once(their_legend(fig)).update_yaxes(**axis_of(scale))


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


def _highlighted(curve: Curve, run: DataFrame, time: Time) -> list[go.Scatter]:
    """Draw the distances at the newest step up to the selected one again, as a wide line."""
    if time.selected is None:
        return []
    past = run[run["step"] <= time.selected]
    rows = past[past["step"] == past["step"].max()]
    return [line_trace(curve, rows["eta"], rows["distance"], **curve.dots(8)).update(line_width=4)]


def loss_slice(frame: DataFrame) -> go.Figure:
    """Draw `analysis.loss_slice`: the loss along the gradient at one step, including η = 0."""
    fig = empty_axes(frame, STEP_SIZE, ["L(θ−ηg)"])
    for curve, rows in curves(frame):
        fig.add_trace(line_trace(curve, rows["eta"], rows["loss"], **curve.dots(7)))
    scale = scale_for(frame["loss"], 100)
    return fig.update_xaxes(unifiedhovertitle={"text": "η = %{x:.3g}"}).update_yaxes(
        **axis_of(scale)
    )


def curvature(frame: DataFrame, time: Time) -> go.Figure:
    """Draw `analysis.curvature`: both measures, and 2/lr, where gradient descent gets unstable."""
    fig = empty_axes(frame, "Steps", CURVATURES.values(), shared_xaxes=True)
    positive = positive_only(frame, "value")
    for curve, run in curves(positive):
        for metric, rows in groups(run, "metric"):
            row = list(CURVATURES).index(metric) + 1
            fig.add_trace(
                line_trace(curve, rows["step"], rows["value"], **curve.dots(4)), row=row, col=1
            )
    for edge in _limits({2 / lr: f"2/lr = {2 / lr:.3g}" for lr in frame["lr"].unique()}, time):
        fig.add_traces([edge.update(legendgroup=edge.name)] * 2, rows=[1, 2], cols=1)
    return over_time(time, fig).update_yaxes(**axis_of(scale_for(positive["value"].dropna(), 30)))


def random_direction(choice: str) -> str:
    """Return the setting that the page's switch requires: "random_direction", or "" if none."""
    return "random_direction" if choice == RANDOM else ""


def bands(view: View) -> DataFrame:
    """Return the bands along the direction of the page's switch, by default the gradient."""
    return analysis.landscape_bands(view.rows, ALONG.get(view.choice, "gradient"))


LANDSCAPE = Panel(
    "Loss range",
    "A narrow band means that the loss barely changes over the step sizes: a smoother landscape.",
    bands,
    lambda numbers, view: loss_band(numbers, view.time, view.paper),
    paper="loss_band",
    without=RANDOM,
    needs=random_direction,
    averages={"loss_low": "loss", "loss_high": "loss"},
    fewer=drawn,
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="landscape",
)
GRADIENT_PREDICTIVENESS = Panel(
    "Gradient predictiveness",
    "A low band means that a step hardly changes the gradient, so it predicts the next one well.",
    bands,
    lambda numbers, view: gradient_predictiveness(numbers, view.time, view.paper),
    paper="gradient_predictiveness",
    without=RANDOM,
    needs=random_direction,
    averages={"distance_low": "distance", "distance_high": "distance"},
    fewer=drawn,
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="gradient-predictiveness",
)
EFFECTIVE_BETA = Panel(
    "Effective β-smoothness",
    "Lower is smoother. At 1/η_min, even the smallest step changes the gradient by its own length. "
    "At 2/lr, full-batch training is at the edge of stability.",
    bands,
    lambda numbers, view: effective_beta(numbers, view.time, view.paper),
    paper="effective_beta",
    without=RANDOM,
    needs=random_direction,
    averages={"beta": "beta"},
    fewer=drawn,
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="effective-beta",
)
CURVATURE = Panel(
    "Curvature",
    "The largest eigenvalue of the Hessian and the curvature along the gradient. The dashed line "
    "is 2/lr, where plain gradient descent becomes unstable. A network that hovers there trains at "
    "the *edge of stability*, and its β settles there too.",
    lambda view: analysis.curvature(view.rows),
    lambda numbers, view: curvature(numbers, view.time),
    fewer=drawn,
    probe="curvature",
    metrics=("hessian_top", "batch_sharpness"),
    slug="curvature",
)
GRADIENT_NORM = Panel(
    "Length of the gradient",
    "Each step is η times the gradient. The longer the gradient, the farther the same step sizes "
    "reach into the landscape.",
    lambda view: analysis.gradient_norms(view.rows),
    lambda numbers, view: gradient_norm(numbers, view.time),
    averages={"value": "gradient_norm"},
    fewer=drawn,
    probe="landscape",
    metrics=("gradient_norm",),
    slug="gradient-norm",
)
LOSS_SLICE = Panel(
    "Loss at one step",
    "The losses behind the band at this step: where a plain gradient step of each size would lead.",
    lambda view: analysis.loss_slice(view.rows, view.step),
    lambda numbers, view: loss_slice(numbers),
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="loss-slice",
)
STEP_SIZES = Panel(
    "Distance against step size",
    "One curve per step, blue early and red late. A flat curve means that a long step changes the "
    "gradient no more than a short one.",
    lambda view: analysis.step_sizes(view.rows),
    lambda numbers, view: step_sizes(numbers, view.time, view.paper),
    paper="step_sizes",
    probe="landscape",
    metrics=OF_LANDSCAPE,
    slug="step-sizes",
)
