"""The Start page: the story on finished runs, and a button that trains three networks live."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bnviz.analysis.rows import default_layers
from bnviz.figures.covariate_shift import COVARIATE_SHIFT
from bnviz.figures.distributions import QUANTILES
from bnviz.figures.landscape import LANDSCAPE
from bnviz.figures.training import TRAINING_ACCURACY
from bnviz.presets import PRESETS
from bnviz.runs.run import ACTIVE
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.story import report
from bnviz.story.chapters import CHAPTERS, Chapter
from bnviz.ui import asking, export, link, live, page, progress, story, terms, theorems
from bnviz.ui.about import About, heading
from bnviz.ui.story import Drawn

STORY, QUICK = "story", "quick"
TRAIN = "Train three networks now"
LABELS = {STORY: "The story, on all of CIFAR-10", QUICK: "The quick comparison"}
FINDING = CHAPTERS["few-images"]
TOLD = [chapter for chapter in CHAPTERS.values() if chapter is not FINDING]


def start_page(doc: str | None) -> None:
    """Draw the page: at first the story, and the live comparison once the reader starts it."""
    words = About.of(doc)
    heading(words)
    restore()
    with st.container(key="controls", horizontal=True, vertical_alignment="bottom", gap="small"):
        train_buttons()
        if st.button(
            "Present",
            icon=":material/slideshow:",
            key="present",
            help="One figure at a time, in large type.",
        ):
            st.switch_page("pages/lab/present.py")
        st.download_button(
            "Lesson",
            lambda: report.lesson(Store()).encode(),
            "bnviz-lesson.html",
            "text/html",
            key="lesson",
            help="The figures and ten questions with folded answers, as one HTML file to print.",
            icon=":material/school:",
            on_click="ignore",
        )
        st.segmented_control(
            "Show",
            list(LABELS),
            required=True,
            key="show",
            persist_state="session",
            format_func=LABELS.__getitem__,
            label_visibility="collapsed",
        )
    link.keep({"show": STORY, "seed": 0})
    if st.session_state["show"] == STORY:
        tell(words.text)
    else:
        compare(words.text)


def restore() -> None:
    """Take the seed and the choice between story and comparison from the URL."""
    link.restore(
        {"seed": 0},
        lambda _, text: "" if re.fullmatch("[0-9]{1,6}", text) else "it must be a whole number",
    )
    link.restore({"show": STORY}, link.one_of(LABELS))


def prepare() -> None:
    """Draw the story before the first visitor comes, who then need not wait for it."""
    for chapter in CHAPTERS.values():
        story.drawn(chapter)
    theorems.networks()


def train_buttons() -> None:
    """Draw the button that trains three networks at the next seed, or the one that stops them."""
    seed = int(st.session_state["seed"])
    if any(state in ACTIVE for state in states(seed)):
        page.stop_button(PRESETS[QUICK].specs(seed=seed))
        return
    seed = next_seed(seed)
    specs = PRESETS[QUICK].specs(seed=seed)
    page.run_button(specs, states(seed), TRAIN, f"Seed {seed}, about", run_quick)


def states(seed: int) -> list[str]:
    """Return the states of the three runs with this seed."""
    return progress.states(PRESETS[QUICK].specs(seed=seed))


def next_seed(seed: int) -> int:
    """Return the first seed from this one on whose three runs are not all finished."""
    return next(later for later in count(seed) if not page.all_done(states(later)))


def run_quick(specs: Sequence[RunSpec]) -> None:
    """Start these runs of the quick comparison, and show them."""
    asking.request(specs)
    st.session_state.update({"show": QUICK, "seed": specs[0].seed})


def compare(words: str) -> None:
    """Draw the quick comparison, with the text of the page beside its first figure."""
    preset = PRESETS[QUICK]
    specs = preset.specs(seed=int(st.session_state["seed"]))
    middle = default_layers([block.name for block in specs[0].blocks()[:-1]])[1:2]
    live.show(
        specs,
        GRID,
        live.Choices(specs[0].steps, tuple(middle)),
        button=TRAIN,
        beside=live.Prose(words, preset.summary),
    )


def tell(words: str) -> None:
    """Draw the first chapter large with the text of the page beside it, and the others below it.

    The theorems and where to go from here come last.
    """
    first, *others = [*TOLD, FINDING]
    left, right = live.hero_columns()
    with left:
        tell_chapter(first, right, live.HERO_HEIGHT)
    terms.markdown(words, "page", right)
    for pair in zip(others[::2], others[1::2], strict=True):
        for column, chapter in zip(st.columns(2, gap="large"), pair, strict=True):
            with column:
                tell_chapter(chapter)
    st.markdown(THEOREMS + theorems.networks())
    st.markdown(WHITHER)


def tell_chapter(
    chapter: Chapter, words: DeltaGenerator | None = None, height: int | None = None
) -> None:
    """Draw a chapter: its heading, its figure, and its text, by default under the figure."""
    drawn = story.drawn(chapter)
    st.markdown(f"#### {chapter.heading}")
    picture(chapter, drawn, height)
    terms.markdown(story.text(chapter, drawn), chapter.slug, words)


def picture(chapter: Chapter, drawn: Drawn | None, height: int | None) -> None:
    """Draw a chapter's figure, what it was measured on, its formula and a link to its page."""
    if drawn is None:
        story.not_yet(chapter)
        return
    drawn.show(
        f"story-{chapter.slug}",
        on_export=lambda look: export.ask(drawn.take_seen(look)),
        height=height,
    )
    st.caption(drawn.caption)
    with st.container(horizontal=True, gap="small"):
        story.formula(chapter)
        story.more(chapter)


THEOREMS = """
### Do the paper's theorems apply?

Theorem 4.1 promises a shorter gradient in front of BatchNorm if γ/σ < 1. Theorem 4.2 promises a
lower curvature along it only if ⟨ŷ, g⟩ ≥ 0. Here are three networks with BatchNorm: the median of
γ/σ over the units, the share of units with ⟨ŷ, g⟩ ≥ 0, and the share whose gradient is shorter in
front of BatchNorm than behind it. They are means over training and seeds.

"""

WHITHER = """
### Where to go from here

- **Ask your own question.** On every figure page you can choose a preset and change its settings.
  Press *Run*, and the figures fill while the networks train.
- **Doubt the paper.** [Claims](claims) tests its statements, and [Theory](theory) its theorems.
- **Take BatchNorm apart.** [BatchNorm, taken apart](batchnorm) shows the algorithm on five numbers
  that you can drag.
- **Teach.** *Present* above shows these figures one by one in large type. *Lesson* is a file with
  the figures and ten questions.
"""

GRID = [
    [
        TRAINING_ACCURACY.told(
            "Does it train faster?",
            "Which network leaves chance (10%) first, and which is ahead at the end?",
        ),
        QUANTILES.told(
            "Are its distributions more stable?",
            "The input of one ReLU. In which network do the lines stay level?",
        ),
    ],
    [
        COVARIATE_SHIFT.told(
            "Is its covariate shift smaller?",
            "How much one layer's gradient changes when the layers below are updated. Distance 0 "
            "and cosine 1 mean no shift.",
        ),
        LANDSCAPE.told(
            "Does its loss vary less along the gradient?",
            "How much the loss varies from half a step to four. Compare the bands at first, and "
            "once the standard network learns.",
        ),
    ],
]
