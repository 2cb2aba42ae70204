"""The slides of the presenter: the question of each chapter, what a class may guess, and notes."""

from __future__ import annotations

from dataclasses import dataclass

from bnviz.story.chapters import CHAPTERS, Chapter


@dataclass(frozen=True)
class Slide:
    """A slide: it asks `question`, and the next press shows the chapter's figure and text.

    `guesses` are the options for a show of hands, and `notes` are for the speaker.
    """

    chapter: Chapter
    question: str
    guesses: tuple[str, ...]
    notes: str


def slide(slug: str, question: str, *guesses: str, notes: str) -> Slide:
    """Return the slide of a chapter."""
    return Slide(CHAPTERS[slug], question, guesses, notes)


SLIDES = {
    each.chapter.slug: each
    for each in (
        slide(
            "performance",
            "Which network learns faster?",
            "BatchNorm",
            "The standard network",
            "No difference",
            notes="Say what is compared: two copies of one network, with the same initial weights "
            "and the same batches. Ask for hands before you show the curves. Then ask where the "
            "lead is largest, at the start or at the end. The hatched interval is over three "
            "seeds: it says how well the mean is known.",
        ),
        slide(
            "distributions",
            "Are the inputs of its layers more stable?",
            "More stable",
            "Less stable",
            "No difference",
            notes="Explain one panel first: the median of one channel, and the ranges around it. "
            "Level lines are a stable distribution. Point out that the three panels share their "
            "axes. This was the explanation of 2015.",
        ),
        slide(
            "noise",
            "Does it still learn fast if noise makes its inputs unstable?",
            "As slowly as the standard network",
            "Somewhere between",
            "Nearly as fast as BatchNorm",
            notes="The noise is drawn anew at every step, so no layer can get used to it. After "
            "the answer ask what the experiment rules out, and what it does not: stability may "
            "still help elsewhere.",
        ),
        slide(
            "covariate-shift",
            "Is its covariate shift smaller?",
            "Smaller",
            "Larger",
            "No difference",
            notes="Define it slowly: the same batch, the same layer, before and after the layers "
            "below have taken their step. The distance depends on the length of the gradient, the "
            "cosine does not. The intervals overlap much, so claim no more than the text does.",
        ),
        slide(
            "landscape",
            "How much does the loss change along the gradient?",
            "Less with BatchNorm",
            "More with BatchNorm",
            "No difference",
            notes="Draw the walk on the board: θ, and four points behind each other on the line "
            "along the gradient. The band is the range of the loss over these four. Show the first "
            "250 steps too: there the standard network has not begun to learn, and its band is "
            "narrow for that reason.",
        ),
        slide(
            "norms",
            "Do other normalisations learn as fast?",
            "None of them",
            "Some of them",
            "All of them",
            notes="Three norms that do not fix the variance. If they learn as fast, then what "
            "BatchNorm does to the variance is not needed for that. One seed: do not compare the "
            "three with each other.",
        ),
        slide(
            "few-images",
            "Is the order the same on few images?",
            "The same",
            "The other way round",
            "No difference",
            notes="The most important slide for anyone who repeats the experiment: a short run on "
            "few images shows the opposite order of the bands, and yet BatchNorm learns faster. "
            "Ask whether the paper is wrong. It is not shown to be: the regime is another.",
        ),
    )
}
