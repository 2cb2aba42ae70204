"""Ten questions for a class, with their answers. The guided tour asks each at one station."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question for a class, with its answer."""

    question: str
    answer: str
    station: str  # a key of `tour.BY_SLUG`, after which it can be answered


QUESTIONS = (
    Question(
        "In the figure of a layer's input, what would level lines mean, and what would they not "
        "show?",
        "The quantiles of the channel stay the same, so the next layer always gets numbers from "
        "the same range. They would not show the other channels of the layer, nor what the number "
        "of a single image does.",
        station="input",
    ),
    Question(
        "Halve all five numbers. What does BatchNorm make of them?",
        "The same five outputs as before. The mean and the spread are half as large too, and both "
        "are taken out. Only ε, which stays as it is, makes a tiny difference.",
        station="batchnorm",
    ),
    Question(
        "Why do all networks of a comparison start from the same weights and see the same batches?",
        "Chance is then the same for all of them. At one seed, they differ in the normalisation "
        "only. Differences can be taken seed by seed (they are paired), so fewer seeds are needed.",
        station="faster",
    ),
    Question(
        "What does noisy BatchNorm rule out, and what does it not rule out?",
        "It rules out that this network needs stable distributions to train fast: of the three "
        "networks its distributions move most, and it trains nearly as fast as BatchNorm. It does "
        "not show that stability never helps.",
        station="noise",
    ),
    Question(
        "Covariate shift compares a layer's gradient before and after the layers before it are "
        "updated. What is it in layer 1?",
        "Zero. Layer 1 has no layer before it, so G′ = G: the distance is 0 and the cosine 1, in "
        "every network.",
        station="shift",
    ),
    Question(
        "What does the band in the landscape figure show at one step?",
        "One network, one batch, one moment. The loss is evaluated at θ − ηg for four step sizes "
        "η along the gradient g. The band spans the lowest to the highest of the four. Training "
        "then continues from θ. It is not the range over several runs.",
        station="walk",
    ),
    Question(
        "Before it learns anything, a network on CIFAR-10 has a loss of about 2.30. Why this "
        "number?",
        "A network that gives each of ten classes the probability 1/10 has the cross-entropy "
        "−ln(1/10) = ln 10 ≈ 2.30 on every image.",
        station="walk",
    ),
    Question(
        "On 4,000 images BatchNorm's band is the wider one on average. Is the paper wrong?",
        "This does not show it. The two measurements are made in two regimes. After 200 steps on "
        "4,000 images the standard network has barely started to learn. On all images the order is "
        "the same at first and reverses later. A narrow band alone does not tell a smooth "
        "landscape from a network that has not begun to learn.",
        station="walk",
    ),
    Question(
        "The L2 norm here is √(mean x²), taken before the mean is subtracted. When does it equal "
        "BatchNorm's σ?",
        "When the mean is 0, because mean x² = σ² + μ². Otherwise it is larger than σ, and the "
        "variance of the output, σ² / (σ² + μ²), is below 1 and changes with μ.",
        station="norms",
    ),
    Question(
        "Narrower bands and faster training go together. Does that prove that one causes the "
        "other?",
        "No. Both could follow from something else, such as the scale of the activations. Other "
        "norms show both too. That fits a link, but does not prove one. Proof would take an "
        "experiment that changes the smoothness of the landscape and nothing else.",
        station="open",
    ),
)
