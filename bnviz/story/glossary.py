"""The glossary: what the words of the pages mean, and where a text uses them first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Term:
    """A word of the pages with its meaning. `forms` matches the ways in which texts write it."""

    word: str
    meaning: str
    forms: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern that finds the forms as whole words."""
        forms = self.forms.replace(" ", r"\s+")  # a line may break within a term
        return re.compile(rf"(?<![\w‖-])(?:{forms})(?![\w-])")


def term(word: str, meaning: str, forms: str = "") -> Term:
    """Return a term. By default texts write it in singular or plural, with a capital or not."""
    return Term(word, meaning, forms or f"[{word[0].lower()}{word[0].upper()}]{word[1:]}s?")


TRAINING = (
    term(
        "internal covariate shift",
        "How much a layer's gradient changes when the layers before it take a step. The 2015 paper "
        "means the change of the distribution of the layer's inputs.",
        "(?:[Ii]nternal )?[Cc]ovariate shift",
    ),
    term(
        "noisy BatchNorm",
        "BatchNorm followed by random noise, which moves and scales every number, anew at each "
        "step.",
        "[Nn]oisy BatchNorm",
    ),
    term(
        "standard network",
        "The network without any normalisation.",
        "[Ss]tandard networks?",
    ),
    term(
        "BatchNorm",
        "Batch normalisation: subtract the mean of a channel over the batch, divide by its "
        "standard deviation, then multiply by γ and add β, which are learned.",
        "BatchNorm|[Bb]atch normalisation",
    ),
    term(
        "gradient predictiveness",
        "How far the gradient changes along a step: ‖∇L(θ − ηg) − g‖. Small means that the "
        "gradient still holds after the step.",
        "[Gg]radient predictiveness|more predictive",
    ),
    term(
        "effective β-smoothness",
        "The largest change of the gradient along a step, divided by the length of the step. The "
        "paper calls a landscape smooth where it is small.",
        "[Ee]ffective β(?:-smoothness)?",
    ),
    term(
        "learning rate",
        "η, the factor between the gradient and a training step: θ becomes θ − ηg.",
    ),
    term(
        "loss landscape",
        "The loss as a function of all weights of the network.",
        "(?:[Ll]oss |[Ss]moother |[Ss]mooth )?[Ll]andscape",
    ),
    term(
        "gradient",
        "The derivative of the loss with respect to the weights, written g. A step goes against "
        "it, downhill.",
    ),
    term(
        "step",
        "One update of the weights, computed on one batch.",
    ),
    term(
        "batch",
        "The images that one step is computed on, 128 unless a page says otherwise.",
        "[Bb]atch(?:es)?",
    ),
    term(
        "channel",
        "One of a layer's feature maps. Its numbers in a batch are one for each image and place.",
    ),
    term(
        "layer",
        "One stage of a network: a convolution or a dense layer, with what follows up to the "
        "non-linearity.",
    ),
    term(
        "seed",
        "The number that all random choices of a run follow from: initial weights, batches, noise. "
        "Networks with one seed share them.",
    ),
    term(
        "t-interval",
        "Where the mean over seeds lies with 95% confidence: mean ± t·s/√n. With three seeds, t "
        "is 4.30.",
        "(?:95% )?t-intervals?",
    ),
    term(
        "geometric mean",
        "The mean of the logarithms, turned back: the mean for ratios. That of 2 and 8 is 4.",
    ),
    term(
        "running mean",
        "At each step the mean of the last measurements, which smooths a noisy line.",
    ),
)
NUMBERS = (
    term("median", "Half of the numbers lie below it, half above."),
    term(
        "quantile",
        "The value below which a given share of the numbers lies: a tenth below the 10% quantile.",
        "[Qq]uantiles?|percentiles?",
    ),
    term(
        "band",
        "In a landscape figure the range from the lowest to the highest value over the step sizes; "
        "among quantiles the range between two of them.",
    ),
    term(
        "training accuracy",
        "The share of the images of the step's batch that the network classifies correctly.",
        "[Tt]raining accurac(?:y|ies)",
    ),
    term(
        "test accuracy",
        "The share of images that it classifies correctly, of those that it has not trained on.",
        "[Tt]est accurac(?:y|ies)",
    ),
    term(
        "loss",
        "What training makes small: the cross-entropy of the classes, plus a penalty if there is "
        "one. Guessing among ten classes costs ln 10 = 2.30.",
        "[Ll]oss(?:es)?",
    ),
    term(
        "ReLU",
        "The non-linearity max(x, 0), which follows every layer but the last.",
    ),
    term(
        "VGG",
        "A network of convolutions in a row; vgg11 × 0.25 has 11 layers with weights and a quarter "
        "of the published channels.",
        r"VGGs?(?:-\d+)?|vgg\d+",
    ),
    term(
        "deep linear network",
        "Twenty-five layers in a row without non-linearities, trained on random numbers.",
        "[Dd]eep linear networks?|DLN",
    ),
    term("CIFAR-10", "60,000 small colour images in ten classes; 10,000 of them are for testing."),
    term("MNIST", "70,000 images of handwritten digits; 10,000 of them are for testing."),
    term(
        "SGD",
        "Stochastic gradient descent: each step follows the gradient of one batch.",
    ),
    term(
        "L2 penalty",
        "A term that is added to the loss and grows with the squares of the weights.",
    ),
    term(
        "distribution",
        "How often which values occur, here among the numbers of a channel in a batch.",
    ),
    term(
        "diverge",
        "To break down: the loss grows until it is no longer a finite number, and training stops.",
        "[Dd]iverge[sd]?|[Dd]iverging",
    ),
    term(
        "standard deviation",
        "How far numbers lie from their mean: σ, the root of the mean squared distance.",
    ),
    term(
        "probe",
        "A measurement taken at regular steps. It does not change the training.",
    ),
    term(
        "cosine",
        "Of the angle between two gradients: 1 if they point the same way, 0 if they are "
        "perpendicular.",
    ),
)
TERMS = TRAINING + NUMBERS
BY_WORD = {each.word: each for each in TERMS}
# Parts of a Markdown text in which nothing is marked: links, code, formulas, headings and tables.
_PLAIN = re.compile(r"(\[[^\]]*\]\([^)]*\)|`[^`]*`|\$[^$]*\$|<[^>]*>|^#.*$|^\|.*$)", re.MULTILINE)


def marked(text: str, mark: Callable[[Term, str], str]) -> str:
    """Return a Markdown text in which `mark` has replaced the first use of each term.

    A longer term comes before the shorter ones that are part of it.
    """
    seen: set[str] = set()

    def once(each: Term, form: str) -> str:
        if each.word in seen:
            return form
        seen.add(each.word)
        return mark(each, form)

    parts = _PLAIN.split(text)
    for place in range(0, len(parts), 2):
        parts[place] = _marked(parts[place], once)
    return "".join(parts)


def _marked(text: str, mark: Callable[[Term, str], str]) -> str:
    """Return a piece of text without Markdown of its own, with all its terms marked in order."""
    for each in TERMS:
        if match := each.pattern.search(text):
            before, form, after = text[: match.start()], match[0], text[match.end() :]
            return _marked(before, mark) + mark(each, form) + _marked(after, mark)
    return text
