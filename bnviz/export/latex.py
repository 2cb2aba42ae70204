"""A figure for LaTeX: as its PDF, as a table of its numbers, and as a plain pgfplots drawing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from pandas import DataFrame, Series
from plotly.colors import hex_to_rgb

from bnviz.export.layout import Array, Layout, Panel, head, is_log, numbers, panels, place

LONGEST = 100  # characters of a file name
MOST_ROWS = 40  # rows of a printed table
PICTURE = "%% In the preamble: \\usepackage{graphicx}\n\\includegraphics[width=\\linewidth]{%s}\n"
PLOT = r"""%% In the preamble: \usepackage{pgfplots} \pgfplotsset{compat=1.16}
%% \usepgfplotslibrary{fillbetween}
\pgfplotstableread{%s}{\bnviz}"""
LOOK = r"""unbounded coords=jump, font=\footnotesize, mark size=1pt, label style={align=center},
  title style={align=center}, legend cell align=left,
  legend style={draw=none, fill=none, at={(0,0)}, yshift=-1cm, anchor=north west}"""
MATHS = r"""‖=\Vert ∇=\nabla ∠=\angle ⟨=\langle ⟩=\rangle √=\surd ∞=\infty ∂=\partial
α=\alpha β=\beta γ=\gamma ε=\varepsilon η=\eta θ=\theta λ=\lambda μ=\mu σ=\sigma ℓ=\ell
ŷ=\hat{y} ᵀ=^\top ²=^2 ₀=_0 ₁=_1 ₂=_2 ′=' −=- ·=\cdot ×=\times ≥=\ge ≤=\le ≈=\approx
…=\dots ✕=\times <=< >=> |=|"""
LETTERS = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
LETTERS |= {"–": "--"} | {sign: f"\\{sign}" for sign in "%&#_{}$"}
LETTERS |= {pair[0]: rf"\ensuremath{{{pair[2:]}}}" for pair in MATHS.split()}
TAGS = {
    "<sub>": r"\textsubscript{",
    "</sub>": "}",
    "<sup>": r"\textsuperscript{",
    "</sup>": "}",
    "<br>": r"\\",
}


def snippets(figure: go.Figure, table: DataFrame, name: str) -> dict[str, str]:
    """Return the files of a figure for LaTeX, by name; a document includes each .tex with \\input.

    `<name>.tex` includes the PDF, which the caller has to write as `plain_name(name)`.pdf. The
    names of the other files begin with the same plain name. The file -table.tex has at most
    MOST_ROWS rows of the table. If the figure consists of two-dimensional lines, -plot.tex draws
    them from the columns of the .dat file.
    """
    plain = plain_name(name)
    texts = {f"{name}.tex": PICTURE % f"{plain}.pdf", f"{plain}-table.tex": _tabular(table)}
    shown = [trace for trace in figure.data if trace.visible in (None, True)]
    if all(map(_is_line, shown)):
        columns: dict[str, Array] = {}
        plot = _pictures(figure.layout.to_plotly_json(), shown, columns)
        texts[f"{plain}-plot.tex"] = "\n".join([PLOT % f"{plain}.dat", *plot, ""])
        values = DataFrame({name: Series(column) for name, column in columns.items()})
        values = values.replace([np.inf, -np.inf], np.nan)  # pgfplots leaves a gap
        texts[f"{plain}.dat"] = values.to_csv(
            sep=" ", index=False, na_rep="nan", float_format="%.9g"
        )
    return texts


def plain_name(name: str) -> str:
    """Return a file name that LaTeX can read; a hash keeps different names different."""
    plain = re.sub("[^A-Za-z0-9.-]+", "-", name)[:LONGEST].strip("-.") or "figure"
    return plain if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:8]}"


def tex(text: str) -> str:
    """Translate a text with plotly's tags into LaTeX."""
    return "".join(map(_part, re.split(r"(<[^<>]*>|.\u0302)", text)))


def _part(part: str) -> str:
    if part.endswith("\u0302"):
        return rf"\ensuremath{{\hat {part[0]}}}"
    if re.fullmatch(r"<[a-z/][^<>]*>", part):
        return TAGS.get(part, "")
    return "".join(LETTERS.get(letter, letter) for letter in part)


def _tabular(table: DataFrame) -> str:
    """Return a tabular of at most MOST_ROWS rows at equal distances, without the runs' ids."""
    rows = table.drop(columns="run", errors="ignore").iloc[:: -(-len(table) // MOST_ROWS) or 1]
    cells: list[Any] = [rows.columns, *rows.itertuples(index=False)]
    first, *rest = (" & ".join(map(_cell, row)) + r" \\" for row in cells)
    note = f"% {len(rows)} of {len(table)} rows. In the preamble: \\usepackage{{booktabs}}"
    begin = rf"\begin{{tabular}}{{{'l' * len(rows.columns)}}}\toprule"
    return "\n".join([note, begin, first, r"\midrule", *rest, "\\bottomrule\\end{tabular}\n"])


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else tex(str(value))


def _pictures(layout: Layout, shown: Sequence[Any], columns: dict[str, Array]) -> list[str]:
    """Return a tikzpicture for each panel, in the rows of the figure."""
    lines: list[str] = []
    for _, beside in groupby(panels(layout, shown), key=lambda panel: panel.up):
        # The 1.5 cm are for the numbers and the title of the vertical axis.
        width = rf"(\linewidth/{len(row := list(beside))}-1.5cm)"
        size = rf"scale only axis, width={{{width}}}, height={{0.7*{width}}}"
        for panel in row:
            options = ", ".join([size, LOOK, *_labels(layout, panel)])
            lines.append(rf"\begin{{tikzpicture}}[baseline]\begin{{axis}}[{options}]")
            mine = [trace for trace in shown if place(trace) == panel.axes]
            for before, trace in pairwise([None, *mine]):
                lines += _line(before, trace, columns)
            lines.append(r"\end{axis}\end{tikzpicture}")
        lines.append(r"\par")
    return lines


def _labels(layout: Layout, panel: Panel) -> list[str]:
    title = head(layout, panel)
    options = [f"title={{{tex(title['text'])}}}"] if title else []
    for letter, name in zip("xy", panel.axes, strict=True):
        axis = layout.get(name, {})
        if is_log(axis):
            options.append(f"{letter}mode=log")
        label = tex(axis.get("title", {}).get("text") or "")
        options.append(f"{letter}label={{{label}}}")
    return options


def _line(before: Any, trace: Any, columns: dict[str, Array]) -> list[str]:
    """Return the commands for a line and, if it has one, the band down to the line before it."""
    data, colour = _source(trace, columns), _colour(trace.line.color or trace.marker.color)
    lines = []
    if trace.fill == "tonexty":
        ends = {f"low{len(columns)}": _source(before, columns), f"high{len(columns)}": data}
        lines += [
            rf"\addplot[forget plot, draw=none, name path={end}] {of};" for end, of in ends.items()
        ]
        band = f"forget plot, fill={_colour(trace.fillcolor)}, fill opacity=0.2"
        lines.append(rf"\addplot[{band}] fill between[of={' and '.join(ends)}];")
    named = bool(trace.name) and trace.showlegend is not False
    look = "draw=none" if trace.line.width == 0 else "thick"
    if trace.mode == "markers":
        look = "only marks"
    lines.append(rf"\addplot[{'' if named else 'forget plot, '}color={colour}, {look}] {data};")
    return [*lines, rf"\addlegendentry{{{tex(trace.name)}}}"] if named else lines


def _is_line(trace: Any) -> bool:
    return trace.type == "scatter" and (
        trace.x is None or len(numbers(trace.x)) == len(numbers(trace.y))
    )


def _source(trace: Any, columns: dict[str, Array]) -> str:
    """Add the columns of a line to the others, and return the command that reads them."""
    y = numbers(trace.y)
    x = np.arange(len(y), dtype=float) if trace.x is None else numbers(trace.x)
    at = len(columns) // 2 + 1
    columns |= {f"x{at}": x, f"y{at}": y}
    return rf"table[x=x{at}, y=y{at}] {{\bnviz}}"


def _colour(text: Any) -> str:
    """Translate a colour, #rrggbb, rgb(r, g, b) or rgba(r, g, b, a), for TikZ."""
    text = text if isinstance(text, str) else "#444444"
    parts = hex_to_rgb(text) if text.startswith("#") else re.findall(r"[\d.]+", text)
    red, green, blue = (round(float(part)) for part in parts[:3])
    return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"
