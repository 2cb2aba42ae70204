"""The papers' own curves in our names and units, and which of them belong beneath our figures.

The curves were read off the papers' figures; curves/README.md says how, and how accurately. The
papers are Santurkar et al. (2018), arXiv 1805.11604v3, and Ioffe & Szegedy (2015), arXiv
1502.03167.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pandas import DataFrame, concat, read_csv

Networks = frozenset[tuple[str, float]]  # pairs of normalisation and learning rate

FOLDER = Path(__file__).parent / "curves"
GRID = 50  # the curves of 2018 have points at multiples of this step only
PROBE = {"vgg": 100, "dln": 50}  # steps between two landscape probes in the 2018 paper
COLUMNS = {"network": "series", "acc": "value", "lo": "low", "hi": "high"}
PERCENTILES = {15: "low", 50: "value", 85: "high"}
NORMS = {
    "Standard": "none",
    "BN": "batch",
    "Noisy BN": "noisy",
    "L1": "l1",
    "L2": "l2",
    "Linf": "linf",
    "Without BN": "none",
    "With BN": "batch",
}
NO_CURVES = [  # the columns of all kinds of curves
    *("run", "figure", "norm", "lr", "layer", "kind", "step"),
    *("low", "value", "high", "eta", "distance"),
]
KINDS = {"l2": "ics_l2", "cos": "ics_cosine", "dmu": "mean", "dvar": "variance"}
SUMS = "The paper's lengths seem to be sums over the layers: compare the networks, not the heights."
COUNT = "The paper does not say where it begins to count layers."
NOTES = {  # (family, what is shown) -> what to keep in mind when comparing our curves with it
    ("vgg", "loss_band"): "The paper's loss seems to contain an L2 penalty.",
    ("vgg", "gradient_predictiveness"): SUMS,
    ("dln", "gradient_predictiveness"): SUMS,
    ("vgg", "step_sizes"): SUMS,
    ("dln", "step_sizes"): SUMS,
    ("vgg", "covariate_shift"): COUNT,
    ("dln", "covariate_shift"): COUNT,
    ("vgg", "moment_changes"): COUNT,
}


@dataclass(frozen=True)
class Source:
    """A file of curves.

    Attributes
    ----------
    file : name of the CSV file without its ending
    figure : the figure that the curves were read off
    family : the networks in it: "vgg", "dln" or "mlp"
    shows : what they show, as the name of our drawing function in `bnviz.figures`
    lr : learning rate, None if each series names its own or the paper names none
    layer : layer number as in the paper, None if the curves are not about a layer
    kind : a key of KINDS, "" if the figure shows one kind of number only
    """

    file: str
    figure: str
    family: str
    shows: str
    lr: float | None = None
    layer: int | None = None
    kind: str = ""


def _fig(number: str) -> str:
    return f"2018 v3, Fig. {number}"


def _shift(family: str, number: str, rates: Iterable[str], first: int, second: int) -> list[Source]:
    """Return the sources of Fig. 3. For the second layer, only the cosine could be read off."""
    stem = f"s18_fig3_{family}_lr"
    return [
        Source(
            f"{stem}{lr}_L{layer}_{kind}",
            _fig(number),
            family,
            "covariate_shift",
            float(lr),
            layer,
            kind,
        )
        for lr in rates
        for layer, kind in ((first, "l2"), (first, "cos"), (second, "cos"))
    ]


SOURCES = (  # in the order of the papers, which `counterpart` uses to break ties
    Source("is15_fig1a_test_acc", "2015, Fig. 1a", "mlp", "test_accuracy"),
    # Layer 3 is the last hidden one.
    Source("is15_fig1bc_percentiles", "2015, Fig. 1b–c", "mlp", "quantile_bands", layer=3),
    Source("s18_fig1a_train_acc", _fig("1a"), "vgg", "training_accuracy"),
    Source("s18_fig1b_test_acc", _fig("1b"), "vgg", "test_accuracy"),
    Source("s18_fig2_train_acc", _fig("2"), "vgg", "training_accuracy", 0.1),
    Source("s18_fig3_vgg_lr0.1_train_acc", _fig("3a"), "vgg", "training_accuracy", 0.1),
    Source("s18_fig3_vgg_lr0.01_train_acc", _fig("3a"), "vgg", "training_accuracy", 0.01),
    *_shift("vgg", "3a", ("0.1", "0.01"), 5, 10),
    Source("s18_fig3_dln_lr1e-6_loss", _fig("3b"), "dln", "training_loss", 1e-6),
    Source("s18_fig3_dln_lr1e-7_loss", _fig("3b"), "dln", "training_loss", 1e-7),
    *_shift("dln", "3b", ("1e-6", "1e-7"), 9, 17),
    Source("s18_fig4a_loss_band", _fig("4a"), "vgg", "loss_band", 0.1),
    Source("s18_fig4b_gradpred_band", _fig("4b"), "vgg", "gradient_predictiveness", 0.1),
    Source("s18_fig4c_beta", _fig("4c"), "vgg", "effective_beta", 0.1),
    Source("s18_fig5a_vgg_train_acc", _fig("5a"), "vgg", "training_accuracy", 0.1),
    Source("s18_fig5b_dln_loss", _fig("5b"), "dln", "training_loss", 1e-6),
    *(
        Source(f"s18_fig8a_L{layer}_{kind}", _fig("8a"), "vgg", "moment_changes", 0.1, layer, kind)
        for layer in (2, 9, 13)
        for kind in ("dmu", "dvar")
    ),
    Source("s18_fig10a_dln_loss_band", _fig("10a"), "dln", "loss_band", 1e-6),
    Source("s18_fig10b_dln_gradpred_band", _fig("10b"), "dln", "gradient_predictiveness", 1e-6),
    Source("s18_fig10c_dln_beta", _fig("10c"), "dln", "effective_beta", 1e-6),
    Source("s18_fig11a_vgg", _fig("11a"), "vgg", "step_sizes", 0.1),
    Source("s18_fig11b_dln", _fig("11b"), "dln", "step_sizes", 1e-6),
    Source("s18_fig12b_vgg_loss_band", _fig("12b"), "vgg", "loss_band", 0.1),
    Source("s18_fig12c_vgg_gradpred_band", _fig("12c"), "vgg", "gradient_predictiveness", 0.1),
    Source("s18_fig12d_vgg_beta", _fig("12d"), "vgg", "effective_beta", 0.1),
    Source("s18_fig13b_dln_loss_band", _fig("13b"), "dln", "loss_band", 1e-6),
    Source("s18_fig13c_dln_gradpred_band", _fig("13c"), "dln", "gradient_predictiveness", 1e-6),
    Source("s18_fig13d_dln_beta", _fig("13d"), "dln", "effective_beta", 1e-6),
)


@cache
def counterpart(shows: str, family: str, networks: Networks) -> DataFrame:
    """Return the papers' curves that belong beneath our figure `shows` of these networks.

    A curve belongs to a network with the same family, normalisation and learning rate; if the paper
    names no rate, any rate will do. If several of the papers' figures have such curves, the figure
    that covers most networks is used (the earlier one in a tie), and others only for networks that
    are still missing. So the curves come from as few figures as possible.

    Columns: run (one of the paper's networks in one figure), figure, norm, lr, layer (the paper's
    number), kind, step, and

    - low, high for loss_band and gradient_predictiveness
    - low, value, high (15, 50 and 85%) for quantile_bands
    - eta, distance for step_sizes
    - value for all others

    `kind` is "ics_l2" or "ics_cosine" for covariate_shift, and "mean" or "variance" for
    moment_changes. The frame has no rows if there are no such curves.
    """
    figures: dict[str, list[DataFrame]] = {}
    for source in SOURCES:
        if (source.shows, source.family) == (shows, family):
            figures.setdefault(source.figure, []).extend(curves(source))
    chosen: list[DataFrame] = []
    left = set(networks)
    while figures:
        served = {
            figure: [_served(curve, left) for curve in each] for figure, each in figures.items()
        }
        best = max(served, key=lambda figure: len(set().union(*served[figure])))
        chosen += [
            curve for curve, some in zip(figures.pop(best), served[best], strict=True) if some
        ]
        left = left.difference(*served[best])
    return concat(chosen, ignore_index=True) if chosen else DataFrame(columns=NO_CURVES)


def absence(shows: Iterable[str], family: str, networks: Networks) -> str:
    """Return in one sentence why the papers have no curve beneath our figures `shows`.

    `family` and `networks` are as in `counterpart`.
    """
    theirs = [source for source in SOURCES if source.shows in {*shows} and source.family == family]
    if not theirs:
        return "The papers show no curve of this kind of network."
    if not networks:
        return "The papers trained with SGD only."
    rates = {float(curve["lr"].iloc[0]) for source in theirs for curve in curves(source)}
    if not any(math.isnan(rate) for rate in rates) and rates.isdisjoint(lr for _, lr in networks):
        known = " or ".join(f"{rate:g}" for rate in sorted(rates))
        return f"The paper shows curves at learning rate {known} only."
    return "The papers show no curve of these networks."


def _served(curve: DataFrame, networks: set[tuple[str, float]]) -> set[tuple[str, float]]:
    """Return the networks that a curve belongs to."""
    its, rate = curve["norm"].iloc[0], curve["lr"].iloc[0]
    return {(norm, lr) for norm, lr in networks if norm == its and (math.isnan(rate) or lr == rate)}


@cache
def curves(source: Source) -> list[DataFrame]:
    """Read a file and return each of its series, cleaned, with the columns of `counterpart`.

    Steps are at least 0 and, for the 2018 paper, rounded to multiples of GRID. If several points
    fall on the same step, the result has their mean. Accuracies are between 0 and 1; values that
    were read off slightly outside the range of an accuracy or a cosine are clipped to it. Rows are
    in the order of the steps.
    """
    raw = read_csv(FOLDER / f"{source.file}.csv").rename(columns=COLUMNS)
    shape = {"quantile_bands": _percentiles, "step_sizes": _distances}.get(source.shows)
    raw = shape(raw, source) if shape else raw
    grid, percent = (GRID, 0.01) if source.figure.startswith("2018") else (1, 1.0)
    raw["step"] = (raw["step"] / grid).round().clip(lower=0).astype(int) * grid
    if source.shows.endswith("accuracy"):
        raw["value"] = (raw["value"] * percent).clip(0, 1)
    if source.kind == "cos":
        raw["value"] = raw["value"].clip(-1, 1)
    clean = raw.groupby(
        [name for name in ("series", "step", "eta") if name in raw], as_index=False
    ).mean()
    return [
        _named(str(series), rows.drop(columns="series"), source)
        for series, rows in clean.groupby("series")
    ]


def _named(series: str, rows: DataFrame, source: Source) -> DataFrame:
    """Add the columns run, figure, norm, lr, layer and kind to the rows of a series."""
    name, _, rate = series.partition(" LR=")
    lr, layer = float(rate or source.lr or math.nan), source.layer or math.nan
    kind = KINDS.get(source.kind, "")
    run = f"{source.figure}, {NORMS[name]}, {lr:g}"
    return rows.assign(
        run=run, figure=source.figure, norm=NORMS[name], lr=lr, layer=layer, kind=kind
    )


def _percentiles(raw: DataFrame, source: Source) -> DataFrame:
    """Give each percentile a column, interpolated linearly at steps where it has no point."""
    wide = raw.pivot_table(
        index=["series", "step"], columns="percentile", values="value"
    ).reset_index("series")
    lines = wide.groupby("series").transform(lambda line: line.interpolate("index"))
    return lines.rename(columns=PERCENTILES).assign(series=wide["series"]).reset_index()


def _distances(raw: DataFrame, source: Source) -> DataFrame:
    """Give each step size a row, and number the curves by step.

    They belong to the probes 1, 4, 7, …, 148 and 150 (see curves/README.md).
    """
    long = raw.melt(["series", "curve_index"], var_name="eta", value_name="distance")
    step = (1 + 3 * long.pop("curve_index")).clip(upper=150) * PROBE[source.family]
    return long.assign(step=step, eta=long["eta"].str.removeprefix("dg@").map(_number))


def _number(text: str) -> float:
    """Parse a step size written like 0.05, 1e-8 or 10^-4.5."""
    base, _, power = text.partition("^")
    return math.pow(float(base), float(power or 1))
