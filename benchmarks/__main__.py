"""Measure what bnviz costs, against plain code and against bare passes.

python -m benchmarks [--device NAME]   prints a table in Markdown, in some minutes on a CPU
python -m benchmarks --gpu             prints more, in ten minutes on a CUDA GPU

A pass is a forward and a backward pass of the same network in torch.nn. All parts of a line are
timed in turns, ROUNDS times, in one process; the table has medians. On a CPU one thread computes,
and only this process's time counts. `python -m benchmarks.viewers` measures thirty viewers.
"""

from __future__ import annotations

import argparse
import sys

import torch

from benchmarks import gpu, overheads, probes, scaling
from benchmarks.lines import HEAD
from bnviz.runs import devices


def main() -> None:
    """Print the table line by line."""
    options = argparse.ArgumentParser(prog="python -m benchmarks")
    options.add_argument("--device", default=devices.chosen())
    options.add_argument("--gpu", action="store_true")
    chosen = options.parse_args()
    devices.choose(chosen.device)
    torch.set_num_threads(1)
    device = devices.device()
    if chosen.gpu and not device.startswith("cuda"):
        sys.exit("--gpu needs a CUDA GPU, and there is none here.")
    print(f"On {devices.described(device)}, torch {torch.__version__}:\n\n{HEAD}", flush=True)
    for part in (probes.lines(device), scaling.lines(device), overheads.lines()):
        for line in part:
            print(line, flush=True)
    if chosen.gpu:
        for line in gpu.lines(device):
            print(line, flush=True)
        print("\n" + " ".join(gpu.kernels(device, model) for model in ("vgg11", "vgg16")))


if __name__ == "__main__":
    main()
