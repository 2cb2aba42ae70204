"""The last result stays beneath the new one when the reader changes a setting."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bnviz import paths
from bnviz.export.takeaway import of_runs
from bnviz.figures import PANELS
from bnviz.figures import panel as panels
from bnviz.figures.axes import NOTHING_YET
from bnviz.figures.lines import BEFORE, beneath
from bnviz.figures.style import MARK
from bnviz.presets import PRESETS
from bnviz.runs.run import Run
from bnviz.runs.store import joined
from tests.pages import numbers, page, plots, sentences

EARLIER, NEW = (
    [Run(paths.GALLERY / spec.id) for spec in PRESETS["quick"].specs(seed=seed)] for seed in (1, 0)
)
IDS = [run.id for run in EARLIER]


def test_the_earlier_lines_lie_thin_and_grey_beneath() -> None:
    earlier, new = (of_runs(PANELS["loss-width"], runs).figure for runs in (EARLIER, NEW))
    both = beneath(new, earlier, IDS)
    before, now = both.data[: len(EARLIER)], both.data[len(EARLIER) :]
    assert [trace.legendgroup for trace in now] == [trace.legendgroup for trace in new.data]
    for trace, source in zip(now, new.data, strict=True):
        np.testing.assert_array_equal(trace.y, source.y)
    for trace, run in zip(before, EARLIER, strict=True):
        (source,) = [t for t in earlier.data if t.legendgroup == run.id and len(t.x) > 2]
        np.testing.assert_array_equal(trace.y, source.y)
        assert (trace.line.color, trace.line.dash) == (MARK, source.line.dash)
    assert [trace.showlegend for trace in before] == [True, False, False]
    assert len(new.data) == len(now)  # the figure itself is shared, and stays as it is


def test_an_empty_figure_with_the_last_result_does_not_say_that_it_is_empty() -> None:
    panel, earlier = PANELS["loss-width"], of_runs(PANELS["loss-width"], EARLIER).figure
    empty = panels.view(joined(NEW, {"train_loss"}), [run.spec for run in NEW])
    figure = panel.figure(empty)[1]
    assert NOTHING_YET in {note.text for note in figure.layout.annotations}
    assert NOTHING_YET not in {n.text for n in beneath(figure, earlier, IDS).layout.annotations}
    assert beneath(figure, earlier, []) is figure


def test_figures_with_other_panels_are_not_mixed() -> None:
    earlier, new = (
        of_runs(PANELS["quantiles"], runs).figure for runs in (EARLIER[:2], NEW)
    )  # a column for each network
    assert beneath(new, earlier, IDS) is new


@pytest.fixture
def opened() -> AppTest:
    return page("paper/landscape", preset="quick")


def names(opened: AppTest) -> list[str]:
    """Return the names of the lines in the page's first figure."""
    return [trace["name"] for trace in plots(opened)[0]["figure"]["data"]]


def test_a_new_setting_keeps_the_last_result_until_the_new_one_is_there(opened: AppTest) -> None:
    shown = [numbers(trace["y"]) for trace in plots(opened)[0]["figure"]["data"]]
    opened.text_input(key="lr").set_value("0.05").run()
    assert any("the result before your change" in said for said in sentences(opened))
    assert [numbers(trace["y"]) for trace in plots(opened)[0]["figure"]["data"]] == shown
    assert BEFORE not in names(opened)


def test_the_last_result_lies_beneath_the_new_one(opened: AppTest) -> None:
    assert BEFORE not in names(opened)
    opened.text_input(key="seed").set_value("1").run()
    assert names(opened).count(BEFORE) == 3
    assert not any("before your change" in said for said in sentences(opened))
    opened.toggle(key="last").set_value(False).run()
    assert BEFORE not in names(opened)


def test_another_seed_beside_the_first_is_no_change_of_a_result(opened: AppTest) -> None:
    opened.text_input(key="seed").set_value("0, 1").run()
    assert BEFORE not in names(opened)


def test_a_network_less_leaves_nothing_behind(opened: AppTest) -> None:
    opened.button_group(key="norm").set_value(["none", "batch"]).run()
    assert BEFORE not in names(opened)


def test_another_preset_is_another_question(opened: AppTest) -> None:
    opened.selectbox(key="preset").set_value("few-images").run()
    assert BEFORE not in names(opened)
