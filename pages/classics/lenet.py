"""LeNet and MLP

A short report by Ziyuan Liu asks on MNIST **when BatchNorm helps**. It finds that a multilayer
perceptron (MLP) and a LeNet with sigmoids learn faster and better with it. With ReLUs it finds no
visible difference between the two LeNets. Do you find the same?
---
The MLP has three hidden layers of 100 sigmoid units. LeNet has two 5 × 5 convolutions (6 and 16
channels), each followed by 2 × 2 max pooling, then two dense layers of 120 and 84 units. Its
non-linearity is the sigmoid, or the ReLU in the variant *LeNetR*. BatchNorm stands before every
non-linearity and replaces the bias. The last layer is not normalised.

The loss is cross-entropy. Adadelta starts at a learning rate of 1.0, which is multiplied by 0.7 at
equal intervals. The report does not give the batch size, the number of steps, the interval or the
initial weights. Here they are 64, 20,000 steps, 2,000 steps and Glorot's initialisation, and you
can change them all. The script that the report's settings resemble decays once an epoch. At that
pace the learning rate would vanish long before the 100,000 steps that the report mentions.
---
The figures show which network is ahead. They do not show whether the sigmoids are the reason.

With one seed, a difference of a few tenths of a per cent may be chance.

The report leaves out most settings. The orders are those of our settings.
"""

from bnviz.figures.training import TEST_ACCURACY, TEST_ERROR, TRAINING_ACCURACY, TRAINING_LOSS
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [
            TEST_ERROR.told(
                "Test error",
                "The scale shows the last per cent. With ReLUs, is there any difference?",
            ),
            TEST_ACCURACY.told(
                "Test accuracy",
                "Is the dashed line above the solid one? From when on, and still at the end?",
            ),
        ],
        [
            TRAINING_LOSS,
            TRAINING_ACCURACY.told(
                "Training accuracy", "Accuracy on the current batch, and its running mean."
            ),
        ],
    ],
    page="lenet",
)
