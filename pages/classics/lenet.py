"""LeNet and MLP

A small report (Ziyuan Liu) asks on MNIST **when BatchNorm helps**: a perceptron and a LeNet with sigmoids learn faster and better with it;
a LeNet with ReLUs learns so well already that no difference is seen.
---
The MLP has three hidden layers of 100 sigmoids; LeNet has two 5 × 5 convolutions (6 and 16 channels) with 2 × 2 max pooling, then 120 and
84 units, with sigmoids or, as *LeNetR*, ReLUs. BatchNorm stands before every non-linearity in place of the bias; the last layer has none.

Cross-entropy, Adadelta from a learning rate of 1.0, times 0.7 at equal intervals. The report leaves open, and you can set here: the batch
(64), the steps (20,000), the interval (2,000 steps), the initial weights (Glorot). With an interval of one epoch, as in the script that
its settings recall, the learning rate would be gone long before the 100,000 steps that the report mentions.
"""

from bnviz.figures.training import TEST_ACCURACY, TEST_ERROR, TRAINING_ACCURACY, TRAINING_LOSS
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [
            TEST_ACCURACY.told(
                "Test accuracy",
                "Is the dashed line above the solid one, how early, and still at the end?",
            ),
            TEST_ERROR.told(
                "Test error",
                "The same where the last percent is seen: with ReLUs, is there any difference?",
            ),
        ],
        [
            TRAINING_LOSS,
            TRAINING_ACCURACY.told(
                "Training accuracy", "Of the current batch, and its running mean."
            ),
        ],
    ],
    page="lenet",
    step="",
)
