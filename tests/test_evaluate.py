"""Final weights, crops, ensembles and the command that evaluates them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.torch import load_file
from streamlit.testing.v1 import AppTest
from torchvision.transforms.v2 import functional

from bnviz import cli
from bnviz.analysis.ensembles import errors, top_error
from bnviz.figures.ensembles import lines
from bnviz.runs import predictions, weights
from bnviz.runs.estimate import estimate
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.worker import answer
from bnviz.training import transforms
from bnviz.training.crops import crops
from bnviz.training.loop import Training
from tests import oracle
from tests.conftest import tiny_spec, wait_for


def finished(**settings: object) -> Run:
    """Return a tiny run that is done and has kept its weights."""
    own = {"keep_weights": True, "probes": {"evaluation": 4}} | settings
    run = Store().submit(tiny_spec(**own))
    answer(run)
    assert run.state == "done", run.log()
    return run


@pytest.mark.parametrize(
    "settings",
    [{}, {"population": "exact"}, {"norm": "noisy"}, {"model": "inception", "width": 0.0625}],
)
def test_one_crop_gives_the_test_accuracy_of_the_run(settings: dict[str, object]) -> None:
    run = finished(**settings)
    found = weights.predict(run, 1, "cpu").float().numpy()
    labels = weights.loaded(run, "cpu")[0].task.test_targets.numpy()
    rows = run.rows(["test_accuracy"])
    assert 1 - top_error(found, labels, 1) == pytest.approx(rows["value"].iloc[-1], abs=1e-12)
    assert found.sum(1) == pytest.approx(1, abs=1e-5)


def test_the_weights_are_those_after_the_last_step() -> None:
    run = finished(momentum=0.9)
    training = Training(run.spec)
    while not training.finished:
        training.advance()
    objective, theta = weights.loaded(run, "cpu")
    assert theta.equal(training.theta)
    for name, value in training.objective.state().items():
        assert objective.state()[name].equal(value)
    kept = load_file(run.folder / weights.FILE)
    assert {"conv1.weight", "conv1.gamma", "conv1.mean"} <= set(kept)
    assert sum(kept[name].numel() for name in weights.named(objective, theta)) == len(theta)


def test_the_weights_cost_disk_and_are_kept_only_on_demand() -> None:
    asked, other = tiny_spec(keep_weights=True), tiny_spec()
    run = Store().submit(other)
    answer(run)
    assert not (run.folder / weights.FILE).exists()
    size = (finished().folder / weights.FILE).stat().st_size
    assert 0.5 * size < estimate(asked).disk - estimate(other).disk < 2 * size


def test_a_network_that_diverged_keeps_no_weights() -> None:
    run = finished(norm="none", lr=1000.0, steps=30)
    assert run.diverged_at is not None and not (run.folder / weights.FILE).exists()
    assert "diverged" in predictions.why_not(run)


def test_ten_crops_are_averaged_as_by_an_independent_network() -> None:
    run = finished(precision="float64")
    objective, theta = weights.loaded(run, "cpu")
    network, task = oracle.network(objective, theta).eval(), objective.task
    kept = load_file(run.folder / weights.FILE)
    norms = [module for module in network if isinstance(module, torch.nn.BatchNorm2d)]
    for norm, block in zip(norms, objective.blocks[:-1], strict=False):
        norm.running_mean = kept[f"{block.name}.mean"]
        norm.running_var = kept[f"{block.name}.variance"]
    images = task.test_inputs[:16].permute(0, 3, 1, 2)
    larger = functional.resize(images, [37, 37])
    views = functional.ten_crop(larger, [32, 32])
    with torch.no_grad():
        seen = [network(task.prepared(view.permute(0, 2, 3, 1))).softmax(1) for view in views]
    ours = weights.predict(run, 10, "cpu")[:16]
    assert ours.numpy() == pytest.approx(torch.stack(seen).mean(0).numpy(), abs=1e-10)


def test_the_crops_of_a_square_image_stand_for_all_144() -> None:
    image = torch.randint(0, 256, (1, 16, 16, 3), dtype=torch.uint8)
    ours = torch.stack([crop.double() for crop in crops(image, 144)])
    every = []
    for side in (18, 21, 23, 25):  # 16 · 256 / 224, and so on
        larger = functional.resize(image.permute(0, 3, 1, 2), [side, side])
        for _ in ("left", "middle", "right"):
            every += [*functional.ten_crop(larger, [16, 16])]
            whole = functional.resize(image.permute(0, 3, 1, 2), [16, 16])
            every += [whole, functional.horizontal_flip(whole)]
    assert len(ours) == 48 and len(every) == 144
    mean = torch.stack([view.permute(0, 2, 3, 1).double() for view in every]).mean(0)
    assert torch.allclose(ours.mean(0), mean)


PROBABILITIES = arrays.arrays(np.float64, (5, 4), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))


@given(PROBABILITIES, st.lists(st.integers(0, 3), min_size=5, max_size=5), st.integers(1, 3))
def test_the_top_errors_are_those_of_sorting(found: np.ndarray, labels: list[int], k: int) -> None:
    best = np.argsort(-found, axis=1, kind="stable")[:, :k]
    wrong = [label not in row for label, row in zip(labels, best, strict=True)]
    assert top_error(found, np.array(labels, np.uint8), k) == pytest.approx(np.mean(wrong))


def test_numbers_that_are_not_finite_name_no_class() -> None:
    assert top_error(np.array([[np.nan, 0.0], [1.0, 0.0]]), np.array([0, 0]), 1) == 0.5


def test_an_ensemble_averages_probabilities() -> None:
    one, other = np.array([[0.6, 0.4], [0.1, 0.9]]), np.array([[0.3, 0.7], [0.2, 0.8]])
    table = errors({1: [one, other]}, np.array([1, 1]), [1])
    assert table[1].tolist() == [0.5, 0.0, 0.0]
    assert [line[0] for line in lines(table, ["a", "b"], [1])[:4]] == [
        "",
        "a",
        "b",
        "ensemble of 2",
    ]
    assert len(errors({1: [one]}, np.array([1, 1]), [1])) == 1


def test_the_command_prints_single_networks_crops_the_ensemble_and_the_paper(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = [finished(seed=seed, batch=250) for seed in (0, 1)]
    command = ["evaluate", *(run.id for run in runs), "--crops", "10", "--top", "1,5"]
    cli.main(command)
    first, told = capsys.readouterr()
    assert told.count("predicting") == 4
    assert [line.split()[0] for line in first.splitlines()] == [
        "crops", runs[0].id, runs[1].id, "ensemble", runs[0].id, runs[1].id, "ensemble",
        "2015,", "2015,", "2015,",
    ]  # fmt: skip
    assert "25.2%" in first and "7.82%" in first
    (runs[0].folder / "predictions-10.safetensors").write_bytes(b"damaged")
    cli.main(command)
    again, told = capsys.readouterr()
    assert again == first and told.count("predicting") == 1


def test_runs_that_cannot_be_evaluated_get_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            cli.main(["evaluate", *arguments])
        assert ended.value.code == 2
        return capsys.readouterr().err

    run = finished()
    plain = Store().submit(tiny_spec(probes={}))
    answer(plain)
    waiting = Store().submit(tiny_spec(keep_weights=True, seed=9))
    digits = finished(model="mlp", data="mnist-sample", batch=60)
    assert "kept no weights: compute it again with --keep-weights" in refused(plain.id)
    assert "is queued" in refused(waiting.id)
    assert "cifar10-sample and mnist-sample: choose runs on one data set" in refused(
        run.id, digits.id
    )
    assert "from 1 to 9" in refused(run.id, "--top", "1,12")
    assert "choose from" in refused(run.id, "--crops", "5")
    assert "classifies no images" in refused(linear().id)
    (run.folder / weights.FILE).write_bytes(b"damaged")
    assert f"the weights of run {run.id} cannot be read" in refused(run.id)
    (run.folder / weights.FILE).unlink()
    assert "are not in its folder" in refused(run.id)


def linear() -> Run:
    """Return a run that learns a linear map."""
    run = Store().submit(
        tiny_spec(model="dln", data="gaussian", width=1.0, batch=1000, depth=2, steps=1, lr=1e-6)
    )
    answer(run)
    return run


CHANGES = ("resized_crop", "flip", "photometric")


@pytest.mark.parametrize("change", CHANGES)
def test_images_are_changed_one_by_one_and_alike_again(change: str) -> None:
    spec = tiny_spec(**{change: True})
    one = torch.arange(32 * 32 * 3).remainder(251).to(torch.uint8).view(1, 32, 32, 3)
    images = one.expand(16, -1, -1, -1)
    state = torch.get_rng_state()
    found = transforms.changed(images, spec, 3)
    assert torch.get_rng_state().equal(state)  # nothing else draws other numbers
    assert found.shape == images.shape and found.dtype == torch.uint8
    assert found.equal(transforms.changed(images, spec, 3))
    assert not found.equal(transforms.changed(images, spec, 4))
    assert len(found.flatten(1).unique(dim=0)) == (2 if change == "flip" else 16)


def test_the_changes_are_those_of_the_settings() -> None:
    assert not transforms.wanted(tiny_spec(augment=True))
    flipped = Training(tiny_spec(flip=True)).objective.task
    plain = Training(tiny_spec()).objective.task
    before, after = plain.batch(0), flipped.batch(0)
    assert before.targets.equal(after.targets)
    for x, y in zip(before.inputs, after.inputs, strict=True):
        assert y.equal(x) or y.equal(x.flip(-1))
    assert all(word in tiny_spec(**dict.fromkeys(CHANGES, True)).regime() for word in (
        "random resized crops", "random flips", "photometric distortion",
    ))  # fmt: skip


def test_the_first_images_of_the_test_set_are_never_changed(tmp_path: Path) -> None:
    plain, changed = (
        Training(tiny_spec(**dict.fromkeys(names, True))).objective.task for names in ((), CHANGES)
    )
    assert next(plain.test_batches()).inputs.equal(next(changed.test_batches()).inputs)


def page_part() -> None:
    """Draw the section on crops and ensembles. Streamlit runs this function's source."""
    from bnviz.ui import ensembles
    from tests.conftest import tiny_spec

    ensembles.section([tiny_spec()])


def test_the_page_evaluates_the_runs_that_have_kept_their_weights() -> None:
    opened = AppTest.from_function(page_part, default_timeout=120).run()
    assert "No finished run here has kept its weights" in opened.info[0].value
    runs = [finished(seed=seed, probes={}, batch=250) for seed in (0, 1)]
    opened.run()
    assert {*opened.multiselect(key="ensemble").value} == {run.id for run in runs}
    (evaluate,) = [button for button in opened.button if button.label.startswith("Evaluate (about")]
    evaluate.click().run()
    kept = [(run, crops) for run in runs for crops in (1, 10)]
    wait_for(
        lambda: all(predictions.kept(run, crops) is not None for run, crops in kept),
        "the evaluation does not end",
    )
    wait_for(lambda: not opened.run().info, "the evaluation does not end")
    assert not opened.exception and not opened.error
    (table,) = [each.value for each in opened.markdown if "| --:" in each.value]
    assert "vgg11, batch, seed 1 | 10 |" in table and "ensemble of 2 | 10 |" in table
    assert "2015, Fig. 4" in table
    opened.multiselect(key="ensemble").set_value([]).run()
    assert "at least one network" in opened.info[0].value
