"""Distributions

BatchNorm was designed to keep the distribution of every layer's input stable during training. To
the eye, the paper finds little difference from the standard network. It then adds noise after
BatchNorm: the distributions are *less* stable than the standard network's, and the network still
learns nearly as fast as with BatchNorm (Santurkar et al. 2018, Fig. 1c, 2, 8). Which order do the
networks have here, in stability and in speed?
---
The figures show the input of every ReLU during training: the output of the convolution, after
normalisation with γ and β, and after the noise if there is any. **One unit** is one random channel
of the layer over batch × height × width, as in the paper. It is the same channel in every network.
**All units** pools the channels. Pooling can hide a shift of single channels, so look at both.

Fig. 8 shows |μ_{t+1} − μ_t| and |σ²_{t+1} − σ²_t| of the one unit between successive steps, each
with its own batch and noise. The figure below it shows the drift since step 0.
---
The figures show how far distributions move. They do not show whether that helps or harms training.

Noisy BatchNorm still normalises. It differs from the standard network in more than its stability.

One channel stands for a layer. Another channel of the same layer may move more or less.
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
