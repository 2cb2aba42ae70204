"""The Learn page: a guided tour of stations. The reader guesses first, then sees what was measured.

The address holds the station and every guess, so a link opens the tour where the reader left it.
In class, everyone in a room votes by guessing, and the projector shows the votes.
"""

from __future__ import annotations

from typing import Any

import streamlit as st
from pandas import DataFrame

from bnviz.story.tour import BY_SLUG, STATIONS, SUMMARY, Station
from bnviz.ui import anatomy, guess, here, link, live, story, terms, votes
from bnviz.ui.about import About, heading
from bnviz.ui.anatomy_controls import DEFAULTS as NUMBERS
from bnviz.ui.anatomy_controls import problem as wrong_number
from bnviz.ui.classroom import in_class, projector
from bnviz.ui.experiment import experiment
from bnviz.ui.reader import reader
from bnviz.ui.story import Drawn

SLUGS = list(BY_SLUG)
SHOW, VOTE = "Show the answer", "Vote"
EVERY_S = 1.0
BATCH = {name: NUMBERS[name] for name in ("part", *anatomy.BATCH)}
DEFAULTS: dict[str, Any] = {
    "station": SLUGS[0],
    "room": "",
    "projector": False,
    **{f"guess-{slug}": "" for slug in SLUGS},
    **BATCH,
}


def learn_page(doc: str | None) -> None:
    """Draw the station that the address names, or the view for the projector."""
    link.warn_of_unknown(DEFAULTS)
    link.restore(DEFAULTS, problem)
    words = About.of(doc)
    projected = bool(st.session_state["projector"])
    if not projected:
        heading(words)
    controls()
    station = BY_SLUG[st.session_state["station"]]
    if projected:
        projector(station)
    else:
        body(station, words.text)
    link.keep(DEFAULTS)


def problem(name: str, text: str) -> str:
    """Return what is wrong with a value in the address, or ""."""
    if name == "station":
        return link.one_of(SLUGS)(name, text)
    if name == "room":
        fits = votes.ROOM.fullmatch(text)
        return "" if fits else "a room's name has up to 24 small letters, digits and hyphens"
    if name.startswith("guess-"):
        return guess.problem(BY_SLUG[name.removeprefix("guess-")].guess, text)
    return wrong_number(name, text) if name in BATCH else ""


def controls() -> None:
    """Draw the row that leads from station to station."""
    with st.container(key="controls", horizontal=True, vertical_alignment="bottom", gap="small"):
        st.segmented_control(
            "Station",
            SLUGS,
            required=True,
            key="station",
            persist_state="session",
            format_func=numbered,
            label_visibility="collapsed",
        )
        in_class()


def numbered(slug: str) -> str:
    """Return the number of a station, with a tick once the reader has guessed there."""
    done = " ✓" if st.session_state[f"guess-{slug}"] else ""
    return f"{SLUGS.index(slug) + 1}{done}"


def body(station: Station, words: str) -> None:
    """Draw a station: its question and the guess, or what was measured and what to do next."""
    said = str(st.session_state[f"guess-{station.slug}"])
    if station is STATIONS[0] and not said:
        terms.markdown(words, "page")
    st.markdown(f"## {station.question}")
    if said and held_back(station):
        vote(station, said)
        st.fragment(lambda: waiting(station, said), run_every=EVERY_S)()
        return
    drawn = story.drawn(station.chapter)
    numbers = drawn.take.numbers if drawn else DataFrame()
    left, right = st.container(key="tour").columns((3, 2), gap="large")
    before = station.chapter.told(drawn.runs if drawn else [], station.before)
    if said:
        with left:
            shown(station, drawn, said)
        with right:
            compare(station, said, drawn, numbers)
            with st.expander("The question again"):
                terms.markdown(before, "before")
                experiment(station.part)
        onward(station)
    else:
        with right:
            experiment(station.part)
        with left:
            terms.markdown(before, "before")
            label = VOTE if st.session_state["room"] else SHOW
            if found := guess.ask(station.guess, f"ask-{station.slug}", numbers, label):
                st.session_state[f"guess-{station.slug}"] = found
                st.rerun()


def votes_here() -> bool:
    """Return whether guesses count as votes: the reader is in a room that somebody else opened."""
    return bool(st.session_state["room"]) and not st.session_state.get("opened-room")


def vote(station: Station, said: str) -> None:
    """Count a guess as a vote if the reader is in a room, and say so."""
    if votes_here():
        room = st.session_state["room"]
        votes.box().cast(room, station.slug, reader(), said)
        st.caption(f"Your vote counts in room {room}.")


def held_back(station: Station) -> bool:
    """Return whether the answer waits for the projector, so that the whole class votes first."""
    if not votes_here() or st.session_state.get(f"early-{station.slug}"):
        return False
    return not votes.box().answered(st.session_state["room"], station.slug)


def waiting(station: Station, said: str) -> None:
    """Tell a voter to wait for the answer, and go on as soon as the projector shows it."""
    if not held_back(station):
        st.rerun()
    st.info(
        f"{guess.repeated(station.guess, said)} The answer comes when the projector shows it.",
        icon=":material/hourglass_empty:",
    )
    with st.container(horizontal=True):
        again(station)
        st.button(
            "Do not wait",
            type="tertiary",
            key="early",
            on_click=lambda: st.session_state.update({f"early-{station.slug}": True}),
        )


def compare(station: Station, said: str, drawn: Drawn | None, numbers: DataFrame) -> None:
    """Say what the reader guessed and what was measured."""
    vote(station, said)
    st.markdown(f"**{guess.compared(station.guess, said, numbers)}**")
    terms.markdown(story.text(station.chapter, drawn), "measured")
    again(station)


def again(station: Station) -> None:
    """Draw the button that takes a guess back."""
    st.button(
        "Guess again",
        icon=":material/undo:",
        type="tertiary",
        key="again",
        on_click=lambda: st.session_state.update({f"guess-{station.slug}": ""}),
    )


def shown(station: Station, drawn: Drawn | None, said: str) -> None:
    """Draw what was measured, with the reader's curve over it."""
    if station.slug == "batchnorm":
        anatomy.five_numbers()
    elif drawn is None:
        story.not_yet(station.chapter)
    else:
        figure = guess.over(drawn.take.figure, station.guess, [said], guess.YOURS)
        drawn.show(f"tour-{station.slug}", figure, height=live.HERO_HEIGHT)
        st.caption(drawn.caption)


def onward(station: Station) -> None:
    """Draw something to do, the check questions, and the way to the next station."""
    do, check = st.container(key="onward").columns(2, gap="large")
    with do:
        st.markdown(f"#### Try it\n\n{station.then}")
        if station.page:
            story.page_link(station.page, station.address, icon=":material/open_in_new:")
        with st.expander("What you should see"):
            terms.markdown(station.seen, "seen", alone=True)
    with check:
        st.markdown("#### Can you answer this?")
        for question in station.checks:
            with st.expander(question.question):
                st.markdown(link.plain(question.answer))
        if following := SLUGS[SLUGS.index(station.slug) + 1 :]:
            st.button(
                f"Next: {BY_SLUG[following[0]].title}",
                icon=":material/arrow_forward:",
                type="primary",
                key="next",
                on_click=lambda: st.session_state.update(station=following[0]),
            )
        else:
            st.success("That was the last station.", icon=":material/flag:")
            st.markdown(f"**What was measured**\n\n{SUMMARY}")
    if station.live and not st.session_state["room"]:
        here.train(station.live)
