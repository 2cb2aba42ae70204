"""The claims: verdicts on known numbers, runs, links, the command line and the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame, Series
from scipy import stats
from streamlit.testing.v1 import AppTest

from bnviz import cli, execute
from bnviz.analysis import rows as rows_numbers
from bnviz.claims import CLAIMS, chart, judging
from bnviz.claims.claim import GROUPS, NBSP, TIMES, Claim, specs_of
from bnviz.claims.evidence import difference, final
from bnviz.claims.judging import Verdict, judge
from bnviz.claims.left_out import LEFT_OUT
from bnviz.figures import PANELS
from bnviz.figures import panel as panels
from bnviz.paths import PROJECT
from bnviz.presets import PRESETS, SEEDS, offered
from bnviz.runs.engines.inline import Inline
from bnviz.runs.parts import SCHEMA
from bnviz.runs.run import Run
from bnviz.runs.store import Store, joined
from bnviz.spec import RunSpec
from bnviz.ui import asking
from bnviz.ui.claims import LOOKS, address
from bnviz.ui.claims_chart import row
from bnviz.words import three_digits
from tests.pages import plots
from tests.test_analysis import measured, together

CLAIM = Claim(
    name="higher",
    says="Higher.",
    source="nowhere",
    theirs="1 point",
    quantity="test accuracy, BatchNorm minus standard",
    measure=difference(final("test_accuracy"), "batch", "none", 100),
    preset="quick",
    norms=("none", "batch"),
    page="training",
    figure="test-accuracy",
    group="2018",
    low=0,
    unit="points",
    changes={
        "width": 1 / 32,
        "batch": 16,
        "steps": 4,
        "probes": {"accuracy": 1, "evaluation": 2, "activations": 2},
    },
)
REPORT = CLAIMS["report-lenet"]

pytestmark = pytest.mark.usefixtures("no_supervisor")


def verdict(values: list[float], **about: Any) -> Verdict:
    return Verdict(replace(CLAIM, **about), Series(values, index=range(len(values)), dtype=float))


# Verdicts


@pytest.mark.parametrize("values", [[1.0, 2.0], [5.0, 5.0, 5.0], [-1.0, 4.0, 2.0, 0.5]])
def test_the_interval_is_the_t_interval(values: list[float]) -> None:
    found = verdict(values)
    expected = (
        stats.ttest_1samp(values, 0).confidence_interval(0.95)
        if len(set(values)) > 1
        else (5.0, 5.0)
    )
    assert (found.mean, found.n) == (pytest.approx(np.mean(values)), len(values))
    assert found.interval == pytest.approx(tuple(expected))


def test_ratios_are_averaged_as_logarithms() -> None:
    values = [1.0, 4.0, 4.0]
    found = verdict(values, unit=TIMES)
    low, high = stats.ttest_1samp(np.log(values), 0).confidence_interval(0.95)
    assert found.mean == pytest.approx(stats.gmean(values))
    assert found.interval == pytest.approx((np.exp(low), np.exp(high)))


@pytest.mark.parametrize(
    ("values", "low", "high", "said"),
    [
        ([], 0, 1, "not measured yet"),
        ([0.5], 0, 1, "undecided (one seed)"),
        ([2.0], 0, 1, "undecided (one seed)"),
        ([0.5, 0.51], 0, 1, "holds"),
        ([0.1, 0.9], 0, 1, "undecided (the interval straddles an edge)"),
        ([0.99, 1.02], 0, 1, "undecided (the interval straddles an edge)"),
        ([2.0, 2.01], 0, 1, "does not hold"),
        ([-2.0, -2.01], 0, 1, "does not hold"),
        ([-2.0, 3.5], 0, 1, "undecided (the interval straddles an edge)"),
        ([1.0, 1.0], 1, 1, "holds"),
        ([np.inf, 2.0], 1, np.inf, "undecided (the interval is undefined)"),
        ([np.inf, np.inf], 1, np.inf, "undecided (the interval is undefined)"),
        ([np.inf], 1, np.inf, "undecided (one seed)"),
        # A deterministic count is settled by several seeds that agree.
        ([0.0, 0.0, 0.0], -np.inf, 0, "holds"),
        ([100.0, 100.0, 100.0], -np.inf, 0, "does not hold"),
    ],
)
def test_the_interval_decides(values: list[float], low: float, high: float, said: str) -> None:
    found = verdict(values, low=low, high=high)
    assert found.said == said
    assert found.words == said.partition(" (")[0]


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=6), st.floats(-10, 10), st.floats(0, 9))
def test_a_verdict_is_settled_only_if_the_interval_lies_on_one_side(
    values: list[float], low: float, width: float
) -> None:
    found = verdict(values, low=low, high=low + width)
    below, above = found.interval
    inside = low <= below and above <= low + width
    outside = above < low or below > low + width
    expected = "holds" if inside else "does not hold" if outside else "undecided"
    assert found.words == expected and bool(found.reason) == (expected == "undecided")


def test_a_cosine_and_a_share_have_intervals_within_their_range() -> None:
    cosines = [-0.99, -0.95, -0.8]
    found = verdict(cosines, unit="", cosine=True)
    plain = stats.ttest_1samp(cosines, 0).confidence_interval(0.95)
    z = stats.ttest_1samp(np.arctanh(cosines), 0).confidence_interval(0.95)
    assert plain.low < -1 and found.interval == pytest.approx((np.tanh(z.low), np.tanh(z.high)))
    assert verdict([90.0, 99.0, 100.0], unit="%").interval[1] == 100
    assert verdict([0.0, 1.0, 5.0], unit="%").interval[0] == 0


def test_a_ratio_of_zero_leaves_no_interval() -> None:
    found = verdict([0.0, 1.0, 2.0], unit=TIMES, high=1)
    assert found.said == "undecided (the interval is undefined)"


def test_a_verdict_is_counted_with_its_verb() -> None:
    several = [verdict(values) for values in ([1.0, 1.0], [], [2.0], [3.0], [-1.0, -1.0])]
    assert judging.counted(several) == (
        "1 holds, 1 does not hold, 2 are undecided, 1 is not measured yet"
    )
    assert judging.counted([]) == ""


@pytest.mark.parametrize(
    ("about", "region"),
    [
        ({"low": 5.0}, "≥ 5 points"),
        ({"low": -6}, "≥ −6 points"),
        ({"low": -np.inf, "high": 1e-12, "unit": ""}, "≤ 1e−12"),
        ({"low": -np.inf, "high": 1, "unit": TIMES}, "≤ 1×"),
        ({"low": 8, "high": 12, "unit": "%"}, "8 to 12%"),
    ],
)
def test_the_region_in_words(about: dict[str, Any], region: str) -> None:
    assert replace(CLAIM, **about).region.replace(NBSP, " ") == region


@pytest.mark.parametrize(
    ("values", "unit", "ours"),
    [
        ([], "points", ""),
        ([-4.456], "points", "−4.46 points, 1 seed"),
        ([18.0, 18.0], "points", "18.0 points [18.0, 18.0], 2 seeds"),
        ([1.0, 4.0], TIMES, "2.00× [0.000299, 13,365], 2 seeds"),
        ([100.0, 100.0, 100.0], "%", "100% [100, 100], 3 seeds"),
        ([0.0], "%", "0%, 1 seed"),
        ([3.2e-16], "", "3.20e−16, 1 seed"),
    ],
)
def test_ours_in_words(values: list[float], unit: str, ours: str) -> None:
    assert verdict(values, unit=unit).ours.replace(NBSP, " ") == ours


# Every claim


def test_every_claim_has_a_name_of_its_own_and_a_group() -> None:
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in CLAIMS)
    assert list(dict.fromkeys(claim.group for claim in CLAIMS.values())) == list(GROUPS)
    assert all(claim.low > -np.inf or claim.high < np.inf for claim in CLAIMS.values())


PLAIN = re.compile(r"(−?)([\d,.]*\d)(?: · 10([⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(?!\S*-)")
DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
OF_SOMETHING_ELSE = {  # claims whose `theirs` has numbers, but none of what the claim measures
    "batch-steadier",  # of one layer of three
    "dln-batch-cosine",  # of each layer
    "dln-l1-edge",  # before the absolute value is taken
    "dln-l2-edge",
    "dln-spread-1",  # the number of a layer
    "dln-spread-11",
    "dln-spread-24",
    "rates-sigmoids-alone",  # the paper's chance
    "theorem-4-1",  # a formula
    "batch-shortens-mlp",  # the number of a theorem
    "batch-shortens-dln",
    "batch-shortens-vgg",
}


def told_numbers(text: str) -> list[float]:
    """Return the numbers in a text of `theirs`, in their order."""
    return [
        (-1 if minus else 1)
        * float(digits.replace(",", ""))
        * 10.0 ** int((power or "0").translate(DIGITS))
        for minus, digits, power in PLAIN.findall(text)
    ]


@pytest.mark.parametrize("name", CLAIMS)
def test_the_papers_value_is_the_number_in_its_text(name: str) -> None:
    claim, told = CLAIMS[name], told_numbers(CLAIMS[name].theirs)
    if claim.value is None:
        assert not told or name in OF_SOMETHING_ELSE
    elif name == "dln-edge":  # the largest deviation, as measured, comes after the median
        assert claim.value == told[-1]
    else:
        assert claim.value == pytest.approx(told[0])
        assert not claim.unit or claim.unit.removesuffix("s") in claim.theirs


@pytest.mark.parametrize("name", CLAIMS)
def test_the_runs_of_a_claim_fit_its_figure(name: str) -> None:
    assert PANELS[CLAIMS[name].figure].fits(CLAIMS[name].specs(0))


@pytest.mark.filterwarnings("error")
def test_claims_use_the_runs_of_presets() -> None:
    offered = {spec.id for preset in PRESETS.values() for spec in preset.specs()}
    assert {name for name, claim in CLAIMS.items() if not specs_of(claim, 0).keys() <= offered} == (
        set()
    )


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_without_measurements_has_no_verdict(name: str) -> None:
    found = judge(CLAIMS[name], judging.rows([]))
    assert (found.n, found.words, found.ours, found.aside) == (0, "not measured yet", "", "")


@pytest.fixture(scope="module")
def stretched() -> dict[str, DataFrame]:
    """Return rows for every run of a claim, by id.

    Each comes from a short and narrow BatchNorm run, whatever the claim's network is.
    """
    asked = {id: spec for claim in CLAIMS.values() for id, spec in specs_of(claim, 0).items()}
    short = {id: shortened(spec) for id, spec in asked.items()}
    answers = {
        small.id: DataFrame(execute(small))
        for small in {small.id: small for small in short.values()}.values()
    }
    return {
        id: stretch(answers[short[id].id], spec, spec.steps // short[id].steps)
        for id, spec in asked.items()
    }


def shortened(spec: RunSpec) -> RunSpec:
    """Return settings with the same model and probes that train in a fraction of a second."""
    every = {"landscape": 2, "covariate_shift": 4, "theory": 4, "evaluation": 10}
    small: dict[str, Any] = {
        "batch": 16,
        "steps": 12,
        "norm": "batch",
        "lr": 1e-3,
        "init": "glorot_uniform",
    }
    small |= {"probes": {name: every.get(name, 1) for name in spec.probes if name != "curvature"}}
    if spec.model.startswith("vgg"):
        small |= {"width": 1 / 32, "data": "cifar10-sample", "random_direction": True}
    elif spec.data == "mnist":
        small |= {"steps": 60, "data": "mnist-sample"}
    elif spec.model == "inception":
        small |= {"width": 1 / 16, "data": "cifar10-sample", "activation": "relu"}
    return RunSpec.of(**spec.model_dump() | small)


def stretch(rows: DataFrame, spec: RunSpec, factor: int) -> DataFrame:
    """Spread the rows over as many steps as the settings have, most of them at full hundreds.

    Moments keep their steps, because Fig. 8 compares successive ones. Step sizes become multiples
    of the settings' learning rate. Accuracies differ between the networks.
    """
    moments = rows["metric"].isin(["activation_mean", "activation_variance"])
    step = rows["step"].where(
        moments, rows["step"] * (-(-factor // 100) * 100 if factor >= 100 else factor)
    )
    along = rows["metric"].str.startswith(("loss_along", "gradient_distance", "gradient_cosine"))
    at = rows["at"].where(~along, rows["at"] * (spec.lr / 1e-3))
    accuracy = rows["metric"].str.endswith("accuracy")
    value = rows["value"].where(~accuracy, rows["value"] + len(spec.norm) / 100)
    own = {"run": spec.id, "norm": spec.norm, "lr": spec.lr, "seed": spec.seed}
    return rows.assign(step=step, at=at, value=value, **own).astype({"unit": float})


@pytest.mark.parametrize("name", CLAIMS)
def test_the_runs_of_a_claim_are_enough_to_judge_it(
    name: str, stretched: dict[str, DataFrame]
) -> None:
    asked = specs_of(CLAIMS[name], 0)
    rows = pd.concat([stretched[id] for id in asked], ignore_index=True)
    found = judge(CLAIMS[name], rows)
    assert found.values.index.tolist() == [0]
    assert not np.isnan(found.mean)
    for id in asked:
        assert judge(CLAIMS[name], rows[rows["run"] != id]).n == 0, (
            "a seed counts although a run is missing"
        )


# The chart


def test_claims_in_the_same_unit_share_an_axis_that_holds_all_their_numbers() -> None:
    points, more = verdict([1.0, 3.0], value=7.0), verdict([-5.0, -4.0])
    near, far = verdict([0.5, 0.6], unit=TIMES, low=1), verdict([0.5, 0.6], unit=TIMES, value=6e9)
    several = [points, more, near, far]
    axes = chart.axes(several)
    assert list(axes) == ["points", TIMES, chart.FAR]
    assert [axis.log for axis in axes.values()] == [False, True, True]
    for each in several:
        axis = axes[chart.kind(each)]
        assert not any(
            axis.beyond(number) for number in chart.numbers(each) if number or not axis.log
        )
        assert 2 <= len(axis.ticks()) <= chart.MOST_TICKS


@given(st.floats(-100, 100), st.floats(0.01, 100))
def test_places_on_an_axis_keep_the_order_of_the_numbers(low: float, width: float) -> None:
    axis = chart.Axis(low, low + width)
    places = [axis.place(low + width * share) for share in (-1, 0, 0.25, 0.5, 1, 2)]
    assert places == pytest.approx([0, 0, 0.25, 0.5, 1, 1])
    slack = 1e-9 * width
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in axis.ticks())


def test_a_logarithmic_axis_puts_zero_at_its_left_end() -> None:
    axis = chart.Axis(0.1, 10, log=True)
    assert [axis.place(value) for value in (0, 0.1, 1, 10, np.inf)] == [0, 0, 0.5, 1, 1]
    assert axis.ticks() == pytest.approx([0.1, 0.3, 1, 3, 10])


@pytest.mark.parametrize(
    ("about", "theirs"),
    [
        ({"unit": TIMES, "value": 6e9}, "6 · 10⁹×"),
        ({"unit": TIMES, "value": 1700}, "1,700×"),
        ({"unit": "%", "value": 19}, "19%"),
        ({"unit": "points", "value": -2.7}, "−2.7"),
        ({"unit": "", "value": None}, ""),
    ],
)
def test_the_papers_value_beside_its_mark(about: dict[str, Any], theirs: str) -> None:
    assert chart.theirs(replace(CLAIM, **about)) == theirs


def test_a_row_shows_the_region_both_values_and_says_them() -> None:
    found = verdict([1.0, 1.0], value=2.0)
    drawn = row(found, chart.Axis(-1, 3))
    assert drawn["region"] == [0.25, 1] and drawn["interval"] == [0.5, 0.5]
    assert drawn["ours"] == {"at": 0.5, "text": "1.00"}
    assert drawn["theirs"] == {"at": 0.75, "text": "2"}
    assert "Ours: 1.00 points [1.00, 1.00], 2 seeds." in drawn["spoken"].replace(NBSP, " ")
    empty = row(verdict([]), chart.Axis(-1, 3))
    assert (empty["ours"], empty["theirs"], empty["interval"]) == (None, None, [])


def test_a_number_beyond_the_axis_is_an_arrow_at_its_end_and_says_so() -> None:
    over = row(verdict([7.0, 7.0]), chart.Axis(-1, 3))
    assert over["ours"] == {"at": 1.0, "text": "7.00, off the axis", "look": "right"}
    under = row(verdict([-7.0, -7.0]), chart.Axis(-1, 3))
    assert under["ours"] == {"at": 0.0, "text": "−7.00, off the axis", "look": "left"}
    assert "look" not in row(verdict([3.0, 3.0]), chart.Axis(-1, 3))["ours"]


@pytest.mark.parametrize("values", [[np.inf, 2.0], [np.inf], [0.0, 1.0]])
def test_a_row_of_an_overflowed_number_can_be_drawn(values: list[float]) -> None:
    found = verdict(values, unit=TIMES)
    axes = chart.axes([found, verdict([0.1, 10.0], unit=TIMES)])
    drawn = row(found, axes[chart.kind(found)])
    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn and drawn["interval"] == []


# Links


def asked(page: str) -> None:
    """Draw only the settings of a page."""
    import streamlit as st

    from bnviz.presets import LP
    from bnviz.ui import controls, rates

    specs = (
        rates.pick_networks(["inception"])
        if page == "learning_rates"
        else controls.ask(page, LP if page == "norms" else ()).specs
    )
    st.session_state["asked"] = [spec.id for spec in specs]


LINKS = dict.fromkeys(address(Verdict(claim, Series(dtype=float))) for claim in CLAIMS.values())


@pytest.mark.parametrize("link", LINKS)
def test_a_link_opens_the_runs_of_its_claim(link: str) -> None:
    page, choices = urlsplit(link).path, dict(parse_qsl(urlsplit(link).query))
    opened = AppTest.from_function(asked, args=(page,), default_timeout=60)
    for name, text in choices.items():
        opened.query_params[name] = text
    opened.run()
    assert not opened.exception and not opened.warning
    for claim in CLAIMS.values():
        if address(Verdict(claim, Series(dtype=float))) == link:
            ids = {id for seed in claim.seeds for id in specs_of(claim, seed)}
            assert set(opened.session_state["asked"]) == ids


@pytest.mark.parametrize("name", CLAIMS)
def test_a_link_names_a_page_that_has_its_layers_and_views(name: str) -> None:
    claim = CLAIMS[name]
    spec = claim.specs(0)[0]
    layers = [block.name for block in spec.blocks()]
    assert claim.preset in offered(claim.page)
    assert set(claim.address) <= {"layers", "view"}
    assert set(claim.address.get("layers", layers[0]).split(",")) <= set(layers)
    assert claim.address.get("view", panels.ALL) in (panels.ALL, panels.RANDOM)


def test_a_link_names_the_counted_seeds_up_to_the_limit_of_a_page() -> None:
    claim = replace(CLAIMS["l1-band"], norms=("none", "batch", "l1", "l2"))
    found = Verdict(claim, Series(1.0, index=range(3, 12)))
    assert "&seed=3,4,5,6,7,8&" in f"{address(found)}&"  # six seeds of four networks


# The runs of a store


def test_finished_runs_are_read_without_their_histograms() -> None:
    store = Store()
    none, batch, *_ = (spec for seed in SEEDS for spec in CLAIM.specs(seed))
    Inline().start(store.submit(none))
    store.submit(batch)
    done = judging.finished(store, [CLAIM])
    assert list(done) == [none.id]
    assert judging.measured_on(CLAIM, done) == [store.run(none.id)]
    assert len(judging.missing(CLAIM, done)) == 2 * len(SEEDS) - 1
    assert next(judging.verdicts([CLAIM], store)).n == 0

    Inline().start(store.submit(batch))
    done = judging.finished(store, [CLAIM])
    rows = judging.rows(judging.measured_on(CLAIM, done))
    whole = joined([store.run(spec.id) for spec in (none, batch)])
    expected = rows_numbers.text(whole[whole["metric"] != "activation_histogram"]).reset_index(
        drop=True
    )
    pd.testing.assert_frame_equal(
        rows_numbers.text(rows[expected.columns]), expected, check_dtype=False
    )
    found = next(judging.verdicts([CLAIM], store))
    last = expected[expected["metric"] == "test_accuracy"].groupby("norm")["value"].last()
    assert found.values.to_dict() == {0: pytest.approx(100 * (last["batch"] - last["none"]))}


def test_further_seeds_are_shown_but_never_enter_the_verdict() -> None:
    for seed in (1, 7):
        for spec in CLAIM.specs(seed):
            Inline().start(Store().submit(spec))
    found = next(judging.verdicts([CLAIM], Store()))
    assert (list(found.values.index), list(found.further.index)) == ([1], [7])
    assert found.said == "undecided (one seed)"
    assert found.aside == f"further seeds, not used: 7: {three_digits(found.further[7])}"
    wider = next(judging.verdicts([replace(CLAIM, seeds=(1, 7))], Store()))
    assert (wider.n, wider.aside) == (2, "")


@given(
    st.lists(st.floats(-10, 10), min_size=3, max_size=3),
    st.lists(st.floats(-10, 10), max_size=5),
)
def test_no_number_of_further_seeds_changes_a_verdict(own: list[float], more: list[float]) -> None:
    values = Series([*own, *more], dtype=float)
    claim = replace(CLAIM, measure=lambda rows: values[values.index.isin(rows["seed"])])
    few, all_ = (judge(claim, DataFrame({"seed": range(n)})) for n in (3, 3 + len(more)))
    assert (few.words, few.estimate, few.ours) == (all_.words, all_.estimate, all_.ours)
    assert list(all_.further) == more


def test_a_claim_is_judged_on_three_seeds_or_on_those_that_it_names() -> None:
    assert {name: claim.seeds for name, claim in CLAIMS.items() if claim.seeds != SEEDS} == {
        "dln-l1-above-batch": (0, 1, 2, 3, 4)
    }
    assert len(judging.missing(CLAIMS["dln-l1-above-batch"], {})) == 5 * 2


def test_runs_of_a_further_seed_are_read_but_not_asked_for() -> None:
    for spec in CLAIM.specs(7):
        Inline().start(Store().submit(spec))
    done = judging.finished(Store(), [CLAIM])
    assert [run.spec.seed for run in judging.measured_on(CLAIM, done)] == [7, 7]
    assert len(judging.missing(CLAIM, done)) == 2 * len(SEEDS)


# The command line and the page


def finish(spec: RunSpec, rows: DataFrame) -> Run:
    """Return a finished run with these rows."""
    run = Store().submit(spec)
    run.write_rows(
        "00000000", pa.Table.from_pandas(rows[SCHEMA.names], SCHEMA, preserve_index=False)
    )
    run.finish()
    return run


def report(seed: int, batch: list[float], none: list[float]) -> None:
    """Finish the runs of REPORT with these test accuracies."""
    for spec in REPORT.specs(seed):
        values = dict(enumerate(batch if spec.norm == "batch" else none, start=1))
        finish(spec, together(measured("test_accuracy", values), measured("train_loss", {0: 1.0})))


def bnviz(*words: str) -> int:
    try:
        cli.main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_command_prints_the_measurements_and_the_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(0, [0.9, 0.9], [0.8, 0.8])
    report(1, [0.9, 0.9], [0.8, 0.8])
    assert bnviz("claims", "report-lenet", "noise-alone") == 0
    said = capsys.readouterr().out.replace(NBSP, " ")
    assert "report-lenet · holds · ours 100% [100, 100], 2 seeds · holds if ≥ 95%" in said
    assert "noise-alone · not measured yet · ours nothing yet · holds if 8 to 12%" in said
    assert REPORT.regime in said and REPORT.theirs in said and REPORT.quantity in said
    assert said.endswith("\nIn total: 1 holds, 1 is not measured yet.\n")


def test_the_command_lists_further_seeds_beneath_the_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(0, [0.9, 0.9], [0.8, 0.8])
    report(4, [0.7, 0.7], [0.8, 0.8])
    assert bnviz("claims", "report-lenet") == 0
    said = capsys.readouterr().out.replace(NBSP, " ")
    assert "report-lenet · undecided (one seed) · ours 100%, 1 seed" in said
    assert "\n    further seeds, not used: 4: 0\n" in said


def test_the_table_has_one_line_for_each_claim(capsys: pytest.CaptureFixture[str]) -> None:
    report(0, [0.7, 0.9], [0.8, 0.8])
    assert bnviz("claims", "--markdown") == 0
    head, rule, *lines, blank, total = capsys.readouterr().out.replace(NBSP, " ").splitlines()
    assert (blank, total) == (
        "",
        f"In total: 1 is undecided, {len(CLAIMS) - 1} are not measured yet.",
    )
    assert len(lines) == len(CLAIMS)
    assert {line.count("|") for line in (head, rule, *lines)} == {6}
    assert f"| {REPORT.theirs} | 50.0%, 1 seed | ≥ 95% | undecided (one seed) |" in "\n".join(lines)


def test_a_wrong_name_gives_a_one_sentence_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert bnviz("claims", "noisy-as-slow") == 2
    said = capsys.readouterr().err
    assert (
        said.startswith("bnviz: claim must be one of batch-faster, ")
        and "got 'noisy-as-slow'" in said
    )
    assert len(said.splitlines()) == 1


def page(**choices: str) -> AppTest:
    opened = AppTest.from_file(str(PROJECT / "pages" / "lab" / "claims.py"), default_timeout=60)
    for name, text in choices.items():
        opened.query_params[name] = text
    return opened.run()


def charted(opened: AppTest) -> list[str]:
    """Return the names of the claims in the chart."""
    return [drawn["name"] for part in parts(opened) for drawn in part["rows"]]


def parts(opened: AppTest) -> list[dict[str, Any]]:
    """Return what the page sends to the browser for each part of its chart."""
    sent = [json.loads(component.proto.json or "{}") for component in opened.get("bidi_component")]
    return [data for data in sent if "rows" in data]


def texts(opened: AppTest) -> str:
    return "\n".join(shown.value for shown in opened.markdown).replace(NBSP, " ")


def test_the_page_on_an_empty_cache_lists_every_claim_and_says_what_to_do() -> None:
    opened = page()
    assert not opened.exception
    assert sorted(charted(opened)) == sorted(CLAIMS)
    assert [shown.value for shown in opened.header] == ["Claims that we do not measure"]
    assert all(claim.says in texts(opened) for claim in LEFT_OUT)
    assert "Run what is missing" in opened.info[0].value
    assert opened.get("button_group")[0].proto.options[0].content == f"all · {len(CLAIMS)}"
    assert not opened.warning  # missing data is only named where somebody asks for it
    assert Store().runs() == []


def test_a_claim_whose_data_are_missing_offers_the_download() -> None:
    opened = page(claim="batch-faster")
    assert opened.button(key="run-batch-faster").disabled
    assert any("data fetch cifar10" in warning.value for warning in opened.warning)
    assert not page(claim="band-on-a-sample").button(key="run-band-on-a-sample").disabled


def test_an_open_claim_shows_the_verdict_the_numbers_and_the_figure() -> None:
    report(0, [0.9, 0.9], [0.8, 0.8])
    report(1, [0.7, 0.9], [0.8, 0.8])
    opened = page(claim="report-lenet")
    assert not opened.exception
    said = texts(opened)
    assert ":orange-badge[Δ undecided (the interval straddles an edge)]" in said
    assert REPORT.quantity in said and REPORT.theirs in said
    assert "75.0% [0, 100], 2 seeds; it holds if ≥ 95%" in said
    assert "0: 100, 1: 50.0" in said and REPORT.regime in said
    links = [link.proto.url for link in opened.get("link_button")]
    assert links == ["lenet?preset=liu-lenet&norm=none,batch&seed=0,1"]
    assert "4 of 6 runs are finished." in [caption.value for caption in opened.caption]
    (plot,) = plots(opened)
    assert plot["title"] == PANELS[REPORT.figure].title


def test_details_stand_between_the_open_row_and_the_next_one() -> None:
    opened = page(claim="batch-better")
    before, after = parts(opened)[:2]
    assert [drawn["open"] for drawn in before["rows"]] == [False, True]
    assert before["rows"][-1]["name"] == "batch-better"
    assert before["title"] == after["title"]
    assert sorted(charted(opened)) == sorted(CLAIMS)


def test_a_press_on_a_row_opens_it_and_another_closes_it() -> None:
    opened = page()
    for name, left in (("batch-faster", "batch-faster"), ("batch-faster", "")):
        opened.session_state["claim"] = "" if opened.session_state["claim"] == name else name
        opened.run()
        assert opened.query_params.get("claim", [""]) in (left, [left])


def test_an_open_claim_lists_further_seeds() -> None:
    report(0, [0.9, 0.9], [0.8, 0.8])
    report(5, [0.9, 0.7], [0.8, 0.8])
    said = texts(page(claim="report-lenet"))
    assert ":orange-badge[Δ undecided (one seed)]" in said
    assert "- Further seeds, not used: 5: 50.0" in said
    assert "**Seeds:** 0: 100\n" in said


def test_each_verdict_has_a_colour_and_a_shape_of_its_own() -> None:
    assert list(LOOKS) == list(judging.KINDS)
    colours, shapes = zip(*LOOKS.values(), strict=True)
    assert len(set(colours)) == len(set(shapes)) == 4


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        ("holds", 1),
        ("does-not-hold", 0),
        ("undecided", 0),
        ("not-measured-yet", len(CLAIMS) - 1),
    ],
)
def test_the_address_chooses_a_verdict(choice: str, shown: int) -> None:
    report(0, [0.9, 0.9], [0.8, 0.8])
    report(1, [0.9, 0.9], [0.8, 0.8])
    opened = page(verdict=choice)
    assert len(charted(opened)) == shown
    assert opened.query_params["verdict"] in (choice, [choice])


@pytest.mark.parametrize("group", GROUPS)
def test_the_address_chooses_a_paper(group: str) -> None:
    opened = page(group=group)
    own = [name for name, claim in CLAIMS.items() if claim.group == group]
    assert sorted(charted(opened)) == sorted(own)
    assert opened.query_params["group"] in (group, [group])
    assert opened.get("button_group")[0].proto.options[0].content == f"all · {len(own)}"
    for claim in LEFT_OUT:
        assert (claim.says in texts(opened)) == (claim.group == group)


def test_nonsense_in_the_address_gives_a_one_sentence_error() -> None:
    told = [warning.value for warning in page(verdict="perhaps").warning]
    assert "it must be one of all, holds, does-not-hold, undecided, not-measured-yet" in told[0]
    (told,) = [warning.value for warning in page(claim="perhaps").warning]
    assert "it must be one of batch-faster, " in told and told.count("\n") == 0


def test_the_button_queues_only_the_missing_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bnviz.presets.available", lambda name: True)
    report(0, [0.9, 0.9], [0.8, 0.8])
    opened = page(claim="report-lenet")
    opened.button(key="run-report-lenet").click().run()
    queued = {run.id for run in Store().runs() if run.state == "queued"}
    assert queued == {spec.id for seed in (1, 2) for spec in REPORT.specs(seed)}
    assert opened.button(key="run-report-lenet").label == "Running"
    assert opened.button(key="run-report-lenet").disabled


def test_the_button_says_what_it_costs() -> None:
    specs = [spec for seed in SEEDS for spec in PRESETS["few-images"].specs(seed=seed, norm="none")]
    specs += [
        spec for seed in SEEDS for spec in PRESETS["few-images"].specs(seed=seed, norm="batch")
    ]
    assert (
        page(claim="band-on-a-sample").button(key="run-band-on-a-sample").help
        == f"Takes {asking.machine().price(specs)}."
    )
