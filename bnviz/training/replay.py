"""Record a computation once, and replay it with other numbers: CUDA graphs.

A pass of a small network launches hundreds of kernels, and a GPU waits for most of them. A graph
launches all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

Tensors = tuple[Tensor, ...]
Function = Callable[..., Tensors]
WARM_UP = 3  # calls before the recording, in which libraries choose and allocate


class Recording(Protocol):
    """A recorded computation on tensors of fixed shapes."""

    def __call__(self, *inputs: Tensor) -> Tensors:
        """Return what the function returns for these inputs, in tensors of its own."""


class CudaGraph:
    """A function recorded as a CUDA graph, which reads and writes the same memory at every replay.

    What else the function reads, such as the noise, must be in the same memory at every call, and
    what it writes, such as batch statistics, must be written in place.
    """

    def __init__(self, function: Function, inputs: Sequence[Tensor]) -> None:
        self.device = inputs[0].device
        self.inputs = [tensor.clone() for tensor in inputs]
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self.device):
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(WARM_UP):
                    function(*self.inputs)
            torch.cuda.current_stream().wait_stream(aside)
            with torch.cuda.graph(self.graph):
                self.outputs = function(*self.inputs)

    def __call__(self, *inputs: Tensor) -> Tensors:
        for held, given in zip(self.inputs, inputs, strict=True):
            held.copy_(given)
        with torch.cuda.device(self.device):
            self.graph.replay()
        return tuple(output.clone() for output in self.outputs)


class Replay:
    """A function of tensors that is recorded for each combination of shapes, and then replayed.

    If it cannot be recorded, it is called as it is, and `problem` says why.
    """

    def __init__(
        self, function: Function, record: Callable[[Function, Sequence[Tensor]], Recording]
    ) -> None:
        self.function, self.record = function, record
        self.recordings: dict[tuple[torch.Size, ...], Recording] = {}
        self.problem = ""

    def __call__(self, *inputs: Tensor) -> Tensors:
        """Return what the function returns for these inputs."""
        shapes = tuple(tensor.shape for tensor in inputs)
        if shapes not in self.recordings and not self.problem:
            try:
                self.recordings[shapes] = self.record(self.function, inputs)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as problem:
                self.problem = (str(problem).splitlines() or ["no message"])[0]
        if self.problem:
            return self.function(*inputs)
        return self.recordings[shapes](*inputs)
