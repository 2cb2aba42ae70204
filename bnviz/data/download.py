"""Downloads of published files."""

import http.client
from collections.abc import Iterable
from pathlib import Path


def download(addresses: Iterable[str], path: Path, md5: str) -> None:
    """Download a file from the first address that has it, showing the progress; OSError names all that failed."""
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
