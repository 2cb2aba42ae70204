"""The loss on planes in parameter space, and the projected path of training.

The numbers come from the rows of the probe `surface`. A plane θ + a u + b v appears once all of it
is measured. A loss that is not finite is NaN.
"""

from __future__ import annotations

import numpy as np
from pandas import DataFrame, concat

from bnviz.analysis.rows import KEYS, spread, text

PLANES = 40  # planes, one per step, that an animated figure plays through
PLACE = {"surface_path_a": "a", "surface_path_b": "b", "surface_off": "off"}


def planes(rows: DataFrame) -> DataFrame:
    """Return grids and paths together, at up to PLANES steps: all that a figure draws.

    Rows from `surfaces` have a loss and no `point`. Rows from `paths` have as `point` the step
    whose θ is projected, and no loss. `length` is ‖u‖.

    Columns: step, length, point, a, b, loss, off.
    """
    grid, path = surfaces(rows).assign(point=np.nan, off=np.nan), paths(rows).assign(loss=np.nan)
    joined = concat([grid, path], ignore_index=True)
    chosen = spread(joined, PLANES)
    first = text(rows[(rows["metric"] == "surface_length") & (rows["unit"] == 0)])
    lengths = (
        first[["run", "step", "value"]]
        .astype({"step": "int64"})
        .rename(columns={"value": "length"})
    )
    passed = joined["point"] < joined["step"]
    kept = joined["step"].isin(chosen) & (~passed | joined["point"].isin(chosen))
    joined = joined[kept].merge(lengths, on=["run", "step"], how="left")
    return joined[[*KEYS, "step", "length", "point", "a", "b", "loss", "off"]]


def surfaces(rows: DataFrame) -> DataFrame:
    """Return the loss at every grid point θ + a u + b v.

    Columns: step, a, b, loss; rows ascend in step, then a, then b within each run.
    """
    points = _whole(rows)
    grids = {
        run: np.sort(ticks.unique()) for run, ticks in points.groupby("run")["at"]
    }  # one for both axes
    b = [grids[run][int(unit)] for run, unit in zip(points["run"], points["unit"], strict=True)]
    loss = points["value"].where(np.isfinite(points["value"]))
    points = points.assign(a=points["at"], b=np.array(b, dtype=float), loss=loss)
    return points.sort_values(["run", "step", "a", "b"], ignore_index=True)[
        [*KEYS, "step", "a", "b", "loss"]
    ]


def paths(rows: DataFrame) -> DataFrame:
    """Return the projections of earlier steps, this step and the next onto each plane.

    Columns: step (of the plane), point (the step whose θ is projected), a, b, off (the share of the
    distance from the centre that is off the plane).
    """
    places = text(rows[rows["metric"].isin(PLACE)]).astype(
        {"step": "int64", "at": float, "value": float}
    )
    table = places.groupby([*KEYS, "step", "at", "metric"])["value"].min().unstack("metric")
    table = (
        table.reindex(columns=list(PLACE))
        .rename(columns=PLACE)
        .reset_index()
        .rename(columns={"at": "point"})
    )
    table = table.merge(_whole(rows)[["run", "step"]].drop_duplicates(), on=["run", "step"])
    return table[[*KEYS, "step", "point", "a", "b", "off"]]


def rise(rows: DataFrame) -> DataFrame:
    """Return the highest loss on each plane minus the lowest, NaN if one overflows.

    Columns: step, value.
    """
    plane = surfaces(rows).groupby([*KEYS, "step"])["loss"]
    return (plane.max(skipna=False) - plane.min(skipna=False)).rename("value").reset_index()


def path_share(rows: DataFrame) -> DataFrame:
    """Return how much of the way from the previous plane lies in each plane.

    This is a share of the squared distance, from 0 to 1. Columns: step, value.
    """
    way = paths(rows)
    before = way[way["point"] < way["step"]].sort_values("point", kind="stable")
    last = before.groupby([*KEYS, "step"], as_index=False).tail(1)
    return last.assign(value=1 - last["off"] ** 2).sort_values("step", ignore_index=True)[
        [*KEYS, "step", "value"]
    ]


def _whole(rows: DataFrame) -> DataFrame:
    """Return the losses on planes that are completely measured."""
    points = text(rows[rows["metric"] == "surface_loss"]).astype(
        {"step": "int64", "at": float, "value": float}
    )
    plane = points.groupby(["run", "step"])["at"]
    # The ticks of an axis are symmetric about 0, so this holds once the highest a is measured.
    begun = plane.transform("max") == -plane.transform("min")
    return points[begun & (plane.transform("size") == plane.transform("nunique") ** 2)]
