"""Print the numbers behind the README's table of figures, from the finished runs in the cache.

python -m benchmarks.figures [FIGURE ...]   also names the missing runs and the command for them.

"2015" is Ioffe & Szegedy; figures without a year are those of Santurkar et al. (2018).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pandas as pd
from pandas import DataFrame

from bnviz.analysis import landscape as landscape_numbers
from bnviz.analysis.covariate_shift import covariate_shift
from bnviz.analysis.distributions import moment_changes, quantile_bands
from bnviz.analysis.landscape import band_width, landscape_bands
from bnviz.analysis.rows import KEYS
from bnviz.presets import PRESETS
from bnviz.runs.store import Store

SEEDS = range(5)


def rows(preset: str) -> DataFrame:
    """Return the rows of all finished runs of a preset with any of SEEDS."""
    runs = [Store().run(spec.id) for seed in SEEDS for spec in PRESETS[preset].specs(seed=seed)]
    done = [run.labelled_rows() for run in runs if run.readable and run.state == "done"]
    return pd.concat(done, ignore_index=True) if done else DataFrame(columns=[*KEYS, "metric"])


def metric(frame: DataFrame, name: str) -> DataFrame:
    """Return the rows of one metric."""
    return frame[frame["metric"] == name]


def windows(frame: DataFrame, edges: list[int]) -> DataFrame:
    """Return the mean value in each window from one edge to the next."""
    cut = pd.cut(frame["step"], edges, right=False)
    return DataFrame(frame.groupby([*KEYS[1:], cut], observed=True)["value"].mean().unstack())


def at_steps(frame: DataFrame, steps: list[int]) -> DataFrame:
    """Return the values at these steps."""
    chosen = frame[frame["step"].isin(steps)]
    return chosen.pivot_table(index=KEYS[1:], columns="step", values="value")


def accuracy(frame: DataFrame) -> DataFrame:
    """Return the training accuracy in windows, and the last test accuracy (Fig. 1, 2, 5a)."""
    table = windows(metric(frame, "train_accuracy"), [0, 500, 1000, 2001])
    return table.assign(test=metric(frame, "test_accuracy").groupby(KEYS[1:])["value"].last())


def shift(layers: list[str]) -> Callable[[DataFrame], DataFrame]:
    """Return the table of covariate shift: medians over training, and minima (Fig. 3)."""

    def table(frame: DataFrame) -> DataFrame:
        chosen = covariate_shift(frame, layers).groupby([*KEYS[1:], "metric", "layer"])["value"]
        return DataFrame(chosen.agg(["median", "min"]).unstack(["metric", "layer"]))

    return table


def landscape(frame: DataFrame) -> DataFrame:
    """Return a summary of the landscape along the gradient (Fig. 4, 10, 12, 13).

    It has the mean width of the loss band, the median upper edge of the gradient's distance, and
    the effective β-smoothness in units of 2/lr.
    """
    bands = landscape_bands(frame)
    bands = bands.assign(width=band_width(bands)["loss"], edge=bands["beta"] * bands["lr"] / 2)
    late = bands[bands["step"] >= bands["step"].max() / 20]
    by = KEYS[1:]
    return DataFrame(
        {
            "mean width": bands.groupby(by)["width"].mean(),
            "largest loss": bands.groupby(by)["loss_high"].max(),
            "median distance": bands.groupby(by)["distance_high"].median(),
            "beta lr/2, lowest": late.groupby(by)["edge"].min(),
            "median": late.groupby(by)["edge"].median(),
            "highest": late.groupby(by)["edge"].max(),
        }
    )


def losses(frame: DataFrame) -> DataFrame:
    """Return the loss of the deep linear network at some steps (Fig. 3b, 5b)."""
    return at_steps(metric(frame, "train_loss"), [0, 1000, 5000, 9995])


def distributions(layers: list[str]) -> Callable[[DataFrame], DataFrame]:
    """Return the table of a unit's range from 5% to 95%, first and last (Fig. 6, 9)."""

    def table(frame: DataFrame) -> DataFrame:
        bands = quantile_bands(frame, layers, pooled=False)
        width = bands.assign(value=bands["q95"] - bands["q05"]).groupby([*KEYS[1:], "layer"])[
            "value"
        ]
        return DataFrame(width.agg(["first", "last"]).unstack("layer"))

    return table


def moments(frame: DataFrame) -> DataFrame:
    """Return the median change of mean and variance between successive steps (Fig. 8)."""
    changes = moment_changes(frame, ["conv2", "conv5", "conv8"])
    medians = changes.groupby([*KEYS[1:], "moment", "layer"])["value"].median()
    return DataFrame(medians.unstack(["moment", "layer"]))


def step_sizes(frame: DataFrame) -> DataFrame:
    """Return the median distance of the gradient at each step size (Fig. 11)."""
    return DataFrame(
        landscape_numbers.step_sizes(frame)
        .groupby([*KEYS[1:], "eta"])["distance"]
        .median()
        .unstack()
    )


def mnist(frame: DataFrame) -> DataFrame:
    """Return the test accuracy at some steps, and the drift of a unit's quantiles (2015, Fig. 1).

    The drift is the range of a quantile over the first 10,000 steps.
    """
    tests = metric(frame, "test_accuracy")
    table = at_steps(tests, [4000, 8000, 10_000, 20_000, 30_000, 40_000, 50_000])
    early = quantile_bands(frame[frame["step"] <= 10_000], ["fc3"], pooled=False)
    for name in ("q15", "q50", "q85"):
        # A quantile of sixty examples is noisy; its mean over ten measurements, which are 1,000
        # steps, shows the drift.
        means = early.groupby("run")[name].transform(lambda line: line.rolling(10).mean())
        by = early.assign(mean=means).groupby(KEYS[1:])
        table[f"{name} travels"] = by[name].max() - by[name].min()
        table[f"{name} mean travels"] = by["mean"].max() - by["mean"].min()
    plain, batch = (
        tests[tests["norm"] == norm].set_index(["seed", "step"])["value"]
        for norm in ("none", "batch")
    )
    ahead = (batch - plain).dropna()
    ahead = ahead[ahead.index.get_level_values("step") > 2000]
    print(
        f"BatchNorm is above the standard network in {(ahead > 0).mean():.1%} of {len(ahead)} "
        "measurements after step 2,000"
    )
    return table


def report(frame: DataFrame) -> DataFrame:
    """Return the test accuracy at some steps (the MNIST report)."""
    return at_steps(metric(frame, "test_accuracy"), [200, 1000, 2000, 5000, 10_000, 20_000])


FIGURES: dict[str, Callable[[DataFrame], DataFrame]] = {
    "fig1": accuracy,
    "fig2": accuracy,
    "fig3a": shift(["conv5", "fc10"]),
    "fig3b": shift(["fc9", "fc17"]),
    "fig4": landscape,
    "fig5a": accuracy,
    "fig5b": losses,
    "fig6": distributions(["conv8"]),
    "fig8": moments,
    "fig9": distributions(["fc1", "fc11", "fc24"]),
    "fig10": landscape,
    "fig11a": step_sizes,
    "fig11b": step_sizes,
    "fig12": landscape,
    "fig13": landscape,
    "mnist": mnist,
    "liu-mlp": report,
    "liu-lenet": report,
    "liu-lenetr": report,
}


def main() -> None:
    """Print the table of every figure, or of those named on the command line."""
    pd.set_option(
        "display.width",
        200,
        "display.max_columns",
        30,
        "display.float_format",
        lambda value: f"{value:.4g}",
    )
    for name in sys.argv[1:] or FIGURES:
        frame = rows(name)
        absent = [spec for spec in PRESETS[name].specs() if not Store().run(spec.id).readable]
        print(f"\n{name} · {PRESETS[name].figure}")
        print(FIGURES[name](frame).to_string() if len(frame) else "no run has finished")
        if absent:
            print(f"{len(absent)} runs missing: python -m bnviz run --preset {name}")


if __name__ == "__main__":
    main()
