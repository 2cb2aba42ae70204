"""The presenter: one question, then its figure, fills the screen in large type."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from bnviz.analysis.scales import STATISTICS
from bnviz.figures.traces import OVER_SEEDS
from bnviz.presets import NORMS
from bnviz.recent import once_each
from bnviz.runs.store import Store
from bnviz.story.chapters import CHAPTERS, Chapter
from bnviz.story.slides import SLIDES, Slide
from bnviz.story.tour import Live
from bnviz.ui import here, link, story, terms
from bnviz.ui.bars import bars
from bnviz.ui.custom import custom

TYPE = 12  # pixels, the type size of figures as made
TOP = 36  # pixels above a figure for plotly's buttons
SCALE = 1.7  # gives type of 20 px, which is legible from the back of a room
BELOW = {"x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
SLUGS = list(SLIDES)
DEFAULTS = {"slide": SLUGS[0], "answer": False, "notes": False}
KEYS = """
On the slides a clicker works: **Page down**, **→** or **Space** goes on, **Page up** or **←** goes
back. A slide asks first, and the next press shows the answer. **B** makes the screen black, **F**
fills it, and **Esc** leaves.
"""
_clicker = custom("clicker", "clicker.js")

# The slide fills the screen. Heading and text keep their heights from slide to slide, so that the
# figure does not move.
STYLE = """<style>
[data-testid="stSidebar"], [data-testid="stHeader"],
[data-testid="stExpandSidebarButton"] { display: none }
@media (max-width: 767px) { /* a phone has no keys, and no room for all buttons in a row */
  .st-key-keys { flex-wrap: wrap }
}
[data-testid="stMainBlockContainer"] {
  padding: 1.25rem clamp(1rem, 3vw, 3rem) 1rem; max-width: none }
.st-key-slide { gap: 0.5rem }
.st-key-slide h1 { font-size: 1.8rem; line-height: 1.2; padding: 0 0 1.25rem }
.st-key-slide .bnviz-said {
  font-size: clamp(1.1rem, 1.65vw, 1.6rem); line-height: 1.45; margin: 0; max-width: 75em }
.st-key-slide .bnviz-regime { margin: 0; color: light-dark(#4a505b, #b4bac4) }
.st-key-slide .bnviz-dots { margin: 0; font-size: 1.2rem; white-space: nowrap }
@media (min-width: 768px) {
  .st-key-slide h1 { font-size: clamp(2.4rem, 3.2vw, 3.4rem); padding: 0 }
  .st-key-slide .bnviz-said { min-height: 4.35em }
  .st-key-slide-figure, .st-key-slide-figure > *, .st-key-slide-figure .bnviz-plot {
    height: auto !important; flex: none !important }
  .st-key-slide-figure .bnviz-plot-box { height: max(14rem, calc(100dvh - 20rem)) !important }
}
.st-key-clicker { position: absolute }  /* no gap around what has no height */
.st-key-hands { min-height: calc(100dvh - 14rem); padding-top: 12vh; gap: 2rem }
.st-key-hands :is(label p, li) { font-size: clamp(1.1rem, 1.65vw, 1.6rem) !important }
.st-key-hands input { font-size: 1.4rem }
.st-key-keys { flex-wrap: nowrap }
@media (max-width: 1200px) { .st-key-go-first, .st-key-go-last, .st-key-keys kbd { display: none } }
</style>"""


def present_page() -> None:
    """Draw the slide that the URL names, or the notes of all slides."""
    terms.begin()
    link.warn_of_unknown(DEFAULTS)
    link.restore(DEFAULTS, problem)
    if st.session_state["notes"]:
        notes()
    else:
        st.html(STYLE)
        _clicker(key="clicker")
        with st.container(key="slide"):
            slide(SLUGS.index(st.session_state["slide"]), bool(st.session_state["answer"]))
    link.keep(DEFAULTS)


def problem(name: str, text: str) -> str:
    """Return what is wrong with a value in the address, or ""."""
    slides = f"the slides are {', '.join(SLUGS)}"
    return slides if name == "slide" and text not in SLUGS else ""


def slide(at: int, answered: bool) -> None:
    """Draw a slide: it asks first, and then answers with the figure and the text of a chapter."""
    shown = SLIDES[SLUGS[at]]
    st.title(shown.question, anchor=False)
    if st.session_state.get("run-here"):
        here.train(live_of(shown.chapter))
    elif answered:
        answer(shown)
    else:
        if not shown.chapter.finished(Store()):  # better said before the class is asked
            story.not_yet(shown.chapter)
        hands(shown)
    keys(at, answered)


def answer(shown: Slide) -> None:
    """Draw the figure of a chapter, its text, what it was measured on and what the class said."""
    chapter = shown.chapter
    drawn = story.drawn(chapter)
    if drawn is None:
        story.not_yet(chapter)
    else:
        drawn.show("slide-figure", enlarged(drawn.take.figure))
    st.html(f'<p class="bnviz-said">{story.text(chapter, drawn)}</p>')
    small = [drawn.caption if drawn else "", guessed(shown)]
    st.html(f'<p class="bnviz-regime">{" ".join(filter(None, small))}</p>')


def guessed(shown: Slide) -> str:
    """Return how many raised their hands for what, or "" if nobody was counted."""
    counts = [int(st.session_state.get(name, 0)) for name in fields(shown)]
    each = (f"{count} {guess}" for guess, count in zip(shown.guesses, counts, strict=True))
    return f"The class: {', '.join(each)}." if any(counts) else ""


def fields(shown: Slide) -> list[str]:
    """Return the session keys of the counters of a slide."""
    return [f"hands-{shown.chapter.slug}-{place}" for place, _ in enumerate(shown.guesses)]


def hands(shown: Slide) -> None:
    """Draw a counter for each guess of the class, and how many raised their hands."""
    counts = []
    with st.container(key="hands"):
        with st.container(horizontal=True, gap="large"):
            for name, guess in zip(fields(shown), shown.guesses, strict=True):
                number = st.number_input(
                    guess, 0, 999, key=name, width=320, persist_state="session"
                )
                counts.append(int(number))
        if any(counts):
            st.html(bars(shown.guesses, counts))


def live_of(chapter: Chapter) -> Live:
    """Return the runs that show a chapter's figure within a minute."""
    ask = "A small VGG trains on 4,000 images for 200 steps. The figure fills while it trains."
    return Live(ask, "quick", chapter.panel, norms=NORMS)


def keys(at: int, answered: bool) -> None:
    """Draw the buttons to other slides, the position, and the speaker's tools."""
    last = at == len(SLUGS) - 1
    with st.container(key="keys", horizontal=True, vertical_alignment="center", gap="small"):
        button("First", -len(SLUGS), "Home", ":material/first_page:", not (at or answered))
        button("Back", -1, "Left", ":material/arrow_back:", not (at or answered))
        dots = "".join("●" if place == at else "○" for place in range(len(SLUGS)))
        where = f'<span aria-hidden="true">{dots}</span> {at + 1} / {len(SLUGS)}'
        st.html(f'<p class="bnviz-dots">{where}</p>', width="content")
        button("Next", 1, "Right", ":material/arrow_forward:", last and answered)
        button("Last", len(SLUGS), "End", ":material/last_page:", last)
        st.toggle("Run it here", key="run-here")
        story.formula(CHAPTERS[SLUGS[at]])
        st.link_button("Notes", "present?notes=true", icon=":material/notes:", type="tertiary")
        if st.button(
            "Leave", icon=":material/close:", key="leave", shortcut="Esc", type="tertiary"
        ):
            st.switch_page("pages/lab/start.py")


def button(label: str, by: int, shortcut: str, icon: str, there: bool) -> None:
    """Draw a button, with a keyboard shortcut, that moves by `by` presses."""
    st.button(
        label,
        key=f"go-{label.lower()}",
        icon=icon,
        shortcut=shortcut,
        disabled=there,
        on_click=turn,
        args=(by,),
    )


def turn(by: int) -> None:
    """Move by one press, to the answer or the next question, or to the first or last question."""
    # From the slide requested last, not the one on screen: keys may come faster than slides.
    state = st.session_state
    at = 2 * SLUGS.index(state["slide"]) + int(state["answer"]) + by
    if abs(by) > 1:
        at = 0 if by < 0 else 2 * len(SLUGS) - 2
    at = min(max(at, 0), 2 * len(SLUGS) - 1)
    state.update({"slide": SLUGS[at // 2], "answer": bool(at % 2), "run-here": False})


def notes() -> None:
    """Draw what the speaker may say at each slide, to read on another screen or to print."""
    st.title("Notes for the speaker", anchor=False)
    st.markdown(KEYS)
    for number, shown in enumerate(SLIDES.values(), 1):
        drawn = story.drawn(shown.chapter)
        st.markdown(f"### {number}. {shown.question}\n\n{shown.notes}")
        st.markdown(f"**Answer.** {story.text(shown.chapter, drawn)}")
        st.markdown(f"**What to look at.** {shown.chapter.reading}")


@once_each
def enlarged(figure: go.Figure, scale: float = SCALE) -> go.Figure:
    """Return a copy with type, lines and markers `scale` times as large and the legend below.

    The legend names an interval in few words; how it is computed stands on the figure's page.

    `layout.meta["narrow"]` holds the original type sizes, which plot.js uses on a narrow page.
    """
    big = go.Figure(figure)
    for trace in big.data:
        if STATISTICS["t"] in (trace.name or ""):
            trace.name = f"95% interval{OVER_SEEDS}"
        for part, length in (
            (trace.line, "width"),
            (trace.marker, "size"),
            (trace.fillpattern, "size"),
        ):
            if part[length] is not None:
                part[length] *= scale
    sizes = [note.font.size or TYPE for note in big.layout.annotations]
    for note, size in zip(big.layout.annotations, sizes, strict=True):
        note.font.size = size * scale
    narrow = {"font": {"size": TYPE}, "annotations": [{"font": {"size": size}} for size in sizes]}
    heads = big.layout.margin.t - TOP
    margin = {"t": TOP + heads * scale, "r": 2 * TYPE}
    return big.update_layout(
        font_size=TYPE * scale, margin=margin, legend=BELOW, meta={"narrow": narrow}
    )
