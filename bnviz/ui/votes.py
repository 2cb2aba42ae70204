"""The guesses of a class, kept in memory: by room and station, without names.

A reader has one vote at each station, and may change it. Nothing is written to the disk, and the
guesses are gone when the server stops. Voters do not see the answer before the projector shows it,
so that the whole class guesses first.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import streamlit as st

ROOM = re.compile(r"[a-z0-9-]{1,24}")
POLLS = 1000  # kept at most, one for each station of a room; the one idle longest goes first
VOTERS = 1000  # of one station, at most


@dataclass
class Poll:
    """A room's guesses at a station, by reader, and whether the projector has shown the answer."""

    guesses: dict[str, str] = field(default_factory=dict)
    answered: bool = False


class Votes:
    """The guesses of all rooms. Its methods may be called from several threads."""

    def __init__(self) -> None:
        self._polls: OrderedDict[tuple[str, str], Poll] = OrderedDict()
        self._lock = threading.Lock()

    def cast(self, room: str, station: str, reader: str, guess: str) -> None:
        """Record the guess of a reader, in place of an earlier one."""
        with self._lock:
            guesses = self._poll(room, station).guesses
            if reader in guesses or len(guesses) < VOTERS:
                guesses[reader] = guess

    def answer(self, room: str, station: str) -> None:
        """Record that the projector has shown the answer to a station."""
        with self._lock:
            self._poll(room, station).answered = True

    def _poll(self, room: str, station: str) -> Poll:
        poll = self._polls.setdefault((room, station), Poll())
        self._polls.move_to_end((room, station))
        if len(self._polls) > POLLS:
            self._polls.popitem(last=False)
        return poll

    def of(self, room: str, station: str) -> list[str]:
        """Return the guesses of a room at a station, in the order in which readers first voted."""
        with self._lock:
            return list(self._polls.get((room, station), Poll()).guesses.values())

    def answered(self, room: str, station: str) -> bool:
        """Return whether the projector has shown the answer to a station."""
        with self._lock:
            return self._polls.get((room, station), Poll()).answered


@st.cache_resource(show_spinner=False)
def box() -> Votes:
    """Return the votes that all readers of this server share."""
    return Votes()
