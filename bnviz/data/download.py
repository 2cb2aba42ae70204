"""Download published files."""

import http.client
from collections.abc import Iterable
from pathlib import Path


def download(addresses: Iterable[str], path: Path, md5: str) -> None:
    """Download a file to `path` from the first address that works, and show the progress.

    Raises OSError if all addresses fail; the message lists each of them with its error.
    """
    from torchvision.datasets.utils import download_url  # type: ignore[import-untyped]

    problems = []
    for address in addresses:
        try:
            download_url(address, path.parent, path.name, md5)
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            problems.append(f"{address} could not be downloaded ({error})")
        else:
            return
    raise OSError(" and ".join(problems))
