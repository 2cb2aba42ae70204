"""How published data comes in, from the copy that somebody has or from the network. Start at search.py.

A copy is recognised by its content: containers.py yields the files of a folder or an archive, formats.py the images and
labels in a file, copies.py puts them into the published order, and their digests decide.
"""

import shutil
from pathlib import Path

from bnviz import data
from bnviz.data import DataError
from bnviz.importing.search import Search


def import_path(path: Path) -> list[str]:
    """Store every data set that a file or folder holds a true copy of, however it is packed, and return their names.

    Raises DataError where there is none, and where the data folder cannot be written.
    """
    originals = [source for source in data.SOURCES.values() if source.original]
    if not path.exists():
        choices = ", or ".join(source.archives for source in originals)
        raise DataError(f"{path} does not exist: give {choices}")
    search = Search(path, originals)
    whole = search.whole
    if not whole:
        raise DataError(search.refusal())
    for copy in whole:
        data.store(copy.source.name, copy.arrays())
    return [copy.source.name for copy in whole]


def fetch(name: str) -> None:
    """Download and store a data set, showing the progress; DataError where that fails."""
    source = data.known(name)
    if source.original is None:
        return
    folder = data.data_folder() / f"{name}.download"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        import_path(source.original.download(folder))
    except OSError as error:
        raise DataError(f"{error}: {data.way_to_import(source)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
