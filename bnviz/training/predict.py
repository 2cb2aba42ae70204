"""What a trained network predicts for the test images, averaged over crops (2015, Sec. 4.2.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from bnviz.training.crops import crops
from bnviz.training.objective import Objective
from bnviz.training.probes.evaluation import evaluating
from bnviz.training.vectors import wide


def probabilities(objective: Objective, theta: Tensor, count: int) -> Tensor:
    """Return the mean of the predicted probabilities over `count` crops of each test image.

    The result is (test images, classes), in the type to sum in. The network is evaluated with
    population statistics, as for the test accuracy.
    """
    task, views = objective.task, objective.views(theta)
    found = []
    with torch.no_grad(), evaluating(objective, views):
        for images in task.test_inputs.split(objective.spec.batch):
            seen = [
                wide(objective.outputs(views, task.prepared(crop), training=False)).softmax(1)
                for crop in crops(images, count)
            ]
            found.append(torch.stack(seen).mean(0))
    return torch.cat(found)
