"""The address holds every choice that is not the default, in short readable parameters; opening it elsewhere restores them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from bnviz.words import shorten

_copy = st.components.v2.component(
    "bnviz_copy_link",
    html='<button type="button" class="bnviz-copy">Copy link</button>',
    css=""".bnviz-copy { height: 40px; padding: 0 .75rem; font: inherit; color: var(--st-text-color); cursor: pointer; white-space: nowrap;
      border-radius: var(--st-base-radius); background: none; border: 1px solid var(--st-border-color); }
      .bnviz-copy:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
      .bnviz-copy:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }""",
    js="""export default function ({ parentElement }) {
      const button = parentElement.querySelector("button"), words = "Copy link";
      const say = (text) => { button.textContent = text; setTimeout(() => { button.textContent = words; }, 2000); };
      button.onclick = async () => {
        try { await navigator.clipboard.writeText(location.href); } catch { // not allowed without https: the old way
          const field = Object.assign(document.createElement("textarea"), { value: location.href });
          document.body.append(field); field.select();
          const copied = document.execCommand("copy");
          field.remove(); button.focus();
          if (!copied) return say("Copy it from the address bar");
        }
        say("Copied");
      };
    }""",
    isolate_styles=False,
)

PREFIX = 8  # digits of a run's id in the address
Problem = Callable[[str, str], str]  # (name, text) -> what is wrong with it, "" if nothing is


def copy_button() -> None:
    """Copies the address, which holds every choice of the page."""
    with st.container(width=110):
        _copy(key="copy-link", height=40)


def arrive(page: str) -> None:
    """Each page has its own settings: those of the link that opens it, else those with which the reader left it."""
    state = st.session_state
    left, state["page"] = state.get("page", page), page
    if left == page:
        return
    kept = state.setdefault("kept", {})
    kept[left] = {name: state.pop(name) for name in state.pop("settings", ()) if name in state}
    if not st.query_params:
        own(kept.get(page, {}))
        state.update(kept.get(page, {}))


def own(names: Iterable[str]) -> None:
    """Note that these values of the session are settings of this page."""
    st.session_state["settings"] = {*st.session_state.get("settings", ()), *names}


def restore(defaults: dict[str, Any], problem: Problem) -> None:
    """Before the widgets: each value is what this page has, else what the address says, else the default.

    A value that makes no sense, or a parameter that does not exist, costs one sentence and gives the default.
    """
    own(defaults)
    for name, default in defaults.items():
        if name not in st.session_state:
            st.session_state[name] = said(name, default, problem)


def said(name: str, default: Any, problem: Problem) -> Any:
    """What the address says of a parameter, in the default's type."""
    text = st.query_params.get(name)
    if text is None:
        return default
    wrong = problem(name, text) or misfit(text, default)
    if wrong:
        warn(
            f"The link asks for {name}={shorten(text)}, but {wrong}. The default is shown instead."
        )
        return default
    return parse(text, default)


def keep(defaults: dict[str, Any]) -> None:
    """After the widgets: the address says what differs from the defaults, and nothing else of these."""
    for name, default in defaults.items():
        value = st.session_state.get(name, default)
        text = None if value is None or value == default else write(value)
        if st.query_params.get(name) != text:
            if text is None:
                del st.query_params[name]
            else:
                st.query_params[name] = text


def warn_of_unknown(known: Iterable[str]) -> None:
    """One sentence for each parameter that no page knows."""
    known = list(known)
    for name in set(st.query_params) - set(known):
        warn(
            f"The link names {shorten(name)}, which is no choice on this page. It is ignored; there are {', '.join(known)}."
        )
        del st.query_params[name]


def misfit(text: str, default: Any) -> str:
    """Why a text cannot become a value of the default's type; "" if it can."""
    try:
        parse(text, default)
    except ValueError:
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(default)]
        return f"that must be {kind}"
    return ""


def parse(text: str, default: Any) -> Any:
    """A value out of the address; ValueError where it is none."""
    if isinstance(default, bool):
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"
    if isinstance(default, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    return type(default)(text)


def write(value: Any) -> str:
    """A value as the address holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """A number as short as it can be without becoming another."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def warn(sentence: str) -> None:
    """Say it as it is: what came with a link is not Markdown."""
    st.warning(plain(sentence))


def plain(text: str) -> str:
    """Markdown that shows this text."""
    return re.sub(r"([\\`*\[\]<$!])", r"\\\1", text)
