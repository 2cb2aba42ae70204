"""A figure as LaTeX: a table, and a snippet that draws it with pgfplots."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from itertools import chain, pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import hex_to_rgb, sample_colorscale

from bnviz.export.error import ExportError
from bnviz.export.layout import Array, Layout, Panel, axes, fixed, head, is_log, numbers, panels, place, scenes, span

PREAMBLE = r"""% In the preamble:
%   \usepackage{pgfplots}
%   \pgfplotsset{compat=1.16}
%   \usepgfplotslibrary{groupplots, fillbetween}
%   \usetikzlibrary{patterns}
"""
LOOK = r"""  scale only axis, unbounded coords=jump, scaled ticks=false, grid=major, grid style={black!10}, axis line style={black!40},
  tick style={black!40}, every axis/.append style={font=\footnotesize},
  /pgf/number format/std=-3:5, try min ticks=2, max space between ticks=45, title style={align=center},
  label style={align=center}, y tick label style={align=right},
  legend style={at={(0,0)}, anchor=north west, draw=none, fill=none, cells={anchor=west}},"""
LABELS, GAP = "2.2cm", "0.6cm"  # left of the panels, and between them
NUMBERS, LINE = 1.1, 0.35  # centimetres below the panels, and more for each further line of their titles
HEIGHTS = {1: 0.42, 2: 0.64}  # of all panels, in widths of the text
HEIGHT = 0.28  # of each where there are more rows
POINT = 0.5  # points on paper for a pixel of a line
LONGEST = 100  # letters of a table's name
MARGIN = 0.05  # of an axis that scales itself, beyond what it shows
DASHES = {"dot": (1, 1), "dash": (3, 3), "longdash": (5, 5), "dashdot": (3, 1, 1, 1), "longdashdot": (5, 2, 1, 2)}
MARKS = {
    "circle": "*",
    "square": "square*",
    "diamond": "diamond*",
    "triangle-up": "triangle*",
    "pentagon": "pentagon*",
    "cross": "+",
    "x": "x",
    "star": "star",
    "hexagon": "oplus*",
    "hexagram": "asterisk",
    "hourglass": "otimes*",
    "bowtie": "halfcircle*",
    "star-square": "halfsquare*",
    "circle-open": "o",
    "square-open": "square",
    "diamond-open": "diamond",
    "triangle-up-open": "triangle",
    "line-ns": "|",
    "line-ew": "-",
}  # any other is a dot
MATHS = {
    **{
        "‖": r"\Vert",
        "∇": r"\nabla",
        "∠": r"\angle",
        "⟨": r"\langle",
        "⟩": r"\rangle",
        "√": r"\surd",
        "∞": r"\infty",
        "∂": r"\partial",
    },
    **{
        "α": r"\alpha",
        "β": r"\beta",
        "γ": r"\gamma",
        "ε": r"\varepsilon",
        "η": r"\eta",
        "θ": r"\theta",
        "λ": r"\lambda",
        "μ": r"\mu",
    },
    **{
        "σ": r"\sigma",
        "ℓ": r"\ell",
        "ŷ": r"\hat y",
        "ᵀ": r"^\top",
        "²": "^2",
        "₀": "_0",
        "₁": "_1",
        "₂": "_2",
        "′": "'",
        "−": "-",
    },
    **{
        "·": r"\cdot",
        "×": r"\times",
        "≥": r"\ge",
        "≤": r"\le",
        "≈": r"\approx",
        "…": r"\dots",
        "✕": r"\times",
        "<": "<",
        ">": ">",
        "|": "|",
    },
}
LETTERS = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--"}
LETTERS |= {sign: f"\\{sign}" for sign in "%&#_{}$"} | {sign: rf"\ensuremath{{{tex}}}" for sign, tex in MATHS.items()}
TAGS = {"<sub>": r"\textsubscript{", "</sub>": "}", "<sup>": r"\textsuperscript{", "</sup>": "}", "<br>": r"\\"}


def pgfplots(figure: go.Figure, name: str) -> dict[str, str]:
    """A figure for LaTeX, by file name: the table of what is drawn, and `<name>.tex`, which draws it with pgfplots.

    The table is called `<name>.dat`, or nearly so where LaTeX cannot read a file of that name (`table_name`).
    The snippet goes into a document by \\input and is as wide as the text; its first lines say what the preamble needs. What the
    legend hides is left out. Signs that LaTeX does not know as text become mathematics as MATHS has them. ExportError where a figure
    is made of something else than points, lines, areas, cells and surfaces.
    """
    layout, table = figure.layout.to_plotly_json(), table_name(name)
    book = _Book(layout.get("coloraxis", {}))
    shown = sorted((trace for trace in figure.data if trace.visible in (None, True)), key=_depth)
    grid = _grid(panels(layout, figure.data))
    corner = next(panel for panel in grid[-1] if panel)
    body: list[str] = []
    for panel in chain(*grid):
        if panel is None:
            body.append(r"\nextgroupplot[group/empty plot]")
            continue
        options = [*_axes(figure, layout, panel), *_size(layout, panel, grid)]
        options += _colours(layout, panel is corner)
        if panel is corner:
            options.append(_legend_style(figure, layout))
        body += [r"\nextgroupplot[", *(f"  {option}," for option in options if option), "]"]
        body += _plots([trace for trace in shown if place(trace) == panel.axes], book)
        body += [*_shapes(layout, panel, book), *_notes(layout, panel, book)]
        if panel is corner:
            body += _legend(figure, layout, book)
    down = "1.5cm" if any(panel and head(layout, panel) for panel in chain(*grid[1:])) else "0.9cm"
    size = f"  group style={{group size={len(grid[0])} by {len(grid)}, horizontal sep={GAP}, vertical sep={down}}},"
    start = [r"\begin{tikzpicture}", *book.definitions(), rf"\pgfplotstableread{{{table}}}{{\bnviz}}"]
    lines = [*start, r"\begin{groupplot}[", size, LOOK, "]", *body, r"\end{groupplot}", r"\end{tikzpicture}", ""]
    return {table: book.table(), f"{name}.tex": PREAMBLE + "\n".join(lines)}


def table_name(name: str) -> str:
    """A file name that LaTeX reads as it stands: spaces, signs that it takes for commands, and other letters are replaced.

    Different names stay different: a few digits stand for what was replaced.
    """
    plain = re.sub("[^A-Za-z0-9.-]+", "-", name)[:LONGEST].strip("-.") or "figure"
    return f"{plain}.dat" if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:8]}.dat"


class _Book:
    """What the plots of a snippet share: the columns of its table, its colours, its paths."""

    def __init__(self, shades: Layout) -> None:
        self.shades = shades  # the colours of numbers
        self.columns: dict[str, Array] = {}
        self.colours: dict[tuple[int, int, int], str] = {}
        self.paths = 0

    def column(self, letter: str, values: Any) -> str:
        """The name of a column with these numbers."""
        found = numbers(values)
        found = np.where(np.isfinite(found), found, np.nan)
        for name, column in self.columns.items():
            if name[0] == letter and np.array_equal(found, column, equal_nan=True):
                return name
        name = f"{letter}{sum(name[0] == letter for name in self.columns) + 1}"
        self.columns[name] = found
        return name

    def colour(self, text: str) -> tuple[str, float]:
        """The name of a colour, and how opaque it is; `text` is #rrggbb, rgb(r, g, b) or rgba(r, g, b, a)."""
        *parts, opacity = (*hex_to_rgb(text), 1) if text.startswith("#") else (*re.findall(r"[\d.]+", text), 1)[:4]
        red, green, blue = (round(float(part)) for part in parts)
        return self.colours.setdefault((red, green, blue), f"bnviz{len(self.colours) + 1}"), float(opacity)

    def path(self) -> str:
        """The name of a new path."""
        self.paths += 1
        return f"path{self.paths}"

    def definitions(self) -> list[str]:
        """The colours in LaTeX."""
        return [rf"\definecolor{{{name}}}{{RGB}}{{{r}, {g}, {b}}}" for (r, g, b), name in self.colours.items()]

    def table(self) -> str:
        """The columns side by side; nan where one has a gap or has ended."""
        rows = max(map(len, self.columns.values()), default=0)
        full = [np.append(column, np.full(rows - len(column), np.nan)) for column in self.columns.values()]
        lines = [" ".join(f"{value:.9g}" for value in row) for row in np.transpose(full)] if full else []
        return "\n".join([" ".join(self.columns), *lines, ""])


def _depth(trace: Any) -> float:
    """Where a trace stands among the others: what is drawn first is low."""
    return float(trace.zorder or 0) if "zorder" in trace else 0.0


def _grid(found: Sequence[Panel]) -> list[list[Panel | None]]:
    """Panels by row, from the top, and column."""
    places = {(panel.up, panel.across): panel for panel in found}
    columns = sorted({panel.across for panel in found})
    return [[places.get((up, across)) for across in columns] for up in dict.fromkeys(panel.up for panel in found)]


# Axes


def _axes(figure: go.Figure, layout: Layout, panel: Panel) -> list[str]:
    """What is said of a panel's title and axes."""
    title = head(layout, panel)
    options = [f"title={{{tex(title['text'])}}}"] if title else []
    if len(panel.axes) == 1:
        return options + _space(layout[panel.axes[0]])
    return options + [option for name in panel.axes for option in _axis(figure, layout, name)]


def _axis(figure: go.Figure, layout: Layout, name: str) -> list[str]:
    letter, axis = name[0], layout.get(name, {})
    low, high = span(figure, name)
    margin = 0 if fixed(axis) else MARGIN * (high - low) or 0.5
    ends = [low - margin * (low != 0 or axis.get("rangemode") != "tozero"), high + margin]
    options = [f"{letter}mode=log"] if is_log(axis) else []
    ends = [10**end for end in ends] if is_log(axis) else ends
    options += [f"{letter}{key}={end:.6g}" for key, end in zip(("min", "max"), ends, strict=True)]
    if fixed(axis) and axis["range"][0] > axis["range"][1]:
        options.append(f"{letter} dir=reverse")
    return options + (_decades(letter, low, high) if is_log(axis) else []) + _labels(letter, axis)


def _decades(letter: str, low: float, high: float) -> list[str]:
    """Numbers along a logarithmic axis: powers of ten, or also 2 and 5 where there are too few; pgfplots would take broken powers."""
    powers = np.arange(np.ceil(low - MARGIN), np.floor(high + MARGIN) + 1)
    if len(powers) > (2 if letter == "y" else 1):  # side by side there is no room for the others
        return [f"{letter}tick={{{', '.join(f'1e{power:.0f}' for power in powers[:: -(-len(powers) // 6)])}}}"]
    ticks = [(digit, power) for power in range(int(low) - 2, int(high) + 2) for digit in (1, 2, 5)]
    ticks = [(digit, power) for digit, power in ticks if low - MARGIN <= np.log10(digit) + power <= high + MARGIN]
    words = [
        f"{digit * 10.0**power:g}" if -3 <= power <= 3 else rf"${digit}\cdot 10^{{{power}}}$" for digit, power in ticks
    ]
    places = ", ".join(f"{digit}e{power}" for digit, power in ticks)
    return [f"{letter}tick={{{places}}}", f"{letter}ticklabels={{{', '.join(words)}}}"]


def _labels(letter: str, axis: Layout) -> list[str]:
    """The title and the numbers of an axis."""
    title = axis.get("title", {}).get("text")
    options = [f"{letter}label={{{tex(title)}}}"] if title else []
    if axis.get("showticklabels") is False:
        options.append(rf"{letter}ticklabels=\empty")
    elif "ticktext" in axis:
        places, words = (
            ", ".join(parts) for parts in ((f"{v:.6g}" for v in axis["tickvals"]), map(_word, axis["ticktext"]))
        )
        options += [f"{letter}tick={{{places}}}", f"{letter}ticklabels={{{words}}}"]
    elif isinstance(axis.get("dtick"), int | float) and not is_log(axis):
        options.append(f"{letter}tick distance={axis['dtick']:g}")
    if axis.get("showticklabels") is not False and axis.get("tickformat", "").endswith("%") and not is_log(axis):
        percent = r"\pgfmathparse{100*\tick}\pgfmathprintnumber{\pgfmathresult}\,\%"
        options.append(f"{letter}ticklabel={{{percent}}}")
    return options


def _space(scene: Layout) -> list[str]:
    """The axes of a panel in space, and whence it is seen."""
    options = [option for letter in "xyz" for option in _labels(letter, scene.get(f"{letter}axis", {}))]
    if "range" in scene.get("zaxis", {}):
        low, high = scene["zaxis"]["range"]
        options += [f"zmin={low:.6g}", f"zmax={high:.6g}"]
    eye = {"x": 1.25, "y": 1.25, "z": 1.25} | scene.get("camera", {}).get("eye", {})
    around, above = np.degrees([np.arctan2(eye["y"], eye["x"]), np.arctan2(eye["z"], np.hypot(eye["x"], eye["y"]))])
    return [*options, f"view={{{around + 90:.0f}}}{{{above:.0f}}}", r"label style={font=\scriptsize}"]


def _size(layout: Layout, panel: Panel, grid: list[list[Panel | None]]) -> list[str]:
    """All panels together are as wide as the text; squares stay squares."""
    rows, columns = len(grid), len(grid[0])
    width = rf"(\linewidth-{LABELS}-{columns - 1}*{GAP})/{columns}"
    share = (panel.up[1] - panel.up[0]) * HEIGHTS.get(rows, HEIGHT * rows)
    square = scenes(layout) or any("scaleanchor" in layout.get(name, {}) for name in panel.axes)
    return [f"width={{{width}}}", f"height={{{width}}}" if square else rf"height={{{share:.3f}*\linewidth}}"]


def _colours(layout: Layout, bar: bool) -> list[str]:
    """The colours of numbers, and their bar."""
    axis = layout.get("coloraxis")
    if not axis:
        return []
    shades = axis["colorscale"]
    pairs = shades if isinstance(shades[0], list | tuple) else zip(np.linspace(0, 1, len(shades)), shades, strict=True)
    stops = [f"rgb255({1000 * at:.0f})=({_rgb(colour)})" for at, colour in pairs]
    options = [f"colormap={{bnviz}}{{{' '.join(stops)}}}"]
    options += [f"point meta {end}={axis[f'c{end}']:.6g}" for end in ("min", "max") if axis.get(f"c{end}") is not None]
    if bar:
        look = [*_labels("x", axis.get("colorbar", {})), "height=0.2cm", rf"width=\linewidth-{LABELS}"]
        options.append(f"colorbar horizontal, colorbar style={{{', '.join(look)}}}")
    return options


def _rgb(colour: str) -> str:
    """A colour as red,green,blue of 255."""
    parts = hex_to_rgb(colour) if colour.startswith("#") else re.findall(r"[\d.]+", colour)[:3]
    return ",".join(f"{float(part):.0f}" for part in parts)


# Plots


def _plots(traces: Sequence[Any], book: _Book) -> list[str]:
    """The traces of one panel."""
    lines = []
    for before, trace in pairwise([None, *traces]):
        if trace.type not in PLOTS:
            raise ExportError(f"pgfplots draws {', '.join(PLOTS)}, and this figure has a {trace.type}: take the PDF")
        lines += PLOTS[trace.type](trace, book)
        if trace.type == "scatter" and trace.fill == "tonexty":
            lines += _between(before, trace, book)
    return lines


def _scatter(trace: Any, book: _Book) -> list[str]:
    """A line or points, and the area inside or down to zero."""
    if not np.isfinite(numbers(trace.y)).any():
        return []
    options, columns = _look(trace, book), [f"x={book.column('x', trace.x)}", f"y={book.column('y', trace.y)}"]
    if np.ndim(trace.marker.color):
        options += ["scatter", "scatter src=explicit"]
        columns.append(f"meta={book.column('c', trace.marker.color)}")
    if trace.error_y.array is not None:
        options.append("error bars/.cd, y dir=both, y explicit")
        up, down = trace.error_y.array, trace.error_y.arrayminus
        columns += [
            f"y error plus={book.column('e', up)}",
            f"y error minus={book.column('e', up if down is None else down)}",
        ]
    end = {"tozeroy": r" \closedcycle", "toself": " -- cycle"}.get(trace.fill, "")
    if end:
        options += _areas(trace, book)[0]
    return [_plot(options, columns, end), *_words(trace, book)]


def _between(before: Any, trace: Any, book: _Book) -> list[str]:
    """The area between two lines, along paths of its own: the first line may be another's second."""
    lines, paths = [], (book.path(), book.path())
    for path, edge in zip(paths, (before, trace), strict=True):
        columns = [f"x={book.column('x', edge.x)}", f"y={book.column('y', edge.y)}"]
        lines.append(_plot([f"name path={path}", "draw=none"], columns))
    of = f"fill between[of={paths[0]} and {paths[1]}]"
    return lines + [rf"\addplot[forget plot, {', '.join(look)}] {of};" for look in _areas(trace, book)]


def _plot(options: Sequence[str], columns: Sequence[str], end: str = "", space: str = "") -> str:
    return rf"\addplot{space}[forget plot, {', '.join(options)}] table[{', '.join(columns)}] {{\bnviz}}{end};"


def _path(trace: Any, book: _Book) -> list[str]:
    """A line or points in space."""
    if not np.isfinite(numbers(trace.z)).any():
        return []
    columns = [f"{letter}={book.column(letter, trace[letter])}" for letter in "xyz"]
    return [_plot(_look(trace, book), columns, space="3")]


def _surface(trace: Any, book: _Book) -> list[str]:
    """A surface in space."""
    width, x, y, z = _cells(trace, book)
    return [_plot(["surf", "shader=interp", f"mesh/cols={width}"], [f"x={x}", f"y={y}", f"z={z}"], space="3")]


def _contour(trace: Any, book: _Book) -> list[str]:
    """A surface from above, its height in colour."""
    width, x, y, z = _cells(trace, book)
    options = ["surf", "shader=interp", f"mesh/cols={width}", "point meta=explicit"]
    return [_plot(options, [f"x={x}", f"y={y}", f"meta={z}"])]


def _heatmap(trace: Any, book: _Book) -> list[str]:
    """Cells, each a square of its colour: pgfplots' own matrices have two rows and columns at least."""
    _, x, y, z = _cells(trace, book)
    low, high = book.shades["cmin"], book.shades["cmax"]
    lines = [_plot(["draw=none"], [f"x={x}", f"y={y}"])]
    for across, up, value in zip(*(book.columns[name] for name in (x, y, z)), strict=True):
        if np.isfinite(value):
            share = min(1.0, max(0.0, (value - low) / (high - low)))
            colour, _ = book.colour(sample_colorscale(book.shades["colorscale"], [share])[0])
            corners = (f"(axis cs:{across + side:.9g},{up + side:.9g})" for side in (-0.5, 0.5))
            lines.append(rf"\fill[{colour}] {' rectangle '.join(corners)};")
    return lines


PLOTS = {"scatter": _scatter, "scatter3d": _path, "surface": _surface, "contour": _contour, "heatmap": _heatmap}


def _cells(trace: Any, book: _Book) -> tuple[int, str, str, str]:
    """How many values there are in a row, and the columns of all of them."""
    z = np.asarray(trace.z, dtype=float)
    x, y = (
        np.arange(count) if trace[name] is None else trace[name]
        for name, count in zip("xy", z.shape[::-1], strict=True)
    )
    across, up = np.meshgrid(numbers(x), numbers(y))
    return z.shape[1], book.column("x", across), book.column("y", up), book.column("z", z)


def _look(trace: Any, book: _Book) -> list[str]:
    """Colour, strokes and marks of a line or points."""
    mode, line, marker = trace.mode or "lines", trace.line, trace.marker
    width = 2 if line.width is None else line.width
    named = marker.color if isinstance(marker.color, str) else None
    colour, opacity = book.colour(line.color or named or "#444444")
    options = [colour, f"draw opacity={opacity * (trace.opacity or 1):.2g}"]
    if "lines" not in mode:
        options.append("only marks")
    elif width == 0:
        options.append("draw=none")
    else:
        options += [f"line width={width * POINT:.2g}pt", *_dash(line.dash, width)]
    if getattr(line, "shape", None) == "hv":
        options.append("const plot")
    if marker.symbol == "arrow":
        options.append("-stealth")
    elif "markers" in mode:
        size = float(np.max(numbers(marker.size), initial=0)) or 6
        options += [
            f"mark={MARKS.get(marker.symbol or 'circle', '*')}",
            f"mark size={size * POINT / 2:.2g}pt",
            "mark options={solid}",
        ]
        if most := getattr(marker, "maxdisplayed", None):
            options.append(f"mark repeat={-(-len(numbers(trace.x)) // int(most))}")
    return options


def _dash(dash: str | None, width: float) -> list[str]:
    """A pattern of dashes: by its name, or in pixels."""
    if not dash or dash == "solid":
        return []
    unit = max(3.0, width)  # so plotly
    lengths = (
        [unit * part for part in DASHES[dash]]
        if dash in DASHES
        else [float(part) for part in re.findall(r"[\d.]+", dash)]
    )
    words = [f"{('on', 'off')[place % 2]} {length * POINT:.3g}pt" for place, length in enumerate(lengths)]
    return [f"dash pattern={{{' '.join(words)}}}"]


def _areas(trace: Any, book: _Book) -> list[list[str]]:
    """How an area is filled: its colour, and what is hatched over it."""
    colour, opacity = book.colour(trace.fillcolor or trace.line.color)
    looks = [[f"fill={colour}", f"fill opacity={opacity * (trace.opacity or 1):.2g}"]]
    if trace.fillpattern.shape:
        hatched, _ = book.colour(trace.fillpattern.fgcolor or trace.fillcolor)
        looks.append(["pattern=north east lines", f"pattern color={hatched}"])
    return looks


def _words(trace: Any, book: _Book) -> list[str]:
    """What stands beside points."""
    if "text" not in (trace.mode or ""):
        return []
    colour, _ = book.colour(trace.line.color or trace.marker.color)
    upright, _, side = (trace.textposition or "top center").partition(" ")
    anchor = " ".join(
        ({"top": "south", "bottom": "north"}.get(upright, ""), {"left": "east", "right": "west"}.get(side, ""))
    ).strip()
    points = zip(numbers(trace.x), numbers(trace.y), trace.text, strict=True)
    return [_node(f"axis cs:{x:.9g},{y:.9g}", anchor, str(text), f"text={colour}") for x, y, text in points]


# What stands on the panels


def _shapes(layout: Layout, panel: Panel, book: _Book) -> list[str]:
    """Lines and frames."""
    lines = []
    for shape in layout.get("shapes") or []:
        if not _belongs(shape, panel):
            continue
        colour, _ = book.colour(shape["line"]["color"])
        width = shape["line"].get("width", 1)
        options = [colour, f"line width={width * POINT:.2g}pt", *_dash(shape["line"].get("dash"), width)]
        start, end = (_point(shape, shape[f"x{i}"], shape[f"y{i}"]) for i in (0, 1))
        lines.append(rf"\draw[{', '.join(options)}] {start} {'rectangle' if shape['type'] == 'rect' else '--'} {end};")
    return lines


def _notes(layout: Layout, panel: Panel, book: _Book) -> list[str]:
    """Words."""
    lines = []
    for note in layout.get("annotations") or []:
        if not _belongs(note, panel) or not note["text"]:
            continue
        x, y = (
            10 ** note[letter]
            if is_log(layout.get(name, {})) and "domain" not in str(note.get(f"{letter}ref"))
            else note[letter]
            for letter, name in zip("xy", panel.axes, strict=True)
        )
        sides = {"top": "north", "bottom": "south", "left": "west", "right": "east"}
        anchor = " ".join(sides[note[f"{key}anchor"]] for key in "yx" if note.get(f"{key}anchor") in sides)
        colour = note.get("font", {}).get("color")
        look = f"text={book.colour(colour)[0]}" if colour else ""
        lines.append(_node(_point(note, x, y)[1:-1], anchor, note["text"], look))
    return lines


def _belongs(thing: Layout, panel: Panel) -> bool:
    """Whether a shape or a note refers to the axes of a panel."""
    refs = [str(thing.get(f"{letter}ref") or letter).removesuffix(" domain") for letter in "xy"]
    return [ref.replace(ref[0], f"{ref[0]}axis", 1) for ref in refs] == list(panel.axes)


def _point(thing: Layout, x: float, y: float) -> str:
    """A place, in data or in shares of the panel."""
    systems = ["rel axis cs" if "domain" in str(thing.get(f"{letter}ref")) else "axis cs" for letter in "xy"]
    return f"({{{systems[0]}:{x:.9g},1}} |- {{{systems[1]}:1,{y:.9g}}})"


def _node(place: str, anchor: str, text: str, look: str) -> str:
    options = ", ".join(filter(None, [r"font=\scriptsize, align=center", anchor and f"anchor={anchor}", look]))
    return rf"\node[{options}] at ({place}) {{{tex(text)}}};"


# Legend


def _legend_style(figure: go.Figure, layout: Layout) -> str:
    """Where the legend stands: below the numbers of the axis; a colour bar finds its place below both."""
    titles = [str(layout[name].get("title", {}).get("text")) for name in axes(layout, "x")]
    down = NUMBERS + LINE * max((title.count("<br>") for title in titles), default=0)
    longest = max((len(trace.name or "") for trace in figure.data), default=0)
    return f"legend style={{yshift=-{down:g}cm}}, legend columns={max(1, min(4, 64 // (longest + 8)))}"


def _legend(figure: go.Figure, layout: Layout, book: _Book) -> list[str]:
    """One entry for each trace that the legend names, in their order."""
    lines_and_points = [
        trace for trace in figure.data if trace.visible in (None, True) and trace.type in ("scatter", "scatter3d")
    ]
    entries = [trace for trace in lines_and_points if trace.name and trace.showlegend is not False]
    if layout.get("showlegend") is False or (len(entries) == 1 and not entries[0].showlegend):
        return []
    lines = []
    for trace in entries:
        area = [*_areas(trace, book)[-1], "area legend"] if getattr(trace, "fill", None) else []
        lines.append(rf"\addlegendimage{{{', '.join([*_look(trace, book), *area])}}}")
        lines.append(rf"\addlegendentry{{{tex(trace.name)}}}")
    return lines


# Text


def tex(text: str) -> str:
    """plotly's text in LaTeX."""
    parts = re.split(r"(<[^<>]*>|.\u0302)", text)
    return "".join(_part(part) for part in parts)


def _part(part: str) -> str:
    if part.endswith("\u0302"):
        return rf"\ensuremath{{\hat {part[0]}}}"
    if re.fullmatch(r"<[a-z/][^<>]*>", part):
        return TAGS.get(part, "")
    return "".join(LETTERS.get(letter, letter) for letter in part)


def _word(text: str) -> str:
    """One of a list of words."""
    return f"{{{tex(text)}}}"
