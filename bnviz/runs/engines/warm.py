"""Imported once by the fork server, to save each worker the first second of its work."""

import torch

import bnviz.runs.worker  # noqa: F401  torch, and everything that training needs
from bnviz.training.task import pixel_statistics

torch.optim.SGD([torch.zeros(1)], lr=1.0)  # loads a second's worth of modules when first called
pixel_statistics("cifar10-sample")  # decodes the images
