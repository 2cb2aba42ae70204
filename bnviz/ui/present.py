"""The presenter: one figure fills the screen, in large type; arrow keys move through the story."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from bnviz.story.chapters import CHAPTERS
from bnviz.ui import link, story

TYPE = 12  # pixels, the type size of figures as made
TOP = 36  # pixels above a figure for plotly's buttons
SCALE = 1.7  # gives type of 20 px, which is legible from the back of a room
BELOW = {"x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
SLUGS = list(CHAPTERS)

# The slide fills the screen. Heading and text keep their heights from slide to slide, so that the
# figure does not move.
STYLE = """<style>
[data-testid="stSidebar"], [data-testid="stHeader"],
[data-testid="stExpandSidebarButton"] { display: none }
@media (max-width: 767px) { /* a phone has no keys, and no room for all buttons in a row */
  .st-key-go-first, .st-key-go-last, .st-key-slide kbd { display: none }
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
  .st-key-slide-figure .bnviz-plot-box { height: max(18rem, calc(100dvh - 18rem)) !important }
}
</style>"""


def present_page() -> None:
    """Draw the slide that the URL names, and the buttons to the others."""
    st.html(STYLE)
    link.warn_of_unknown(["slide"])
    link.restore(
        {"slide": SLUGS[0]},
        lambda _, text: "" if text in SLUGS else f"the slides are {', '.join(SLUGS)}",
    )
    link.keep({"slide": SLUGS[0]})
    with st.container(key="slide"):
        slide(SLUGS.index(st.session_state["slide"]))


def slide(at: int) -> None:
    """Draw one chapter as a slide: heading, figure and text, with the buttons below."""
    chapter = CHAPTERS[SLUGS[at]]
    st.title(chapter.heading, anchor=False)
    drawn = story.drawn(chapter)
    if drawn is None:
        story.not_yet(chapter)
    else:
        drawn.show("slide-figure", enlarged(drawn.take.figure))
    st.html(f'<p class="bnviz-said">{story.text(chapter, drawn)}</p>')
    keys(at)
    if drawn:
        st.html(f'<p class="bnviz-regime">{drawn.caption}</p>')


def keys(at: int) -> None:
    """Draw the buttons to other slides, the position, the formula, and the button to leave."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        button("First", -len(SLUGS), "Home", ":material/first_page:", at == 0)
        button("Back", -1, "Left", ":material/arrow_back:", at == 0)
        dots = "".join("●" if place == at else "○" for place in range(len(SLUGS)))
        where = f'<span aria-hidden="true">{dots}</span> {at + 1} / {len(SLUGS)}'
        st.html(f'<p class="bnviz-dots">{where}</p>', width="content")
        button("Next", 1, "Right", ":material/arrow_forward:", at == len(SLUGS) - 1)
        button("Last", len(SLUGS), "End", ":material/last_page:", at == len(SLUGS) - 1)
        story.formula(CHAPTERS[SLUGS[at]])
        if st.button(
            "Leave", icon=":material/close:", key="leave", shortcut="Esc", type="tertiary"
        ):
            st.switch_page("pages/lab/start.py")


def button(label: str, by: int, shortcut: str, icon: str, there: bool) -> None:
    """Draw a button, with a keyboard shortcut, that moves by `by` slides."""
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
    """Move by `by` slides."""
    # From the slide requested last, not the one on screen: keys may come faster than slides.
    at = SLUGS.index(st.session_state["slide"]) + by
    st.session_state["slide"] = SLUGS[min(max(at, 0), len(SLUGS) - 1)]


def enlarged(figure: go.Figure, scale: float = SCALE) -> go.Figure:
    """Return a copy with type, lines and markers `scale` times as large and the legend below.

    `layout.meta["narrow"]` holds the original type sizes, which plot.js uses on a narrow page.
    """
    big = go.Figure(figure)
    for trace in big.data:
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
