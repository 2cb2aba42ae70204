"""Limits on what runs may cost. Whoever runs bnviz sets them in limits.toml in the cache.

A line looks like `hours = 12`. The environment variable BNVIZ_LIMITS_HOURS=12 does the same and
overrides the file. The limits hold for every page, link and command.
"""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bnviz.paths import cache

FILE = "limits.toml"
PREFIX = "BNVIZ_LIMITS_"


class Limits(BaseSettings):
    """The limits, with their defaults."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    steps: int = Field(1_000_000, ge=1, description="Training steps of a run.")
    rows: int = Field(50_000_000, ge=1, description="Rows that a run measures.")
    memory_share: float = Field(
        0.85, gt=0, le=1, description="The share of the machine's memory that all runs may use."
    )
    disk_gigabytes: float = Field(50.0, gt=0, description="What one run may write.")
    ask_minutes: float = Field(
        10.0, ge=0, description="Runs that take longer are confirmed before they start."
    )
    hours: float = Field(
        1000.0, gt=0, description="A run that would take longer on one core is refused."
    )
    wall_hours: float = Field(
        2000.0, gt=0, description="A run that has computed for so long is stopped."
    )
    waiting: int = Field(
        200, ge=1, description="Runs that one reader of the pages may have queued or running."
    )
    checkpoint_seconds: float = Field(10.0, ge=0, description="Time between two checkpoints.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then the file."""
        return env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file())


def file() -> Path:
    """Return the file that sets the limits; it need not exist."""
    return cache() / FILE


def limits() -> Limits:
    """Return the current limits, or the defaults if they cannot be read; see `problem`."""
    return _read()[0]


def problem() -> str:
    """Return why the limits cannot be read, or "" if they can. Until then no run starts."""
    return _read()[1]


def _read() -> tuple[Limits, str]:
    given = tuple(sorted(item for item in os.environ.items() if item[0].startswith(PREFIX)))
    try:
        changed = file().stat().st_mtime_ns
    except OSError:  # there is none
        changed = 0
    return _limits(file(), changed, given)


@lru_cache(maxsize=8)
def _limits(path: Path, _changed: int, _given: tuple[tuple[str, str], ...]) -> tuple[Limits, str]:
    """Return the limits and what is wrong with them; new arguments make it read them again."""
    try:
        return Limits(), ""
    except ValidationError as wrong:
        told = refused(path, wrong)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        told = f"{path} cannot be read ({wrong}); a line of it is like hours = 12"
    return Limits.model_construct(), told


def refused(path: Path, wrong: ValidationError) -> str:
    """Return the first problem with the limits in one sentence."""
    first = wrong.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if name not in Limits.model_fields:
        return f"{path}: {name} is no limit; choose among {', '.join(Limits.model_fields)}"
    return f"the limit {name} in {path} or {PREFIX}{name.upper()} is wrong: {first['msg'].lower()}"
