"""The small JSON files of a run, checked: meta.json holds Facts, done.json an Outcome."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Count = Annotated[int, Field(ge=0, lt=10**15)]
Amount = Annotated[float, Field(ge=0, lt=1e15, allow_inf_nan=False)]


class Card(BaseModel):
    """The memory of a GPU, in bytes, and when it was measured, in seconds since 1970."""

    model_config = ConfigDict(strict=True)

    free: Count
    total: Count
    at: Amount


class Facts(BaseModel):
    """How far a run is, and where and when it is computed. Every fact may be missing."""

    model_config = ConfigDict(strict=True)

    step: Count = 0  # training steps made
    steps: Count = 0  # training steps in all
    saved: Count = 0  # step of the last checkpoint
    seconds: Amount = 0.0  # of computing, over all attempts
    started: Amount = 0.0  # seconds since 1970
    device: str = ""
    threads: Count = 1
    pid: Count = 0
    versions: dict[str, Any] = {}
    imported: bool = False
    alone: bool = False  # it ran out of the device's memory, and is tried again without others
    card: Card | None = None  # the GPU after the first steps; None if it is on another device
    graphs: str = ""  # on a GPU: "CUDA graphs", or why passes are not replayed
    at_once: bool | None = None  # on a GPU: whether all step sizes are computed at once


class Outcome(BaseModel):
    """The result of a finished run: the step at which its loss stopped being finite, if any."""

    model_config = ConfigDict(strict=True)

    diverged_at: Count | None = None


def valid_part(model: type[BaseModel], told: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the fields that the model knows and accepts, and the names of those it refuses."""
    try:
        return model.model_validate(told).model_dump(exclude_unset=True), []
    except ValidationError as problem:
        wrong = [str(error["loc"][0]) for error in problem.errors()]
    right = {name: value for name, value in told.items() if name not in wrong}
    return model.model_validate(right).model_dump(exclude_unset=True), wrong
