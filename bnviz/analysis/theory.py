"""Checks of the theorems in Section 4 of Santurkar et al. (2018), arXiv 1805.11604v3.

Turns rows of the probe `theory` into numbers, and the numbers into sentences for the page Theory.
`bnviz.training.probes.theory` defines the metrics and the symbols.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pandas import DataFrame, Series, concat

from bnviz.analysis.rows import KEYS, LINE, layer_number, text

STATEMENTS = {
    "theorem_4_1": "Theorem 4.1",
    "theorem_4_2": "Theorem 4.2",
    "theorem_4_4": "Theorem 4.4",
    "lemma_4_5": "Lemma 4.5",
}
SIDES = ("left", "exact", "right", "printed", "scale", "inner", "gain", "distance")
WHOLE = -1  # stands for the unit in rows about a whole layer
# A bound counts as exceeded only if the excess is more than this many times the largest rounding
# error in the same run, which is the deviation from Theorem 4.1's equality.
MARGIN = 10.0
CONDITIONS = {
    "inner": "⟨ŷ, g⟩ ≥ 0",
    "gain": "γ/σ",
    "removed": "‖g‖² removed",
    "smaller": "‖v‖ < ‖g‖",
}
VERDICT = [
    *KEYS,
    "statement",
    "step",
    "checks",
    "silent",
    "deviation",
    "off",
    "broken",
    "fails",
    "negative",
]


def metrics(*statements: str) -> tuple[str, ...]:
    """Return the names of the metrics that belong to these statements."""
    return tuple(f"{statement}_{side}" for statement in statements for side in SIDES)


def checks(rows: DataFrame, statement: str) -> DataFrame:
    """Return every check of a statement: one row per run, layer, unit and step.

    The following do not count as checks: a unit without a gradient, a unit that has not moved yet,
    a check that is only half written because its run is still being trained, and one that
    overflowed. Lemma 4.5 is an equality. Cases to which it does not apply (⟨W*, W₀⟩ ≤ 0) stay in
    the frame, with a value for `inner` only.

    Columns: layer, unit, step, and all SIDES, NaN for those that the statement does not have.
    """
    names = {f"{statement}_{side}": side for side in SIDES}
    chosen = (
        text(rows[rows["metric"].isin(names)])
        .astype({"unit": float, "value": float})
        .fillna({"unit": WHOLE})
    )
    sides = chosen["metric"].map(names)
    wide = (
        chosen.assign(metric=sides)
        .groupby([*LINE, "unit", "step", "metric"])["value"]
        .min()
        .unstack("metric")
    )
    wide = wide.reindex(columns=list(SIDES)).replace([np.inf, -np.inf], np.nan).reset_index()
    if statement == "lemma_4_5":
        wide = wide.assign(exact=wide["right"], right=np.nan, scale=wide["distance"])
        return wide[
            (wide["inner"] <= 0)
            | (wide[["left", "exact"]].notna().all(axis=1) & (wide["scale"] > 0))
        ]
    measured = [side for side in SIDES if wide[side].notna().any()]
    return wide[wide[measured].notna().all(axis=1) & (wide["scale"] > 0)]


def verdicts(rows: DataFrame) -> DataFrame:
    """Summarise the checks of each run, statement and step.

    Columns:

    - statement, step
    - checks: number of checks
    - silent: number of units to which Lemma 4.5 does not apply
    - deviation: largest |left − exact| / scale
    - off: largest |left − printed| / scale
    - broken: number of checks in which the true bound is exceeded
    - fails: number of checks in which the printed bound is exceeded
    - negative: number of checks in which the printed bound is below zero

    `deviation` and `off` are NaN if the statement has no such side.
    """
    made = {statement: checks(rows, statement) for statement in STATEMENTS}
    first = made["theorem_4_1"]
    rounding = MARGIN * _apart(first, "exact").groupby(first["run"]).max()
    judged = [
        _judged(frame, rounding).assign(statement=statement) for statement, frame in made.items()
    ]
    return concat(judged, ignore_index=True).reindex(columns=VERDICT)


def _apart(frame: DataFrame, side: str) -> Series[float]:
    """Return |left − side| / scale: how far apart two sides are, relative to the largest terms."""
    return (frame["left"] - frame[side]).abs() / frame["scale"]


def _judged(frame: DataFrame, rounding: Series[float]) -> DataFrame:
    """Return the columns of `verdicts` for one statement; `rounding` is the tolerance by run."""
    slack = frame["scale"] * frame["run"].map(rounding).astype(float)
    judged = frame[[*KEYS, "step"]].assign(
        checks=frame["left"].notna(),
        silent=frame["left"].isna(),
        deviation=_apart(frame, "exact"),
        off=_apart(frame, "printed"),
        broken=frame["left"] > frame["right"] + slack,
        fails=frame["left"] > frame["printed"] + slack,
        negative=frame["printed"] < 0,
    )
    kinds = dict.fromkeys(("checks", "silent", "broken", "fails", "negative"), "sum")
    return judged.groupby([*KEYS, "step"], as_index=False).agg(
        {**kinds, "deviation": "max", "off": "max"}
    )


def sides(rows: DataFrame, statement: str) -> DataFrame:
    """Return the measured side and the bound of every unit at every measured step.

    `version` is "true" (including the terms in ε) or "printed".

    Columns: layer, unit, step, version, bound, left (the measured side).
    """
    now = checks(rows, statement)
    true = now["exact"].fillna(now["right"])
    versions = [
        now.assign(version=name, bound=bound)
        for name, bound in (("true", true), ("printed", now["printed"]))
    ]
    return concat(versions, ignore_index=True)[[*LINE, "unit", "step", "version", "bound", "left"]]


def conditions(rows: DataFrame) -> DataFrame:
    """Summarise over all units the conditions of Theorems 4.1 and 4.2, and their consequences.

    `condition` is a key of CONDITIONS:

    - "inner": share of the units with ⟨ŷ, g⟩ ≥ 0
    - "gain": median of |γ|/s
    - "removed": median of 1 − ‖v‖² / (γ²/s² ‖g‖²), the share of the squared gradient that BatchNorm
      removes in addition to scaling it by γ²/s²
    - "smaller": share of the units with ‖v‖ < ‖g‖

    Columns: condition, step, value.
    """
    first, second = checks(rows, "theorem_4_1"), checks(rows, "theorem_4_2")
    squared = first["scale"] / first["gain"] ** 2
    values = {
        "inner": second.assign(value=(second["inner"] >= 0).astype(float)),
        "gain": first.assign(value=first["gain"].abs()),
        "removed": first.assign(value=1 - first["left"] / first["scale"]),
        "smaller": first.assign(value=(first["left"] < squared).astype(float)),
    }
    lines = []
    for name, frame in values.items():
        steps = frame.groupby([*KEYS, "step"], as_index=False)["value"]
        lines.append(
            (steps.median() if name in ("gain", "removed") else steps.mean()).assign(condition=name)
        )
    shares: DataFrame = concat(lines, ignore_index=True)
    return shares[[*KEYS, "condition", "step", "value"]]


def distances(rows: DataFrame) -> DataFrame:
    """Return the squared distances of Lemma 4.5 for whole layers at every measured step.

    `plain` is ‖W₀ − W*‖² and `scaled` is ‖W₀ − kW*‖²; both are NaN if the lemma does not apply.

    Columns: layer, step, plain, scaled; rows are in the order of the layers.
    """
    now = checks(rows, "lemma_4_5").query("unit == @WHOLE")
    now = now.rename(columns={"distance": "plain", "left": "scaled"})
    order = now["layer"].map(layer_number).astype(int)
    return now.assign(order=order).sort_values("order")[[*LINE, "step", "plain", "scaled"]]


def verdict(numbers: DataFrame) -> str:
    """Put `verdicts` into words: a Markdown list, or "" if nothing is measured yet."""
    said = []
    for statement, (name, told) in WORDS.items():
        rows = numbers[numbers["statement"] == statement]
        total = {
            column: float(rows[column].sum())
            for column in ("checks", "silent", "broken", "fails", "negative")
        }
        total |= {column: float(rows[column].max()) for column in ("deviation", "off")}
        if total["checks"]:
            said.append(f"- **{name}**: {total['checks']:,.0f} checks. {told(total)}")
    return "\n".join(said)


def asked(numbers: DataFrame) -> str:
    """Put `conditions` into one sentence, or "" if nothing is measured yet."""
    if numbers.empty:
        return ""
    mean = numbers.groupby("condition")["value"].mean()
    return (
        f"On average over the training so far, ⟨ŷ, g⟩ ≥ 0 in {100 * mean['inner']:.0f}% of the "
        f"units, the median of γ/σ is {mean['gain']:.2g}, BatchNorm removes "
        f"{100 * mean['removed']:.2g}% of ‖g‖² (median), and "
        f"**‖v‖ < ‖g‖ in {100 * mean['smaller']:.0f}% of the units**."
    )


def _first(total: dict[str, float]) -> str:
    fails, negative = (share(total[column], total["checks"]) for column in ("fails", "negative"))
    return (
        "The squared gradient ‖v‖² must not be larger than its bound. With 1/m the two are equal, "
        f"to within {power(total['deviation'])}. {_kept(total)} As printed in v3, with "
        f"1/\N{WORD JOINER}√m, the bound is too small: ‖v‖² is larger in {fails}. In {negative} "
        "the printed bound is even below zero, where no square can be."
    )


def _second(total: dict[str, float]) -> str:
    return (
        f"Its first form is an equality too, to within {power(total['deviation'])}. As printed, "
        f"without the terms in ε, its two sides differ by up to {power(total['off'])}."
    )


def _fourth(total: dict[str, float]) -> str:
    fails = share(total["fails"], total["checks"])
    return (
        f"{_kept(total)} As printed it fails in {fails}: it compares squares with fourth powers, "
        "so whether it holds depends on the scale of the loss."
    )


def _lemma(total: dict[str, float]) -> str:
    silent = (
        f" It does not apply in {total['silent']:,.0f} more cases, because ⟨W₀, W*⟩ ≤ 0."
        if total["silent"]
        else ""
    )
    deviation = power(total["deviation"])
    return f"With k = ⟨W*, W₀⟩ / ‖W*‖² it is an equality, to within {deviation}.{silent}"


def _kept(total: dict[str, float]) -> str:
    if total["broken"]:
        return f"The corrected bound **is exceeded in {share(total['broken'], total['checks'])}**."
    return "The corrected bound holds in all of them."


WORDS: dict[str, tuple[str, Callable[[dict[str, float]], str]]] = {
    statement: (name, told)
    for (statement, name), told in zip(
        STATEMENTS.items(), (_first, _second, _fourth, _lemma), strict=True
    )
}


def share(part: float, whole: float) -> str:
    """Say what share `part` is of `whole`; only exact equality is called "all" or "none"."""
    if part in (0, whole):
        return "all of them" if part else "none of them"
    percent = 100 * part / whole
    return "less than 1%" if percent < 1 else "more than 99%" if percent > 99 else f"{percent:.0f}%"


def power(value: float) -> str:
    """Write a number to one digit with a power of ten: 3e-13 -> 3 · 10⁻¹³."""
    if not value > 0:
        return "0" if value == 0 else "an unknown number"
    digit, _, exponent = f"{value:.0e}".partition("e")
    return (
        f"{digit} · 10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    )
