"""Training

The fact that started it all: with BatchNorm the same network learns faster, still trains at larger learning rates, and ends better
(Santurkar et al. 2018, Fig. 1a, 1b). **Noisy BatchNorm** learns nearly as well, although its distributions are shaken at every step
(Fig. 2), so stable distributions can hardly be the reason.
---
Accuracy and loss are those of the current batch, before its update, in training mode, as in the paper; the bold line is their running
mean over 20 measurements, the pale range holds every single value. Test accuracy is measured on the whole test set with population statistics.
The loss is the objective: cross-entropy and, if λ > 0, the L2 penalty. Networks that are compared share initial weights and batches.

Noise, for every channel *j* of every layer and anew at each step: μ_j ~ U(−n_μ, n_μ), σ_j ~ U(1, n_σ); then for every single element
x ← s·x + m with s ~ N(σ_j, r_σ), m ~ U(μ_j − r_μ, μ_j + r_μ).
"""

from bnviz.figures.training import TEST_ACCURACY, TRAINING_ACCURACY, TRAINING_LOSS
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [
            TRAINING_ACCURACY.told(
                "Training accuracy",
                "How early does each network leave chance (10 %), and which stays behind?",
            )
        ],
        [
            TRAINING_LOSS.told("Training loss", "On a logarithmic axis; ln 10 = 2.30 is guessing."),
            TEST_ACCURACY.told(
                "Test accuracy", "Does the head start survive on images the network has not seen?"
            ),
        ],
    ],
    page="training",
    step="",
)
