"""Networks with branches: what a part reads, and Definition 2.1 where a layer has siblings."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, cross_entropy, linear, max_pool2d

from bnviz.runs import estimate
from bnviz.spec import RunSpec
from bnviz.training import models
from bnviz.training.loop import Moment, Training
from bnviz.training.models.block import Block, Network, Operation, Shape, ancestors, wired
from bnviz.training.objective import Objective
from bnviz.training.probes import covariate_shift, read
from tests.conftest import ALL_PROBES, tiny_spec
from tests.test_probes import moment

SIDE = (4, 32, 32)


def forked(spec: RunSpec, image: Shape, outputs: int) -> Network:
    """Return a stem, two branches that are added, a pooled copy beside them, and the outputs."""
    return (
        Block("conv1", image, SIDE, 3, 1),
        Block("conv2", SIDE, SIDE, 3, 1),
        Block("conv3", SIDE, (2, 16, 16), 3, 1, stride=2, activation=None),
        Block("conv4", SIDE, (4, 16, 16), 1, stride=2, activation=None, reads=("conv1",)),
        Operation("add1", "add", (4, 16, 16), ("conv3", "conv4"), activation="relu"),
        Operation("max1", "max", (4, 16, 16), ("conv1",), kernel=3, stride=2, padding=1),
        Operation("average1", "average", (4, 16, 16), kernel=3, stride=1, padding=1),
        Operation("concatenate1", "concatenate", (8, 16, 16), ("add1", "average1")),
        Operation("mean1", "mean", (8, 1, 1)),
        Block("fc5", (8, 1, 1), (outputs,), normalised=False, activation=None),
    )


NAMES = ("conv1", "conv2", "conv3", "conv4", "fc5")


def by_hand(weights: dict[str, Tensor], biases: dict[str, Tensor], x: Tensor) -> Tensor:
    """Return the outputs of `forked` without normalisation."""

    def conv(name: str, x: Tensor, stride: int = 1) -> Tensor:
        padding = weights[name].shape[-1] // 2
        return conv2d(x, weights[name], biases[name], stride, padding)

    stem = conv("conv1", x).relu()
    narrow = conv("conv3", conv("conv2", stem).relu(), 2)
    added = (conv("conv4", stem, 2) + torch.cat([narrow, torch.zeros_like(narrow)], 1)).relu()
    pooled = max_pool2d(stem, 3, 2, 1)
    there = avg_pool2d(torch.ones_like(pooled), 3, 1, 1)  # the share of a window inside the image
    joined = torch.cat([added, avg_pool2d(pooled, 3, 1, 1) / there], 1)
    return linear(joined.mean((2, 3)), weights["fc5"], biases["fc5"])


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the network in the menu."""
    monkeypatch.setitem(models.MODELS, "forked", forked)
    monkeypatch.setitem(models.FAMILY, "forked", "vgg")


def split(objective: Objective, theta: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the weights and the biases by layer."""
    views = objective.views(theta)
    weights, biases = ({name: views[name][kind] for name in views} for kind in ("weight", "bias"))
    return weights, biases


def test_a_network_in_a_row_reads_the_block_before():
    network = RunSpec().network()
    assert network == RunSpec().blocks()
    before = ["input", *(block.name for block in network[:-1])]
    assert [block.reads for block in network] == [(name,) for name in before]


def test_the_ancestors_of_a_part_are_what_its_input_depends_on():
    found = ancestors(wired(forked(RunSpec(), (3, 32, 32), 10)))
    assert found["conv1"] == {"input"}
    assert found["conv3"] == {"input", "conv1", "conv2"}
    assert found["conv4"] == {"input", "conv1"}
    assert found["average1"] == {"input", "conv1", "max1"}
    assert found["fc5"] >= {*NAMES[:-1], "add1", "average1", "concatenate1", "mean1"}


def test_outputs_and_gradient_are_those_of_the_network_written_by_hand():
    at = moment(model="forked", norm="none", batch=4)
    theta = at.theta.clone().requires_grad_()
    outputs = by_hand(*split(at.objective, theta), at.batch.inputs)
    torch.testing.assert_close(at.evaluation.outputs, outputs.detach())
    (gradient,) = torch.autograd.grad(cross_entropy(outputs, at.batch.targets), theta)
    torch.testing.assert_close(at.evaluation.gradient, gradient, rtol=1e-9, atol=1e-12)


def shift(at: Moment, layer: str, moved: tuple[str, ...]) -> float:
    """Return ‖G − G'‖ of a layer if the layers `moved` have made their update."""
    present, updated = (split(at.objective, theta) for theta in (at.theta, at.theta_next))
    gradients = []
    for updates in ((), moved):
        weights, biases = (
            {name: (new if name in updates else old)[name].clone() for name in NAMES}
            for old, new in zip(present, updated, strict=True)
        )
        weight = weights[layer].requires_grad_()
        loss = cross_entropy(by_hand(weights, biases, at.batch.inputs), at.batch.targets)
        gradients.append(torch.autograd.grad(loss, weight)[0])
    return float((gradients[0] - gradients[1]).norm())


def test_covariate_shift_updates_the_ancestors_and_no_layer_of_a_parallel_branch():
    at = moment(model="forked", norm="none", batch=4)
    ours = {row.layer: row.value for row in read(covariate_shift.measure(at)) if "l2" in row.metric}
    before = {"conv1": (), "conv2": ("conv1",), "conv3": ("conv1", "conv2"), "conv4": ("conv1",)}
    before["fc5"] = NAMES[:-1]
    assert ours == pytest.approx({name: shift(at, name, before[name]) for name in NAMES}, abs=1e-12)
    assert ours["conv4"] != pytest.approx(shift(at, "conv4", ("conv1", "conv2", "conv3")), rel=1e-3)
    assert ours["conv3"] != pytest.approx(shift(at, "conv3", ("conv1", "conv2", "conv4")), rel=1e-3)


def test_operations_are_no_layers_to_the_probes():
    spec = tiny_spec(model="forked", batch=4, steps=3, probes=dict.fromkeys(ALL_PROBES, 1))
    training = Training(spec)
    while not training.finished:
        training.advance()
    rows = training.fetch()
    assert {row.layer for row in rows} - {None} == set(NAMES)
    assert {row.layer for row in rows if row.metric == "activation_mean"} == set(NAMES[:-1])
    assert len(rows) == sum(estimate.rows_of(name, spec) for name in spec.probes)
