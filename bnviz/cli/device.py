"""The option that chooses the device to compute on."""

from __future__ import annotations

import argparse

from bnviz.runs import devices


def device_option(command: argparse.ArgumentParser) -> None:
    """Add --device, the device to compute on."""
    words = f"auto, cpu, cuda:N or mps; by default ${devices.VARIABLE}, or else auto: a CUDA GPU, "
    command.add_argument(
        "--device", default=devices.chosen(), metavar="NAME", help=f"{words}or the CPU without one"
    )
