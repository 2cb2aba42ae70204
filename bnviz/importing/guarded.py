"""A guard for zip files from elsewhere."""

import os
from io import FileIO
from pathlib import Path


class TooMuch(ValueError):
    """A zip's table of contents is too large; the text is one clause for the reader."""


class Guarded(FileIO):
    """A file that hands out little at once: zipfile reads a table of contents whole, however long it claims to be."""

    def __init__(self, file: Path | int, most: int) -> None:
        super().__init__(file)
        self.most = most

    def read(self, size: int | None = -1, /) -> bytes:
        """Like FileIO's, at most `most` bytes; TooMuch for more."""
        rest = os.fstat(self.fileno()).st_size - self.tell()
        if (rest if size is None or size < 0 else min(size, rest)) > self.most:
            raise TooMuch(f"its table of contents is larger than {self.most / 2**20:.0f} MB")
        return super().read(size) or b""
