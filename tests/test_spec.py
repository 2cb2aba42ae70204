"""A question has one id however it is written, and a wrong one is refused in one sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.models import MODELS
from bnviz.norms import NORMS
from bnviz.presets import PRESETS
from bnviz.probes import PROBES
from bnviz.spec import RunSpec, SpecError


def test_the_id_does_not_see_how_a_question_is_written():
    plain = RunSpec.of(lr=1, hidden=(256,), probes={"landscape": 10, "accuracy": 1})
    other = RunSpec.of(probes={"accuracy": 1, "landscape": 10}, hidden=[256], lr=1.0, norm="batch", seed=0)
    assert plain.id == other.id == RunSpec.of(**json.loads(plain.model_dump_json())).id
    assert len({plain.id, RunSpec.of(lr=2).id, RunSpec.of(seed=1).id, RunSpec().id}) == 4


def test_a_field_at_its_default_is_not_hashed_so_that_new_fields_keep_old_ids():
    assert RunSpec().canonical() == {}
    assert RunSpec(lr=0.5).canonical() == {"lr": 0.5}


def test_a_raised_version_changes_the_id_of_those_who_use_it(monkeypatch):
    batch, plain = RunSpec(norm="batch").id, RunSpec(norm="none").id
    monkeypatch.setattr(NORMS["batch"], "version", 2)
    assert RunSpec(norm="batch").id != batch
    monkeypatch.setattr(PROBES["landscape"], "VERSION", 2, raising=False)
    assert RunSpec(norm="none").id == plain
    assert RunSpec(norm="none", probes={"landscape": 5}).canonical()["versions"] == {"landscape": 2}


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({"norm": "bach"}, "norm must be one of none, batch, noisy, noise, l1, l2, linf, got 'bach'"),
        ({"model": "vgg12"}, "model must be one of vgg11, vgg13, vgg16, vgg19, got 'vgg12'"),
        ({"data": "cifar11"}, "data must be one of cifar10, cifar10-sample, got 'cifar11'"),
        ({"steps": -3}, "steps must be greater than or equal to 1, got -3"),
        ({"steps": 2.5}, "steps must be a valid integer"),
        ({"lr": float("nan")}, "lr must be a finite number"),
        ({"lr": float("inf")}, "lr must be"),
        ({"width": 0.001}, "leaves no channel in a layer of 64; choose a width of at least 0.016"),
        ({"probes": {"curvature": 3}}, "probes must be one of accuracy, activations"),
        ({"probes": {"landscape": 0}}, "probes landscape must be greater than or equal to 1, got 0"),
        ({"batch": 4001, "data": "cifar10-sample"}, "batch must be at most 4000"),
        ({"step_sizes": ()}, "step_sizes"),
        ({"step_sizes": (1, 1)}, "step_sizes must name each value once"),
        ({"speed": 3}, "unknown knob 'speed'; the knobs are model, width"),
        ({"init": "zeros"}, "init must be 'glorot_uniform', 'glorot_normal' or 'he_normal'"),
        ({"seed": "abc"}, "seed must be a valid integer"),
        ({"hidden": "512"}, "hidden must be a valid tuple"),
    ],
)
def test_a_wrong_knob_is_refused_in_one_sentence_that_names_the_valid_choices(knobs, says):
    with pytest.raises(SpecError) as refused:
        RunSpec.of(**knobs)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@given(
    name=st.sampled_from(list(RunSpec.model_fields)),
    value=st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.lists(st.text())),
)
def test_any_value_is_either_a_question_or_one_sentence(name, value):
    try:
        spec = RunSpec.of(**{name: value})
    except SpecError as refused:
        assert 0 < len(str(refused)) < 500  # noqa: PT017
    else:
        assert RunSpec.of(**json.loads(spec.model_dump_json())).id == spec.id


def test_every_network_fits_32_x_32_images():
    for model in MODELS:
        blocks = RunSpec(model=model, width=0.25).blocks()
        assert [block.name for block in blocks if block.kernel][-1] == f"conv{len(blocks) - 2}"
        assert [block.name for block in blocks][-2:] == [f"fc{len(blocks) - 1}", f"fc{len(blocks)}"]
        assert blocks[-3].pooled == (128, 1, 1)
        assert blocks[-1].output == (10,)
        assert [block.normalised for block in blocks] == [True] * (len(blocks) - 2) + [False, False]
    assert [len(RunSpec(model=model).blocks()) for model in ("vgg11", "vgg13", "vgg16", "vgg19")] == [10, 12, 15, 18]


def test_presets_compare_the_normalisation_alone():
    for preset in PRESETS.values():
        specs = preset.specs()
        assert [spec.norm for spec in specs] == ["none", "batch", "noisy"]
        assert len({spec.model_copy(update={"norm": "none"}).id for spec in specs}) == 1
        assert set(specs[0].probes) == set(PROBES)


def test_preset_ids_are_pinned():
    """An id that moves loses every reader's finished runs: raise a version on purpose, never by accident."""
    ids = {f"{preset.name} {spec.norm}": spec.id for preset in PRESETS.values() for spec in preset.specs()}
    assert ids == PINNED


PINNED = {
    "quick none": "960e75b597171956",
    "quick batch": "5a8d36d71029e1c5",
    "quick noisy": "ae41bd5c117925e9",
    "class none": "7ed695de85dce204",
    "class batch": "5b0eda708aa851bc",
    "class noisy": "724d5829840dd5b7",
    "paper none": "7374624e7b320527",
    "paper batch": "b36999839a3dea2b",
    "paper noisy": "b6ac80a1d68541e1",
}
