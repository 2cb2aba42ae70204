"""Ten questions for a class, with their answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question for a class, with its answer."""

    question: str
    answer: str


QUESTIONS = (
    Question(
        "What does the band in the landscape figure show at one step?",
        "One network, one batch, one moment. The loss is evaluated at θ − ηg for four step sizes "
        "η along the gradient g. The band spans the lowest to the highest of the four. Training "
        "then continues from θ. It is not the range over several runs.",
    ),
    Question(
        "Before it learns anything, a network on CIFAR-10 has a loss of about 2.30. Why this "
        "number?",
        "A network that gives each of ten classes the probability 1/10 has the cross-entropy "
        "−ln(1/10) = ln 10 ≈ 2.30 on every image.",
    ),
    Question(
        "Why do all networks of a comparison start from the same weights and see the same batches?",
        "Chance is then the same for all of them. At one seed, they differ in the normalisation "
        "only. Differences can be taken seed by seed (they are paired), so fewer seeds are needed.",
    ),
    Question(
        "What is the hatched interval around a mean, and how does it differ from a band?",
        "It is the 95% t-interval of the mean over n runs that differ only in their seed: mean "
        "± t·s/√n, with t = 4.30 for n = 3. On a logarithmic axis it is that of the logarithms. "
        "It says how well the mean is known. A band belongs to one run: it is a range over step "
        "sizes or a range of activations. More seeds do not make a band narrower.",
    ),
    Question(
        "Covariate shift compares a layer's gradient before and after the layers before it are "
        "updated. What is it in layer 1?",
        "Zero. Layer 1 has no layer before it, so G′ = G: the distance is 0 and the cosine 1, in "
        "every network.",
    ),
    Question(
        "What does noisy BatchNorm rule out, and what does it not rule out?",
        "It rules out that this network needs stable distributions to train fast: of the three "
        "networks its distributions move most, and it trains nearly as fast as BatchNorm. It does "
        "not show that stability never helps. The paper compares training accuracies; test "
        "accuracy is measured with statistics that were gathered under noise.",
    ),
    Question(
        "The L2 norm here is √(mean y²), taken before the mean is subtracted. When does it equal "
        "BatchNorm's σ?",
        "When the mean is 0, because mean y² = σ² + μ². Otherwise it is larger than σ, and the "
        "variance of the output, σ² / (σ² + μ²), is below 1 and changes with μ.",
    ),
    Question(
        "On 4,000 images and 200 steps BatchNorm's loss band is the wider one. Is the paper wrong?",
        "This does not show it. The two measurements are made in two regimes. After 200 steps on "
        "4,000 images the standard network has barely started to learn. On all images the order is "
        "the same at first and reverses later. A narrow band alone does not tell a smooth "
        "landscape from a network that has not begun to learn.",
    ),
    Question(
        "Narrower bands and faster training go together. Does that prove that one causes the "
        "other?",
        "No. Both could follow from something else, such as the scale of the activations. A "
        "network that is ahead also stands elsewhere in its landscape. Other norms and noisy "
        "BatchNorm show both too. That fits a link, but does not prove one. Proof would take an "
        "experiment that changes the smoothness of the landscape and nothing else. The paper's "
        "theorems promise a shorter gradient and a lower curvature under conditions (γ < σ, "
        "⟨ŷ, g⟩ ≥ 0). In the MLP, the DLN and the VGG that we checked, the first holds for fewer "
        "than half of the units, the second for about half or fewer.",
    ),
    Question(
        "In the paper, effective β of both VGGs settles at 20. Why is that a property of the "
        "grid of step sizes?",
        "β is the largest ‖∇L(θ − ηg) − g‖ / (η‖g‖) over the grid. If even the smallest step "
        "changes the gradient by its own length, the numerator is about ‖g‖ at every η, and the "
        "ratio is largest at the smallest η, where it is 1/η = 1 / (½ · 0.1) = 20. Halve that η, "
        "and the plateau can move to 40. (2/lr is also 20, by coincidence: the grid begins at half "
        "the learning rate.) In the deep linear network, trained on the full batch, the plateau is "
        "2/lr, the edge of stability, and does not move with the grid.",
    ),
)
