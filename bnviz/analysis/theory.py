"""The checks of the theorems in Section 4: rows of the probe `theory` as numbers, and as sentences for the page Theory.

`bnviz.training.probes.theory` defines the metrics. The statements are those of Santurkar et al. (2018), arXiv 1805.11604v3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pandas import DataFrame, Series, concat

from bnviz.analysis.rows import KEYS, LINE, layer_number, newest, text

STATEMENTS = {
    "theorem_4_1": "Theorem 4.1",
    "theorem_4_2": "Theorem 4.2",
    "theorem_4_4": "Theorem 4.4",
    "lemma_4_5": "Lemma 4.5",
}
SIDES = ("left", "exact", "right", "printed", "scale", "inner", "gain", "distance")
WHOLE = -1  # the unit of rows about a whole layer
MARGIN = 10.0  # a bound is exceeded where it is by more than so many times what rounding does to an equality
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
    """The metrics of these statements in the rows."""
    return tuple(f"{statement}_{side}" for statement in statements for side in SIDES)


def checks(rows: DataFrame, statement: str) -> DataFrame:
    """Every check of a statement. -> layer, unit, step, and of SIDES those that it has, the others NaN.

    A unit without a gradient, or one that has not moved yet, is no check. Half a check, as a probe that is at work leaves it, and
    one that overflowed are none either. Lemma 4.5 is an equality; of it those stay for which it says nothing, with `inner` alone.
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
    """How every statement fares: one row for each run, statement and step.

    -> statement, step, checks, silent (units of which the lemma says nothing), deviation (the largest |left − exact| / scale), off
    (the same of the print), broken (checks in which the true bound is exceeded), fails (the printed one) and negative (in which
    it is below zero). Deviations are NaN where a statement has no such side.
    """
    made = {statement: checks(rows, statement) for statement in STATEMENTS}
    first = made["theorem_4_1"]
    rounding = MARGIN * _apart(first, "exact").groupby(first["run"]).max()
    judged = [
        _judged(frame, rounding).assign(statement=statement) for statement, frame in made.items()
    ]
    return concat(judged, ignore_index=True).reindex(columns=VERDICT)


def _apart(frame: DataFrame, side: str) -> Series[float]:
    """The distance of the left side from another side, relative to the largest terms."""
    return (frame["left"] - frame[side]).abs() / frame["scale"]


def _judged(frame: DataFrame, rounding: Series[float]) -> DataFrame:
    """The columns of `verdicts` for one statement."""
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


def sides(rows: DataFrame, statement: str, step: int) -> DataFrame:
    """Measured and bound in every unit, at each run's newest step up to `step`. -> layer, unit, step, version, bound, left.

    `version` is "true", with the terms in ε where there are any, or "printed".
    """
    now = newest(checks(rows, statement), step)
    true = now["exact"].fillna(now["right"])
    versions = [
        now.assign(version=name, bound=bound)
        for name, bound in (("true", true), ("printed", now["printed"]))
    ]
    return concat(versions, ignore_index=True)[[*LINE, "unit", "step", "version", "bound", "left"]]


def conditions(rows: DataFrame) -> DataFrame:
    """What Theorems 4.1 and 4.2 ask and what comes of it, over all units. -> condition (of CONDITIONS), step, value.

    inner and smaller are shares of the units in which it is so; gain and removed are medians, of |γ|/s and of
    1 − ‖v‖² / (γ²/s² ‖g‖²), the part of the squared gradient that BatchNorm takes away beside that factor.
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


def distances(rows: DataFrame, step: int) -> DataFrame:
    """Lemma 4.5 for whole layers, at each run's newest step up to `step`. -> layer, step, plain, scaled.

    plain is ‖W0 − W*‖², scaled ‖W0 − kW*‖²; both are NaN where the lemma says nothing.
    """
    now = newest(checks(rows, "lemma_4_5").query("unit == @WHOLE"), step)
    now = now.rename(columns={"distance": "plain", "left": "scaled"})
    order = now["layer"].map(layer_number).astype(int)
    return now.assign(order=order).sort_values("order")[[*LINE, "step", "plain", "scaled"]]


def verdict(numbers: DataFrame) -> str:
    """`verdicts` as sentences, in Markdown; "" before anything is measured."""
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
    """`conditions` as one sentence; "" before anything is measured."""
    if numbers.empty:
        return ""
    mean = numbers.groupby("condition")["value"].mean()
    return (
        f"On average over the training so far: ⟨ŷ, g⟩ ≥ 0 in {100 * mean['inner']:.0f} % of the units, γ/σ = {mean['gain']:.2g}, "
        f"{100 * mean['removed']:.2g} % of ‖g‖² removed, and **‖v‖ < ‖g‖ in {100 * mean['smaller']:.0f} % of the units**."
    )


def _first(total: dict[str, float]) -> str:
    fails, negative = (share(total[column], total["checks"]) for column in ("fails", "negative"))
    return (
        f"With 1/m it is an equality, to {power(total['deviation'])}. {_kept(total)} As printed in v3, with 1/\N{WORD JOINER}√m, it fails in {fails}, "
        f"and in {negative} the printed bound on a squared length is below zero."
    )


def _second(total: dict[str, float]) -> str:
    return (
        f"Its first form is an equality too, to {power(total['deviation'])}. As printed, which leaves out the terms in ε, it is off "
        f"by up to {power(total['off'])}."
    )


def _fourth(total: dict[str, float]) -> str:
    fails = share(total["fails"], total["checks"])
    return f"{_kept(total)} As printed it fails in {fails}: it compares squares with fourth powers, so the unit of the loss decides."


def _lemma(total: dict[str, float]) -> str:
    silent = (
        f" In {total['silent']:,.0f} more cases it says nothing, because ⟨W₀, W*⟩ ≤ 0."
        if total["silent"]
        else ""
    )
    return f"With k = ⟨W*, W₀⟩ / ‖W*‖² it is an equality, to {power(total['deviation'])}.{silent}"


def _kept(total: dict[str, float]) -> str:
    """Whether the bound as it is true holds."""
    if total["broken"]:
        return f"The bound as it should be **is exceeded in {share(total['broken'], total['checks'])}**."
    return "The bound as it should be holds in all of them."


WORDS: dict[str, tuple[str, Callable[[dict[str, float]], str]]] = {
    statement: (name, told)
    for (statement, name), told in zip(
        STATEMENTS.items(), (_first, _second, _fourth, _lemma), strict=True
    )
}


def share(part: float, whole: float) -> str:
    """A part of a whole in words; "all" and "none" are exact."""
    if part in (0, whole):
        return "all of them" if part else "none of them"
    percent = 100 * part / whole
    return (
        "less than 1 %" if percent < 1 else "more than 99 %" if percent > 99 else f"{percent:.0f} %"
    )


def power(value: float) -> str:
    """3e-13 -> 3 · 10⁻¹³."""
    if not value > 0:
        return "0" if value == 0 else "an unknown number"
    digit, _, exponent = f"{value:.0e}".partition("e")
    return (
        f"{digit} · 10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    )
