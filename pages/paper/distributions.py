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

from bnviz.figures.distributions import (
    HISTOGRAMS,
    HISTOGRAMS_AT_STEP,
    MOMENT_CHANGES,
    MOMENT_DRIFT,
    QUANTILES,
)
from bnviz.figures.panel import ALL, ONE
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [QUANTILES],
        [HISTOGRAMS],
        [HISTOGRAMS_AT_STEP],
        [MOMENT_CHANGES],
        [MOMENT_DRIFT],
    ],
    page="distributions",
    layers="hidden",
    choices=(ONE, ALL),
)
