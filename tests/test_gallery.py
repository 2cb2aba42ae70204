"""The shipped runs: which they are, how small they are, and that rebuilding changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from bnviz import paths
from bnviz.presets import PRESETS
from bnviz.runs import gallery
from bnviz.runs.engines.inline import Inline
from bnviz.runs.run import Run, read_spec
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from tests.conftest import ALL_PROBES, tiny_spec

ORDER = ["metric", "layer", "unit", "step", "at", "value"]


@pytest.fixture
def runs() -> list[Run]:
    """Return two finished tiny runs."""
    made = [Store().submit(tiny_spec(norm=norm, probes=ALL_PROBES)) for norm in ("none", "batch")]
    for run in made:
        Inline().start(run)
    return made


SMALLEST = 2.0**-149  # in single precision; what is smaller is stored as 0


def test_a_compact_run_is_the_same_run_in_single_precision(runs: list[Run], tmp_path: Path) -> None:
    gallery.write(runs, tmp_path / "gallery")
    for run in runs:
        copy = Run(tmp_path / "gallery" / run.id)
        assert (copy.state, copy.spec, copy.diverged_at) == ("done", run.spec, run.diverged_at)
        ours, theirs = (
            frame.sort_values(ORDER[:-1], ignore_index=True) for frame in (run.rows(), copy.rows())
        )
        exact = ours["metric"].str.startswith(gallery.EXACT)
        assert exact.any() and not exact.all()
        assert_frame_equal(ours[exact], theirs[exact])
        assert_frame_equal(
            ours[["step", "metric", "layer", "unit"]], theirs[["step", "metric", "layer", "unit"]]
        )
        np.testing.assert_allclose(theirs["value"], ours["value"], rtol=2**-24, atol=SMALLEST)
        settings = ours["metric"] != "activation_histogram"
        # Step sizes are labels and keep their exact value.
        assert (ours["at"][settings].fillna(-1) == theirs["at"][settings].fillna(-1)).all()
        assert sum(f.stat().st_size for f in copy.folder.rglob("*") if f.is_file()) < sum(
            part.stat().st_size for part in run.parts()
        )


@pytest.mark.parametrize(
    ("count", "kept"),
    [(15, [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56]), (3, [0, 28, 56])],
)
def test_the_histograms_that_ship_are_some_of_those_that_the_ridges_show(
    count: int, kept: list[int]
) -> None:
    steps = np.arange(0, 57, 2)
    rows = pd.DataFrame({"metric": "activation_histogram", "step": np.repeat(steps, 9)})
    rows = pd.concat([rows, pd.DataFrame({"metric": "train_loss", "step": steps})])
    thinned = gallery.thinned(rows, count)
    assert len(thinned[thinned["metric"] == "train_loss"]) == len(steps)
    histograms = thinned[thinned["metric"] == "activation_histogram"]
    assert sorted(histograms["step"].unique()) == kept and len(histograms) == 9 * len(kept)


def test_a_gallery_is_written_completely_and_only_if_it_is_small_enough(
    runs, tmp_path, monkeypatch
) -> None:
    folder = tmp_path / "gallery"
    gallery.write(runs, folder)
    before = sorted(path.name for path in folder.iterdir())
    gallery.write(runs[:1], folder)
    assert {path.name for path in folder.iterdir()} == {"README.md", runs[0].id}
    gallery.write(runs, folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    monkeypatch.setattr(gallery, "LIMIT", 1000)
    with pytest.raises(gallery.GalleryError, match="at most"):
        gallery.write(runs[:1], folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".gallery")] == []


def test_finished_runs_are_not_computed_again(runs: list[Run]) -> None:
    assert [run.id for run in gallery.compute([run.spec for run in runs], Store())] == [
        run.id for run in runs
    ]


def test_a_run_that_fails_gives_a_one_sentence_error(monkeypatch) -> None:
    def supervise(store, engine):
        for run in store.runs():
            run.write("error.txt", "The disk is full.\nTraceback")
        return True

    monkeypatch.setattr("bnviz.runs.supervisor.supervise", supervise)
    with pytest.raises(gallery.GalleryError, match="failed: The disk is full"):
        gallery.compute([tiny_spec(seed=7)], Store())


def test_a_shipped_run_stores_every_setting() -> None:
    for folder in filter(Path.is_dir, paths.GALLERY.iterdir()):
        told = json.loads((folder / "spec.json").read_text("utf-8"))["spec"]
        assert set(told) == set(RunSpec.model_fields), folder.name


def default(name: str, value: Any) -> None:
    """Change the default of a setting, as another version of bnviz might."""
    RunSpec.model_fields[name].default = value
    RunSpec.model_rebuild(force=True)
    read_spec.cache_clear()


@pytest.fixture
def another_default() -> Iterator[None]:
    """Make 0.9 the default of `averaging` during the test."""
    before = RunSpec().averaging
    default("averaging", 0.9)
    yield
    default("averaging", before)


def test_a_shipped_run_is_not_used_for_settings_with_another_default(another_default) -> None:
    spec = gallery.plan(gpu=False)[0]
    assert spec.averaging == 0.9 and (paths.GALLERY / spec.id).exists()
    before = {
        file: file.read_bytes() for file in (paths.GALLERY / spec.id).rglob("*") if file.is_file()
    }
    assert not Store().run(spec.id).readable
    assert spec.id not in {run.id for run in Store().all_runs()}
    assert Store().submit(spec).state == "queued"
    assert before == {
        file: file.read_bytes() for file in (paths.GALLERY / spec.id).rglob("*") if file.is_file()
    }


def test_the_shipped_gallery_has_the_planned_runs() -> None:
    planned = {spec.id: spec for spec in gallery.plan(gpu=False)}
    there = {folder.name for folder in paths.GALLERY.iterdir() if folder.is_dir()}
    assert there == set(planned)
    size = sum(file.stat().st_size for file in paths.GALLERY.rglob("*") if file.is_file())
    assert size <= gallery.LIMIT
    for id, spec in planned.items():
        run = Run(paths.GALLERY / id)
        assert run.state == "done" and run.spec == spec
        assert {"device", "seconds", "versions"} <= set(run.meta()) and "pid" not in run.meta()
    told = (paths.GALLERY / "README.md").read_text("utf-8")
    assert all(spec.regime() in told for spec in planned.values())


def test_the_gpu_plan_has_the_paper_s_scale_with_three_seeds() -> None:
    more = {spec.id for spec in gallery.plan(gpu=True)} - {
        spec.id for spec in gallery.plan(gpu=False)
    }
    assert more == {spec.id for seed in range(3) for spec in PRESETS["paper"].specs(seed=seed)}


@pytest.mark.parametrize("seed", PRESETS["quick"].ships)
def test_quick_shows_the_order_that_its_summary_promises(seed: int) -> None:
    specs = {spec.norm: spec for spec in PRESETS["quick"].specs(seed=seed)}
    rows = {norm: Run(paths.GALLERY / spec.id).rows() for norm, spec in specs.items()}

    def learned(norm: str) -> float:
        accuracy = rows[norm][rows[norm]["metric"] == "train_accuracy"]
        return float(accuracy.loc[accuracy["step"] >= 150, "value"].mean())

    def width(norm: str) -> float:
        losses = rows[norm][rows[norm]["metric"] == "loss_along"].groupby("step")["value"]
        return float((losses.max() - losses.min()).mean())

    assert learned("batch") > learned("noisy") > learned("none")
    assert width("none") > 1.5 * width("batch") and width("none") > 1.5 * width("noisy")
