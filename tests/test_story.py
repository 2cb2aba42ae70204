"""The story: its chapters, the lesson, the report, and the pages that tell it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from scipy import stats
from streamlit.testing.v1 import AppTest

from bnviz import cli
from bnviz.analysis.scales import COSINE, LOG, PLAIN, SHARE, STATISTICS
from bnviz.claims import CLAIMS, judging
from bnviz.figures import PANELS
from bnviz.figures import panel as panels
from bnviz.figures.landscape import bands
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS, offered
from bnviz.runs.engines.inline import Inline
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.story import report
from bnviz.story.chapters import CHAPTERS, Chapter
from bnviz.story.questions import QUESTIONS
from bnviz.story.slides import SLIDES
from bnviz.ui.present import SCALE, TYPE, enlarged
from tests.conftest import tiny_spec

PROBES = {"accuracy": 1, "evaluation": 2, "landscape": 2, "covariate_shift": 2, "activations": 2}
SPECS = [
    tiny_spec(norm=norm, seed=seed, probes=PROBES) for seed in (0, 1) for norm in ("none", "batch")
]
ORDER = [
    "performance",
    "distributions",
    "noise",
    "covariate-shift",
    "landscape",
    "norms",
    "few-images",
]

pytestmark = pytest.mark.usefixtures("no_supervisor")


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store with finished runs of two networks and two seeds."""
    store = Store(tmp_path_factory.mktemp("story"))
    for spec in SPECS:
        Inline().start(store.submit(spec))
    return store


@pytest.fixture(scope="module")
def reported(answered: Store) -> str:
    """Return the report on these runs."""
    return report.report(answered.runs(), "Tiny <runs> & more")


@pytest.fixture
def told(answered: Store, own_cache: Any, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Give every chapter these runs, in this test's cache."""
    own_cache.mkdir()
    for run in answered.runs():
        (own_cache / run.id).symlink_to(run.folder)
    monkeypatch.setattr(Chapter, "specs", lambda chapter: SPECS)
    return Store().runs()


def said(chapter: Chapter) -> str:
    """Return the text of a chapter with the numbers of its finished runs."""
    return chapter.told(chapter.finished(Store()))


class Page(HTMLParser):
    """The tags and text of an HTML page. Tags that do not match raise an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def drawn(html: str) -> list[list[dict[str, Any]]]:
    """Return the traces of every figure of a page."""
    return [
        json.loads(found[1])
        for found in re.finditer(r"Plotly\.newPlot\(\s*\"[^\"]+\",\s*(\[.*?\]),\s+\{", html, re.S)
    ]


def numbers(array: Any) -> list[float]:
    """Return a plotly array as a list, whether or not it is base64-encoded."""
    return (
        list(np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"]))
        if isinstance(array, dict)
        else array
    )


# Chapters


def test_the_story_follows_the_paper_and_ends_with_few_images():
    assert list(CHAPTERS) == ORDER
    assert len(QUESTIONS) == 10


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=ORDER)
def test_a_chapter_fits_its_panel_preset_and_page(chapter):
    specs = chapter.specs()
    assert {(spec.norm, spec.seed) for spec in specs} == {
        (n, s) for n in chapter.norms for s in chapter.seeds
    }
    assert PANELS[chapter.panel].fits(specs)
    assert chapter.statistic in STATISTICS
    assert set(chapter.layers) <= {block.name for block in specs[0].blocks()}
    assert chapter.preset in offered(chapter.page)
    assert (PROJECT / "pages" / "paper" / f"{chapter.page}.py").exists()
    address, _, choices = chapter.link.partition("?")
    said = {name: values[0].split(",") for name, values in parse_qs(choices).items()}
    assert address == chapter.page and said["preset"] == [chapter.preset]
    assert said["networks" if chapter.page == "norms" else "norm"] == list(chapter.norms)
    assert [int(seed) for seed in said["seed"]] == list(chapter.seeds)


def test_few_images_repeats_the_class_comparison_on_the_sample():
    few, whole = PRESETS["few-images"].specs()[0], PRESETS["class"].specs()[0]
    measured = {"steps": few.steps, "data": few.data, "probes": few.probes}
    assert whole.model_copy(update=measured) == few
    assert few.data == "cifar10-sample"


def test_a_chapter_is_drawn_from_its_own_runs(told):
    rows = judging.rows(told)
    _, batch = told[0], [run for run in told if run.spec.norm == "batch"]
    view = CHAPTERS["landscape"].view(batch, rows)
    assert set(view.rows["norm"]) == {"batch"}
    table, _ = CHAPTERS["landscape"].figure.figure(view)
    both = [bands(CHAPTERS["landscape"].view([run], rows))["loss_high"] for run in batch]
    assert table["loss_high"].tolist() == pytest.approx(stats.gmean(both).tolist())
    assert set(table["n"]) == {2}


# The lesson


def test_the_lesson_is_one_file_that_needs_no_other(told):
    html = report.lesson(Store())
    page = Page(html)
    assert page.of("html") == [{"lang": "en"}]
    assert not page.of("link") and not page.of("img")
    assert all("src" not in script for script in page.of("script"))
    assert html.count("plotly.js v") == 1
    assert html.count('"showSendToCloud": false') == len(CHAPTERS)
    assert len(page.of("h1")) == 1 and len(page.of("h2")) == len(CHAPTERS) + 3
    assert "@media print" in html and "break-inside: avoid" in html and "size: A4" in html


def test_every_figure_of_the_lesson_has_a_text_alternative(told):
    html = report.lesson(Store())
    alternatives = [figure["aria-label"] for figure in Page(html).of("figure")]
    assert alternatives == [f"{c.heading}. {said(c)}" for c in CHAPTERS.values()]
    assert len(drawn(html)) == len(CHAPTERS)


def test_the_ten_answers_and_the_formulas_of_the_lesson_are_folded_away(told):
    page = Page(report.lesson(Store()))
    kinds = [details["class"] for details in page.of("details")]
    assert kinds == ["formula"] * len(CHAPTERS) + ["answer"] * 10
    assert all("open" not in details for details in page.of("details"))
    for said in [text for question in QUESTIONS for text in (question.question, question.answer)]:
        assert " ".join(said.split()) in page.text


def test_a_lesson_without_runs_says_how_to_make_them():
    page = Page(report.lesson(Store()))
    assert page.of("figure") == []
    assert page.text.count("Not measured yet.") == len(CHAPTERS)
    assert "python -m bnviz run --preset few-images --seed 2" in page.text


# The report


def test_the_figures_of_a_report_have_the_numbers_of_the_panels(answered, reported):
    runs = answered.runs()
    rows = pd.concat([run.labelled_rows() for run in runs], ignore_index=True)
    view = panels.view(rows, [run.spec for run in runs], statistic="t")
    made = [panel.figure(view) for panel in PANELS.values() if panel.fits(view.specs)]
    measured = [figure for numbers, figure in made if len(numbers)]
    pages = drawn(reported)
    assert len(pages) == len(measured) > 10
    for figure, traces in zip(measured, pages, strict=True):
        ours = [trace for trace in figure.data if trace.y is not None]
        theirs = [trace for trace in traces if "y" in trace]
        assert len(theirs) == len(ours)
        for mine, there in zip(ours, theirs, strict=True):
            assert [v for v in numbers(there["y"]) if v is not None] == pytest.approx(
                [v for v in mine.y if v is not None], nan_ok=True
            )


def test_a_report_describes_its_runs_and_the_ends_of_their_curves(answered, reported):
    page, runs = Page(reported), answered.runs()
    assert "Tiny <runs> & more" in page.text
    for run in runs:
        assert run.id in page.text and run.spec.regime() in page.text
    assert "torch" in page.text and "CPU" in page.text
    rows = judging.rows(runs)
    last = rows[(rows.metric == "test_accuracy") & (rows.step == rows.step.max())]
    final = last.groupby("norm")["value"].mean()
    assert (
        f"Standard · n = 2 {final['none']:.1%}; BatchNorm · n = 2 {final['batch']:.1%}."
        in page.text
    )
    assert (
        f"Standard · n = 2 {1 - final['none']:.2%}; BatchNorm · n = 2 {1 - final['batch']:.2%}."
        in page.text
    )
    assert "Against the setting" not in page.text  # these runs differ in no swept setting
    assert "santurkar2018batchnorm" in page.text


def test_runs_with_other_settings_have_their_own_figures(told):
    others = [Store().submit(tiny_spec(steps=steps, probes={"accuracy": 1})) for steps in (2, 3)]
    for run in others:
        Inline().start(run)
    assert [len(group) for group in report.comparisons([*told, *others])] == [4, 1, 1]
    heads = re.findall("<h2>Figures(.*?)</h2>", report.report(others, "Two"))
    assert [
        head.endswith(f"{steps} steps · seed 0") for steps, head in zip((2, 3), heads, strict=True)
    ] == [True, True]


def test_a_report_lists_the_claims_that_its_runs_can_judge(told, monkeypatch):
    claim = CLAIMS["batch-faster"]
    monkeypatch.setattr(
        judging,
        "specs_of",
        lambda its, seed: {s.id: s for s in SPECS if its is claim and s.seed == seed},
    )
    monkeypatch.setattr(
        judging,
        "judge",
        lambda its, rows: judging.Verdict(its, rows.groupby("seed")["value"].size() * 1.0),
    )
    monkeypatch.setattr(report, "PANELS", {})  # without figures it is quick
    page = Page(report.report(told, "Judged"))
    assert claim.says in page.text and "holds" in page.text
    assert CLAIMS["noise-alone"].says not in page.text


def test_hostile_texts_are_shown_and_not_run(told, monkeypatch):
    hostile = """<img src=x onerror=alert(1)> "double" 'single' {{ 7 * 7 }} &amp; </script>"""
    few = Store().submit(tiny_spec(steps=2, probes={"accuracy": 1}))
    Inline().start(few)
    few.write("meta.json", few.meta() | {"device": hostile})
    monkeypatch.setattr(
        report, "PANELS", {"any": PANELS["training-accuracy"].told(hostile, hostile)}
    )
    page = Page(report.report([few], hostile))
    assert not page.of("img") and "49" not in page.text
    assert page.of("figure") == [{"aria-label": f"{hostile}. {hostile}".replace("*", "")}]
    assert page.text.count(" ".join(hostile.split())) == 5  # title, h1, device, h3, sentence
    assert page.of("h1") and page.of("h3")


def test_a_report_of_nothing_costs_one_sentence():
    with pytest.raises(ValueError, match="at least one run"):
        report.report([], "Nothing")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a *b* **c** <d>", "<p>a <em>b</em> <strong>c</strong> &lt;d&gt;</p>\n"),
        ("- one\n- *two*", "<ul><li>one</li><li><em>two</em></li></ul>\n"),
        ("", ""),
    ],
)
def test_markdown_of_panel_texts_becomes_html(text, html):
    assert report.marked(text) == html


# The command line


def bnviz(*words: str) -> int:
    try:
        cli.main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_lesson_and_report_write_a_page(told, tmp_path):
    Inline().start(short := Store().submit(tiny_spec(steps=2, probes={"accuracy": 1})))
    for words in (["lesson"], ["report", short.id[:12], "--title", "Mine"]):
        out = tmp_path / f"{words[0]}.html"
        assert bnviz(*words, "--out", str(out)) == 0
        assert Page(out.read_text("utf-8")).of("figure")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lesson", "--out", "lesson.pdf"], "--out must end in .html, got lesson.pdf"),
        (["lesson", "--out", "nowhere/at/all.html"], "the folder of --out does not exist"),
        (["report", "0123", "--out", "report.html"], "no run with an id that begins with '0123'"),
        (
            ["reset"],
            "reset deletes runs for good and asks first; without a terminal, confirm with --yes",
        ),
    ],
)
def test_a_wrong_option_gives_a_one_sentence_error(words, says, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert bnviz(*words) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_reset_asks_and_deletes_all_runs_but_no_data(own_cache, monkeypatch, capsys):
    runs = [Store().submit(tiny_spec(seed=seed)) for seed in range(3)]
    (own_cache / "data").mkdir()
    (own_cache / "data" / "kept").write_text("", "utf-8")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []
    for answer, left in (("", 3), ("n", 3), ("y", 0)):
        monkeypatch.setattr(
            "builtins.input", lambda question, answer=answer: asked.append(question) or answer
        )
        assert bnviz("reset") == 0
        assert len(Store().runs()) == left
    assert asked == ["Delete 3 runs with their measurements? [y/N] "] * 3
    assert "3 runs deleted" in capsys.readouterr().out
    assert (own_cache / "data" / "kept").exists() and not runs[0].folder.exists()


def test_reset_stops_running_runs_and_names_those_that_do_not_stop():
    stubborn, waiting = Store().submit(tiny_spec()), Store().submit(tiny_spec(seed=1))
    with stubborn.lock():
        assert Store().reset(seconds=0.2) == (1, [stubborn])
        assert (stubborn.folder / "cancel").exists()
    assert not waiting.folder.exists()
    assert Store().reset() == (1, [])


# The pages


def page(name: str, **address: str) -> AppTest:
    opened = AppTest.from_file(str(PROJECT / "pages" / "lab" / f"{name}.py"), default_timeout=60)
    for parameter, text in address.items():
        opened.query_params[parameter] = text
    return opened.run()


def plots(opened: AppTest) -> list[dict[str, Any]]:
    """Return what a page sends to the browser for each figure."""
    sent = [component.proto for component in opened.get("bidi_component")]
    return [json.loads(proto.bytes) for proto in sent if proto.bytes]


def test_the_start_page_shows_every_chapter_with_its_figure(told):
    opened = page("start")
    assert not opened.exception
    assert [plot["alt"] for plot in plots(opened)] == [
        f"{c.heading}. {said(c)}" for c in CHAPTERS.values()
    ]
    assert all(plot["figure"]["data"] for plot in plots(opened))
    assert opened.caption[0].value.startswith("Seed 0, about ")
    assert "seeds 0, 1" in opened.caption[1].value


def test_the_start_page_draws_finished_runs_and_names_missing_ones(told, monkeypatch):
    left_out = CHAPTERS["norms"]
    monkeypatch.setattr(
        Chapter, "specs", lambda chapter: [tiny_spec(seed=9)] if chapter is left_out else SPECS
    )
    opened = page("start")
    assert len(plots(opened)) == len(CHAPTERS) - 1
    assert [info.value.partition(":")[0] for info in opened.info] == ["Not measured yet"]


def walk(opened: AppTest, *keys: str) -> Iterator[str]:
    """Press these buttons and yield the heading of each slide."""
    for key in keys:
        opened.button(key=f"go-{key}").click().run()
        assert not opened.exception
        yield opened.title[0].value


def test_a_slide_asks_first_and_the_next_press_answers(told):
    opened = page("present")
    asked = [shown.question for shown in SLIDES.values()]
    assert opened.title[0].value == asked[0] and plots(opened) == []
    assert opened.button(key="go-back").disabled and opened.button(key="go-first").disabled
    twice = [asked[number // 2] for number in range(1, 14)]
    assert list(walk(opened, *["next"] * 13)) == twice
    assert opened.button(key="go-next").disabled and len(plots(opened)) == 1
    back = [*asked[:4:-1], asked[0], asked[6]]
    assert list(walk(opened, "back", "back", "first", "last")) == back
    assert opened.query_params["slide"] in ("few-images", ["few-images"])
    assert "answer" not in opened.query_params


def test_hands_are_counted_until_the_answer_and_stay(told):
    opened = page("present", slide="noise")
    opened.number_input[2].set_value(17).run()
    (bars,) = [part.body for part in opened.get("html") if "<ul" in part.body]
    assert bars.count(">17</b>") == 1 and bars.count(">0</b>") == 2
    assert list(walk(opened, "next")) == [SLIDES["noise"].question]
    line = "The class: 0 As slowly as the standard network, 0 Somewhere between, 17 Nearly as fast"
    assert any(line in part.body for part in opened.get("html"))
    assert list(walk(opened, "back")) == [SLIDES["noise"].question]
    assert opened.number_input[2].value == 17


def test_the_notes_have_every_slide_with_its_answer(told):
    opened = page("present", notes="true")
    text = "\n".join(part.value for part in opened.markdown)
    assert list(SLIDES) == list(CHAPTERS)
    for shown in SLIDES.values():
        assert shown.question.endswith("?") and len(set(shown.guesses)) == 3
        assert shown.question in text and shown.notes in text and said(shown.chapter) in text


def test_a_slide_offers_a_run_of_its_own_figure(told):
    opened = page("present", slide="noise")
    opened.toggle(key="run-here").set_value(True).run()
    assert not opened.exception
    assert opened.button(key="run").label == "Run 3 networks"
    assert list(walk(opened, "next")) == [SLIDES["noise"].question]
    assert not opened.toggle(key="run-here").value and len(plots(opened)) == 1


def test_a_link_opens_a_slide_and_a_wrong_one_gives_a_one_sentence_error(told):
    opened = page("present", slide="landscape", answer="true")
    assert opened.title[0].value == SLIDES["landscape"].question
    (plot,) = plots(opened)
    assert plot["figure"]["layout"]["font"]["size"] == TYPE * SCALE
    wrong = page("present", slide="landscap")
    assert "the slides are performance, distributions" in wrong.warning[0].value
    assert wrong.title[0].value == SLIDES["performance"].question


def test_a_slide_without_runs_says_how_to_make_them():
    opened = page("present", answer="true")
    assert not opened.exception and plots(opened) == []
    assert "Run" in opened.info[0].value


def test_an_enlarged_figure_has_the_same_numbers_in_larger_type():
    small = go.Figure(
        go.Scatter(
            y=[1, 2], line={"width": 2}, marker={"size": 4}, fillpattern={"size": 5, "shape": "/"}
        ),
        {
            "margin": {"t": 56},
            "annotations": [{"text": "a", "font": {"size": 13}}],
            "yaxis": {"type": "log"},
        },
    )
    before, big = small.to_json(), enlarged(small, 2)
    assert small.to_json() == before
    (trace,) = big.data
    assert (trace.line.width, trace.marker.size, trace.fillpattern.size) == (4, 8, 10)
    assert list(trace.y) == [1, 2]
    assert (big.layout.font.size, big.layout.annotations[0].font.size) == (24, 26)
    assert big.layout.meta["narrow"]["annotations"] == [{"font": {"size": 13}}]


@pytest.mark.parametrize("scale", [COSINE, SHARE, LOG, PLAIN])
def test_an_enlarged_figure_names_an_interval_in_few_words(scale):
    named = [f"{scale.interval(statistic)} over seeds" for statistic in ("t", "sd")]
    traces = [go.Scatter(y=[1], name=name) for name in [*named, "BatchNorm"]]
    names = [trace.name for trace in enlarged(go.Figure(traces, {"margin": {"t": 56}})).data]
    assert names == ["95% interval over seeds", named[1], "BatchNorm"]


def test_the_runs_page_resets_to_the_shipped_state(told):
    opened = page("runs")
    opened.button(key="reset-all").click().run()
    assert "all 4 runs of this cache" in " ".join(text.value for text in opened.markdown)
    assert len(Store().runs()) == 4
    AppTest.from_function(the_dialog).run().button(key="really-reset").click().run()
    assert Store().runs() == []


def the_dialog() -> None:
    """Draw the dialog by itself, because AppTest does not support fragments."""
    from bnviz.runs.store import Store
    from bnviz.ui import runs

    if Store().runs():
        runs.confirm_reset(4)
