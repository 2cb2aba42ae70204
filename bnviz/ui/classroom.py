"""In class: a link with which a room of readers votes, and the view of their guesses to project."""

from __future__ import annotations

from html import escape
from secrets import token_hex
from urllib.parse import urlencode, urlsplit

import plotly.graph_objects as go
import segno
import streamlit as st

from bnviz.story.tour import Choice, Station
from bnviz.ui import guess, link, live, story, votes
from bnviz.ui.bars import bars
from bnviz.ui.live import Stamp
from bnviz.ui.present import enlarged
from bnviz.ui.story import Drawn

EVERY_S = 0.5
HEIGHT = 410  # pixels; the page then fits a screen of 768
STYLE = """<style>
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] { display: none }
.st-key-projected-page :is(p, li, label p) { font-size: clamp(1.1rem, 1.65vw, 1.6rem) }
.st-key-projected-page h1 { font-size: clamp(2rem, 3.2vw, 3.4rem); line-height: 1.2 }
</style>"""


def in_class() -> None:
    """Draw the button that opens a room, and the two links of an open one."""
    with st.popover("In class", icon=":material/co_present:", type="tertiary"):
        room = st.session_state["room"]
        if not room:
            st.markdown(
                "Open a room, and let the class vote. Nobody's name is asked for, nothing is "
                "trained, and the guesses are kept in memory only."
            )
            st.button("Open a room", key="open-room", on_click=open_room)
            return
        st.markdown("The class opens this link and guesses:")
        st.code(address(room), language=None, wrap_lines=True)
        st.markdown("You project this one, which shows the guesses as they come:")
        st.code(address(room, projector="true"), language=None, wrap_lines=True)
        if only_here():
            st.caption(
                "These addresses work on this computer only. To let others in, start bnviz with "
                "`make classroom`, and open it by the name of the computer."
            )


def open_room() -> None:
    """Give this reader a room with a name that nobody else has."""
    st.session_state.update({"room": token_hex(2), "opened-room": True})


def address(room: str, **more: str) -> str:
    """Return the address of this station in a room."""
    base = str(st.context.url or "learn").partition("?")[0]
    return f"{base}?{urlencode({'station': st.session_state['station'], 'room': room} | more)}"


def only_here() -> bool:
    """Return whether the reader's address of bnviz means this computer and no other."""
    return urlsplit(str(st.context.url)).hostname in ("localhost", "127.0.0.1", "::1")


def code_to_scan(room: str) -> None:
    """Draw the QR code of the address at which a room votes."""
    vote = address(room)
    code = segno.make_qr(vote).svg_data_uri(light="#fff")
    st.html(f'<img src="{code}" alt="QR code of {escape(vote)}" width="100%">')


def projector(station: Station) -> None:
    """Draw the question of a station and how the room answers it, in large type."""
    room = str(st.session_state["room"])
    st.html(STYLE)
    with st.container(key="projected-page"):
        words, code = st.columns((6, 1), vertical_alignment="bottom")
        with words:
            st.markdown(f"# {station.question}\n\n{station.guess.ask}")
            st.markdown(f"Vote at **{link.plain(address(room))}**")
            revealed = st.toggle("Show the answer", key=f"revealed-{station.slug}")
        with code:
            if not only_here():  # a telephone could not open it
                code_to_scan(room)
        if revealed:
            votes.box().answer(room, station.slug)
        drawn = story.drawn(station.chapter)
        st.fragment(lambda: guesses(station, drawn, revealed), run_every=EVERY_S)()
        if revealed:
            st.markdown(story.text(station.chapter, drawn))
            if drawn and isinstance(station.guess, Choice) and station.chapter.numbers:
                drawn.show("measured", enlarged(drawn.take.figure), height=HEIGHT)


def guesses(station: Station, drawn: Drawn | None, revealed: bool) -> None:
    """Draw the guesses of the room so far: bars, or curves over the figure."""
    room = str(st.session_state["room"])
    given = votes.box().of(room, station.slug)
    st.markdown(f"{len(given)} {'guess' if len(given) == 1 else 'guesses'} in room **{room}**")
    if isinstance(station.guess, Choice):
        options = station.guess.options
        counts = [given.count(str(number)) for number in range(1, len(options) + 1)]
        st.html(bars(options, counts, station.guess.measured if revealed else None))
    elif drawn:
        stamp = live.stamp_of(drawn.runs)
        figure = overlaid(station.slug, stamp, tuple(given), revealed, station, drawn)
        drawn.show("projected", figure, height=HEIGHT)


@st.cache_resource(max_entries=16, show_spinner=False)
def overlaid(
    slug: str,
    stamp: Stamp,
    given: tuple[str, ...],
    revealed: bool,
    _station: Station,
    _drawn: Drawn,
) -> go.Figure:
    """Return a station's figure with the guesses of a class, cached until either changes."""
    figure = _drawn.take.figure
    if not revealed:
        figure = guess.unanswered(figure, _station.guess, _drawn.take.numbers)
    return enlarged(guess.over(figure, _station.guess, given, "The class"))
