"""The papers' curves behind our figures: the switch, the link and the figures they appear in."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bnviz.presets import PRESETS
from bnviz.runs.engines.inline import Inline
from bnviz.runs.store import Store
from tests.conftest import ALL_PROBES
from tests.pages import TINY, drawer, page, plots, text, tiny

pytestmark = pytest.mark.usefixtures("no_supervisor")


@pytest.fixture
def filled_at_the_papers_rate() -> dict[str, str]:
    """Finish three tiny runs at the paper's learning rate and return their URL parameters."""
    probes = {
        "accuracy": 1,
        "activations": 2,
        "covariate_shift": 2,
        "evaluation": 6,
        "landscape": 2,
    }
    for spec in PRESETS["quick"].specs(**TINY, lr=0.1, probes=probes):
        Inline().start(Store().submit(spec))
    return {"lr": "0.1"} | {f"every_{probe}": str(probes.get(probe, 0)) for probe in ALL_PROBES}


def names_of_theirs(opened: AppTest) -> list[set[str]]:
    """Return the names of the papers' curves in each figure of a page."""
    return [
        {trace["name"] for trace in plot["figure"]["data"] if "– paper, " in trace.get("name", "")}
        for plot in plots(opened)
    ]


def test_the_papers_curves_are_off_at_first_and_the_address_keeps_the_switch(
    filled_at_the_papers_rate,
):
    opened = tiny("paper/training", **filled_at_the_papers_rate)
    assert opened.toggle(key="paper").value is False
    assert names_of_theirs(opened) == [set()] * 3
    opened.toggle(key="paper").set_value(True).run()
    assert opened.query_params["paper"] in ("true", ["true"])
    accuracy, loss, test = names_of_theirs(opened)
    labels = ("Standard", "BatchNorm", "Noisy BatchNorm")
    assert accuracy == {f"{label} – paper, 2018 v3, Fig. 2" for label in labels}
    assert (loss, test) == (set(), {f"{label} – paper, 2018 v3, Fig. 1b" for label in labels[:2]})
    opened.toggle(key="paper").set_value(False).run()
    assert "paper" not in opened.query_params
    assert names_of_theirs(opened) == [set()] * 3


def test_a_link_shows_the_papers_curves(filled_at_the_papers_rate):
    landscape = {"Fig. 4a", "Fig. 4b", "Fig. 4c"}
    for name, address, figures in (
        ("landscape", {}, landscape),  # Fig. 11 begins at step 100, after the end of these runs
        ("landscape", {"view": "along a random direction"}, set()),
        ("covariate_shift", {"layers": "conv5,conv6"}, {"Fig. 3a"}),
        ("covariate_shift", {"layers": "conv6"}, set()),
        ("distributions", {"layers": "conv2"}, {"Fig. 8a"}),
        ("norms", {"networks": "none,batch,noisy"}, {"Fig. 2"} | landscape),
    ):
        opened = tiny(f"paper/{name}", paper="true", **filled_at_the_papers_rate, **address)
        assert not opened.exception
        assert opened.toggle(key="paper").value is True
        assert {
            label.rpartition(", ")[2] for labels in names_of_theirs(opened) for label in labels
        } == figures
        said = text(opened)
        assert ("begins to count layers" in said) == (name in ("covariate_shift", "distributions"))


def test_the_switch_is_disabled_and_says_why_if_the_paper_has_no_curve():
    opened = page("paper/landscape", preset="quick", paper="true")
    switch = opened.toggle(key="paper")
    assert switch.disabled
    assert switch.help == "The paper shows curves at learning rate 0.1 only."
    assert not opened.warning
    opened.text_input(key="lr").set_value("0.1").run()
    assert opened.toggle(key="paper").value is True  # the page remembers the choice of the link
    assert not opened.toggle(key="paper").disabled
    drawer(opened).selectbox(key="optimizer").set_value("adam").run()
    assert opened.toggle(key="paper").help == "The papers trained with SGD only."
    lenet = page("classics/lenet", preset="liu-lenet").toggle(key="paper")
    assert lenet.disabled and lenet.help == "The papers show no curve of this kind of network."
    two = page("paper/training", preset="quick", lr="0.1", norm="group").toggle(key="paper")
    assert two.disabled and two.help == "The papers show no curve of these networks."
    assert "paper" not in [toggle.key for toggle in page("paper/surface").toggle]


def test_the_help_of_the_switch_names_figures_and_layers():
    help_of = {
        name: page(f"paper/{name}", preset="quick", lr="0.1").toggle(key="paper").help
        for name in ("covariate_shift", "training")
    }
    assert "2018 v3, Fig. 3a (layers 5, 10)" in help_of["covariate_shift"]
    assert "2018 v3, Fig. 2; 2018 v3, Fig. 1b." in help_of["training"]
