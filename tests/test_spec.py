"""The settings of a run: one id however they are written, one sentence per error."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz import spec
from bnviz.data import SOURCES
from bnviz.presets import PRESETS
from bnviz.spec import RunSpec, SpecError
from bnviz.training import models
from bnviz.training.models import MODELS
from bnviz.training.norms import NORMS
from bnviz.training.probes import PROBES


def test_the_id_does_not_depend_on_how_settings_are_written():
    plain = RunSpec.of(lr=1, hidden=(256,), probes={"landscape": 10, "accuracy": 1})
    other = RunSpec.of(
        probes={"accuracy": 1, "landscape": 10}, hidden=[256], lr=1.0, norm="batch", seed=0
    )
    assert plain.id == other.id == RunSpec.of(**json.loads(plain.model_dump_json())).id
    assert len({plain.id, RunSpec.of(lr=2).id, RunSpec.of(seed=1).id, RunSpec().id}) == 4


def test_defaults_are_not_hashed_so_that_new_fields_keep_old_ids():
    assert RunSpec().canonical() == {}
    assert RunSpec(lr=0.5).canonical() == {"lr": 0.5}


def test_a_raised_version_changes_the_ids_of_runs_that_use_the_part(monkeypatch):
    batch, plain = RunSpec(norm="batch").id, RunSpec(norm="none").id
    monkeypatch.setattr(NORMS["batch"], "version", 2)
    assert RunSpec(norm="batch").id != batch
    monkeypatch.setattr(PROBES["landscape"], "VERSION", 2, raising=False)
    assert RunSpec(norm="none").id == plain
    assert RunSpec(norm="none", probes={"landscape": 5}).canonical()["versions"] == {"landscape": 2}


@pytest.mark.parametrize("part", ["loop", "loss"])
def test_a_raised_version_of_the_training_changes_every_id(monkeypatch, part):
    before = RunSpec().id
    monkeypatch.setitem(spec.VERSIONS, part, 2)
    assert RunSpec().canonical() == {"versions": {part: 2}}
    assert RunSpec().id != before


def test_a_raised_version_of_a_network_or_data_set_changes_the_ids_of_its_runs(
    monkeypatch,
):
    monkeypatch.setattr(models._FILES["lenet"], "VERSION", 2, raising=False)
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], version=2))
    assert RunSpec().canonical() == {}
    assert RunSpec(model="lenet", data="mnist").canonical()["versions"] == {"lenet": 2, "mnist": 2}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"norm": "bach"}, f"norm must be one of {', '.join(NORMS)}, got 'bach'"),
        ({"model": "vgg12"}, f"model must be one of {', '.join(MODELS)}, got 'vgg12'"),
        ({"data": "cifar11"}, f"data must be one of {', '.join(SOURCES)}, got 'cifar11'"),
        ({"steps": -3}, "steps must be a whole number from 1 to 1,000,000, got -3"),
        ({"steps": 2.5}, "steps must be a whole number from 1 to 1,000,000, got 2.5"),
        ({"lr": float("nan")}, "lr must be a number above 0 and at most 1,000, got nan"),
        ({"lr": float("inf")}, "lr must be"),
        (
            {"width": 0.001},
            "width 0.001 leaves no channel in a layer of 64; choose a width of at least 0.016",
        ),
        ({"probes": {"curve": 3}}, "probes must be one of accuracy, activations"),
        (
            {"probes": {"landscape": 0}},
            "probes landscape must be a whole number of at least 1, got 0",
        ),
        ({"batch": 4001, "data": "cifar10-sample"}, "batch must be at most 4000"),
        ({"step_sizes": ()}, "step_sizes"),
        ({"step_sizes": (1, 1)}, "step_sizes must name each value once"),
        ({"speed": 3}, "unknown setting 'speed'; the settings are model, width"),
        (
            {"init": "zeros"},
            "init must be one of glorot_uniform, glorot_normal, he_normal, gaussian, got 'zeros'",
        ),
        (
            {"optimizer": "lbfgs"},
            "optimizer must be one of sgd, adadelta, adam, adamw, got 'lbfgs'",
        ),
        (
            {"schedule": "exponential"},
            "schedule must be one of constant, step, cosine, got 'exponential'",
        ),
        ({"decay": 0}, "decay must be a number above 0 and at most 1, got 0"),
        ({"decay_every": 0}, "decay_every must be a whole number from 1 to 1,000,000, got 0"),
        ({"warmup": -1}, "warmup must be a whole number from 0 to 1,000,000, got -1"),
        ({"weight_decay": -1}, "weight_decay must be a number from 0 to 10, got -1"),
        ({"depth": 1}, "depth must be a whole number from 2 to 200, got 1"),
        ({"groups": 0}, "groups must be a whole number from 1 to 4,096, got 0"),
        ({"pixels": "grey"}, "pixels must be one of standardised, binary, got 'grey'"),
        ({"init_std": 0}, "init_std must be a number above 0 and at most 10, got 0"),
        ({"loss_factor": -1}, "loss_factor must be a number above 0 and at most 1,000,000, got -1"),
        ({"surface_grid": 2}, "surface_grid must be a whole number from 3 to 101, got 2"),
        ({"surface_along": "south"}, "surface_along must be one of gradient, random, got 'south'"),
        (
            {"surface_extent": 0},
            "surface_extent must be a number above 0 and at most 1,000,000, got 0",
        ),
        ({"theory_units": 0}, "theory_units must be a whole number from 1 to 4,096, got 0"),
        (
            {"data": "mnist-sample"},
            "model vgg11 needs images of at least 32 × 32 pixels, but mnist-sample's are 28 × 28",
        ),
        (
            {"model": "lenet", "data": "gaussian"},
            "model lenet needs images of at least 12 × 12 pixels, but gaussian has no images",
        ),
        (
            {"norm": "instance", "model": "mlp"},
            "norm instance needs more than one value per example to average over, and fc1",
        ),
        ({"seed": "abc"}, "seed must be a whole number of at least 0 and below 2,147,483,648"),
        (
            {"hidden": "512"},
            "hidden must be a list, each value a whole number from 1 to 8,192, got '512'",
        ),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence_that_names_the_valid_choices(chosen, says):
    with pytest.raises(SpecError) as refused:
        RunSpec.of(**chosen)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, 10**5000, ["x" * 10_000] * 1000, {"x" * 10_000: 1}, "\x1b\n" * 5000],
    ids=["text", "number", "list", "map", "control characters"],
)
@pytest.mark.parametrize(
    "knob", ["lr", "norm", "seed", "hidden", "optimizer", "augment", "probes", "y" * 99]
)
def test_a_refusal_quotes_no_more_of_a_value_than_fits_a_line(knob, value):
    with pytest.raises(SpecError) as refused:
        RunSpec.of(**{knob: value})
    assert len(str(refused.value)) < 700 and str(refused.value).isprintable()


def test_a_refusal_names_the_setting_so_that_a_page_can_write_its_label():
    with pytest.raises(SpecError) as refused:
        RunSpec.of(step_sizes=[0.5, "far"])
    assert refused.value.knob == "step_sizes"
    assert str(refused.value) == "step_sizes must be a number from 1e-06 to 1,000,000, got 'far'"


@given(
    name=st.sampled_from(list(RunSpec.model_fields)),
    value=st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.lists(st.text())),
)
def test_any_value_is_accepted_or_refused_in_one_sentence(name, value):
    try:
        spec = RunSpec.of(**{name: value})
    except SpecError as refused:
        sentence = str(refused)
    else:
        assert RunSpec.of(**json.loads(spec.model_dump_json())).id == spec.id
        return
    assert 0 < len(sentence) < 500


def test_every_vgg_fits_32_x_32_images():
    for model in (name for name in MODELS if name.startswith("vgg")):
        blocks = RunSpec(model=model, width=0.25).blocks()
        assert [block.name for block in blocks if block.kernel][-1] == f"conv{len(blocks) - 2}"
        assert [block.name for block in blocks][-2:] == [f"fc{len(blocks) - 1}", f"fc{len(blocks)}"]
        assert blocks[-3].pooled == (128, 1, 1)
        assert blocks[-1].output == (10,)
        assert [block.normalised for block in blocks] == [True] * (len(blocks) - 2) + [False, False]
    assert [
        len(RunSpec(model=model).blocks()) for model in ("vgg11", "vgg13", "vgg16", "vgg19")
    ] == [10, 12, 15, 18]


def test_mlp_lenet_and_the_deep_linear_network_have_the_shapes_of_their_papers():
    def shapes(**chosen):
        return [
            (block.name, block.weight, block.activation) for block in RunSpec.of(**chosen).blocks()
        ]

    sigmoid = [
        ("fc1", (100, 784), "sigmoid"),
        *((f"fc{n}", (100, 100), "sigmoid") for n in (2, 3)),
        ("fc4", (10, 100), None),
    ]
    assert shapes(model="mlp", data="mnist-sample") == sigmoid
    lenet = [
        ("conv1", (6, 1, 5, 5)),
        ("conv2", (16, 6, 5, 5)),
        ("fc3", (120, 400)),
        ("fc4", (84, 120)),
        ("fc5", (10, 84)),
    ]
    for model, activation in (("lenet", "sigmoid"), ("lenetr", "relu")):
        assert shapes(model=model, data="mnist-sample") == [
            (*layer, activation) for layer in lenet[:-1]
        ] + [(*lenet[-1], None)]
    linear = shapes(model="dln", data="gaussian", batch=10)
    assert linear == [(f"fc{n}", (10, 10), None) for n in range(1, 26)]
    wide = RunSpec.of(model="dln", data="gaussian", depth=3, width=2, norm_output=True).blocks()
    assert [block.weight for block in wide] == [(20, 10), (20, 20), (10, 20)]
    assert all(block.normalised for block in wide)
    assert [
        block.normalised for block in RunSpec.of(model="mlp", data="mnist-sample").blocks()
    ] == [True] * 3 + [False]


def test_presets_compare_only_normalisations_and_learning_rates():
    for preset in PRESETS.values():
        specs = preset.specs()
        assert {(spec.lr, spec.norm) for spec in specs} == {
            (lr, n) for lr in preset.learning_rates for n in preset.norms
        }
        assert len({spec.model_copy(update={"norm": "none", "lr": 1.0}).id for spec in specs}) == 1


def test_the_main_comparison_measures_the_same_at_every_scale():
    for name in ("quick", "class", "paper"):
        assert list(PRESETS[name].norms) == ["none", "batch", "noisy"]
        assert set(PRESETS[name].knobs["probes"]) == {
            "accuracy",
            "activations",
            "covariate_shift",
            "evaluation",
            "landscape",
        }


def test_preset_ids_are_pinned():
    """A changed id makes every reader lose finished runs.

    Change ids only on purpose, by raising a version.
    """
    assert {
        preset.name: " ".join(spec.id for spec in preset.specs()) for preset in PRESETS.values()
    } == PINNED


PINNED = {
    "quick": "78b4d948f68b0bf7 4a15a89b45d81c7a 57969cd70b9c1447",
    "class": "eb9968533587bdf5 d43adb164f3136ba 4a6b872372ea852b",
    "deep": "f1f2f77167f139fa 2f2193efba0be208 f80d0068aed8c8dc",
    "noise-alone": "3ebee52689dcaeb4 2968cb1a9c39246e",
    "augmented": "67b0810144e105fe 3d62233ee30191f4",
    "momentum": "5cf6ff0b9deb2542 08115dab8dcc66b0",
    "few-images": "ff7feb932a9bea8a 6f49028d3e77aa0d 56c4c33c68a46605",
    "fine-steps": "60e95218092e778b 0ea0b12d9e323813",
    "paper": "a21565e6a11fd479 97775442f1bcaba9 5750209559cf99a9",
    "fig1": "f1f2f77167f139fa 2f2193efba0be208 fb1eaf599f549997 bde8d2cbfd573978",
    "fig2": "f1f2f77167f139fa 2f2193efba0be208 f80d0068aed8c8dc",
    "fig3a": "f1f2f77167f139fa 2f2193efba0be208 5be03a01e56fa043 4fe2bcfa7cdc36f6",
    "fig3b": "d5a4bbe401defed6 3e7bae1f885cc498 1dfe196ff298f410 7f30876fcedce9f8",
    "fig4": "f1f2f77167f139fa 2f2193efba0be208",
    "fig5a": "f1f2f77167f139fa 2f2193efba0be208 ad502c83a57d10a7 6c923c3c13087886 9c9a37e0c8cc3104",
    "fig5b": "d5a4bbe401defed6 3e7bae1f885cc498 88c3c6333ca34e64 f186d93bc1f7372e 9a4bc6952304af7f",
    "fig6": "f1f2f77167f139fa 2f2193efba0be208 ad502c83a57d10a7 6c923c3c13087886 9c9a37e0c8cc3104",
    "fig8": "f1f2f77167f139fa 2f2193efba0be208 f80d0068aed8c8dc",
    "fig9": "d5a4bbe401defed6 3e7bae1f885cc498",
    "fig10": "d5a4bbe401defed6 3e7bae1f885cc498",
    "fig11a": "f1f2f77167f139fa 2f2193efba0be208",
    "fig11b": "d5a4bbe401defed6 3e7bae1f885cc498",
    "fig12": "f1f2f77167f139fa 2f2193efba0be208 ad502c83a57d10a7 6c923c3c13087886 9c9a37e0c8cc3104",
    "fig13": "d5a4bbe401defed6 3e7bae1f885cc498 88c3c6333ca34e64 f186d93bc1f7372e 9a4bc6952304af7f",
    "mnist": "b912444f3e2e6220 88c102191f42891b",
    "mnist-quick": "11141a78ea4dbae1 d8eb3b95e6087318",
    "mnist-jacobians": "438d55991bf8e8b7 847d6274926f305a",
    "liu-mlp": "990c52ac1f22b57b ea991352400eaec8",
    "liu-lenet": "affb4dcae264ee04 00b42e39ffc2a399",
    "liu-lenetr": "70f11de2fd0422a2 c60b381a865da6b4",
    "lenet-quick": "29a50438f5e7bda4 65cbd19c930e603b",
    "inception": "6092530aeb5e0e30",
    "bn-baseline": "7f2c5925c52fb3fd",
    "bn-x5": "7ec52e50aa5e1e3b",
    "bn-x30": "45b2af2828e10a8c",
    "bn-x5-sigmoid": "0f3191c7ffcf749b",
    "inception-sigmoid": "cbc2cc377d0fc085",
    "inception-x5": "aee7f57f8b03bfd2",
    "theory-mlp": "c8692e0620a21fde 09e4fce2587f2c65",
    "theory-dln": "f87a38c8ed5ad883 963a2a00b55d7925",
    "theory-vgg": "305269b758456463 5be34051b98dae74",
    "surface": "4e17dfa410516022 92655dad11208fd1",
    "surface-filters": "c7182f467b5306da 25066d5dca0a2a2b",
    "surface-residual": "8d8f85f6d9887ef3 3ac3ff99042b0ea5",
    "surface-plain": "850e2754bdfa5ef5 a37024ab2c333313",
    "surface-dln": "da0ae254985df2c3 2d50a6dde41a5ab0",
    "vgg": "f1f2f77167f139fa 2f2193efba0be208",
    "dln": "d5a4bbe401defed6 3e7bae1f885cc498",
}
