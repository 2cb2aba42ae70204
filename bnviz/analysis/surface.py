"""The loss on planes through the parameters, and the path of training in them: rows of the probe `surface`.

A plane is left out until all of it is measured. A loss that is not finite is NaN.
"""

from __future__ import annotations

import numpy as np
from pandas import DataFrame, concat

from bnviz.analysis.rows import KEYS, spread, text

PLANES = 40  # steps that one picture plays through
PLACE = {"surface_path_a": "a", "surface_path_b": "b", "surface_off": "off"}


def planes(rows: DataFrame) -> DataFrame:
    """Everything to draw, at up to PLANES steps: `surfaces`, then `paths`. -> step, length, point, a, b, loss, off.

    `length` is ‖u‖. `point` is empty on the grid, which has a loss; on the path it is the step whose θ is projected.
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
    """The loss at θ + a u + b v. -> step, a, b, loss, ascending in a, then b."""
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
    """Where θ of earlier steps, of this one and of the next stand in each plane. -> step, point (their step), a, b, off."""
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
    """The highest loss on each plane minus the lowest, NaN where one overflows. -> step, value."""
    plane = surfaces(rows).groupby([*KEYS, "step"])["loss"]
    return (plane.max(skipna=False) - plane.min(skipna=False)).rename("value").reset_index()


def path_share(rows: DataFrame) -> DataFrame:
    """The part of the squared distance from the plane before that lies in a plane, 0 to 1. -> step, value."""
    way = paths(rows)
    before = way[way["point"] < way["step"]].sort_values("point", kind="stable")
    last = before.groupby([*KEYS, "step"], as_index=False).tail(1)
    return last.assign(value=1 - last["off"] ** 2).sort_values("step", ignore_index=True)[
        [*KEYS, "step", "value"]
    ]


def _whole(rows: DataFrame) -> DataFrame:
    """The losses on planes that are measured to the end."""
    points = text(rows[rows["metric"] == "surface_loss"]).astype(
        {"step": "int64", "at": float, "value": float}
    )
    plane = points.groupby(["run", "step"])["at"]
    begun = plane.transform("max") == -plane.transform(
        "min"
    )  # measured from the lowest a to the highest
    return points[begun & (plane.transform("size") == plane.transform("nunique") ** 2)]
