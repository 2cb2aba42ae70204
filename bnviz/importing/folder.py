"""Make a data set from a folder of the reader's own images, one subfolder for each class.

Every image is decoded once, to a square of RGB pixels. The subfolders train and val (or test) are
the split if they are there; otherwise a share of each class, drawn by a seed, is the test set.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnviz import data
from bnviz.data import Arrays, DataError, Source, own
from bnviz.data.source import digests
from bnviz.importing.containers import shown
from bnviz.importing.pictures import Broken, Transform, pixels, square, suffixes
from bnviz.words import in_bytes, shorten

LAYOUT = (
    "a subfolder of images for each of two or more classes, or the subfolders train and val with "
    "those in them"
)
TESTS = ("val", "test")  # subfolders with the test set; the first that is there counts
SIDE, SHARE, SEED = 32, 0.2, 0  # the share is for testing, where no subfolder says what is
SHARES = (0.01, 0.9)

Report = Callable[[str], None]  # called with a sentence about what is left out
Numbers = NDArray[np.intp]
Mask = NDArray[np.bool_]


class Found(NamedTuple):
    """An image file of a folder, the number of its class, and whether it is for testing."""

    path: Path
    label: int
    test: bool


class Listing(NamedTuple):
    """What a folder holds: class names, image files, and how many other files are among them."""

    classes: list[str]
    files: list[Found]
    others: int
    splits: bool  # whether it has a test set of its own


class Imported(NamedTuple):
    """A new data set, how many image files were skipped, and how many files are no images."""

    source: Source
    skipped: int
    others: int


def import_folder(
    folder: Path,
    name: str,
    side: int = SIDE,
    share: float = SHARE,
    seed: int = SEED,
    report: Report = lambda sentence: None,
    progress: Callable[[list[Found]], Iterable[Found]] = lambda files: files,
) -> Imported:
    """Store a folder of images by class as a data set called `name`, and put it into the menus.

    Images get `side` pixels each way. Unless the folder is split, `share` of each class, drawn by
    `seed`, is the test set. DataError in one sentence if the name is invalid or taken, if a number
    is out of bounds, if fewer than two classes have usable images, or if nothing can be written.
    Nothing is stored then.
    """
    check(folder, name, side, share, seed)
    listing = listed(folder)
    check_room(listing, side)
    # The file has no name on most systems, so that an import that dies leaves nothing behind.
    with TemporaryFile(dir=data.data_folder()) as file:
        kept = list(decoded(progress(listing.files), folder, square(side), file, report))
        file.flush()
        labels = np.array([found.label for found in kept], np.intp)
        test = np.array([found.test for found in kept], bool)
        if not listing.splits:
            test = drawn(labels, share, seed)
        chosen = usable(folder, listing.classes, labels, test, report)
        images = np.memmap(file, np.uint8, "r", shape=(len(kept), side, side, 3))
        arrays = arranged(images, np.searchsorted(chosen, labels), test, np.isin(labels, chosen))
        source = described(name, side, [listing.classes[label] for label in chosen], arrays)
        check_free(name, source)
        data.keep(source, arrays)
    return Imported(source, len(listing.files) - len(kept), listing.others)


def check(folder: Path, name: str, side: int, share: float, seed: int) -> None:
    """Raise DataError for a path that is no folder, a name that cannot be, and a wrong number."""
    if not re.fullmatch(own.NAME, name):
        raise DataError(f"{shorten(name)} cannot be a name: it takes {own.NAME_IN_WORDS}")
    if name in data.SOURCES:
        raise DataError(f"{name} is taken by {data.SOURCES[name].label}: choose another name")
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {what}: give a folder with {LAYOUT}")
    low, high = own.SIDES
    if not low <= side <= high:
        raise DataError(f"the side must be from {low} to {high} pixels, got {side}")
    if not SHARES[0] <= share <= SHARES[1]:
        raise DataError(f"the share of tests must be from {SHARES[0]} to {SHARES[1]}, got {share}")
    if seed < 0:
        raise DataError(f"the seed must be at least 0, got {seed}")


def check_room(listing: Listing, side: int) -> None:
    """Raise DataError if the disk of the data folder is too small for these images, twice."""
    folder, needed = data.data_folder(), 2 * len(listing.files) * 3 * side**2
    folder.mkdir(parents=True, exist_ok=True)
    if needed > (free := shutil.disk_usage(folder).free):
        raise DataError(
            f"{len(listing.files):,} images of {side} × {side} pixels need {in_bytes(needed)} on "
            f"the disk of {folder}, and {in_bytes(free)} are free: choose a smaller side"
        )


def listed(folder: Path) -> Listing:
    """Return the classes and image files of a folder, in the order of their names."""
    from torchvision.datasets.folder import make_dataset  # type: ignore[import-untyped]

    train = folder / "train" if subfolders(folder / "train") else folder
    tests = [folder / test for test in TESTS if train != folder and (folder / test).is_dir()]
    roots = [train, *tests[:1]]
    for root in roots[1:]:
        if not subfolders(root):
            raise DataError(f"{root} has no subfolders: sort its images into those of {train}")
    classes = sorted({name for root in roots for name in subfolders(root)})
    if len(classes) < 2:
        raise DataError(f"{folder} has no two classes: give a folder with {LAYOUT}")
    images, numbers, others = suffixes(), {name: place for place, name in enumerate(classes)}, 0

    def is_image(path: str) -> bool:
        nonlocal others
        file = Path(path)
        image = file.suffix.lower() in images and not file.name.startswith(".")
        others += not image and not file.name.startswith(".")
        return image

    files = [
        Found(Path(path), label, root != train)
        for root in roots
        for path, label in make_dataset(root, numbers, is_valid_file=is_image, allow_empty=True)
    ]
    return Listing(classes, files, others, len(roots) > 1)


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder; hidden ones are left out."""
    if not folder.is_dir():
        return []
    return [
        path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    ]


def decoded(
    files: Iterable[Found], folder: Path, transform: Transform, out: IO[bytes], report: Report
) -> Iterator[Found]:
    """Write the pixels of each image to `out`, and yield the file; report those that are broken."""
    for found in files:
        try:
            out.write(pixels(found.path, transform).tobytes())
        except Broken as problem:
            report(f"{shown(found.path.relative_to(folder).as_posix())} {problem}: skipped")
        else:
            yield found


def drawn(labels: Numbers, share: float, seed: int) -> Mask:
    """Return (n,) which images are for testing: about `share` of each class, drawn by the seed.

    A class keeps at least one image for training.
    """
    rng, test = np.random.default_rng(seed), np.zeros(len(labels), bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        count = min(round(share * len(places)), len(places) - 1)
        test[rng.choice(places, count, replace=False)] = True
    return test


def usable(
    folder: Path, classes: list[str], labels: Numbers, test: Mask, report: Report
) -> Numbers:
    """Return the numbers of the classes with training images, and report the others.

    DataError if there are fewer than two, or if none of them has a test image.
    """
    chosen = np.unique(labels[~test])
    for label in sorted({*range(len(classes))} - {*chosen.tolist()}):
        report(f"the class {shown(classes[label])} has no usable training image: left out")
    if len(chosen) < 2:
        raise DataError(
            f"{folder} has fewer than two classes with usable training images: "
            f"give a folder with {LAYOUT}"
        )
    if not np.isin(labels[test], chosen).any():
        raise DataError(f"{folder} has no usable test images: add more images to its classes")
    return chosen


def arranged(images: Any, labels: Numbers, test: Mask, usable: Mask) -> Arrays:
    """Return the usable images (n, H, W, 3) and their labels (n,), training and test apart."""
    small = labels.astype(np.uint8 if labels.max() < 256 else "<u2")
    first, last = usable & ~test, usable & test
    return Arrays(images[first], small[first], images[last], small[last])


def described(name: str, side: int, classes: list[str], arrays: Arrays) -> Source:
    """Return the data set of these arrays, with its full name; DataError for too many classes."""
    if len(classes) > own.MOST_CLASSES:
        raise DataError(f"there are {len(classes):,} classes; the most is {own.MOST_CLASSES:,}")
    facts = own.Facts(
        name=name,
        side=side,
        classes=tuple(map(shown, classes)),
        train_count=len(arrays.train_labels),
        test_count=len(arrays.test_labels),
        digests=digests(arrays),
    )
    return facts.source()


def check_free(name: str, source: Source) -> None:
    """Raise DataError if other images are stored under this name; the same may be stored again."""
    for full in data.SOURCES:
        if full.startswith(f"{name}@") and full != source.name and data.available(full):
            raise DataError(
                f"{name} is taken by other images, {full}: choose another name, or delete "
                f"{full}.json and {full}.safetensors in {data.data_folder()}"
            )
