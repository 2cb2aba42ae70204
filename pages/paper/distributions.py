"""Distributions

BatchNorm was made to keep the distribution of every layer's input stable during training. The paper sees little difference to the
plain network by eye, and shows that noise which makes the distributions *less* stable than the plain network's hardly slows the
training (Santurkar et al. 2018, Fig. 1c, 2, 8). In our runs BatchNorm's are clearly the steadiest and noisy BatchNorm's the least steady,
and both learn faster than the plain network.
---
Measured is what enters every ReLU in the training forward: the convolution's output, after normalisation with γ and β, and after the
noise where there is noise. **One unit** is one random channel of the layer over batch × height × width, as in the paper, the same
channel for every network; **all units** pools the channels. Pooling can hide a shift of single channels: look at both.

Fig. 8: |μ_{t+1} − μ_t| and |σ²_{t+1} − σ²_t| of the one unit between successive steps, each with its own batch and noise; below it
the drift since step 0.
"""

from bnviz import analysis, figures
from bnviz.ui.live import Panel, View
from bnviz.ui.page import figure_page

ONE, ALL = "one unit", "all units"


def pooled(view: View) -> bool:
    return view.choice == ALL


figure_page(
    __doc__,
    [
        [
            Panel(
                "Quantiles over training",
                "Median, 15–85 % and 5–95 %: a stable distribution is a set of level lines.",
                lambda view: analysis.quantile_bands(view.rows, view.layers, pooled(view)),
                lambda numbers, view: figures.quantile_bands(numbers, view.time, view.paper),
                paper="quantile_bands",
                without=ALL,
            )
        ],
        [
            Panel(
                "Histograms over training",
                "One ridge a measurement, early behind and late in front: does the shape stay?",
                lambda view: analysis.histograms(view.rows, view.layers, pooled(view)),
                lambda numbers, view: figures.ridges(numbers, view.time),
            )
        ],
        [
            Panel(
                "Histograms at one step",
                "The networks on one axis, at the step chosen above.",
                lambda view: analysis.histogram_at(view.rows, view.step, view.layers, pooled(view)),
                lambda numbers, view: figures.histogram(numbers),
            )
        ],
        [
            Panel(
                "Change from step to step",
                "Fig. 8a: does noise move mean and variance more than plain training does, and BatchNorm less?",
                lambda view: analysis.moment_changes(view.rows, view.layers),
                lambda numbers, view: figures.moment_changes(numbers, view.time, view.paper),
                paper="moment_changes",
            )
        ],
        [
            Panel(
                "Drift since the start",
                "Fig. 8b: where mean and variance have wandered.",
                lambda view: analysis.moment_drift(view.rows, view.layers),
                lambda numbers, view: figures.moment_drift(numbers, view.time),
            )
        ],
    ],
    page="distributions",
    layers="hidden",
    choices=(ONE, ALL),
)
