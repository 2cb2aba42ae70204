"""The figures of the page "BatchNorm, taken apart".

Numbers of `bnviz.papers.algorithm1` become a table, and the table becomes a plotly Figure. The
table is also what the reader can download. An example keeps its number and colour in every figure.
The colours of text and grid are left to the page, as in all figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from pandas import DataFrame, concat
from plotly.subplots import make_subplots

from bnviz.figures.axes import POWERS
from bnviz.figures.formulas import words
from bnviz.figures.style import MARK, STYLES
from bnviz.papers import algorithm1
from bnviz.papers.algorithm1 import Array, Backward, Forward, Population

# These are the colours of the runs. No page shows figures of both, so they cannot be confused.
COLOURS = [style.colour for style in STYLES.values()][:5]
INK = "#10141b"  # numbers inside the dots: a contrast of at least 4.3:1 on each of COLOURS
LINES = {"x": "x", "centred": "x − μ", "normalised": "x̂", "y": "y"}
ROADS = {
    "direct": "direct",
    "through_variance": "through σ²",
    "through_mean": "through μ",
    "dx": "all three: ∂ℓ/∂x",
}
SHOWN = 5.0  # the sliders end here; the x axis does too, so that it stays still while they move
FACTORS = np.logspace(-1, 1, 41)
TICKS = {
    "tickvals": [0.1, 0.2, 0.5, 1, 2, 5, 10],
    "ticktext": ["0.1", "0.2", "0.5", "1", "2", "5", "10"],
}


def name(letter: str, example: int) -> str:
    """Return the name of an example's number: "x" and 3 -> "x₃". Examples count from 1."""
    return f"{letter}{'₀₁₂₃₄₅₆₇₈₉'[example]}"


# Forward


def forward_table(line: Forward) -> DataFrame:
    """Return the forward pass as a table.

    There is one row per example. Columns: example (from 1), and those in LINES, one for each line
    of Algorithm 1.
    """
    columns = {column: getattr(line, column) for column in LINES}
    return DataFrame({"example": np.arange(1, len(line.x) + 1)} | columns)


def moves(table: DataFrame) -> go.Figure:
    """Draw `forward_table`: a row of dots for each line of the algorithm.

    A line through the rows follows each example from x to y.
    """
    reach = max(SHOWN, float(table[list(LINES)].abs().to_numpy().max())) + 0.6
    rows = {column: len(LINES) - 1 - place for place, column in enumerate(LINES)}
    heights = {column: rows[column] + 0.19 * stacked(table[column], reach / 8) for column in LINES}
    values = table[list(LINES)].to_numpy(dtype=float)
    tall = np.column_stack([heights[column] for column in LINES])
    fig = go.Figure([_spread(table[column].to_numpy(), rows[column] - 0.2) for column in LINES])
    for place, colour in enumerate(COLOURS):  # all lines behind all dots
        line = {"color": colour, "width": 2}
        fig.add_scatter(x=values[place], y=tall[place], mode="lines", line=line, hoverinfo="skip")
    for place, colour in enumerate(COLOURS):
        said = [
            f"example {place + 1}: {label} = {value:.4g}"
            for label, value in zip(LINES.values(), values[place], strict=True)
        ]
        fig.add_scatter(
            x=values[place],
            y=tall[place],
            mode="markers+text",
            marker={"color": colour, "size": 20, "opacity": 1},
            text=[f"<b>{place + 1}</b>"] * len(LINES),
            textfont={"color": INK, "size": 13},
            hovertext=said,
            hoverinfo="text",
        )
    fig.update_layout(
        template="bnviz", height=400, margin_t=36, hovermode="closest", showlegend=False
    )
    fig.update_xaxes(range=[-reach, reach], zeroline=True, zerolinewidth=2, nticks=9)
    ticks = {
        "tickvals": list(rows.values()),
        "ticktext": [f"<b>{label}</b>" for label in LINES.values()],
    }
    return fig.update_yaxes(
        range=[-0.45, len(LINES) - 0.05], showgrid=False, tickfont_size=16, **ticks
    )


def stacked(values: Iterable[float], width: float) -> Array:
    """Stack dots that would overlap: return the lowest free level for each dot, counted from 0.

    Dots overlap if their values differ by less than `width`.
    """
    placed: list[tuple[float, int]] = []
    for value in values:
        taken = {storey for other, storey in placed if abs(other - value) < width}
        placed.append(
            (value, next(storey for storey in range(len(placed) + 1) if storey not in taken))
        )
    return np.array([storey for _, storey in placed], dtype=float)


def _spread(values: Array, height: float, **properties: Any) -> go.Scatter:
    """Draw a grey bar from mean − σ to mean + σ, with a tick at the mean."""
    mean, deviation = values.mean(), values.std()
    ticks = {
        "symbol": ["line-ns", "line-ns", "line-ns"],
        "size": [14, 30, 14],
        "line": {"color": MARK, "width": 2},
    }
    return go.Scatter(
        x=[mean - deviation, mean, mean + deviation],
        y=[height] * 3,
        mode="lines+markers",
        line={"color": MARK, "width": 5},
        marker=ticks,
        hovertext=f"mean {mean:.4g}, standard deviation {deviation:.4g}",
        hoverinfo="text",
        **properties,
    )


# Backward


def backward_table(line: Forward, gradient: Backward) -> DataFrame:
    """Return the backward pass as a table, one row per example.

    Columns: example (from 1), normalised, the gradients dy and dnormalised, and those in ROADS: the
    three paths by which the gradient reaches x, and their sum dx.
    """
    columns = {column: getattr(gradient, column) for column in ("dy", "dnormalised", *ROADS)}
    return DataFrame(
        {"example": np.arange(1, len(line.x) + 1), "normalised": line.normalised} | columns
    )


def roads(table: DataFrame) -> go.Figure:
    """Draw `backward_table`: what each path contributes to an example's gradient, and the sum."""
    colours = [COLOURS[1], COLOURS[3], COLOURS[2], COLOURS[0]]
    fig = go.Figure()
    for (column, label), colour, pattern in zip(
        ROADS.items(), colours, ("", "/", ".", ""), strict=True
    ):
        outline = {"color": colour, "width": 1}
        fig.add_bar(
            x=[name("x", example) for example in table["example"]],
            y=table[column].to_numpy(),
            name=label,
            marker={"color": colour, "pattern": {"shape": pattern}, "line": outline},
            opacity=1 if column == "dx" else 0.7,
            hovertemplate="%{y:.4g}",
        )
    fig.update_layout(
        template="bnviz", height=400, margin_t=70, barmode="group", bargap=0.25, legend_y=1.02
    )
    return fig.update_xaxes(tickfont_size=15).update_yaxes(
        title_text="Gradient", zeroline=True, zerolinewidth=2
    )


def slice_table(line: Forward, targets: ArrayLike, example: int) -> DataFrame:
    """Return the loss as a function of one example's x, all else fixed.

    x covers the range of its slider, with extra points near its present value. `example` counts
    from 1. Columns: x, loss.
    """
    along, at = algorithm1.loss_along(line, targets, example - 1), float(line.x[example - 1])
    # If all examples are equal, the loss has a valley about √ε wide, which an even grid misses.
    near = at + float(line.deviation) * np.linspace(-6, 6, 121)
    values = np.unique(
        np.round([*np.linspace(-SHOWN, SHOWN, 201), *near[np.abs(near) <= SHOWN], at], 9)
    )
    return DataFrame({"x": values, "loss": [along(value) for value in values]})


def tangent(table: DataFrame, at: float, slope: float, example: int) -> go.Figure:
    """Draw `slice_table` with the tangent at the present value. `example` counts from 1."""
    colour = COLOURS[example - 1]
    height = table["loss"].to_numpy()[int(np.argmin(np.abs(table["x"].to_numpy() - at)))]
    low, high = table["loss"].min(), table["loss"].max()
    pad = 0.08 * (high - low) or 1.0
    ends = np.array([-SHOWN, SHOWN])
    fig = go.Figure()
    hover = f"{name('x', example)} = %{{x:.3g}}, ℓ = %{{y:.4g}}<extra></extra>"
    line = {"color": colour, "width": 3}
    fig.add_scatter(
        x=table["x"], y=table["loss"], mode="lines", line=line, name="ℓ", hovertemplate=hover
    )
    line = {"color": MARK, "width": 2, "dash": "dash"}
    fig.add_scatter(
        x=ends,
        y=height + slope * (ends - at),
        mode="lines",
        line=line,
        name=f"slope {words(slope)}",
        hoverinfo="skip",
    )
    dot = {"color": colour, "size": 14}
    fig.add_scatter(
        x=[at], y=[height], mode="markers", marker=dot, showlegend=False, hovertemplate=hover
    )
    fig.update_layout(template="bnviz", height=360, margin_t=60, legend_y=1.02, hovermode="closest")
    fig.update_xaxes(title_text=name("x", example), range=[-SHOWN, SHOWN])
    return fig.update_yaxes(title_text="Loss ℓ", range=[low - pad, high + pad])


# Training and inference


def company_table(
    batches: Array, example: int, over: Population, gamma: float, beta: float, epsilon: float
) -> DataFrame:
    """Put one example of the first batch into every other batch, in place of the example there.

    The population statistics `over` are those from before the exchange. `example` counts from 1.

    There is one row per example and batch. Columns: batch and example (from 1), guest (whether it
    is the chosen example), x, training and inference (the output y normalised by the batch and by
    the population).
    """
    guest, tables = float(batches[0, example - 1]), []
    numbers = np.arange(1, batches.shape[1] + 1)
    for number, batch in enumerate(batches, 1):
        visited = batch.copy()
        visited[example - 1] = guest
        columns = {
            "batch": number,
            "example": numbers,
            "guest": numbers == example,
            "x": visited,
            "training": algorithm1.forward(visited, gamma, beta, epsilon).y,
            "inference": algorithm1.inference(visited, over, gamma, beta, epsilon),
        }
        tables.append(DataFrame(columns))
    return concat(tables, ignore_index=True)


def company(table: DataFrame) -> go.Figure:
    """Draw `company_table`: the batches on the left, the chosen example's outputs on the right."""
    numbers = sorted(table["batch"].unique())
    example = int(table.loc[table["guest"], "example"].iloc[0])
    titles = [f"{name('x', example)} in its batch", name("y", example)]
    sharing = {"shared_yaxes": True, "column_widths": [0.55, 0.45], "horizontal_spacing": 0.06}
    fig = make_subplots(1, 2, column_titles=titles, **sharing)
    dot = {"color": COLOURS[example - 1], "size": 16}
    fig.add_traces(_members(table, dot), rows=1, cols=1)
    fig.add_traces(_fates(table[table["guest"]], dot), rows=1, cols=2)
    height = 52 * len(numbers)
    fig.update_layout(template="bnviz", height=130 + height, margin_t=84, hovermode="closest")
    fig.update_layout(legend_y=1 + 30 / height)
    labels = ["yours", *(f"no. {number}" for number in numbers[1:])]
    reach = [numbers[-1] + 0.6, numbers[0] - 0.6]
    fig.update_yaxes(range=reach, tickvals=numbers, ticktext=labels, showgrid=False)
    return fig.update_yaxes(title_text="Batch", col=1).update_xaxes(nticks=6)


def _members(table: DataFrame, dot: dict[str, Any]) -> list[go.Scatter]:
    """Draw one batch per row: mean and spread, its examples as rings, the chosen one as a dot."""
    ring = {"color": MARK, "size": 11, "symbol": "circle-open", "line": {"width": 2}}
    properties = {
        "mode": "markers",
        "showlegend": False,
        "hovertemplate": "x = %{x:.3g}<extra></extra>",
    }
    rows = {
        number: table.loc[table["batch"] == number, "x"].to_numpy()
        for number in table["batch"].unique()
    }
    spreads = [_spread(values, number + 0.3, showlegend=False) for number, values in rows.items()]
    people = [(table[~table["guest"]], ring), (table[table["guest"]], dot)]
    return spreads + [
        go.Scatter(x=some["x"], y=some["batch"], marker=marker, **properties)
        for some, marker in people
    ]


def _fates(guests: DataFrame, dot: dict[str, Any]) -> list[go.Scatter]:
    """Draw the chosen example's outputs: a line for inference, and a dot per batch for training.

    Stems join the dots to the line.
    """
    level, numbers = float(guests["inference"].iloc[0]), guests["batch"].to_list()
    line = {"mode": "lines", "hoverinfo": "skip"}
    dashed = {"line": {"color": MARK, "width": 3, "dash": "dash"}, "name": "at inference"}
    stems = {  # None breaks the line between two stems
        "x": [end for value in guests["training"] for end in (level, value, None)],
        "y": [end for number in numbers for end in (number, number, None)],
    }
    thin = {"line": {"color": dot["color"], "width": 2}, "showlegend": False}
    properties = {"mode": "markers", "marker": dot, "name": "in training"}
    hover = "y = %{x:.4g} in training<extra></extra>"
    return [
        go.Scatter(x=[level] * 2, y=[numbers[0] - 0.45, numbers[-1] + 0.45], **line, **dashed),
        go.Scatter(**stems, **line, **thin),
        go.Scatter(x=guests["training"], y=numbers, hovertemplate=hover, **properties),
    ]


# Larger weights


def scale_table(weights: ArrayLike, inputs: ArrayLike, epsilon: float, a: float) -> DataFrame:
    """Return how a layer with BatchNorm changes if its weights are multiplied by a factor.

    There is one row for each of FACTORS and for the chosen factor `a`. Columns: a, and the fields
    of `algorithm1.Invariance`.
    """
    factors = np.unique([*FACTORS, a])
    rows = [
        {"a": factor} | algorithm1.invariance(weights, inputs, factor, epsilon)._asdict()
        for factor in factors
    ]
    return DataFrame(rows)


def scaling(table: DataFrame, a: float) -> go.Figure:
    """Draw the gradients of `scale_table` relative to those at a = 1, with 1/a for comparison."""
    fig = go.Figure()
    # Wide and drawn first, so that it stays visible behind the measured line.
    line = {"color": "rgba(136, 136, 136, 0.45)", "width": 12}
    properties = {"mode": "lines", "line": line, "name": "1/a", "hovertemplate": "%{y:.4g}"}
    fig.add_scatter(x=table["a"], y=1 / table["a"], **properties)
    labels = {"by_weights": "by the weights", "by_inputs": "by the inputs"}
    return _over_factors(fig, table, labels, a).update_yaxes(
        title_text="Gradient, against a = 1", type="log", **TICKS
    )


def breach_table(table: DataFrame) -> DataFrame:
    """Return how far the equalities of `scale_table` are off.

    They would be exact if ε grew with the weights. Columns as in `scale_table`, NaN instead of 0.
    """
    off = table.assign(
        by_inputs=(table["by_inputs"] - 1).abs(),
        by_weights=(table["by_weights"] * table["a"] - 1).abs(),
    )
    return off.where(off > 0)  # at a = 1 all are 0, which a logarithmic axis cannot show


def breach(table: DataFrame, a: float) -> go.Figure:
    """Draw `breach_table`, one line for each equality."""
    labels = {
        "by_weights": "gradient by the weights",
        "by_inputs": "gradient by the inputs",
        "outputs": "outputs",
    }
    return _over_factors(go.Figure(), table, labels, a).update_yaxes(
        title_text="Off by", dtick=1, **POWERS
    )


def _over_factors(fig: go.Figure, table: DataFrame, labels: dict[str, str], a: float) -> go.Figure:
    """Draw columns of a table against the factor, with a dot at the reader's factor `a`."""
    here = table[table["a"] == a]
    looks = {
        "by_weights": (COLOURS[0], "solid", "circle"),
        "by_inputs": (COLOURS[1], "dashdot", "square"),
        "outputs": (COLOURS[2], "dot", "diamond"),
    }
    for column, label in labels.items():
        colour, dash, symbol = looks[column]
        line = {"color": colour, "width": 3, "dash": dash}
        properties: dict[str, Any] = {"mode": "lines", "line": line, "name": label}
        fig.add_scatter(x=table["a"], y=table[column], hovertemplate="%{y:.4g}", **properties)
        dot = {"color": colour, "size": 13, "symbol": symbol}
        properties = {"mode": "markers", "marker": dot, "showlegend": False, "hoverinfo": "skip"}
        fig.add_scatter(x=here["a"], y=here[column], **properties)
    fig.update_layout(template="bnviz", height=400, margin_t=70, legend_y=1.02)
    title = {"text": "a = %{x:.3g}"}
    return fig.update_xaxes(
        title_text="Factor a on the weights", type="log", unifiedhovertitle=title, **TICKS
    )
