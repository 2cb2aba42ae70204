"""The page Learning rates: its numbers, its figures and its choices."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.analysis import rates
from bnviz.claims import evidence_rates
from bnviz.figures.rates import PUBLISHED, say_table
from bnviz.presets import PRESETS
from bnviz.presets.ioffe_2015 import RATES, named
from tests.pages import page

BASELINE = "Inception"


def curves(**accuracies: list[float]) -> pd.DataFrame:
    """Return the curves of one seed, measured every ten steps; underscores stand for hyphens."""
    return pd.DataFrame(
        [
            (name, "none", 0.1, 0, name.replace("_", "-"), 10 * place, value)
            for name, values in accuracies.items()
            for place, value in enumerate(values)
        ],
        columns=["run", "norm", "lr", "seed", "label", "step", "value"],
    )


def test_the_speed_up_counts_steps_to_the_best_accuracy_of_the_baseline() -> None:
    found = rates.summary(
        curves(Inception=[0.1, 0.3, 0.5, 0.7, 0.6], fast=[0.1, 0.8, 0.9, 0.2], slow=[0.1, 0.6]),
        BASELINE,
    ).set_index("label")
    assert found["best"].to_dict() == {"Inception": 0.7, "fast": 0.9, "slow": 0.6}
    assert found["at"].to_dict() == {"Inception": 30, "fast": 20, "slow": 10}
    assert found["reached"]["fast"] == 10 and math.isnan(found["reached"]["slow"])
    assert found["speed_up"]["Inception"] == 1 and found["speed_up"]["fast"] == 3
    assert math.isnan(found["speed_up"]["slow"])


def test_without_the_baseline_there_is_no_speed_up() -> None:
    found = rates.summary(curves(fast=[0.1, 0.8]), BASELINE)
    assert found["best"].tolist() == [0.8]
    assert found[["reached", "speed_up"]].isna().all(axis=None)


def test_seeds_are_compared_with_the_baseline_of_their_own() -> None:
    both = [curves(Inception=[0.1, best], fast=[0.1, 0.4, 0.8]) for best in (0.4, 0.8)]
    both = [each.assign(seed=seed, run=each["run"] + str(seed)) for seed, each in enumerate(both)]
    found = rates.summary(pd.concat(both, ignore_index=True), BASELINE)
    assert found[found["label"] == "fast"]["reached"].tolist() == [10, 20]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.lists(st.floats(0, 1), min_size=1))
def test_a_better_network_reaches_the_baseline_s_best(one: list[float], other: list[float]) -> None:
    found = rates.summary(curves(Inception=one, other=other), BASELINE).set_index("label")
    assert (found["best"]["other"] >= found["best"]["Inception"]) == (
        not math.isnan(found["reached"]["other"])
    )
    assert found["reached"]["Inception"] == found["at"]["Inception"]


def test_a_diverged_network_keeps_its_best_accuracy_so_far() -> None:
    found = rates.summary(curves(Inception=[0.1, 0.5, math.nan]), BASELINE)
    assert found["best"].tolist() == [0.5] and found["at"].tolist() == [10]


def rows_of(**accuracies: list[float]) -> pd.DataFrame:
    """Return rows of one seed, measured every ten steps; networks differ in norm and rate."""
    return pd.DataFrame(
        [
            (name, name, float(place), 0, 10 * step, "test_accuracy", None, None, None, value)
            for place, (name, values) in enumerate(accuracies.items())
            for step, value in enumerate(values)
        ],
        columns=[
            *("run", "norm", "lr", "seed", "step", "metric", "layer", "unit", "at", "value"),
        ],
    ).astype({"run": "category", "norm": "category", "metric": "category", "layer": "category"})


def test_the_evidence_agrees_with_the_page() -> None:
    rows = rows_of(none=[0.1, 0.3, 0.5, 0.7, 0.6], batch=[0.1, 0.8, 0.9, 0.2])
    assert evidence_rates.best()(rows).to_dict("list") == {"none": [0.7], "batch": [0.9]}
    assert evidence_rates.first_best()(rows).to_dict("list") == {"none": [30], "batch": [20]}
    assert evidence_rates.speed_up("batch", "none")(rows).to_dict() == {0: 3}
    assert evidence_rates.speed_up("none", "batch")(rows).to_dict() == {0: 0}  # it never gets there


def test_two_rates_are_compared_by_their_steps_to_the_baseline_s_best() -> None:
    rows = rows_of(a=[0.1, 0.2, 0.3, 0.5], b=[0.1, 0.6], c=[0.1, 0.1, 0.6], d=[0.1, 0.1])
    assert evidence_rates.relative_speed(1.0, 2.0, 0.0)(rows).to_dict() == {0: 2}
    assert evidence_rates.relative_speed(1.0, 3.0, 0.0)(rows).to_dict() == {}


@pytest.mark.parametrize(("loss", "share"), [(math.inf, 100), (math.nan, 100), (2.3, 0)])
def test_a_network_has_diverged_if_its_last_loss_is_not_finite(loss: float, share: int) -> None:
    rows = rows_of(none=[2.3, loss]).assign(metric="train_loss")
    assert evidence_rates.diverged("none")(rows).to_dict() == {0: share}


def test_the_paper_s_speed_ups() -> None:
    found = {label: round(each.speed_up, 1) for label, each in PUBLISHED.items()}
    assert found["BN-x5"] == 14.8 and found["BN-Baseline"] == 2.3 and found["BN-x30"] == 11.5
    assert math.isnan(found["BN-x5-Sigmoid"])


def test_the_table_has_a_line_a_network_and_the_paper_s_numbers() -> None:
    numbers = rates.summary(curves(Inception=[0.1, 0.5], BN_x5=[0.7, 0.7]), BASELINE)
    lines = say_table(numbers).splitlines()
    assert lines[-2] == "| Inception | 10 (31.0 M) | 50.0% (72.2%) | 10 |"
    assert lines[-1] == "| BN-x5 | 0 (2.1 M) | 70.0% (73.0%) | 0 |"
    assert say_table(numbers[:0]) == ""


@pytest.mark.parametrize("preset", RATES, ids=lambda preset: preset.name)
def test_a_run_of_any_seed_has_the_paper_s_name(preset) -> None:
    for seed in (0, 7):
        assert [named(spec) for spec in preset.specs(seed=seed)] == [preset.label]
    assert named(PRESETS["quick"].specs()[0]) == ""


def test_the_page_offers_all_networks_and_keeps_the_choice_in_the_address() -> None:
    opened = page("classics/learning_rates")
    assert not opened.exception
    pills = next(group for group in opened.button_group if group.key == "rates")
    assert pills.options == [preset.label for preset in RATES]
    assert opened.session_state["rates"] == [preset.name for preset in RATES]
    opened = page("classics/learning_rates", rates="inception,bn-x5", seed="1")
    assert opened.session_state["rates"] == ["inception", "bn-x5"]
    assert opened.query_params["rates"] in ("inception,bn-x5", ["inception,bn-x5"])


def test_an_unknown_network_in_the_address_gets_a_sentence() -> None:
    opened = page("classics/learning_rates", rates="resnet")
    (said,) = [warning.value for warning in opened.warning if "rates" in warning.value]
    assert "it takes some of inception, bn-baseline" in said.replace("\\", "")


@pytest.mark.parametrize("seed", ["-5", "2147483648", "1.5", "0, many"])
def test_a_wrong_seed_in_the_address_gets_a_sentence(seed: str) -> None:
    opened = page("classics/learning_rates", seed=seed)
    assert not opened.exception
    assert [warning.value for warning in opened.warning if "seed" in warning.value]
    assert opened.session_state["seed"] == "0"
