"""Import published data sets, from a copy that somebody has or from the network.

A copy is recognised by its content, not by its file names. containers.py yields the files of a
folder or an archive, formats.py the images and labels in each file, and copies.py puts them into
the published order. Their SHA-256 digests decide whether the copy is whole. search.py, the place to
start reading, ties these together. folder.py makes a data set of the reader's own images.
"""

import shutil
from pathlib import Path

from bnviz import data
from bnviz.data import DataError
from bnviz.importing.search import Search


def import_path(path: Path) -> list[str]:
    """Store every data set of which a file or folder holds a whole copy, and return their names.

    The copy may be packed in any way. Raises DataError if there is no whole copy, and if the data
    folder cannot be written.
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
    """Download and store a data set, and show the progress; DataError if that fails."""
    source = data.known(name)
    if source.original is None:
        return data.require(name)
    folder = data.data_folder() / f"{name}.download"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        import_path(source.original.download(folder))
    except OSError as error:
        raise DataError(f"{error}: {data.way_to_import(source)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
