"""Numbers -> pictures: each function takes one frame of `bnviz.analysis` and returns a plotly Figure.

A normalisation keeps its colour, dash and marker everywhere, and a run that diverged ends in a cross. Where a
figure takes `paper`, rows of `bnviz.reference.counterpart`, it lays the papers' own curves under ours. Figures
know no Streamlit and no store; they name their own template and leave the colours of text and grid to whoever
shows them. An empty frame gives empty axes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import cycle
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame, Series
from plotly.colors import hex_to_rgb, sample_colorscale
from plotly.subplots import make_subplots

from bnviz.analysis.rows import KEYS, layer_number, layers
from bnviz.analysis.theory import CONDITIONS, STATEMENTS
from bnviz.norms import NORMS
from bnviz.unchecked import figure as unchecked
from bnviz.unchecked import scatter, traces

# norm: colour, dash, marker; told apart without colour, and at least 3:1 on white and on near-black.
STYLES = {
    "none": ("#d55e00", "solid", "circle"),
    "batch": ("#1a80c4", "dash", "square"),
    "noisy": ("#c0609a", "dashdot", "diamond"),
    "noise": ("#b87a00", "dot", "triangle-up"),
    "l1": ("#008f68", "longdash", "cross"),
    "l2": ("#6f7bd6", "longdashdot", "star"),
    "linf": ("#5b8c2a", "8px,3px,2px,3px,2px,3px", "hexagon"),
    "layer": ("#8c6d5a", "12px,4px", "x"),
    "group": ("#c4515c", "3px,3px", "pentagon"),
    "instance": ("#3a8f9e", "12px,3px,3px,3px", "bowtie"),
    "weight": ("#80802a", "16px,4px,2px,4px", "hourglass"),
}
SPARE_STYLES = [
    ("#9068c8", "6px,6px", "star-square"),
    ("#68808c", "10px,2px", "triangle-down"),
    ("#a8703c", "1px,4px", "hexagram"),
]
SHADES = "Cividis"  # of a heat map: even in lightness, also to the colour-blind
TIME = ["#3f78c9", "#9060a8", "#d84a4a"]  # early to late: the blue to red of Fig. 11, without its white middle
MARK = "#888888"  # lines that are no measurement
DASHED: dict[str, Any] = {"mode": "lines", "line": {"color": MARK, "dash": "dash", "width": 1}, "hoverinfo": "skip"}
DASHES = ("dash", "longdashdot", "8px,2px,2px,2px,2px,2px", "16px,4px")  # of several such lines in one figure
CURSOR = "cursor"  # the mark of the step that a page shows: it belongs to the page, and exports leave it out
LEVEL: dict[str, Any] = {"line_width": 1, "line_dash": "dash", "line_color": MARK, "exclude_empty_subplots": False}
OVER_SEEDS, OPEN = " over seeds", " (open below where it reaches zero or less)"
LOWEST = float(np.float32(1e-30))  # below every logarithmic axis, as it is drawn
WHISKERS = 12  # places of a curve at which an interval over seeds is drawn as whiskers
UNDER = -1  # zorder of the papers' curves: ours are drawn over them
BELOW = {"y": 0, "yref": "container", "yanchor": "bottom"}  # a legend under the axes
HATCH: dict[str, Any] = {"shape": "/", "size": 5, "solidity": 0.25, "fillmode": "overlay"}  # of an interval over seeds
NO_HOVER = {"hoverinfo": "skip", "hovertemplate": None}
DOTS = 16  # markers on a line of a comparison, so that it is told apart without its colour
ACROSS = 3  # small multiples side by side
PERCENT = {"range": [0, 1.02], "autorange": False, "tickformat": ".0%"}
NUMBER, SHARE = "%{y:.3g}", "%{y:.3~p}"  # what a hover says of a height, on an axis in per cent the second
# Without a format plotly writes 0.2 as a small "2" between the powers of ten; more ticks would run into each other.
LOG: dict[str, Any] = {"type": "log", "tickformat": ",~g", "nticks": 4}

DISTANCE = "‖∇L(θ−ηg) − g‖₂"
STEP_SIZE = "Step size η"
SHIFT = {"ics_l2": "‖G − G′‖₂", "ics_cosine": "cos ∠(G, G′)"}
CHANGE = {"mean": "|μ<sub>t+1</sub> − μ<sub>t</sub>|", "variance": "|σ²<sub>t+1</sub> − σ²<sub>t</sub>|"}
CURVATURE = {"hessian_top": "λ<sub>max</sub>(∇²L)", "batch_sharpness": "gᵀ∇²L g / ‖g‖²"}
SYMBOLS = dict(zip(STATEMENTS, ("circle", "square", "triangle-up", "diamond"), strict=True))  # of Sec. 4
SIGNS = {  # of the two sides of a bound
    "both above zero": "circle",
    "both below zero": "circle-open",
    "bound below zero": "triangle-left",
    "measured below zero": "triangle-down",
}
PRECISIONS = {"float64": 2.0**-52, "float32": 2.0**-23}
DRIFT = {"mean": "μ<sub>t</sub> − μ<sub>0</sub>", "variance": "σ²<sub>t</sub> − σ²<sub>0</sub>"}

_axis = {"automargin": True, "zeroline": False, "exponentformat": "power", "title": {"standoff": 8}}
pio.templates["bnviz"] = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 56, "r": 12, "b": 44},
        "legend": {"orientation": "h", "x": 0, "yanchor": "bottom"},
        "hovermode": "x unified",
        "xaxis": _axis,
        "yaxis": _axis,
    }
)


# The look of a run


@dataclass(frozen=True)
class Time:
    """What figures over training share: a run that lags behind has the axis of one that is done."""

    steps: int  # the length of the training
    selected: int | None = None  # a step to mark
    diverged: Mapping[str, int] = field(default_factory=dict)  # run -> step, from `analysis.diverged`


@dataclass(frozen=True)
class Swept:
    """What figures of a sweep share."""

    knob: str
    end: str  # what is asked of the end of a run
    share: bool  # whether that is between 0 and 1
    diverged: Mapping[str, int] = field(default_factory=dict)  # run -> step, from `analysis.diverged`


@dataclass(frozen=True)
class Curve:
    """How one run looks in every figure."""

    run: str
    label: str
    colour: str
    dash: str
    symbol: str
    width: float
    paper: bool = False  # one of a paper's

    @property
    def line(self) -> dict[str, Any]:
        return {"color": self.colour, "dash": self.dash, "width": self.width}

    def dots(self, size: int) -> dict[str, Any]:
        """A line with a marker on every measurement."""
        return {"mode": "lines+markers", "marker": {"symbol": self.symbol, "size": size}}

    def faded(self, opacity: float) -> str:
        """Its colour, let through."""
        return f"rgba{(*hex_to_rgb(self.colour), opacity)}"

    @property
    def place(self) -> dict[str, Any]:
        """Where a trace of it stands among the others, and how much of its name a hover tells."""
        return {"zorder": UNDER, "hoverlabel": {"namelength": -1}} if self.paper else {}


def style(norm: str) -> tuple[str, str, str]:
    """Colour, dash and marker of a normalisation; one that STYLES does not name takes the next free style."""
    later = [name for name in NORMS if name not in STYLES]
    place = later.index(norm) if norm in later else len(later)
    return STYLES.get(norm, SPARE_STYLES[place % len(SPARE_STYLES)])


def curves(frame: DataFrame) -> list[tuple[Curve, DataFrame]]:
    """Every run of a frame, its look and its rows, in the order of NORMS, then of learning rate and seed.

    Labels name learning rate and seed where there are several, and how many seeds a mean is over; a higher learning rate is a
    wider line.
    """
    order, rates, seeds = list(NORMS), sorted(frame["lr"].unique()), frame["seed"].unique()
    drawn = []
    for (run, norm, lr, seed), rows in _groups(frame, KEYS):
        words = [NORMS[norm].label if norm in NORMS else norm]
        words += [f"lr {lr:g}"] * (len(rates) > 1) + [f"seed {seed}"] * (len(seeds) > 1)
        words += [f"n = {rows['n'].max()}"] if "n" in rows else []
        curve = Curve(run, " · ".join(words), *style(norm), width=2 + 1.5 * rates.index(lr))
        place = order.index(norm) if norm in order else len(order)
        drawn.append(((place, norm, lr, seed, run), (curve, rows)))
    return [pair for _, pair in sorted(drawn, key=lambda item: item[0])]


def _groups(frame: DataFrame, by: str | list[str]) -> Iterable[tuple[Any, DataFrame]]:
    return frame.groupby(by)


# Traces


def drawable(values: ArrayLike) -> NDArray[np.float32]:
    """Numbers as they are sent to the browser."""
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, which is drawn as a gap
        return np.asarray(values, dtype=np.float32)


def _line(curve: Curve, x: ArrayLike, y: ArrayLike, **look: Any) -> go.Scatter:
    look = {"mode": "lines", "line": curve.line, "hovertemplate": NUMBER, **curve.place, **look}
    return scatter(x=drawable(x), y=drawable(y), name=curve.label, legendgroup=curve.run, **look)


def _band(curve: Curve, x: Series[Any], low: Series[Any], high: Series[Any], hover: bool = True) -> list[go.Scatter]:
    """Two thin edges with the area between them; a click in the legend hides all of it."""
    edge = {"color": curve.faded(0.9 if curve.paper else 0.6), "dash": curve.dash, "width": 1}
    area = {"line": edge, "fill": "tonexty", "fillcolor": curve.faded(0.08 if curve.paper else 0.3)}
    traces: list[go.Scatter] = []
    for at, bottom, top in _pieces(x, low, high):
        text = {"customdata": bottom, "hovertemplate": "%{customdata:.3g} … %{y:.3g}"}
        traces.append(_line(curve, at, bottom, line=edge, showlegend=False, **NO_HOVER))
        traces.append(_line(curve, at, top, **area, **(text if hover else NO_HOVER)))
    return traces


def _pieces(x: Series[Any], low: Series[Any], high: Series[Any]) -> list[NDArray[np.float32]]:
    """The parts of a band between its gaps, over which plotly would fill: x, low and high of each, as rows."""
    band = np.stack([drawable(x), drawable(low), drawable(high)])
    whole = np.isfinite(band).all(axis=0)
    turns = np.flatnonzero(np.diff(whole, prepend=False, append=False))
    return [band[:, start:stop] for start, stop in zip(turns[::2], turns[1::2], strict=True)]


def _seeds(curve: Curve, rows: DataFrame, name: str, log: bool = False) -> list[go.Scatter]:
    """The interval over seeds around a mean, if there is one: hatched and without edges, as no band over step sizes is."""
    if f"{name}_from" not in rows:
        return []
    low, high = rows[f"{name}_from"], rows[f"{name}_to"]
    if log:
        low = _open_below(low)
    look: dict[str, Any] = {"line": {"width": 0}, "showlegend": False, **NO_HOVER}
    look |= {"meta": OPEN} if log and (rows[f"{name}_from"] <= 0).any() else {}
    traces: list[go.Scatter] = []
    for at, bottom, top in _pieces(rows["step"], low, high):
        hatch = {"fill": "tonexty", "fillcolor": curve.faded(0.12), "fillpattern": HATCH | {"fgcolor": curve.colour}}
        traces.append(_line(curve, at, bottom, **look))
        traces.append(_line(curve, at, top, **look, **hatch))
    return traces


def _whiskers(rows: DataFrame, name: str, log: bool = False) -> dict[str, Any]:
    """The same where there are few places: error bars, which plotly draws to the end of a logarithmic axis if they reach zero."""
    if f"{name}_from" not in rows:
        return {}
    up, down = drawable(rows[f"{name}_to"] - rows[name]), drawable(rows[name] - rows[f"{name}_from"])
    bars = {"error_y": {"type": "data", "array": up, "arrayminus": down, "width": 3, "thickness": 1}}
    return bars | ({"meta": OPEN} if log and (rows[f"{name}_from"] <= 0).any() else {})


def _seeds_at_some(curve: Curve, rows: DataFrame, name: str, place: int, log: bool) -> list[go.Scatter]:
    """The interval over seeds around an edge of a band over step sizes: whiskers, since hatching would hide the bands.

    They stand at some steps, of each network at others, by its place among them.
    """
    if f"{name}_from" not in rows:
        return []
    apart = -(-len(rows) // WHISKERS)
    some = rows.iloc[place * apart // 4 :: apart]
    look: dict[str, Any] = {
        "mode": "markers",
        "marker": {"size": 3, "color": curve.colour},
        "showlegend": False,
        **NO_HOVER,
    }
    return [_line(curve, some["step"], some[name], **look, **_whiskers(some, name, log))]


def _open_below(low: Series[float]) -> Series[float]:
    """The lower ends of an interval for a logarithmic axis, which has no place for zero: there it leaves the picture."""
    return low.where(low.isna() | (low > 0), LOWEST)


def _intervals(frame: DataFrame) -> list[str]:
    """What the intervals over seeds of a figure are called."""
    return list(frame["interval"].unique()) if "interval" in frame else []


def _seed_legend(frame: DataFrame, whiskers: bool = False) -> list[go.Scatter]:
    """What hatching or whiskers mean."""
    names = _intervals(frame)
    if whiskers:
        bar: dict[str, Any] = {"mode": "markers", "marker": {"symbol": "line-ns-open", "size": 12, "color": MARK}}
        return [scatter(x=[None], y=[None], name=f"{name}{OVER_SEEDS}", legendgroup=name, **bar) for name in names]
    look: dict[str, Any] = {"x": [None], "y": [None], "mode": "lines", "line": {"width": 0}, "fill": "toself"}
    pattern = {"fillcolor": "rgba(136, 136, 136, 0.12)", "fillpattern": HATCH | {"fgcolor": MARK}}
    return [scatter(name=f"{name}{OVER_SEEDS}", legendgroup=name, **look, **pattern, **NO_HOVER) for name in names]


def _cross(curve: Curve, x: Series[Any], y: Series[Any], time: Time, words: bool = True) -> list[go.Scatter]:
    """The end of a run that diverged; nothing for one that did not."""
    step = time.diverged.get(curve.run, -1)
    end = y[x <= step].last_valid_index()
    if end is None:
        return []
    note, side = f"diverged at step {step}", "left" if x[end] > time.steps / 2 else "right"
    look: dict[str, Any] = {"showlegend": False, "cliponaxis": False, "hovertemplate": note}
    look |= {"mode": "markers", "marker": {"symbol": "x", "size": 10, "color": curve.colour}}
    look |= {"mode": "markers+text", "text": [note], "textposition": f"top {side}"} if words else {}
    return [_line(curve, [x[end]], [y[end]], **look)]


# Axes


def _layer(name: str) -> str:
    return f"{name} (#{layer_number(name)})"


def _grid(
    frame: DataFrame, x_title: str, y_titles: Iterable[str], columns: Iterable[str] = (), **sharing: Any
) -> go.Figure:
    """Empty axes: a row for each y title, a column for each column title."""
    rows = tuple(y_titles)
    fig = unchecked(_axes(x_title, rows, tuple(columns), **sharing))
    if frame.empty:
        place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
        fig.add_annotation(text="nothing measured yet", showarrow=False, **place)
        nothing = scatter(x=[], y=[], showlegend=False)  # plotly.js draws no axes without a trace
        fig.add_traces([nothing] * len(rows), rows=list(range(1, len(rows) + 1)), cols=1)
    return fig


@lru_cache(maxsize=64)
def _axes(x_title: str, rows: tuple[str, ...], columns: tuple[str, ...], **sharing: Any) -> go.Figure:
    """The axes of `_grid`, which every refresh of a live figure needs again."""
    heads = [[line for word in title.split(" · ") for line in wrap(word, 12)] for title in columns]
    height, head = 200 * len(rows), 20 * max(map(len, heads), default=0)
    gaps = {"horizontal_spacing": 0.03, "vertical_spacing": 0.15 / len(rows)}
    titles = ["<br>".join(lines) for lines in heads] or [""]
    fig = make_subplots(len(rows), len(titles), column_titles=titles, **gaps, **sharing)
    fig.update_annotations(font_size=13)
    fig.update_layout(template="bnviz", height=80 + head + height, margin_t=36 + head)
    fig.update_layout(legend_y=1 + (4 + head) / height)
    fig.update_xaxes(nticks=6 if len(titles) == 1 else 3).update_xaxes(title_text=x_title, row=len(rows))
    for row, title in enumerate(rows, 1):
        fig.update_yaxes(title_text=title, row=row, col=1)
    return fig


def _over(time: Time, fig: go.Figure) -> go.Figure:
    """The time axis of every panel, and the selected step on it."""
    title = {"text": "Step %{x:,d}"}
    fig.update_xaxes(range=[0, time.steps], tickformat="~s", unifiedhovertitle=title)
    # plotly.js does not scale matching y axes by itself once matching x axes have a range.
    fig.update_yaxes(autorange=True)
    if time.selected is not None:
        everywhere = {"row": "all", "col": "all", "exclude_empty_subplots": False}
        fig.add_vline(time.selected, name=CURSOR, line_width=1, line_color=MARK, **everywhere)
    return _named_once(_open(fig))


def _open(fig: go.Figure) -> go.Figure:
    """Axes end where the drawn values do, also where an interval is open below; the legend says that it is."""
    if all(trace.meta != OPEN for trace in fig.data):
        return fig
    values: dict[str, list[Any]] = {
        axis.plotly_name: [] for axis in fig.select_yaxes()
    }  # of the axes that match, all together
    for trace in fig.data:
        axis = fig.layout[f"yaxis{(trace.yaxis or 'y')[1:]}"]
        y = drawable([np.nan if value is None else value for value in trace.y])
        down = trace.error_y.arrayminus
        ends = y if down is None else y - drawable(down)  # of whiskers
        values[_root(axis)] += [y[y > LOWEST], ends[ends > LOWEST]]
    for axis in fig.select_yaxes():
        above = np.concatenate([np.zeros(0), *values[_root(axis)]])
        if above.size:
            axis.autorangeoptions.clipmin = float(above.min()) / 1.2
    _say_open(fig)
    return fig


def _root(axis: Any) -> str:
    """The name of the first of the axes that match."""
    return f"yaxis{axis.matches[1:]}" if axis.matches else str(axis.plotly_name)


def _say_open(fig: go.Figure) -> None:
    """In the legend entry of the interval."""
    for trace in fig.data:
        if (trace.name or "").endswith(OVER_SEEDS):
            trace.name += OPEN


def _named_once(fig: go.Figure) -> go.Figure:
    """One entry a run in the legend, however many traces it is drawn with."""
    named: set[str | None] = set()
    for trace in traces(fig):
        if trace.get("showlegend") is not False:
            trace["showlegend"] = trace.get("legendgroup") not in named
            named.add(trace.get("legendgroup"))
    theirs = sum(trace.get("zorder") == UNDER and trace.get("showlegend") is not False for trace in traces(fig))
    if theirs:  # their long names would run into the buttons above, or leave no height
        fig.update_layout(legend=BELOW, height=fig.layout.height + 28 * theirs)
    return fig


def _scale(values: ArrayLike, span: float) -> str:
    """A logarithmic axis where all values are positive and spread over more than a factor of `span`."""
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    return "log" if finite.size and finite.min() > 0 and finite.max() > span * finite.min() else "linear"


def _axis_of(scale: str) -> dict[str, Any]:
    """An axis of a scale."""
    return LOG if scale == "log" else {"type": scale}


def _percent(fig: go.Figure, **axis: Any) -> go.Figure:
    """The y axes in per cent, and the hovers with them."""
    fig.update_traces(hovertemplate=SHARE, selector={"hovertemplate": NUMBER})
    return fig.update_yaxes(**PERCENT | axis)


def _positive(frame: DataFrame, *columns: str) -> DataFrame:
    """What a logarithmic axis can show: zero becomes a gap."""
    return frame.assign(**{name: frame[name].where(frame[name] > 0) for name in columns if name in frame})


# The papers' own curves, under ours


def papers(paper: DataFrame | None, frame: DataFrame) -> list[tuple[Curve, DataFrame]]:
    """Every run of a paper, in the order of NORMS: thin, dotted, in our colour for it, but greyer.

    Labels name the figure, and the learning rate where there are several among ours, in `frame`.
    """
    if paper is None or paper.empty:
        return []
    several, drawn = frame["lr"].nunique() > 1, []
    for (norm, run), rows in _groups(paper, ["norm", "run"]):
        figure, lr = rows["figure"].iloc[0], rows["lr"].iloc[0]
        words = [NORMS[norm].label] + ([f"lr {lr:g}"] if several and np.isfinite(lr) else [])
        colour, _, symbol = style(norm)
        mixed = [(2 * ours + grey) // 3 for ours, grey in zip(hex_to_rgb(colour), hex_to_rgb(MARK), strict=True)]
        label = f"{' · '.join(words)} – paper, {figure}"
        curve = Curve(run, label, f"#{bytes(mixed).hex()}", "dot", symbol, 1.5, paper=True)
        drawn.append((list(NORMS).index(norm), (curve, rows)))
    return [pair for _, pair in sorted(drawn, key=lambda item: item[0])]


def _within(paper: DataFrame | None, time: Time) -> DataFrame | None:
    """The papers' rows within our steps."""
    return None if paper is None or paper.empty else paper[paper["step"] <= time.steps]


def _their_lines(paper: DataFrame | None, frame: DataFrame) -> list[go.Scatter]:
    """A line for each run of a paper."""
    return [_line(curve, rows["step"], rows["value"]) for curve, rows in papers(paper, frame)]


def _columns(paper: DataFrame | None, frame: DataFrame) -> list[tuple[int, Curve, DataFrame]]:
    """Where networks stand side by side: each run of a paper with the column, from 1, of a run of ours that it is under."""
    found = []
    for column, (_, ours) in enumerate(curves(frame), 1):
        (norm, lr), *_ = ours[["norm", "lr"]].itertuples(index=False)
        for curve, theirs in papers(paper, frame):
            (its, rate), *_ = theirs[["norm", "lr"]].itertuples(index=False)
            if its == norm and (rate == lr or np.isnan(rate)):
                found.append((column, curve, theirs))
    return found


def _places(names: list[str], number: float) -> list[int]:
    """Which of our layers, counted from 1, has this number: one or none."""
    return [place for place, name in enumerate(names, 1) if layer_number(name) == number]


def _their_legend(fig: go.Figure) -> go.Figure:
    """A legend of the papers' curves only, where the names of ours stand above their columns."""
    for trace in traces(fig):
        trace["showlegend"] = trace.get("zorder") == UNDER and trace.get("showlegend") is not False
    return fig.update_layout(showlegend=any(trace["showlegend"] for trace in traces(fig)))


def _ours_in_sight(fig: go.Figure, time: Time) -> go.Figure:
    """What the papers' curves do after our last step does not stretch the y axes: one must zoom out to see it."""
    if all(trace.zorder != UNDER for trace in fig.data):
        return fig
    seen: dict[str, list[float]] = {}  # y axis, the first of those that match -> values in sight
    for trace in fig.data:
        x, y = np.asarray(trace.x, dtype=float), np.asarray(trace.y, dtype=float)
        if trace.zorder == UNDER and x.min() <= time.steps:
            y = np.append(y[x <= time.steps], np.interp(time.steps, x, y))  # and where it leaves the picture
        elif trace.zorder == UNDER:
            y = y[:0]
        axis = trace.yaxis or "y"
        seen.setdefault(fig.layout[f"yaxis{axis[1:]}"].matches or axis, []).extend(
            y[np.isfinite(y) & (np.abs(y) != LOWEST)]
        )
    for axis in fig.select_yaxes():
        values = seen.get(axis.matches or axis.plotly_name.replace("axis", ""))
        if values:
            axis.autorangeoptions = _clip(min(values), max(values), axis.type == "log")
    return fig


def _clip(low: float, high: float, log: bool) -> dict[str, float]:
    """How far an axis may reach that scales by itself, with the margin that plotly leaves; a linear one always to zero."""
    if log:
        margin = (high / low) ** 0.06
        return {"clipmin": low / margin, "clipmax": high * margin}
    margin = 0.06 * (high - low)
    return {"clipmin": min(0, low - margin), "clipmax": high + margin}


# Training and test (Figs. 1, 2, 5)


def _smoothed(frame: DataFrame, title: str, time: Time, paper: DataFrame | None, log: bool = False) -> go.Figure:
    """The running mean of each run before the range of its raw values; of several seeds their mean and its interval."""
    fig = _grid(frame, "Steps", [title])
    for curve, rows in curves(frame):
        if "low" in rows:
            raw = _band(curve, rows["step"], rows["low"], rows["high"], hover=False)
            fig.add_traces([edge.update(showlegend=False, opacity=0.5) for edge in raw])
        fig.add_traces(_seeds(curve, rows, "mean", log))
        fig.add_trace(_line(curve, rows["step"], rows["mean"]))
        fig.add_traces(_cross(curve, rows["step"], rows["mean"], time))
    fig.add_traces([*_their_lines(paper, frame), *_seed_legend(frame)])
    return _over(time, fig)


def _lines(
    frame: DataFrame, column: str, title: str, time: Time, paper: DataFrame | None = None, log: bool = False
) -> go.Figure:
    """One line a run, with a marker on every measurement."""
    fig = _grid(frame, "Steps", [title])
    for curve, rows in curves(frame):
        fig.add_traces(_seeds(curve, rows, column, log))
        fig.add_trace(_line(curve, rows["step"], rows[column], **curve.dots(4)))
        fig.add_traces(_cross(curve, rows["step"], rows[column], time))
    fig.add_traces([*_their_lines(paper, frame), *_seed_legend(frame)])
    return _over(time, fig)


def training_accuracy(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.smooth` of train_accuracy (Figs. 1a, 2, 5a)."""
    return _percent(_smoothed(frame, "Training accuracy", time, paper))


def training_loss(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.smooth` of train_loss (Figs. 3b, 5b)."""
    frame = _positive(frame, "mean", "low", "high")
    return _ours_in_sight(_smoothed(frame, "Training loss", time, paper, log=True).update_yaxes(**LOG), time)


def test_accuracy(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:  # noqa: PT028
    """`analysis.test_curve` (Fig. 1b; 2015, Fig. 1a)."""
    return _percent(_lines(frame, "value", "Test accuracy", time, paper))


def test_error(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:  # noqa: PT028
    """`analysis.test_error` on a logarithmic axis; the papers' curves are of the accuracy."""
    theirs = paper if paper is None or paper.empty else paper.assign(value=1 - paper["value"])
    fig = _lines(_positive(frame, "value"), "value", "Test error", time, theirs, log=True)
    return _ours_in_sight(_percent(fig, **LOG | {"range": None, "autorange": True, "tickformat": "~%"}), time)


# Distributions of activations (Figs. 1c, 2, 6, 8, 9; 2015, Fig. 1b-c)


def _networks(frame: DataFrame, x_title: str, y_title: str, **sharing: Any) -> go.Figure:
    """Axes with the layers down and the networks, or runs, across."""
    titles = [f"{y_title}<br>{_layer(name)}" for name in layers(frame)] or [y_title]
    columns = [curve.label for curve, _ in curves(frame)]
    fig = _grid(frame, x_title, titles, columns, shared_yaxes=True, **sharing)
    return fig.update_layout(showlegend=False)


def quantile_bands(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.quantile_bands`: median, 15-85 % and 5-95 % (2015, Fig. 1b-c, which has no 5-95 %)."""
    fig, names = _networks(frame, "Steps", "Activation", shared_xaxes="all"), layers(frame)
    for column, (curve, run) in enumerate(curves(frame), 1):
        for name, rows in _groups(run, "layer"):
            step, median = rows["step"], rows["q50"]
            outer = _band(curve, step, rows["q05"], rows["q95"], hover=False)
            inner = _band(curve, step, rows["q15"], rows["q85"], hover=False)
            traces = [*outer, *inner, _line(curve, step, median), *_cross(curve, step, median, time, words=False)]
            fig.add_traces(traces, rows=names.index(name) + 1, cols=column)
    for column, curve, rows in _columns(paper, frame):
        for place in _places(names, rows["layer"].iloc[0]):
            band = _band(curve, rows["step"], rows["low"], rows["high"], hover=False)
            fig.add_traces([*band, _line(curve, rows["step"], rows["value"])], rows=place, cols=column)
    return _ours_in_sight(_over(time, _their_legend(fig)), time)


def ridges(frame: DataFrame, time: Time) -> go.Figure:
    """`analysis.histograms` behind each other, the first step at the back (Fig. 1c).

    All are scaled to one height: a ridge shows where and how wide the activations are.
    """
    fig, names, height = _networks(frame, "Activation", "Steps"), layers(frame), time.steps / 6
    for column, (curve, run) in enumerate(curves(frame), 1):
        for name, rows in _groups(run.dropna(), "layer"):
            where = {"row": names.index(name) + 1, "col": column}
            share = rows["density"] / rows.groupby("step")["density"].transform("max")
            fig.add_traces(_ridges(curve, rows.assign(height=height * share)), where["row"], where["col"])
            seen = rows[share > 0.01]  # a lone outlier does not set the axis
            fig.update_xaxes(range=[seen["left"].min(), seen["right"].max()], **where)
    fig.update_yaxes(range=[time.steps, -1.1 * height], tickformat="~s", nticks=5)
    return fig.update_layout(hovermode=False)


def _ridges(curve: Curve, rows: DataFrame) -> list[go.Scatter]:
    """The histograms of a layer, each standing on its step; the axis points down, so up is minus."""
    left, right, height = (rows[name].to_numpy() for name in ("left", "right", "height"))
    line = {"color": "rgba(255, 255, 255, 0.8)", "width": 1}
    look = {"mode": "lines", "line": line, "fill": "toself", "fillcolor": curve.faded(0.9), "hoverinfo": "skip"}
    traces = []
    for step, at in sorted(rows.groupby("step").indices.items()):
        x = drawable([left[at[0]], *(left[at] + right[at]) / 2, right[at[-1]]])
        traces.append(scatter(x=x, y=drawable([step, *step - height[at], step]), name=curve.label, **look))
    return traces


def histogram(frame: DataFrame) -> go.Figure:
    """`analysis.histogram_at`: networks over each other, a panel a layer."""
    names = layers(frame)
    fig = _grid(frame, "Activation", ["Density"], map(_layer, names))
    for curve, run in curves(frame):
        for name, bins in _groups(run.dropna(), "layer"):
            x = [bins["left"].iloc[0], *bins["left"], bins["right"].iloc[-1]]
            area = {"fill": "tozeroy", "fillcolor": curve.faded(0.3), "line": {**curve.line, "shape": "hv"}}
            outline = _line(curve, x, [0, *bins["density"], 0], **area, **NO_HOVER)
            fig.add_trace(outline, row=1, col=names.index(name) + 1)
    # Every panel has a scale of its own; numbers on each would leave no room for the panels.
    return _named_once(fig).update_yaxes(showticklabels=False)


def _facets(
    frame: DataFrame, kind: str, titles: Mapping[str, str], time: Time, paper: DataFrame | None = None
) -> go.Figure:
    """A panel for each layer, across, and each value of the column `kind`, down; networks over each other.

    A paper's layer is drawn in the panel of that with the same number.
    """
    names, kinds = layers(frame), list(titles)
    sharing = {"shared_xaxes": "all", "shared_yaxes": True}
    fig = _grid(frame, "Steps", titles.values(), map(_layer, names), **sharing)
    for curve, run in curves(frame):
        for (name, which), rows in _groups(run, ["layer", kind]):
            step, value = rows["step"], rows["value"]
            interval = _seeds(curve, rows, "value", log=which == "ics_l2")
            traces = [*interval, _line(curve, step, value), *_cross(curve, step, value, time, words=False)]
            fig.add_traces(traces, rows=kinds.index(which) + 1, cols=names.index(name) + 1)
    for curve, run in papers(paper, frame):
        for (number, which), rows in _groups(run, ["layer", "kind"]):
            for place in _places(names, number):
                fig.add_trace(_line(curve, rows["step"], rows["value"]), row=kinds.index(which) + 1, col=place)
    fig.add_traces(_seed_legend(frame))
    return _over(time, fig)


def moment_changes(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.moment_changes` (Fig. 8a)."""
    return _ours_in_sight(_facets(frame, "moment", CHANGE, time, paper), time)


def moment_drift(frame: DataFrame, time: Time) -> go.Figure:
    """`analysis.moment_drift` (Fig. 8b)."""
    return _facets(frame, "moment", DRIFT, time)


# Internal covariate shift (Fig. 3)


def _shifting(frame: DataFrame) -> DataFrame:
    """Without the l2 of a layer that does not shift at all: zero, which a logarithmic axis cannot show."""
    return frame.assign(value=frame["value"].where((frame["metric"] != "ics_l2") | (frame["value"] > 0)))


def _ideal(fig: go.Figure) -> go.Figure:
    """The l2 above on a logarithmic axis, the cosine below with a dashed line where nothing shifts."""
    fig.add_hline(1, row=2, col="all", **LEVEL)
    return fig.update_yaxes(row=1, **LOG).update_yaxes(range=[-1.05, 1.05], autorange=False, row=2)


def covariate_shift(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.covariate_shift` (Fig. 3)."""
    return _ours_in_sight(_ideal(_facets(_shifting(frame), "metric", SHIFT, time, paper)), time)


def covariate_shift_at(frame: DataFrame) -> go.Figure:
    """`analysis.covariate_shift_at`: both measures over the depth of the net."""
    fig = _grid(frame, "Layer", SHIFT.values(), shared_xaxes=True)
    for curve, run in curves(_shifting(frame)):
        for metric, rows in _groups(run, "metric"):
            depth = rows["layer"].map(layer_number)
            whiskers = _whiskers(rows, "value", log=metric == "ics_l2")
            line = _line(curve, depth, rows["value"], **curve.dots(7), **whiskers)
            fig.add_trace(line, row=list(SHIFT).index(metric) + 1, col=1)
    fig.add_traces(_seed_legend(frame, whiskers=True))
    return _ideal(_named_once(_open(fig))).update_xaxes(tickformat="d", unifiedhovertitle={"text": "Layer %{x}"})


# The landscape along the gradient (Figs. 4, 10-13)


def _landscape(frame: DataFrame, name: str, title: str, time: Time, paper: DataFrame | None, log: bool) -> go.Figure:
    """The bands between the columns <name>_low and <name>_high, of several seeds between the means of both."""
    fig = _grid(frame, "Steps", [title])
    for place, (curve, rows) in enumerate(curves(frame)):
        step, low, high = rows["step"], rows[f"{name}_low"], rows[f"{name}_high"]
        around = [t for end in ("low", "high") for t in _seeds_at_some(curve, rows, f"{name}_{end}", place, log)]
        fig.add_traces([*_band(curve, step, low, high), *around, *_cross(curve, step, high, time)])
    for curve, rows in papers(paper, frame):
        fig.add_traces(_band(curve, rows["step"], rows["low"], rows["high"]))
    fig.add_traces(_seed_legend(frame, whiskers=True))
    return _over(time, fig)


def loss_band(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.landscape_bands`: how far the loss varies along the gradient (Figs. 4a, 10a)."""
    scale = _scale(frame["loss_low"], 0)
    fig = _landscape(frame, "loss", "Loss", time, paper, scale == "log")
    return _ours_in_sight(fig.update_yaxes(**_axis_of(scale)), time)


def gradient_predictiveness(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.landscape_bands`: how far the gradient moves along itself (Figs. 4b, 10b)."""
    scale = _distance_scale([*frame["distance_low"], *frame["distance_high"]])
    fig = _landscape(frame, "distance", DISTANCE, time, paper, scale == "log")
    return _ours_in_sight(fig.update_yaxes(**_axis_of(scale)), time)


def _distance_scale(distances: list[float]) -> str:
    """Logarithmic for huge ranges only."""
    return _scale(distances, 1e4)


def effective_beta(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.landscape_bands`: the largest rate at which the gradient changes (Figs. 4c, 10c).

    Dashed lines are 1/eta_min, where beta settles once the smallest step takes the whole gradient away, a property of the
    step sizes and not of the network; and 2/lr, where full-batch gradient descent trains at the edge of stability.
    """
    limits: dict[float, list[str]] = {}
    for eta, lr in frame[["eta_min", "lr"]].drop_duplicates().itertuples(index=False):
        for name, limit in (("1/η<sub>min</sub>", 1 / eta), ("2/lr", 2 / lr)):
            names = limits.setdefault(float(f"{limit:.6g}"), [])
            names += [name] * (name not in names)
    scale = _scale([*frame["beta"], *limits], 30)
    fig = _lines(frame, "beta", "Effective β", time, paper, log=scale == "log")
    named = {limit: f"{' = '.join(names)} = {limit:.3g}" for limit, names in limits.items()}
    fig.add_traces(_limits(named, time))
    return _ours_in_sight(fig.update_yaxes(**_axis_of(scale), rangemode="tozero"), time)


def _limits(names: Mapping[float, str], time: Time) -> list[go.Scatter]:
    """A level line for each of these values, told apart by its dashes."""
    return [
        scatter(x=[0, time.steps], y=[value, value], name=name, **DASHED).update(line_dash=dash)
        for (value, name), dash in zip(names.items(), cycle(DASHES))
    ]


def gradient_norm(frame: DataFrame, time: Time) -> go.Figure:
    """`analysis.gradient_norms`."""
    return _lines(_positive(frame, "value"), "value", "‖g‖₂", time, log=True).update_yaxes(**LOG)


def step_sizes(frame: DataFrame, time: Time, paper: DataFrame | None = None) -> go.Figure:
    """`analysis.step_sizes`: a line a step, coloured by it, the selected one wide (Fig. 11).

    Of a paper's lines within our steps the lowest and highest distances are drawn, and the median.
    """
    networks = curves(frame)
    columns = [curve.label for curve, _ in networks]
    fig = _grid(frame, STEP_SIZE, [DISTANCE], columns, shared_yaxes=True)
    for column, (curve, run) in enumerate(networks, 1):
        lines = [_coloured(curve, step, rows, time) for step, rows in _groups(run, "step")]
        fig.add_traces([*lines, *_highlighted(curve, run, time)], rows=1, cols=column)
    for column, curve, rows in _columns(_within(paper, time), frame):
        fig.add_traces(_summary(curve, rows), rows=1, cols=column)
    fig.add_trace(scatter(x=[None], y=[None], marker={"color": [0], "coloraxis": "coloraxis"}))  # the bar's
    bar = {"orientation": "h", "thickness": 8, "y": -0.3, "yanchor": "top", "tickformat": "~s"}
    bar |= {"title": {"text": "Step", "side": "top"}}
    fig.update_layout(coloraxis={"colorscale": TIME, "cmin": 0, "cmax": time.steps, "colorbar": bar})
    fig.update_layout(height=380, showlegend=False, hovermode="closest")
    fig.update_xaxes(**_axis_of(_scale(frame["eta"], 100)))
    scale = _distance_scale(frame["distance"].tolist())
    return _named_once(_their_legend(fig)).update_yaxes(**_axis_of(scale))


def _summary(curve: Curve, rows: DataFrame) -> list[go.Scatter]:
    """The range and the median of the distances at each step size."""
    drawn = rows.groupby("eta", as_index=False)["distance"].agg(["min", "median", "max"])
    band = _band(curve, drawn["eta"], drawn["min"], drawn["max"], hover=False)
    return [*band, _line(curve, drawn["eta"], drawn["median"], hovertemplate="median %{y:.3g}")]


def _coloured(curve: Curve, step: int, rows: DataFrame, time: Time) -> go.Scatter:
    """The distances at one step."""
    line = {"color": sample_colorscale(TIME, min(step / time.steps, 1.0))[0], "width": 1}
    text = f"step {step}: %{{y:.3g}}<extra></extra>"
    return _line(curve, rows["eta"], rows["distance"], line=line, hovertemplate=text)


def _highlighted(curve: Curve, run: DataFrame, time: Time) -> list[go.Scatter]:
    """The distances at the newest drawn step up to the selected one."""
    if time.selected is None:
        return []
    past = run[run["step"] <= time.selected]
    rows = past[past["step"] == past["step"].max()]
    return [_line(curve, rows["eta"], rows["distance"], **curve.dots(8)).update(line_width=4)]


def loss_slice(frame: DataFrame) -> go.Figure:
    """`analysis.loss_slice`: the loss along the gradient at one step, eta = 0 included."""
    fig = _grid(frame, STEP_SIZE, ["L(θ−ηg)"])
    for curve, rows in curves(frame):
        fig.add_trace(_line(curve, rows["eta"], rows["loss"], **curve.dots(7)))
    scale = _scale(frame["loss"], 100)
    return fig.update_xaxes(unifiedhovertitle={"text": "η = %{x:.3g}"}).update_yaxes(**_axis_of(scale))


def curvature(frame: DataFrame, time: Time) -> go.Figure:
    """`analysis.curvature`: both measures, and 2/lr, where gradient descent becomes unstable."""
    fig = _grid(frame, "Steps", CURVATURE.values(), shared_xaxes=True)
    positive = _positive(frame, "value")
    for curve, run in curves(positive):
        for metric, rows in _groups(run, "metric"):
            row = list(CURVATURE).index(metric) + 1
            fig.add_trace(_line(curve, rows["step"], rows["value"], **curve.dots(4)), row=row, col=1)
    for edge in _limits({2 / lr: f"2/lr = {2 / lr:.3g}" for lr in frame["lr"].unique()}, time):
        fig.add_traces([edge.update(legendgroup=edge.name)] * 2, rows=[1, 2], cols=1)
    return _over(time, fig).update_yaxes(**_axis_of(_scale(positive["value"].dropna(), 30)))


# The theorems (Sec. 4)


def deviations(frame: DataFrame, time: Time) -> go.Figure:
    """`theorems.verdicts`: the largest relative deviation of each equality over training, and what rounding is."""
    fig = _grid(frame, "Steps", ["Largest deviation"])
    drawn = _positive(frame, "deviation").dropna(subset=["deviation"])
    for curve, run in curves(drawn):
        for statement, rows in _groups(run, "statement"):
            name = f"{STATEMENTS[statement]} · {curve.label}"
            line = replace(curve, run=f"{curve.run} {statement}", label=name, symbol=SYMBOLS[statement])
            fig.add_trace(_line(line, rows["step"], rows["deviation"], **line.dots(7)))
    for name, precision in PRECISIONS.items():
        fig.add_hline(precision, **LEVEL)
        # plotly takes the place of a note on a logarithmic axis as an exponent, but not of the note of a line.
        place = {"x": 1, "xref": "x domain", "xanchor": "right", "y": np.log10(precision), "yanchor": "top"}
        fig.add_annotation(text=f"rounding in {name}", showarrow=False, font_size=11, **place)
    fig.update_layout(legend=BELOW, height=360)
    highest = max([1e-5, *drawn["deviation"] * 10])
    scale = {"type": "log", "range": [-17, np.log10(highest)], "autorange": False, "dtick": 3}
    return _over(time, fig).update_yaxes(**scale)


def theorem(frame: DataFrame, titles: Mapping[str, str]) -> go.Figure:
    """`theorems.sides`: measured against bound, a point a unit in the colour of its layer, a panel for each version in `titles`.

    On the dashed diagonal the sides are equal, above it a bound fails. A logarithmic axis has no place for what is below zero: a
    pair that is so on both sides is drawn hollow at its absolute values, one side alone at the edge. Below the axis
    stands how many bounds are below zero.
    """
    fig = _grid(frame, "Bound", ["Measured"], titles.values(), shared_yaxes=True)
    for column, version in enumerate(titles, 1):
        points, where = _placed(frame[frame["version"] == version]), {"row": 1, "col": column}
        if points.empty:
            continue
        ends = [points["y"].min() / 3, points["y"].max() * 3]
        fig.add_scatter(x=ends, y=ends, **DASHED, showlegend=False, **where)
        fig.add_traces([_points(signs, rows) for signs, rows in _groups(points, "signs")], rows=1, cols=column)
        fig.update_xaxes(dtick=_decades(Series([*ends, *points["x"]])), **where)
        if below := int((points["bound"] < 0).sum()):
            fig.update_xaxes(title_text=f"Bound<br>{below} of {len(points)} below zero", **where)
    numbers = frame["layer"].map(layer_number).astype(int)
    bar = {"orientation": "h", "thickness": 8, "y": 0, "yref": "container", "yanchor": "bottom", "ypad": 6}
    bar |= {"title": {"text": "Layer", "side": "bottom"}, "dtick": -(-numbers.nunique() // 10) or 1}
    fig.update_layout(coloraxis={"colorscale": TIME, "colorbar": bar}, height=474, margin_b=148, hovermode="closest")
    fig.update_layout(meta={"narrow": {"legend": BELOW | {"y": 0.14}}})  # above the bar
    fig.update_yaxes(type="log", dtick=_decades(frame["left"].abs()))
    return fig.add_traces(_sign_legend(frame)).update_xaxes(type="log", tickangle=0)


def _placed(points: DataFrame) -> DataFrame:
    """The points of a panel with x, y and signs, which is of SIGNS."""
    sizes = points[["bound", "left"]].abs().to_numpy()
    edge = sizes[sizes > 0].min(initial=np.inf) / 10
    above, right = points["left"] > 0, points["bound"] > 0
    signs = np.select([above & right, ~above & ~right, above], list(SIGNS)[:3], list(SIGNS)[3])
    alone = above != right
    x = points["bound"].abs().mask(alone & ~right, edge).clip(lower=edge)
    y = points["left"].abs().mask(alone & ~above, edge).clip(lower=edge)
    return points.assign(x=x, y=y, signs=signs)


def _points(signs: str, rows: DataFrame) -> go.Scatter:
    """The points of one panel that have the same signs."""
    colour = {"color": rows["layer"].map(layer_number).astype(int), "coloraxis": "coloraxis"}
    text = "%{customdata[0]}, unit %{customdata[1]:d}<br>measured %{customdata[2]:.3g}<br>bound %{customdata[3]:.3g}<extra></extra>"
    marker = {"symbol": SIGNS[signs], "size": 8, "opacity": 0.8, **colour}
    look = {"mode": "markers", "marker": marker, "hovertemplate": text, "showlegend": False}
    customdata = rows[["layer", "unit", "left", "bound"]]
    return scatter(x=drawable(rows["x"]), y=drawable(rows["y"]), name=signs, customdata=customdata, **look)


def _sign_legend(frame: DataFrame) -> list[go.Scatter]:
    """The symbols that occur, in a colour that is no layer's."""
    found = set().union(*(_placed(points)["signs"] for _, points in _groups(frame, "version")))
    look = {"x": [None], "y": [None], "mode": "markers"}
    return [
        scatter(name=signs, marker={"symbol": symbol, "color": MARK, "size": 8}, **look)
        for signs, symbol in SIGNS.items()
        if signs in found
    ]


def _decades(values: Series[float]) -> int:
    """Decades between the ticks of a logarithmic axis: some four ticks."""
    positive = values[values > 0]
    return max(1, round(np.log10(positive.max() / positive.min()) / 3)) if len(positive) else 1


def conditions(frame: DataFrame, time: Time) -> go.Figure:
    """`theorems.conditions`: what the theorems ask, what BatchNorm takes away, and whether the gradient is smaller."""
    fig = _grid(frame, "Steps", CONDITIONS.values(), shared_xaxes=True)
    for curve, run in curves(frame):
        for name, rows in _groups(run, "condition"):
            text = "%{y:.3g}" if name == "gain" else "%{y:.3~%}"
            line = _line(curve, rows["step"], rows["value"], **curve.dots(5), hovertemplate=text)
            fig.add_trace(line, row=list(CONDITIONS).index(name) + 1, col=1)
    gain, removed = (list(CONDITIONS).index(name) + 1 for name in ("gain", "removed"))
    fig.add_hline(1, row=gain, col=1, **LEVEL)
    _over(time, fig).update_yaxes(**PERCENT | {"range": [-0.04, 1.04], "nticks": 4})
    fig.update_yaxes(range=None, autorange=True, rangemode="tozero", tickformat="", row=gain)
    values = frame.loc[(frame["condition"] == "removed") & (frame["value"] > 0), "value"]
    lowest = int(np.floor(np.log10(min([1e-4, *values]))))  # most of the time very little is taken away
    fig.update_yaxes(type="log", range=[lowest, 0.1], dtick=2, tickformat="~%", row=removed)
    return fig.update_layout(height=680)


def lemma(frame: DataFrame) -> go.Figure:
    """`theorems.distances` over the depth of the net: to W*, to kW* (hollow), and by how much that is less."""
    fig = _grid(frame, "Layer", ["Squared distance to W₀", "Nearer by"], shared_xaxes=True)
    for curve, rows in curves(_positive(frame, "plain", "scaled")):
        depth, nearer = rows["layer"].map(layer_number), 1 - rows["scaled"] / rows["plain"]
        hollow = replace(
            curve, run=f"{curve.run} k", label=f"{curve.label}, kW*", symbol=f"{curve.symbol}-open", width=1
        )
        full = replace(curve, label=f"{curve.label}, W*")
        for line, distance in ((full, rows["plain"]), (hollow, rows["scaled"])):
            fig.add_trace(_line(line, depth, distance, **line.dots(8)), row=1, col=1)
        fig.add_trace(_line(full, depth, nearer, **full.dots(8), hovertemplate="%{y:.2%}"), row=2, col=1)
    fig.update_layout(legend=BELOW, height=600).update_yaxes(row=1, **LOG)
    fig.update_yaxes(tickformat="~%", rangemode="tozero", row=2)
    apart = -(-frame["layer"].nunique() // 10) or 1
    return _named_once(fig).update_xaxes(dtick=apart, unifiedhovertitle={"text": "Layer %{x}"})


# Comparisons


Look = tuple[str, str, str, float]  # colour, dash, marker, width


@dataclass(frozen=True)
class Compared:
    """What the figures of a comparison share: `looks` are those of its labels, in the order of the legend."""

    looks: Mapping[str, Look]
    axis: str
    time: Time
    log: bool = False
    percent: bool = False
    zero: bool = False  # differences, with a line where there is none
    facets: tuple[str, ...] = ()  # small multiples

    @property
    def points(self) -> bool:
        """Whether these are differences of percentages."""
        return self.percent and self.zero


def ordered_styles(count: int) -> list[tuple[str, str, str]]:
    """So many colours, dashes and markers in an order, blue to red; neighbours differ without colour too."""
    looks = list(STYLES.values())
    shades = sample_colorscale(TIME, list(np.linspace(0, 1, count)), colortype="tuple")
    hexes = [f"#{bytes(round(255 * part) for part in shade).hex()}" for shade in shades]
    return [(colour, *looks[place % len(looks)][1:]) for place, colour in enumerate(hexes)]


def comparison(frame: DataFrame, compared: Compared) -> go.Figure:
    """A line for each label of `frame` (KEYS, label, step, value), on one axis or on one for each value of its column `facet`."""
    frame = _in_points(frame) if compared.points else frame
    fig = _multiples(compared) if compared.facets and len(frame) else _grid(frame, "Steps", [compared.axis])
    for curve, name, rows in _labelled(_positive(frame, "value") if compared.log else frame, compared):
        step, value = rows["step"], rows["value"]
        traces = [*_seeds(curve, rows, "value", compared.log), _line(curve, step, value, **curve.dots(6))]
        traces[-1].marker.maxdisplayed = DOTS
        traces += _cross(curve, step, value, compared.time, words=not compared.facets)
        place = compared.facets.index(rows["facet"].iloc[0]) if compared.facets else 0
        where = {"rows": place // ACROSS + 1, "cols": place % ACROSS + 1}
        fig.add_traces([trace.update(name=name, legendgroup=name) for trace in traces], **where)
    fig.add_traces(_seed_legend(frame[frame["n"] > 1] if "n" in frame else frame))
    if compared.zero:
        fig.add_hline(0, **LEVEL)
    entries = len(compared.looks) + ("interval" in frame)
    fig.update_layout(legend=BELOW, height=fig.layout.height + 14 * entries)
    _over(compared.time, fig).update_yaxes(**_axis_of("log" if compared.log else "linear"))
    if compared.points:
        fig.update_traces(hovertemplate="%{y:+.3~g} points", selector={"hovertemplate": NUMBER})
        return fig.update_yaxes(tickformat="+~g")
    return _percent(fig) if compared.percent else fig


def _in_points(frame: DataFrame) -> DataFrame:
    """Differences of shares, each hundredth a point."""
    return frame.assign(**{name: 100 * frame[name] for name in ("value", "value_from", "value_to") if name in frame})


def _labelled(frame: DataFrame, compared: Compared) -> list[tuple[Curve, str, DataFrame]]:
    """Every line of a comparison with its look and what the legend calls it: the same in all small multiples."""
    seeds = frame.groupby("facet")["seed"].nunique().max() if compared.facets else frame["seed"].nunique()
    several, lines = bool(seeds > 1), []
    for label, look in compared.looks.items():
        of_label = frame[frame["label"] == label]
        for (seed, run), rows in _groups(of_label, ["seed", "run"]):
            words = [label] + [f"seed {seed}"] * several + ([_counted(of_label)] if "n" in frame else [])
            lines.append((Curve(run, label, *look), " · ".join(filter(None, words)), rows))
    return lines


def _counted(rows: DataFrame) -> str:
    """How many seeds the means of a label are over."""
    n = rows.groupby("run")["n"].max()
    return f"n = {n.min()}" if n.min() == n.max() else f"n = {n.min()}–{n.max()}"


def _multiples(compared: Compared) -> go.Figure:
    """Empty axes, the same for each facet, in lines of up to ACROSS."""
    names, across = compared.facets, min(ACROSS, len(compared.facets))
    down = -(-len(names) // ACROSS)
    cells: list[list[dict[str, Any] | None]]
    cells = [[{} if row * across + column < len(names) else None for column in range(across)] for row in range(down)]
    gaps = {"horizontal_spacing": 0.03, "vertical_spacing": 0.28 / down}
    fig = make_subplots(down, across, specs=cells, subplot_titles=names, **gaps)
    fig.update_annotations(font_size=13)
    fig.update_layout(template="bnviz", height=110 + 210 * down, margin_t=64)  # buttons above the titles
    fig.update_xaxes(matches="x", nticks=4).update_xaxes(title_text="Steps", row=down)
    fig.update_yaxes(matches="y", showticklabels=False)
    fig.update_yaxes(showticklabels=True, title_text=compared.axis, col=1)
    return unchecked(fig)


# Surfaces


def surface_rise(frame: DataFrame, time: Time) -> go.Figure:
    """`surfaces.rise`: how much the loss changes over each plane."""
    fig = _lines(frame, "value", "Highest − lowest", time)
    return fig.update_yaxes(**_axis_of(_scale(frame["value"], 30)), rangemode="tozero")


def path_share(frame: DataFrame, time: Time) -> go.Figure:
    """`surfaces.path_share`: how much of the way to a plane lies in it."""
    return _percent(_lines(frame, "value", "Share of the way", time))


# Sweeps


def _of_networks(frame: DataFrame) -> list[tuple[Curve, DataFrame]]:
    """A curve a network, and a seed where seeds are not averaged: the runs of a sweep are its points."""
    own = frame["norm"] + " " + frame["seed"].astype(str)
    return [(curve, rows.sort_values("knob")) for curve, rows in curves(frame.assign(id=frame["run"], run=own, lr=0.0))]


def _lost(rows: DataFrame) -> DataFrame:
    """The points without a value because a run diverged."""
    return rows[rows["value"].isna() & (rows["diverged"] > 0)]


def _fate(row: Any, swept: Swept) -> str:
    """In words what became of such a point."""
    if "n" in row and row["n"] > 1:
        return f"{round(row['diverged'] * row['n'])} of {row['n']} seeds diverged"
    return f"diverged at step {swept.diverged[row['id']]}" if row["id"] in swept.diverged else "diverged"


def _values(frame: DataFrame, at: Iterable[float], swept: Swept) -> dict[str, Any]:
    """The knob's axis: every value, written at its place."""
    return {
        "title_text": swept.knob,
        "tickvals": list(at),
        "ticktext": [f"{value:g}" for value in sorted(frame["knob"].unique())],
    }


def sweep_lines(frame: DataFrame, swept: Swept) -> go.Figure:
    """`sweeps.table` against the knob, logarithmic over more than a factor of 10; below it a cross where a run diverged."""
    fig, knobs = _grid(frame, swept.knob, [swept.end]), sorted(frame["knob"].unique())
    heights = "linear" if swept.share else _scale(frame["value"], 30)
    for curve, rows in _of_networks(frame):
        whiskers = _whiskers(rows, "value", log=heights == "log")
        fig.add_trace(_line(curve, rows["knob"], rows["value"], **curve.dots(9), **whiskers))
    scale = _scale(knobs, 10)
    ends = np.log10(knobs) if scale == "log" else np.array(knobs)
    margin = 0.08 * np.ptp(ends)
    fig.update_xaxes(type=scale, range=[ends[0] - margin, ends[-1] + margin], **_values(frame, knobs, swept))
    fig.update_xaxes(unifiedhovertitle={"text": f"{swept.knob} %{{x:~g}}"})
    if swept.share:
        _percent(fig)
    else:
        fig.update_yaxes(**_axis_of(heights), rangemode="tozero")
    fig.add_traces(_seed_legend(frame, whiskers=True))
    return _losses(_named_once(_open(fig)), frame, swept)


def _losses(fig: go.Figure, frame: DataFrame, swept: Swept) -> go.Figure:
    """A strip of its own for the points without a value, so that a cross is never taken for one: a line a network."""
    found = [(curve, lost) for curve, rows in _of_networks(frame) if len(lost := _lost(rows))]
    if not found:
        return fig
    for place, (curve, lost) in enumerate(found):
        look = {"mode": "markers", "marker": {"symbol": "x", "size": 11, "color": curve.colour}, "showlegend": False}
        text = [_fate(row, swept) for _, row in lost.iterrows()]
        at = np.full(len(lost), place)
        fig.add_trace(_line(curve, lost["knob"], at, **look, text=text, hovertemplate="%{text}", yaxis="y2"))
    count = len(found)
    share = 0.09 * count / (0.09 * count + 1)
    strip = {"domain": [0, share], "range": [count - 0.5, -0.5], "showgrid": False, "fixedrange": True}
    named = {"tickvals": [(count - 1) / 2], "ticktext": ["diverged"], "ticks": ""}
    fig.update_layout(yaxis_domain=[share + 0.05, 1], yaxis2=strip | named, xaxis_anchor="y2")
    return fig.update_layout(height=fig.layout.height + 20 * count)


def sweep_map(frame: DataFrame, swept: Swept) -> go.Figure:
    """`sweeps.table` as a cell for each network and value of the knob, its number in it; empty where a run has not ended yet."""
    rows, knobs = _of_networks(frame), sorted(frame["knob"].unique())
    grid = [points.set_index("knob").reindex(knobs) for _, points in rows]
    values = np.array([line["value"] for line in grid], dtype=float)
    scale = _scale(values, 30)
    with np.errstate(invalid="ignore"):
        z = np.log10(values) if scale == "log" else values
    hover = f"{swept.knob} %{{x}}, %{{y}}: %{{text}}<extra></extra>"
    text = [[_cell(point, swept) for _, point in line.iterrows()] for line in grid]
    cells = go.Heatmap(z=z, text=text, hovertemplate=hover, coloraxis="coloraxis", xgap=3, ygap=3)
    fig = go.Figure(cells, {"template": "bnviz"})
    low, high = (np.nanmin(z), np.nanmax(z)) if np.isfinite(z).any() else (0, 1)
    notes, frames = [], []
    for (down, across), value in np.ndenumerate(z):
        share = (value - low) / (high - low) if high > low else 0.5
        font = {"size": 12, "color": _ink(share)} if np.isfinite(value) else {"size": 11}
        notes.append({"x": across, "y": down, "text": text[down][across], "showarrow": False, "font": font})
        if not np.isfinite(value):
            corners = {"x0": across - 0.48, "x1": across + 0.48, "y0": down - 0.46, "y1": down + 0.46}
            frames.append({"type": "rect", "line": {"color": MARK, "width": 1, "dash": "dot"}, **corners})
    fig.update_layout(annotations=notes, shapes=frames)
    names = ["<br>".join(line for word in curve.label.split(" · ") for line in wrap(word, 12)) for curve, _ in rows]
    fig.update_xaxes(range=[-0.5, len(knobs) - 0.5], showgrid=False, **_values(frame, range(len(knobs)), swept))
    fig.update_yaxes(tickvals=[*range(len(rows))], ticktext=names, range=[len(rows) - 0.5, -0.5], showgrid=False)
    fig.update_layout(height=150 + 80 * max(2, len(rows)), margin={"t": 36, "b": 110}, hovermode="closest")
    bar = {"orientation": "h", "thickness": 8, "y": 0, "yref": "container", "yanchor": "bottom", "ypad": 6}
    bar |= {"title": {"text": swept.end, "side": "bottom"}} | _bar_ticks(z, scale, swept)
    colours = {"colorscale": SHADES, "colorbar": bar, "cmin": low, "cmax": high if high > low else low + 1}
    return fig.update_layout(coloraxis=colours)


def _cell(point: Any, swept: Swept) -> str:
    """What a cell says: its number, that its run diverged, or nothing yet."""
    if np.isfinite(point["value"]):
        return f"{point['value']:.1%}" if swept.share else f"{point['value']:.3g}"
    return "<br>".join(["✕", *wrap(_fate(point, swept), 9)]) if point["diverged"] > 0 else ""


def _ink(share: float) -> str:
    """Black or white, whichever is easier to read on this share of SHADES."""
    (colour,) = sample_colorscale(SHADES, [share], colortype="tuple")
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "#000000" if luminance > 0.179 else "#ffffff"  # where both have a contrast of 4.6 : 1


def _bar_ticks(z: NDArray[np.float64], scale: str, swept: Swept) -> dict[str, Any]:
    """The ticks of a colour bar, on a logarithmic one the powers of ten."""
    if scale == "linear":
        return {"tickformat": ".0%"} if swept.share else {}
    powers = np.arange(np.floor(np.nanmin(z)), np.ceil(np.nanmax(z)) + 1)
    return {"tickvals": list(powers), "ticktext": [f"{10.0**power:g}" for power in powers]}
