"""Limit how much zipfile reads of an untrusted zip's table of contents."""

import os
from io import FileIO
from pathlib import Path


class TooMuch(ValueError):
    """A zip's table of contents is too large; the message is one clause for the reader."""


class Guarded(FileIO):
    """A file that refuses to hand out more than `most` bytes in one read.

    zipfile reads a zip's table of contents in one go, however long the file claims it to be.
    """

    def __init__(self, file: Path | int, most: int) -> None:
        super().__init__(file)
        self.most = most

    def read(self, size: int | None = -1, /) -> bytes:
        """Read like FileIO; TooMuch if that would return more than `most` bytes."""
        rest = os.fstat(self.fileno()).st_size - self.tell()
        if (rest if size is None or size < 0 else min(size, rest)) > self.most:
            raise TooMuch(f"its table of contents is larger than {self.most / 2**20:.0f} MB")
        return super().read(size) or b""
