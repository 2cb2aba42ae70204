"""The metrics that can be compared over training: one number per step of a run or of a layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from bnviz.analysis import training
from bnviz.analysis.distributions import unit_moment
from bnviz.analysis.landscape import band_width, landscape_bands
from bnviz.analysis.rows import KEYS
from bnviz.analysis.rows import layers as layers_in
from bnviz.analysis.scales import logarithmic
from bnviz.analysis.surface import rise
from bnviz.analysis.training import running_mean
from bnviz.figures.covariate_shift import SHIFT
from bnviz.figures.gradients import DISTANCE
from bnviz.figures.landscape import CURVATURES
from bnviz.figures.training import WINDOW


@dataclass(frozen=True)
class Metric:
    """One number over training.

    Attributes
    ----------
    label : name in menus and titles
    axis : title of the y axis
    values : function of rows and a layer that returns a frame with KEYS, step and value; it ignores
        the layer unless `by_layer` is set
    needs : the metrics in the rows that the number is computed from
    quantity : what the number is, which sets the scale (see `bnviz.analysis.scales`)
    by_layer : whether the number belongs to one layer
    percent : whether the number is a share, to be shown in per cent
    window : number of records in the running mean that is drawn, 1 for none
    """

    label: str
    axis: str
    values: Callable[[DataFrame, str], DataFrame]
    needs: tuple[str, ...]
    quantity: str
    by_layer: bool = False
    percent: bool = False
    window: int = 1

    @property
    def log(self) -> bool:
        """Whether the y axis is logarithmic: as the mean over seeds is."""
        return logarithmic(self.quantity)

    def rows(self, rows: DataFrame) -> DataFrame:
        """Return the rows that the number is computed from."""
        return rows[rows["metric"].isin(self.needs)]

    def measured(self, rows: DataFrame, layer: str) -> DataFrame:
        """Return the number as measured. Columns: KEYS, step, value."""
        return self.values(self.rows(rows), layer)

    def curve(self, rows: DataFrame, layer: str) -> DataFrame:
        """Return the number as drawn, with its running mean. Columns: KEYS, step, value."""
        raw = self.measured(rows, layer)
        return raw if self.window == 1 else raw.assign(value=running_mean(raw, self.window))

    def layers(self, measured: DataFrame) -> list[str]:
        """Return the layers for which the number is measured.

        `measured` has the columns metric and layer, one row per pair that occurs.
        """
        return layers_in(self.rows(measured)) if self.by_layer else []


def of_net(label: str, metric: str, axis: str = "", **how: Any) -> Metric:
    """Return a Metric that runs record for the whole network."""
    return Metric(
        label,
        axis or label,
        lambda rows, layer: training.curve(rows, metric),
        (metric,),
        metric,
        **how,
    )


def of_layer(label: str, metric: str, axis: str, **how: Any) -> Metric:
    """Return a Metric that runs record for each layer."""
    return Metric(
        label,
        axis,
        lambda rows, layer: training.curve(rows, metric, layer),
        (metric,),
        metric,
        by_layer=True,
        **how,
    )


def of_unit(label: str, moment: str, axis: str, **how: Any) -> Metric:
    """Return a Metric for a moment ("mean" or "variance") of each layer's sampled unit."""
    metric = f"activation_{moment}"
    return Metric(
        label,
        axis,
        lambda rows, layer: unit_moment(rows, layer, moment),
        (metric,),
        metric,
        by_layer=True,
        **how,
    )


def of_landscape(label: str, axis: str, column: str, quantity: str) -> Metric:
    """Return a Metric for a column of `landscape_bands`, or for the width of the loss band.

    The latter has the column "loss".
    """

    def values(rows: DataFrame, layer: str) -> DataFrame:
        bands = landscape_bands(rows)
        numbers = band_width(bands) if column == "loss" else bands
        return numbers[[*KEYS, "step", column]].rename(columns={column: "value"})

    needs = ("loss_along", "gradient_distance", "gradient_norm")
    return Metric(label, axis, values, needs, quantity)


METRICS = {
    "training-accuracy": of_net("Training accuracy", "train_accuracy", percent=True, window=WINDOW),
    "training-loss": of_net("Training loss", "train_loss", window=WINDOW),
    "test-accuracy": of_net("Test accuracy", "test_accuracy", percent=True),
    "test-loss": of_net("Test loss", "test_loss"),
    "penalty": of_net("L2 penalty", "penalty"),
    "gradient-norm": of_net("Length of the gradient", "gradient_norm", "‖g‖₂"),
    "loss-band": of_landscape(
        "Width of the loss band", "Highest − lowest loss", "loss", "loss_band"
    ),
    "gradient-distance": of_landscape(
        "Gradient predictiveness, upper edge", DISTANCE, "distance_high", "distance"
    ),
    "effective-beta": of_landscape("Effective β", "Effective β", "beta", "beta"),
    "shift-distance": of_layer("Covariate shift, distance", "ics_l2", SHIFT["ics_l2"]),
    "shift-cosine": of_layer("Covariate shift, cosine", "ics_cosine", SHIFT["ics_cosine"]),
    "unit-mean": of_unit("Mean of one unit", "mean", "μ"),
    "unit-variance": of_unit("Variance of one unit", "variance", "σ²"),
    "hessian-top": of_net("Largest eigenvalue", "hessian_top", CURVATURES["hessian_top"]),
    "batch-sharpness": of_net(
        "Curvature along the gradient", "batch_sharpness", CURVATURES["batch_sharpness"]
    ),
    "gradient-curvature": of_net(
        "Effective β for small steps", "gradient_curvature", CURVATURES["gradient_curvature"]
    ),
    "surface-rise": Metric(
        "Rise over the surface",
        "Highest − lowest loss",
        lambda rows, layer: rise(rows),
        ("surface_loss",),
        "surface_rise",
    ),
}


def offered(measured: DataFrame) -> list[str]:
    """Return the names in METRICS for which some run has all that is needed.

    `measured` has the columns metric and layer, one row per pair that occurs.
    """
    there = set(measured["metric"])
    return [name for name, metric in METRICS.items() if set(metric.needs) <= there]
