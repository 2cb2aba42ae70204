"""The glossary: every word of it is used, and a page explains each at its first use."""

from __future__ import annotations

from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from bnviz.paths import PROJECT
from bnviz.story.glossary import BY_WORD, TERMS, Term, marked
from tests.pages import MARK, page

PAGES = [
    file.relative_to(PROJECT / "pages").with_suffix("").as_posix()
    for file in sorted((PROJECT / "pages").glob("*/*.py"))
]
MEANINGS = {term.meaning: term.word for term in TERMS}


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    from bnviz.runs import supervisor

    monkeypatch.setattr(supervisor, "ensure", lambda store: None)


def used(text: str) -> set[str]:
    """Return the words of the glossary that a Markdown text uses."""
    words: set[str] = set()

    def note(each: Term, form: str) -> str:
        words.add(each.word)
        return form

    marked(text, note)
    return words


def explained(opened: AppTest) -> list[str]:
    """Return the words that a page explains, in its order, without those in popovers."""
    hidden = {id(text) for popover in opened.get("popover") for text in popover.markdown}
    texts = "\n".join(text.value for text in opened.markdown if id(text) not in hidden)
    return [MEANINGS[unescape(meaning)] for meaning, _ in MARK.findall(texts)]


def test_there_are_about_thirty_words_with_short_meanings():
    assert 28 <= len(TERMS) == len(BY_WORD) == len(MEANINGS) <= 36
    assert all(20 < len(term.meaning) < 220 and term.meaning.endswith(".") for term in TERMS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Internal covariate shift is one term.", {"internal covariate shift"}),
        ("The standard\nnetwork learns in steps.", {"standard network", "step"}),
        ("Noisy BatchNorm, then BatchNorm", {"noisy BatchNorm", "BatchNorm"}),
        ("A [step](step) of `batch` in $loss$ and a footstep", set()),
        ("# Loss\n\n| seed |\n| --- |\n| batch |", set()),
        ("vgg11 and VGG-16, ‖gradient‖, batch-size", {"VGG"}),
    ],
)
def test_a_term_is_found_in_the_ways_in_which_texts_write_it(text, words):
    assert used(text) == words


def test_only_the_first_use_in_a_text_is_marked():
    text = "A step, a *step* and a batch. A smooth loss landscape has less loss."
    assert marked(text, lambda term, form: f"<{form}>") == (
        "A <step>, a *step* and a <batch>. A smooth <loss landscape> has less <loss>."
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_explains_each_word_at_its_first_use(name):
    opened = page(name)
    words = explained(opened)
    assert len(words) == len(set(words)), "a word is explained twice"
    marked = [text.value for text in opened.markdown if MARK.search(text.value)]
    texts = "\n\n".join(MARK.sub(r"\2", text) for text in marked)
    assert used(texts) <= {MEANINGS[unescape(m)] for text in marked for m, _ in MARK.findall(text)}


def test_every_word_is_used_on_a_page():
    texts = [text.value for name in PAGES for text in page(name).markdown]
    found = {MEANINGS[unescape(meaning)] for text in texts for meaning, _ in MARK.findall(text)}
    assert sorted(set(BY_WORD) - found) == []


def test_a_part_of_a_page_that_is_drawn_again_explains_the_same_words():
    opened = page("paper/landscape")
    before = explained(opened)
    assert "step" in before and explained(opened.run()) == before
