"""The precisions of a run: which numbers are coarse, and which are not."""

from __future__ import annotations

import pytest
import torch

from bnviz.figures import PANELS, precision
from bnviz.training.loop import Training
from bnviz.training.norms import NORMS
from tests.conftest import ALL_PROBES, tiny_spec


def trained(precision: str, norm: str = "batch", **settings: object) -> Training:
    training = Training(tiny_spec(precision=precision, norm=norm, steps=2, **settings))
    training.advance()
    return training


@pytest.mark.parametrize("norm", NORMS)
def test_bfloat16_is_near_float32_and_differs(norm: str) -> None:
    coarse, exact = trained("bfloat16", norm), trained("float32", norm)
    assert coarse.theta.dtype == torch.float32
    batch = exact.objective.task.batch(1)
    one, other = (each.objective.evaluate(exact.theta, batch) for each in (coarse, exact))
    assert one.loss != other.loss
    torch.testing.assert_close(one.loss, other.loss, rtol=0.1, atol=0)
    assert all(part.dtype == torch.float32 for part in one)


def test_bfloat16_rounds_products_as_torch_does() -> None:
    """A network without hidden layers: the product of two matrices, rounded to bfloat16."""
    training = Training(
        tiny_spec(model="dln", depth=2, width=1, data="gaussian", norm="none", precision="bfloat16")
    )
    objective, batch = training.objective, training.objective.task.batch(0)
    views = objective.views(training.theta)
    x = batch.inputs
    for block in objective.blocks:
        weight, bias = views[block.name]["weight"], views[block.name]["bias"]
        x = torch.nn.functional.linear(x.bfloat16(), weight.bfloat16(), bias.bfloat16())
    assert torch.equal(objective.outputs(views, batch.inputs), x.float())


def test_every_probe_measures_in_bfloat16() -> None:
    probes = dict.fromkeys(ALL_PROBES, 1)
    exact, coarse = (trained(name, probes=probes).fetch() for name in ("float32", "bfloat16"))
    assert [row[:4] for row in exact] == [row[:4] for row in coarse]


@pytest.mark.parametrize(("precision", "allowed"), [("tf32", True), ("float32", False)])
def test_only_tf32_allows_a_gpu_to_round_products(precision: str, allowed: bool) -> None:
    trained(precision)
    assert torch.backends.cudnn.allow_tf32 is allowed
    assert torch.backends.cuda.matmul.allow_tf32 is allowed


def test_on_a_cpu_tf32_is_float32() -> None:
    one, other = trained("tf32").fetch(), trained("float32").fetch()
    assert one == other


def test_a_figure_says_how_far_a_coarse_precision_moves_its_numbers() -> None:
    accuracy, exact = PANELS["training-accuracy"], tiny_spec()
    coarse, on_a_gpu = (tiny_spec(precision=name) for name in ("bfloat16", "tf32"))
    assert precision.said(accuracy, [exact]) == ""
    assert precision.said(accuracy, [exact, coarse]) == (
        "In bfloat16, half of these numbers differ from those in float32 by less than 0.53% of "
        "their size, and nine in ten by less than 2.6%."
    )
    assert precision.said(accuracy, [on_a_gpu]) == (
        "How far tf32 moves these numbers is not measured."
    )
    assert "not measured" in precision.said(PANELS["test-accuracy"], [coarse])
