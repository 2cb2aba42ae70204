"""MNIST, 2015

The first picture of the first BatchNorm paper: three hidden layers of 100 sigmoids on binary MNIST. **With BatchNorm the test accuracy
rises sooner and ends higher**, and the input of a typical sigmoid of the last hidden layer keeps its distribution, while the plain
network's swings (Ioffe & Szegedy 2015, Fig. 1).
---
A pixel is 1 above half the range and else 0; batch 60; 50,000 steps of plain SGD; cross-entropy of ten outputs. BatchNorm stands before
each sigmoid, the output layer has none. The paper names neither learning rate nor the deviation of its "small random Gaussian" weights,
nor its threshold: 0.1, 0.05 and one half are ours. With 0.05 the plain network hesitates for some 3,000 steps, as the paper's seems to;
with 0.1 it starts at once.

Shown is what enters the sigmoid of one random unit, the same in both networks, over the 60 examples of the step's batch: median, 15th
and 85th percentile as in the paper, and 5th and 95th paler. Test accuracy is that of all 10,000 test images with population statistics.
"""

from bnviz.figures.distributions import QUANTILES
from bnviz.figures.training import TEST_ACCURACY, TEST_ERROR, TRAINING_ACCURACY, TRAINING_LOSS
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [
            TEST_ACCURACY,
            TEST_ERROR.told(
                "Test error",
                "The same where the last percent is seen: is anything left of the lead in the end?",
            ),
        ],
        [
            QUANTILES.told(
                "The input of one sigmoid",
                "Level lines mean a stable distribution: compare how far the medians travel in the first 10,000 steps.",
            )
        ],
        [
            TRAINING_LOSS.told(
                "Training loss", "Of the current batch; the plateau at ln 10 = 2.30 is guessing."
            ),
            TRAINING_ACCURACY.told(
                "Training accuracy", "Of the current batch, and its running mean."
            ),
        ],
    ],
    page="mnist",
    layers="hidden",
    step="",
)
