"""Training

The paper trains one network with and without BatchNorm. With it the network learns faster, still
trains at a larger learning rate, and ends with a higher test accuracy (Santurkar et al. 2018, Fig.
1a, 1b). **Noisy BatchNorm** adds noise to the distributions at every step, and learns nearly as
fast as BatchNorm (Fig. 2). Which network is ahead here, and when?
---
Accuracy and loss are measured on the current batch before its update, in training mode, as in the
paper. The bold line is the running mean over 20 measurements, and the pale range holds every single
value. Test accuracy is measured on the whole test set with population statistics. The loss is the
objective: cross-entropy plus the L2 penalty if λ > 0. The networks in a comparison share their
initial weights and batches.

The noise is drawn anew at each step for every channel *j* of every layer: μ_j ~ U(−n_μ, n_μ) and
σ_j ~ U(1, n_σ). Then every single element becomes x ← s·x + m with s ~ N(σ_j, r_σ) and
m ~ U(μ_j − r_μ, μ_j + r_μ).
---
The curves show which network learns faster. They do not show why.

All networks of a comparison share one learning rate. The page does not search for the best one for
each network.

The networks that ship are smaller than the paper's and train for fewer steps. Their final
accuracies are not the paper's.
"""

from bnviz.figures.training import TEST_ACCURACY, TRAINING_ACCURACY, TRAINING_LOSS
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [
        [
            TRAINING_ACCURACY.told(
                "Training accuracy",
                "How early does each network rise above chance (10%), and which stays behind?",
            )
        ],
        [
            TRAINING_LOSS.told(
                "Training loss", "On a logarithmic axis. ln 10 = 2.30 is the loss of guessing."
            ),
            TEST_ACCURACY.told(
                "Test accuracy", "Does the lead survive on images that the network has not seen?"
            ),
        ],
    ],
    page="training",
)
