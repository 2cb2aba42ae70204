"""The singular values of layer Jacobians, against networks of torch.nn and NumPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from bnviz.claims import evidence
from bnviz.training.loop import Moment
from bnviz.training.probes import jacobian
from tests import oracle
from tests.conftest import tiny_spec
from tests.test_probes import frame, moment


def maps(at: Moment) -> dict[str, nn.Sequential]:
    """Return F of every pair: from the input of a layer's ReLU to that of the next layer's."""
    network = list(oracle.network(at.objective, at.theta))
    starts = [nth for nth, module in enumerate(network) if isinstance(module, nn.ReLU)]
    spans = zip(at.objective.blocks[1:-1], starts, starts[1:], strict=False)
    return {block.name: nn.Sequential(*network[here:there]) for block, here, there in spans}


@pytest.mark.parametrize("norm", ["none", "batch", "noisy"])
def test_the_singular_values_are_those_of_an_independent_jacobian(norm: str) -> None:
    at = moment(norm=norm, width=1 / 32, batch=8)
    rows, independent = frame(jacobian.measure(at)), maps(at)
    pairs = jacobian.pairs(at.spec)
    assert {second.name for _, second in pairs} == set(rows["layer"]) and len(pairs) > 2
    for first, second in pairs:
        x = at.activations[first.name]
        whole = torch.autograd.functional.jacobian(independent[second.name], x)
        blocks = whole.reshape(len(x), np.prod(second.output), len(x), np.prod(first.output))
        values = [
            np.linalg.svd(blocks[n, :, n].numpy(), compute_uv=False)
            for n in range(jacobian.EXAMPLES)
        ]
        found = rows[rows["layer"] == second.name].set_index("at")["value"]
        wanted = np.quantile(np.concatenate(values), at.spec.quantiles)
        assert found[list(at.spec.quantiles)].to_numpy() == pytest.approx(wanted, abs=1e-9)


def test_large_layers_and_joins_of_branches_are_left_out() -> None:
    assert jacobian.pairs(tiny_spec(width=1.0)) == []
    branched = jacobian.pairs(tiny_spec(model="resnet20", width=1 / 16))
    assert all(first.name == second.reads[0] for first, second in branched)


@pytest.mark.parametrize("model", ["mlp", "resnet20", "inception"])
def test_the_rows_are_as_many_as_estimated(model: str) -> None:
    data = {"data": "mnist-sample"} if model == "mlp" else {}
    at = moment(model=model, width=1 / 16, **data)
    assert len(frame(jacobian.measure(at))) == jacobian.rows(at.spec, 1)


def test_the_claim_averages_medians_over_layers_and_late_steps() -> None:
    rows = pd.DataFrame(
        [
            ("r", "batch", 0.1, 0, step, "jacobian_quantile", layer, None, level, value)
            for step, layer, level, value in [
                (0, "fc2", 0.5, 100.0),
                (10, "fc2", 0.5, 1.0),
                (10, "fc3", 0.5, 4.0),
                (10, "fc3", 1.0, 50.0),
            ]
        ],
        columns=[*("run", "norm", "lr", "seed", "step", "metric", "layer", "unit", "at", "value")],
    )
    assert evidence.stretch(5)(rows).to_dict() == {"batch": {0: pytest.approx(2.0)}}
    assert evidence.distance_from_one(5)(rows)["batch"][0] == pytest.approx(np.log(2))
