"""The guesses of a class, kept in memory: by room and station, without names.

A reader has one vote at each station, and may change it. Nothing is written to the disk, and the
guesses are gone when the server stops.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict

import streamlit as st

ROOM = re.compile(r"[a-z0-9-]{1,24}")
POLLS = 1000  # that are kept, one for each station of a room; the least recent is dropped first
VOTERS = 1000  # of one station, at most


class Votes:
    """The guesses of all rooms. Its methods may be called from several threads."""

    def __init__(self) -> None:
        self._polls: OrderedDict[tuple[str, str], dict[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def cast(self, room: str, station: str, reader: str, guess: str) -> None:
        """Record the guess of a reader, in place of an earlier one."""
        with self._lock:
            poll = self._polls.setdefault((room, station), {})
            self._polls.move_to_end((room, station))
            if reader in poll or len(poll) < VOTERS:
                poll[reader] = guess
            if len(self._polls) > POLLS:
                self._polls.popitem(last=False)

    def of(self, room: str, station: str) -> list[str]:
        """Return the guesses of a room at a station, in the order in which readers first voted."""
        with self._lock:
            return list(self._polls.get((room, station), {}).values())


@st.cache_resource(show_spinner=False)
def box() -> Votes:
    """Return the votes that all readers of this server share."""
    return Votes()
