"""Choices in the URL: the address keeps every choice that is not the default, and restores it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from bnviz.words import shorten

_copy = st.components.v2.component(
    "bnviz_copy_link",
    html='<button type="button" class="bnviz-copy" '
    'title="All settings of the page, without a zoom">Copy link</button>',
    css=""".bnviz-copy { height: 40px; padding: 0 .5rem; font-size: .875rem; white-space: nowrap;
      color: var(--st-text-color); cursor: pointer; font-family: inherit;
      border-radius: var(--st-base-radius); background: none; border: none; }
      .bnviz-copy:hover { color: var(--st-primary-color); }
      .bnviz-copy:focus-visible { outline: 2px solid var(--st-primary-color);
      outline-offset: 2px; }""",
    js="""export default function ({ parentElement }) {
      const button = parentElement.querySelector("button"), words = "Copy link";
      const say = (text) => {
        button.textContent = text; setTimeout(() => { button.textContent = words; }, 2000);
      };
      button.onclick = async () => {
        try { await navigator.clipboard.writeText(location.href); } catch {
          // Without https the browser refuses. Copy from a selected text field instead.
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

COPY_WIDTH = 88  # pixels
PREFIX = 8  # digits of a run's id in the URL
Problem = Callable[[str, str], str]  # (name, text) -> what is wrong with the value, or ""


def copy_button() -> None:
    """Draw a button that copies the address of the page with all its choices."""
    with st.container(key="copy", width=COPY_WIDTH):
        _copy(key="copy-link", height=40)


def arrive(page: str) -> None:
    """Give the page its own settings: those of the link that opens it, or those it had before.

    `page` is the URL path of the page that is about to run.
    """
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
    """Record that these session values are settings of the current page."""
    st.session_state["settings"] = {*st.session_state.get("settings", ()), *names}


def restore(defaults: dict[str, Any], problem: Problem) -> None:
    """Set the session values of a page's widgets. Call it before drawing the widgets.

    A value in the session stays; otherwise the URL counts, otherwise the default. If the value in
    the URL is invalid, a sentence says so and the default is used.
    """
    own(defaults)
    for name, default in defaults.items():
        if name not in st.session_state:
            st.session_state[name] = said(name, default, problem)


def one_of(choices: Iterable[str]) -> Problem:
    """Return the check that a value in the URL is one of these choices."""
    known = list(choices)
    return lambda _, text: "" if text in known else f"it must be one of {', '.join(known)}"


def said(name: str, default: Any, problem: Problem) -> Any:
    """Return the value of a URL parameter in the type of the default, or the default."""
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
    """Write the values that differ from the defaults into the URL. Call it after the widgets."""
    for name, default in defaults.items():
        value = st.session_state.get(name, default)
        text = None if value is None or value == default else write(value)
        if st.query_params.get(name) != text:
            if text is None:
                del st.query_params[name]
            else:
                st.query_params[name] = text


def warn_of_unknown(known: Iterable[str]) -> None:
    """Warn about each URL parameter that is not in `known`, and remove it."""
    known = list(known)
    for name in set(st.query_params) - set(known):
        warn(
            f"The link names {shorten(name)}, which is no choice on this page. It is ignored; the "
            f"choices are {', '.join(known)}."
        )
        del st.query_params[name]


def misfit(text: str, default: Any) -> str:
    """Return why a text is not a value of the default's type, or ""."""
    try:
        parse(text, default)
    except ValueError:
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(default)]
        return f"that must be {kind}"
    return ""


def parse(text: str, default: Any) -> Any:
    """Parse a text from the URL in the type of the default. ValueError if that is impossible."""
    if isinstance(default, bool):
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"
    if isinstance(default, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    return type(default)(text)


def write(value: Any) -> str:
    """Return a value as the URL holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """Return the shortest text that gives back the same number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def warn(sentence: str) -> None:
    """Show a warning. Its text is not read as Markdown, because a link may contain anything."""
    st.warning(plain(sentence))


def plain(text: str) -> str:
    """Escape a text, so that Markdown shows it unchanged."""
    return re.sub(r"([\\`*\[\]<$!])", r"\\\1", text)
