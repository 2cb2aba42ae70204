"""Norms

Does the loss vary as little along the gradient with other normalisations? The paper also divides by
the average L1, L2 or L∞ norm of a batch, which does not fix the variance. It finds that the
distributions shift more, and that **the networks train as well as with BatchNorm** (Santurkar et
al. 2018, Sec. 3.3, Fig. 5, 6, 12, 13). You can compare them with normalisations that the paper does
not test: layer, group and instance normalisation, and weight standardisation.
---
The paper gives no formula: "schemes that fix the first order moment of the activations, as
BatchNorm does, and then normalizes them by the average of their lp-norm (before shifting the
mean)". We read it, for each channel over the batch, as

ŷ = (y − μ) / N_p(y), with N₁ = mean |y|, N₂ = √(mean y²), N_∞ = max |y| of the *un-centred* y; then
γŷ + β. The gradient flows through μ and N_p. With the setting *Centred lp scale*, N_p is taken of
y − μ instead; L2 is then BatchNorm.
---
The paper gives no formula for its lp norms. Another reading of its sentence may train differently.

The norms differ in the scale of their outputs, and so in the length of a step at one learning rate.
The page does not search for the best learning rate for each.

If all norms have narrow bands and train fast, that fits the paper's explanation. It does not rule
out another one.
"""

from dataclasses import replace

from bnviz.figures.distributions import HISTOGRAMS
from bnviz.figures.gradients import EFFECTIVE_BETA, GRADIENT_PREDICTIVENESS
from bnviz.figures.landscape import LANDSCAPE, LOSS_WIDTH
from bnviz.figures.panel import regresses
from bnviz.figures.training import TRAINING_ACCURACY, TRAINING_LOSS
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [
            TRAINING_ACCURACY.told(
                "Training accuracy",
                "Do all normalised networks leave the standard one behind? How much do they differ "
                "from each other?",
            ),
            replace(
                TRAINING_LOSS,
                reading="Fig. 5b: which of the normalised networks ends lowest? The order changes "
                "with the seed.",
                when=regresses,
            ),
        ],
        [
            HISTOGRAMS.told(
                "Histograms over training",
                "L1 and L∞ give a different scale from BatchNorm and do not fix the variance. "
                "Compare the widths over training.",
            )
        ],
        [
            LOSS_WIDTH.told(
                "Width of the loss range",
                "How much the loss varies along the gradient. Do the other norms' losses vary as "
                "little as BatchNorm's?",
            ),
            LANDSCAPE,
        ],
        [
            GRADIENT_PREDICTIVENESS.told(
                "Gradient predictiveness",
                "How far the gradient changes over the step sizes. Are the bands of the other "
                "norms as low as BatchNorm's?",
            ),
            EFFECTIVE_BETA,
        ],
    ],
    page="norms",
    layers="hidden",
    networks=("none", "batch", "l1", "l2", "linf"),
)
