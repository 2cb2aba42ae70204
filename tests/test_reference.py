"""The papers' digitised curves: every file is used and well formed, with the papers' values."""

import subprocess
import sys

import numpy as np
import pytest
from pandas import DataFrame

from bnviz.figures import covariate_shift, distributions, gradients, landscape, training
from bnviz.papers import reference
from bnviz.papers.reference import FOLDER, SOURCES, Networks, Source, counterpart
from bnviz.training.models import FAMILY
from bnviz.training.norms import NORMS

LP = ("batch", "l1", "l2", "linf")


def at(lr: float, *norms: str) -> Networks:
    return frozenset((norm, lr) for norm in norms)


def chosen(shows: str, family: str, networks: Networks) -> set[tuple[str, str, float]]:
    curves = counterpart(shows, family, networks)
    return set(curves[["figure", "norm", "lr"]].itertuples(index=False, name=None))


def line(curves: DataFrame, norm: str, column: str = "value") -> np.ndarray:
    return curves.loc[curves["norm"] == norm, column].to_numpy()


# The files


def test_every_file_is_a_source_once():
    assert sorted(source.file for source in SOURCES) == sorted(
        path.stem for path in FOLDER.glob("*.csv")
    )


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.file)
def test_every_file_is_used_for_some_settings(source: Source):
    kin = [
        other for other in SOURCES if (other.shows, other.figure) == (source.shows, source.figure)
    ]
    networks = {
        (c["norm"].iloc[0], c["lr"].iloc[0]) for other in kin for c in reference.curves(other)
    }
    found = counterpart(
        source.shows,
        source.family,
        frozenset((n, 0.1 if np.isnan(lr) else lr) for n, lr in networks),
    )
    for curve in reference.curves(source):
        assert len(found.merge(curve)) == len(curve)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.file)
def test_every_file_is_clean(source: Source):
    for curve in reference.curves(source):
        assert curve["norm"].iloc[0] in NORMS
        by = [name for name in ("step", "eta") if name in curve]
        assert not curve.duplicated(by).any()
        assert curve["step"].is_monotonic_increasing
        assert curve["step"].between(0, 50_100).all()
        assert curve["step"].dtype == int
        assert source.figure.startswith("2015") or (curve["step"] % 50 == 0).all()
        numbers = curve[
            [name for name in ("value", "low", "high", "distance") if name in curve]
        ].to_numpy()
        assert np.isfinite(numbers).all()
        if "low" in curve:
            assert (curve["low"] <= curve["high"]).all()
        if source.shows.endswith("accuracy"):
            assert ((numbers >= 0) & (numbers <= 1)).all()
        if source.kind == "cos":
            assert (np.abs(numbers) <= 1).all()


def test_every_source_belongs_to_a_figure_that_can_show_it():
    drawing = {
        name: part
        for file in (covariate_shift, distributions, gradients, landscape, training)
        for name, part in vars(file).items()
    }
    for source in SOURCES:
        assert "paper" in drawing[source.shows].__annotations__


def test_steps_are_rounded_to_the_grid_and_repeated_ones_averaged(monkeypatch, tmp_path):
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    (tmp_path / "made_up.csv").write_text(
        "series,step,value\nBN,101,30\nBN,-1,10\nBN,99,50\nBN,201,90\nStandard,1,20\n", "utf-8"
    )
    plain, batch = reversed(
        reference.curves(Source("made_up", "2018 v3, Fig. 0", "vgg", "training_accuracy", 0.1))
    )
    assert batch["step"].tolist() == [0, 100, 200]
    assert batch["value"].tolist() == pytest.approx([0.1, 0.4, 0.9])
    assert (plain["step"].tolist(), set(plain["norm"])) == ([0], {"none"})


# Values that can be read off the papers' figures


def test_final_test_accuracies():
    curves = counterpart(
        "test_accuracy", "vgg", at(0.1, "none", "batch") | at(0.5, "none", "batch")
    )
    final = curves[curves["step"] == 15_000].set_index(["norm", "lr"])["value"]
    assert final["batch", 0.1] == pytest.approx(0.829, abs=5e-4)
    assert final["none", 0.1] == pytest.approx(0.800, abs=5e-4)
    assert final["batch", 0.5] == pytest.approx(0.802, abs=5e-4)
    assert final["none", 0.5] == pytest.approx(0.100, abs=5e-4)
    assert (
        curves.groupby("run")["step"]
        .apply(list)
        .map(lambda steps: steps == list(range(0, 15_001, 1000)))
        .all()
    )


def test_test_accuracies_of_2015():
    curves = counterpart("test_accuracy", "mlp", at(1.0, "none", "batch"))
    for norm, step, value in (
        ("none", 10_000, 0.926),
        ("none", 44_000, 0.972),
        ("batch", 49_000, 0.982),
    ):
        own = curves[curves["norm"] == norm]
        assert np.interp(step, own["step"], own["value"]) == pytest.approx(value, abs=2e-3)


def test_effective_beta_settles_at_20_and_at_2e6():
    for family, lr, plateau in (("vgg", 0.1, 20.0), ("dln", 1e-6, 2.0e6)):
        curves = counterpart("effective_beta", family, at(lr, "none", "batch"))
        late = curves[(curves["norm"] == "batch") & (curves["step"] >= 2500)]
        assert late["value"].median() == pytest.approx(plateau, rel=0.02)


def test_the_linear_network_ends_at_the_paper_s_loss():
    curves = counterpart("training_loss", "dln", at(1e-6, "none", *LP))
    assert set(curves["figure"]) == {"2018 v3, Fig. 5b"}
    final = curves.groupby("norm")["value"].last()
    expected = {"none": 1661, "batch": 480, "l1": 97.5, "l2": 482, "linf": 986}
    assert final.to_dict() == pytest.approx(expected, rel=0.01)


def test_noise_moves_the_moments_most():
    curves = counterpart("moment_changes", "vgg", at(0.1, "none", "batch", "noisy"))
    assert set(curves["layer"]) == {2, 9, 13}
    assert set(curves["kind"]) == {"mean", "variance"}
    means = (
        curves[(curves["kind"] == "mean") & (curves["layer"] == 13)]
        .groupby("norm")["value"]
        .median()
    )
    assert means["noisy"] == pytest.approx(0.35, abs=0.01)
    assert means["noisy"] > means["none"] > means["batch"]


def test_covariate_shift_by_layer_and_rate():
    curves = counterpart("covariate_shift", "dln", at(1e-7, "none", "batch"))
    parts = set(curves[["layer", "kind"]].itertuples(index=False, name=None))
    assert parts == {(9, "ics_l2"), (9, "ics_cosine"), (17, "ics_cosine")}
    assert line(curves[curves["kind"] == "ics_cosine"], "none").min() >= 0.996
    first = (
        counterpart("covariate_shift", "vgg", at(0.1, "batch"))
        .query("layer == 5 and kind == 'ics_l2'")
        .iloc[0]
    )
    assert (first["step"], first["value"]) == (0, pytest.approx(14.7, abs=0.05))


def test_fig_11_spans_the_range_of_fig_4b_and_10b_at_its_steps():
    for family, lr, last in (("vgg", 0.1, 15_000), ("dln", 1e-6, 7_500)):
        lines = counterpart("step_sizes", family, at(lr, "none", "batch"))
        assert lines["eta"].nunique() == {"vgg": 4, "dln": 5}[family]
        assert (lines["step"].nunique(), lines["step"].max()) == (51, last)
        ends = lines.groupby(["norm", "step"])["distance"].agg(["min", "max"]).reset_index()
        bands = counterpart("gradient_predictiveness", family, at(lr, "none", "batch"))
        both = ends.merge(bands, on=["norm", "step"])
        assert len(both) == len(ends)
        np.testing.assert_allclose(both[["min", "max"]], both[["low", "high"]], rtol=0.015)


def test_percentiles_of_2015_are_nested():
    curves = counterpart("quantile_bands", "mlp", at(0.1, "none", "batch"))
    assert set(curves["layer"]) == {3}
    inside = (curves["low"] < curves["value"]) & (curves["value"] < curves["high"])
    assert inside.all()
    end = curves.groupby("norm").last()
    assert end.loc["batch", ["low", "value", "high"]].tolist() == pytest.approx(
        [-1.95, 0.02, 1.97], abs=0.03
    )


# The choice of a paper's curves for our runs


@pytest.mark.parametrize(
    ("shows", "networks", "figure"),
    [
        ("training_accuracy", at(0.1, "none", "batch"), "1a"),
        ("training_accuracy", at(0.1, "none", "batch", "noisy"), "2"),
        ("training_accuracy", at(0.1, "none", *LP), "5a"),
        ("training_accuracy", at(0.01, "none", "batch"), "3a"),
        ("training_accuracy", at(0.1, "none", "batch") | at(0.5, "none", "batch"), "1a"),
        ("loss_band", at(0.1, "none", "batch"), "4a"),
        ("loss_band", at(0.1, "none", "batch", "noisy"), "4a"),
        ("loss_band", at(0.1, "none", *LP), "12b"),
        ("effective_beta", at(0.1, "batch", "l1"), "12d"),
    ],
)
def test_the_figure_with_most_of_our_networks_is_chosen_and_the_earlier_of_equals(
    shows, networks, figure
):
    found = chosen(shows, "vgg", networks)
    assert {name for name, *_ in found} == {f"2018 v3, Fig. {figure}"}
    assert {(norm, lr) for _, norm, lr in found} == {
        (norm, lr) for norm, lr in networks if norm != "noisy" or figure == "2"
    }


def test_missing_networks_come_from_the_next_figure():
    found = chosen("training_accuracy", "vgg", at(0.1, "none", "batch", "noisy", "linf"))
    assert found == {
        *(("2018 v3, Fig. 2", norm, 0.1) for norm in ("none", "batch", "noisy")),
        ("2018 v3, Fig. 5a", "linf", 0.1),
    }


@pytest.mark.parametrize(
    ("shows", "family", "networks"),
    [
        ("training_accuracy", "vgg", at(0.02, "none", "batch")),  # another learning rate
        ("training_accuracy", "vgg", at(0.1, "noise", "layer")),  # no paper shows these networks
        ("training_accuracy", "lenet", at(0.1, "none", "batch")),
        ("training_loss", "vgg", at(0.1, "none", "batch")),
        ("loss_band", "vgg", at(1e-6, "none", "batch")),  # a learning rate of the linear network
        ("", "vgg", at(0.1, "none", "batch")),
        ("loss_band", "vgg", frozenset()),
    ],
)
def test_there_are_no_rows_without_a_counterpart(shows, family, networks):
    assert counterpart(shows, family, networks).empty


def test_curves_of_2015_fit_any_learning_rate_and_appear_once():
    curves = counterpart("test_accuracy", "mlp", at(0.1, "none") | at(1.0, "none"))
    assert curves["run"].nunique() == 1
    assert not curves.duplicated(["run", "step"]).any()


def test_families():
    models = ["vgg11", "vgg19", "dln", "mlp", "lenetr"]
    assert [FAMILY[model] for model in models] == ["vgg", "vgg", "dln", "mlp", "lenet"]
    assert {source.family for source in SOURCES} <= set(FAMILY.values())


def test_every_note_belongs_to_a_source():
    assert set(reference.NOTES) <= {(source.family, source.shows) for source in SOURCES}


def test_reading_needs_neither_streamlit_nor_torch_nor_plotly():
    heavy = "{'streamlit', 'torch', 'plotly'}"
    code = f"import sys, bnviz.papers.reference; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "set()"
