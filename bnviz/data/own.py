"""The data sets that a reader has imported from a folder of images.

Such a set is called NAME@HASH. The hash covers its size, its classes and the digests of its arrays,
and a run's id covers the name: the run belongs to exactly these images. The facts are in a file
beside the images, NAME@HASH.json. A bundle carries them too, so that its runs can be looked at
without the images.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import UserDict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bnviz.data.source import Source
from bnviz.paths import data_folder

NAME = r"[a-z][a-z0-9_-]{0,31}"
NAME_IN_WORDS = (
    "1 to 32 of the characters a to z, 0 to 9, - and _, and begins with a letter, like flowers"
)
FULL_NAME = re.compile(f"{NAME}@[0-9a-f]{{12}}")
SIDES = (8, 512)  # pixels
MOST_CLASSES = 10_000
RECENT_NS = 2 * 10**9  # a folder may change twice within one time stamp, which is as coarse as this
LONGEST_CLASS = 100  # characters of the name of a class

_met: dict[Path, Source] = {}  # by the file of the facts, which never change


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable")
    return text


Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Class = Annotated[str, Field(min_length=1, max_length=LONGEST_CLASS), AfterValidator(_printable)]


class Facts(BaseModel):
    """What is known of a set without its images; pydantic's ValidationError if it cannot be."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=f"^{NAME}$")]
    side: Annotated[int, Field(ge=SIDES[0], le=SIDES[1])]  # pixels of the square RGB images
    classes: Annotated[tuple[Class, ...], Field(min_length=2, max_length=MOST_CLASSES)]
    train_count: Annotated[int, Field(ge=2, lt=2**31)]
    test_count: Annotated[int, Field(ge=1, lt=2**31)]
    digests: Annotated[tuple[Digest, ...], Field(min_length=4, max_length=4)]  # as in Source

    @classmethod
    def of(cls, source: Source) -> Self:
        """Return the facts of one of the reader's own data sets."""
        facts = {
            "name": source.name.partition("@")[0],
            "side": source.shape[1],
            "classes": source.classes,
            "train_count": source.train_count,
            "test_count": source.test_count,
            "digests": source.digests,
        }
        return cls.model_validate(facts)

    def source(self) -> Source:
        """Return the data set, with its full name."""
        content = json.dumps(self.model_dump(mode="json", exclude={"name"}), sort_keys=True)
        full = f"{self.name}@{hashlib.sha256(content.encode()).hexdigest()[:12]}"
        count = f"{self.train_count:,} + {self.test_count:,} images"
        return Source(
            name=full,
            label=f"{full} ({count} of {len(self.classes):,} classes)",
            shape=(3, self.side, self.side),
            classes=self.classes,
            train_count=self.train_count,
            test_count=self.test_count,
            digests=self.digests,
            own=True,
        )


class Sources(UserDict[str, Source]):
    """The published data sets, followed by the reader's own in the data folder.

    The list of the latter is read again only when that folder has changed.
    """

    def __missing__(self, name: str) -> Source:
        if (source := find(name)) is None:
            raise KeyError(name)
        return source

    def __contains__(self, name: object) -> bool:
        return name in self.data or (isinstance(name, str) and find(name) is not None)

    def __iter__(self) -> Iterator[str]:
        yield from self.data
        yield from names()

    def __len__(self) -> int:
        return len(self.data) + len(names())


def find(name: str) -> Source | None:
    """Return the reader's own data set with this full name; None if its facts are not here."""
    if not FULL_NAME.fullmatch(name):
        return None
    path = facts_file(name)
    if path not in _met:
        try:
            source = Facts.model_validate_json(path.read_bytes()).source()
        except (OSError, ValueError):
            return None
        if source.name != name:  # the file was changed
            return None
        _met[path] = source
    return _met[path]


def meet(source: Source) -> None:
    """Let this process use a set whose facts are not in the data folder yet."""
    _met.setdefault(facts_file(source.name), source)


def names() -> tuple[str, ...]:
    """Return the full names of the reader's own sets in the data folder, in alphabetical order."""
    try:
        folder = data_folder()
        changed_ns = folder.stat().st_mtime_ns
        if time.time_ns() - changed_ns < RECENT_NS:
            _listed.cache_clear()
        return _listed(folder, changed_ns)
    except OSError:
        return ()


@lru_cache(maxsize=8)
def _listed(folder: Path, _changed_ns: int) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*@*.json") if find(path.stem)))


def facts_file(name: str) -> Path:
    """Return the file that holds the facts of one of the reader's own data sets."""
    return data_folder() / f"{name}.json"
