"""Tensors in a safetensors file, with some facts and a digest that reveals damage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import safe_open


def packed(tensors: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> bytes:
    """Return the content of a file with these tensors and facts."""
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    told = {**about, "digest": digest(whole)}
    return safetensors.torch.save(whole, metadata={"run": json.dumps(told)})


def unpacked(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return the facts and the tensors in a file; a damaged file raises any kind of exception."""
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["run"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if about.get("digest", whole := digest(tensors)) != whole:  # earlier versions wrote none
        raise ValueError("its numbers have changed")
    return about, tensors


def digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return a hash of the tensors' values, as hexadecimal text."""
    told = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        told.update(tensors[name].cpu().reshape(-1).view(torch.uint8).numpy().data)
    return told.hexdigest()
