"""MNIST, 2015

This is the first figure of the first BatchNorm paper (Ioffe & Szegedy 2015, Fig. 1): a network with
three hidden layers of 100 sigmoid units learns to read binary MNIST images. In the paper **the test
accuracy rises sooner and ends higher with BatchNorm**, and the input of a sigmoid in the last
hidden layer moves less than in the standard network. Is it so here?
---
A pixel is 1 if it is above half the range, otherwise 0. Training takes 50,000 steps of plain SGD on
batches of 60, with the cross-entropy of ten outputs. BatchNorm stands before each sigmoid; the
output layer has none. The paper gives no learning rate, no standard deviation for its "small random
Gaussian" weights and no threshold for the pixels. Ours are 0.1, 0.05 and one half. With weights of
standard deviation 0.05 the standard network learns almost nothing for some 3,000 steps, as the
paper's seems to. With 0.1 it starts at once.

The figure of one sigmoid shows the input of one random unit, the same unit in both networks, over
the 60 examples of the step's batch: its median and its 15th and 85th percentiles, as in the paper,
and paler the 5th and 95th. Test accuracy is measured on all 10,000 test images with population
statistics.
---
The figures show a faster network and a steadier input side by side. They do not show that one
causes the other.

The paper gives no learning rate, initial weights or threshold. The order of the networks may differ
at other values.

One sigmoid out of a hundred is drawn. Another may move more or less.
"""

from bnviz.figures.distributions import JACOBIANS, QUANTILES
from bnviz.figures.training import TEST_ACCURACY, TEST_ERROR, TRAINING_ACCURACY, TRAINING_LOSS
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [
            TEST_ERROR.told(
                "Test error",
                "The scale shows the last per cent. Is anything left of BatchNorm's lead at the "
                "end?",
            ),
            TEST_ACCURACY,
        ],
        [
            QUANTILES.told(
                "The input of one sigmoid",
                "Level lines mean a stable distribution. Compare how far the medians travel in the "
                "first 10,000 steps.",
            )
        ],
        [
            TRAINING_LOSS.told(
                "Training loss",
                "Loss on the current batch. The plateau at ln 10 = 2.30 is the loss of guessing.",
            ),
            TRAINING_ACCURACY.told(
                "Training accuracy", "Accuracy on the current batch, and its running mean."
            ),
        ],
        [JACOBIANS],
    ],
    page="mnist",
    layers="hidden",
)
