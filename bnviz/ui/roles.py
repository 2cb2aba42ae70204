"""Who may do what. Readers look; runners also run, and change what is theirs; operators do all.

One person on a machine is the operator, with nothing to set up. If the environment has a class code
or an operator's code, everybody is a reader until they give one. A browser keeps its role in a
cookie, which holds a hash of the code.
"""

from __future__ import annotations

import hmac
import os
import time
from typing import Literal

import streamlit as st

from bnviz.runs.run import Run
from bnviz.ui import reader

Role = Literal["operator", "runner", "reader"]
CODES: dict[Role, str] = {"operator": "BNVIZ_OPERATOR_CODE", "runner": "BNVIZ_CLASS_CODE"}
COOKIE = "bnviz_role"
DAY_S = 24 * 3600
WRONG_S = 1.0  # so that codes cannot be tried fast
NEEDED = "To run something, enter the class code at the foot of the sidebar."
NOT_YOURS = "Another reader has started this; only they and the operator may change it."
SAYS: dict[Role, str] = {
    "operator": "You are the operator.",
    "runner": "You may run networks, and stop your own runs.",
}


def role() -> Role:
    """Return the role of this browser."""
    if not (known := codes()):
        return "operator"
    shown = str(st.session_state.get(COOKIE) or st.context.cookies.get(COOKIE, ""))
    for name, code in known.items():
        if hmac.compare_digest(token(code), shown.encode("ascii", "replace").decode()):
            return name
    return "reader"


def codes() -> dict[Role, str]:
    """Return the codes set in the environment, by role."""
    return {role: code for role, name in CODES.items() if (code := os.environ.get(name))}


def token(code: str) -> str:
    """Return the hash of a code that a browser keeps."""
    return hmac.new(code.encode(), b"bnviz role", "sha256").hexdigest()


def may_run() -> bool:
    """Return whether this browser may start runs, downloads and evaluations."""
    return role() != "reader"


def may_change(run: Run) -> bool:
    """Return whether this browser may cancel, retry or delete a run."""
    return role() == "operator" or (role() == "runner" and reader.owns(run))


def sign_in() -> None:
    """Draw a field for the code at the foot of the sidebar, or name the reader's role."""
    if not codes():
        return
    with st.sidebar:
        if (now := role()) != "reader":
            st.caption(SAYS[now])
            return
        st.text_input("Class code", key="code", type="password", on_change=take_code)
        if st.session_state.pop("wrong-code", False):
            st.caption("This is not the class code.")


def take_code() -> None:
    """Give this browser the role of the code that was entered."""
    st.session_state[COOKIE] = token(st.session_state.pop("code").strip())
    if role() == "reader":
        del st.session_state[COOKIE]
        st.session_state["wrong-code"] = True
        time.sleep(WRONG_S)


def remember() -> None:
    """Store the role in a cookie of the browser for a day, so that its next tab has it too."""
    if kept := st.session_state.get(COOKIE):
        reader.set_cookie(COOKIE, kept, DAY_S, "strict")
