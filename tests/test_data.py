"""The data sets: published files in miniature, refusals, storage, and the committed samples."""

import gzip
import hashlib
import http.client
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import urllib.error
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bnviz import data
from bnviz.data import cifar10, files, mnist, mosaic

BATCH = 3
TRAIN_COUNT = 5 * BATCH
SAMPLES = [name for name, source in data.SOURCES.items() if source.built_in]
IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = mnist.FILES
Members = dict[str, bytes]


def sha256(array: NDArray[np.uint8]) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


@pytest.fixture
def mini(monkeypatch: pytest.MonkeyPatch) -> data.Arrays:
    """Make a CIFAR-10 of 15 + 3 random images the expected one."""
    return expected("cifar10", (32, 32, 3), monkeypatch)


@pytest.fixture
def mini_mnist(monkeypatch: pytest.MonkeyPatch) -> data.Arrays:
    """Make an MNIST of 15 + 3 random images the expected one."""
    arrays = expected("mnist", (28, 28, 1), monkeypatch)
    monkeypatch.setattr(mnist, "FILES", {file: a.squeeze().shape for file, a in zip(mnist.FILES, arrays, strict=True)})
    return arrays


def expected(name: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> data.Arrays:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (TRAIN_COUNT + BATCH, *shape), np.uint8)
    labels = rng.integers(0, 10, TRAIN_COUNT + BATCH, np.uint8)
    arrays = data.Arrays(images[:TRAIN_COUNT], labels[:TRAIN_COUNT], images[TRAIN_COUNT:], labels[TRAIN_COUNT:])
    source = replace(data.SOURCES[name], digests=tuple(sha256(array) for array in arrays))
    monkeypatch.setitem(data.SOURCES, name, source)
    return arrays


def tar(path: Path, members: Members) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def batches(arrays: data.Arrays) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    starts = range(0, TRAIN_COUNT, BATCH)
    train = [(arrays.train_images[i : i + BATCH], arrays.train_labels[i : i + BATCH]) for i in starts]
    return dict(zip([*cifar10.TRAIN, *cifar10.TEST], [*train, arrays[2:]], strict=True))


def planes(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2).reshape(-1, cifar10.PIXELS))


def python2_pickle(batch: Any) -> bytes:
    """Pickle with bytes written as Python 2 wrote its strings."""

    def save_string(pickler: Any, text: bytes) -> None:
        pickler.write(b"T" + struct.pack("<i", len(text)) + text)
        pickler.memoize(text)

    file = io.BytesIO()
    pickler: Any = pickle._Pickler(file, 2)
    pickler.dispatch = {**pickler.dispatch, bytes: save_string}
    pickler.dump(batch)
    return file.getvalue().replace(b"numpy._core.", b"numpy.core.")


def python_members(arrays: data.Arrays) -> Members:
    return {
        f"cifar-10-batches-py/{name}": python2_pickle({b"data": planes(images), b"labels": labels.tolist()})
        for name, (images, labels) in batches(arrays).items()
    }


def python3_members(arrays: data.Arrays) -> Members:
    return {
        f"cifar-10-batches-py/{name}": pickle.dumps({"data": planes(images), "labels": labels.tolist()}, 2)
        for name, (images, labels) in batches(arrays).items()
    }


def binary_members(arrays: data.Arrays) -> Members:
    return {
        f"cifar-10-batches-bin/{name}.bin": np.column_stack([labels, planes(images)]).tobytes()
        for name, (images, labels) in batches(arrays).items()
    }


def png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def npm_members(arrays: data.Arrays) -> Members:
    strips = {f"package/{name}.png": png(images.reshape(-1, 1024, 3)) for name, (images, _) in batches(arrays).items()}
    return strips | {
        "package/train_lables.json": json.dumps(arrays.train_labels.tolist()).encode(),
        "package/test_lables.json": json.dumps(arrays.test_labels.tolist()).encode(),
    }


FORMATS = [python_members, python3_members, binary_members, npm_members]


@pytest.mark.parametrize("members", FORMATS)
def test_every_format_leads_to_the_same_stored_arrays(
    members: Callable[[data.Arrays], Members], mini: data.Arrays, tmp_path: Path
) -> None:
    assert not data.available("cifar10")
    assert data.import_file(tar(tmp_path / "any name", members(mini))) == "cifar10"
    assert data.available("cifar10")
    assert data.check("cifar10")
    for found, expected in zip(data.read("cifar10"), mini, strict=True):
        assert found.dtype == np.uint8
        assert np.array_equal(found, expected)
    assert [path.name for path in data.data_folder().iterdir()] == ["cifar10.safetensors"]


@pytest.mark.parametrize("field", data.Arrays._fields)
def test_wrong_content_is_refused_by_name(field: str, mini: data.Arrays, tmp_path: Path) -> None:
    wrong = mini._replace(**{field: (getattr(mini, field) + 1) % 10})
    path = tar(tmp_path / "file.tgz", binary_members(wrong))
    with pytest.raises(data.DataError, match=f"file.tgz .* its {field.replace('_', ' ')} are not CIFAR-10's"):
        data.import_file(path)
    assert not data.available("cifar10")


def refused(path: Path, reason: str, *archives: str) -> None:
    with pytest.raises(data.DataError, match=reason) as caught:
        data.import_file(path)
    assert str(path) in str(caught.value)
    for archive in archives or [cifar10.ARCHIVES]:
        assert archive in str(caught.value)
    assert not data.data_folder().exists()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_truncated_archive_is_refused(share: float, mini: data.Arrays, tmp_path: Path) -> None:
    path = tar(tmp_path / "file.tgz", binary_members(mini))
    os.truncate(path, int(share * path.stat().st_size))
    refused(path, "not a whole copy")


def test_other_files_are_refused_with_all_that_can_be_imported(tmp_path: Path) -> None:
    every = (cifar10.ARCHIVES, mnist.ARCHIVES)
    refused(tmp_path / "absent", "does not exist", *every)
    refused(tmp_path, "not a whole copy", *every)
    text = tmp_path / "text"
    for content in (b"", b"no archive", files.GZIP, gzip.compress(b"no archive"), gzip.compress(bytes(1000))):
        text.write_bytes(content)
        refused(text, "none of the expected members", *every)
    refused(tar(tmp_path / "other.tgz", {"package/readme": b""}), "none of the expected members", *every)


def test_missing_member_is_refused(mini: data.Arrays, tmp_path: Path) -> None:
    members = binary_members(mini)
    del members["cifar-10-batches-bin/data_batch_3.bin"]
    refused(tar(tmp_path / "file.tgz", members), "data_batch_3.bin")


def test_malicious_pickle_does_not_run(mini: data.Arrays, tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    class Attack:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch {marker}",)

    members = python_members(mini) | {"cifar-10-batches-py/data_batch_1": pickle.dumps(Attack(), 2)}
    refused(tar(tmp_path / "file.tgz", members), r"asks for \w+\.system")
    assert not marker.exists()


@pytest.mark.parametrize("bound", ["MAX_UNPACKED", "MAX_MEMBER"])
def test_oversized_archive_is_refused(
    bound: str, mini: data.Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, bound, 1000)
    refused(tar(tmp_path / "file.tgz", binary_members(mini)), "unpacks to more|expected size")


def links(path: Path, names: Iterable[str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(info)
    return path


def test_link_in_place_of_a_batch_is_refused(mini: data.Arrays, tmp_path: Path) -> None:
    refused(links(tmp_path / "file.tgz", binary_members(mini)), "not a file of the expected size")


@pytest.mark.parametrize(
    "strip",
    [
        b"no picture",
        png(np.zeros((3, 1000, 3), np.uint8)),
        png(np.zeros((3, 1024), np.uint8)),
        png(np.zeros((10_001, 1024, 3), np.uint8)),
    ],
    ids=["no picture", "narrow", "grey", "tall"],
)
def test_unexpected_picture_is_refused(strip: bytes, mini: data.Arrays, tmp_path: Path) -> None:
    members = npm_members(mini) | {"package/data_batch_2.png": strip}
    refused(tar(tmp_path / "file.tgz", members), "cannot identify image|not rows of 1024 RGB pixels")


def idx(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def idx_files(arrays: data.Arrays) -> Members:
    return {file: idx(array.squeeze()) for file, array in zip(mnist.FILES, arrays, strict=True)}


def folder(path: Path, members: Members) -> Path:
    path.mkdir()
    for name, content in members.items():
        (path / name).write_bytes(content)
    return path


def npm_archive(path: Path, members: Members) -> Path:
    return tar(path, {f"package/data/{name}": content for name, content in members.items()})


def dotted(path: Path, members: Members) -> Path:
    return folder(path, {name.replace("-idx", ".idx"): content for name, content in members.items()})


def packed(path: Path, members: Members) -> Path:
    return folder(path, {f"{name}.gz": gzip.compress(content) for name, content in members.items()})


def packed_in_name_only(path: Path, members: Members) -> Path:
    return folder(path, {f"{name}.gz": content for name, content in members.items()})


def packed_images(path: Path, members: Members) -> Path:
    packed(path, {name: members[name] for name in (IMAGES, TEST_IMAGES)})
    for name in (LABELS, TEST_LABELS):
        (path / name).write_bytes(members[name])
    return path


@pytest.mark.parametrize("form", [npm_archive, folder, dotted, packed, packed_in_name_only, packed_images])
def test_every_form_of_mnist_leads_to_the_same_stored_arrays(
    form: Callable[[Path, Members], Path], mini_mnist: data.Arrays, tmp_path: Path
) -> None:
    assert not data.available("mnist")
    assert data.import_file(form(tmp_path / "any name", idx_files(mini_mnist))) == "mnist"
    assert data.check("mnist")
    for found, wanted in zip(data.read("mnist"), mini_mnist, strict=True):
        assert found.dtype == np.uint8
        assert np.array_equal(found, wanted)
    assert [path.name for path in data.data_folder().iterdir()] == ["mnist.safetensors"]


@pytest.mark.parametrize("form", [folder, dotted, packed])
@pytest.mark.parametrize("nth", range(4))
def test_one_idx_file_stands_for_those_beside_it(
    nth: int, form: Callable[[Path, Members], Path], mini_mnist: data.Arrays, tmp_path: Path
) -> None:
    path = sorted(form(tmp_path / "files", idx_files(mini_mnist)).iterdir())[nth]
    assert data.import_file(path) == "mnist"
    assert data.check("mnist")


def test_another_file_does_not_stand_for_those_beside_it(mini_mnist: data.Arrays, tmp_path: Path) -> None:
    path = folder(tmp_path / "files", idx_files(mini_mnist)) / "notes"
    path.write_text("Images of digits.", "utf-8")
    refused(path, "none of the expected members")


@pytest.mark.parametrize("missing", mnist.FILES)
def test_missing_idx_file_is_named(missing: str, mini_mnist: data.Arrays, tmp_path: Path) -> None:
    rest = {file: content for file, content in idx_files(mini_mnist).items() if file != missing}
    path = folder(tmp_path / "files", rest)
    for given in (path, path / next(iter(rest)), npm_archive(tmp_path / "file.tgz", rest)):
        refused(given, f"{missing} is missing", mnist.ARCHIVES)


def test_all_missing_idx_files_are_named(mini_mnist: data.Arrays, tmp_path: Path) -> None:
    path = folder(tmp_path / "files", {IMAGES: idx_files(mini_mnist)[IMAGES]})
    refused(path, f"{LABELS} and {TEST_IMAGES} and {TEST_LABELS} are missing", mnist.ARCHIVES)


WRONG: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda content: b"", "has the magic number 0x, not 0x0000080"),
    (lambda content: content[:3], "has the magic number 0x000008, not 0x0000080"),
    (lambda content: b"\0\0\x0d" + content[3:], "has the magic number 0x00000d0"),
    (lambda content: content[:4], "has a size of 4 bytes, not"),
    (lambda content: content[:-1], "has a size of"),
    (lambda content: content + b"\0", "has a size of"),
    (lambda content: content[:4] + b"\1" + content[5:], r"has the dimensions \(16777231,.* not \(15,"),
    (lambda content: gzip.compress(content)[:-9], r"cannot be read \(Compressed file ended"),
    (lambda content: gzip.compress(content)[:-1] + b"\xff", r"cannot be read \(Incorrect length"),
    (lambda content: gzip.compress(content)[:10] + b"\xff" * 9, r"cannot be read \(Error -3"),
]


@pytest.mark.parametrize("form", [folder, dotted, npm_archive])
@pytest.mark.parametrize("file", [IMAGES, LABELS])
@pytest.mark.parametrize(("damage", "reason"), WRONG)
def test_damaged_idx_file_is_named(
    damage: Callable[[bytes], bytes],
    reason: str,
    file: str,
    form: Callable[[Path, Members], Path],
    mini_mnist: data.Arrays,
    tmp_path: Path,
) -> None:
    members = idx_files(mini_mnist)
    path = form(tmp_path / "files", members | {file: damage(members[file])})
    refused(path, f"{file.replace('-idx', '.idx') if form is dotted else file} {reason}", mnist.ARCHIVES)


def test_exchanged_idx_files_are_refused(mini_mnist: data.Arrays, tmp_path: Path) -> None:
    members = idx_files(mini_mnist)
    images = members | {IMAGES: members[TEST_IMAGES]}
    refused(folder(tmp_path / "images", images), f"{IMAGES} has a size of 2368 bytes, not 11776", mnist.ARCHIVES)
    labels = members | {IMAGES: members[LABELS]}
    refused(
        folder(tmp_path / "labels", labels), f"{IMAGES} has the magic number 0x00000801, not 0x00000803", mnist.ARCHIVES
    )


@pytest.mark.parametrize(("field", "file"), list(zip(data.Arrays._fields, mnist.FILES, strict=True)))
def test_content_of_another_mnist_is_refused_by_name(
    field: str, file: str, mini_mnist: data.Arrays, tmp_path: Path
) -> None:
    wrong = mini_mnist._replace(**{field: (getattr(mini_mnist, field) + 1) % 10})
    path = folder(tmp_path / "files", idx_files(wrong))
    refused(path / LABELS, f"its {field.split('_')[1]} in {file} are not MNIST's", mnist.ARCHIVES)


@pytest.mark.parametrize("form", [folder, packed, npm_archive])
def test_oversized_idx_file_is_refused(
    form: Callable[[Path, Members], Path], mini_mnist: data.Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_MEMBER", 1000)
    path = form(tmp_path / "files", idx_files(mini_mnist))
    refused(path, f"{IMAGES}.* is larger than any of them|{IMAGES} is not a file of the expected size", mnist.ARCHIVES)


def test_idx_file_packed_in_an_archive_is_bounded_too(
    mini_mnist: data.Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_MEMBER", 100_000)
    members = idx_files(mini_mnist) | {IMAGES: gzip.compress(bytes(1_000_000))}
    refused(npm_archive(tmp_path / "file.tgz", members), f"{IMAGES} is larger than any of them", mnist.ARCHIVES)


def test_link_in_place_of_an_idx_file_is_refused(mini_mnist: data.Arrays, tmp_path: Path) -> None:
    names = [f"package/data/{file}" for file in mnist.FILES]
    refused(links(tmp_path / "file.tgz", names), f"{IMAGES} is not a file of the expected size", mnist.ARCHIVES)


def test_folder_in_place_of_an_idx_file_is_missing(mini_mnist: data.Arrays, tmp_path: Path) -> None:
    path = folder(tmp_path / "files", idx_files(mini_mnist))
    (path / TEST_IMAGES).unlink()
    (path / TEST_IMAGES).mkdir()
    refused(path, f"{TEST_IMAGES} is missing", mnist.ARCHIVES)


def test_missing_data_names_the_ways_to_get_it(mini: data.Arrays) -> None:
    with pytest.raises(data.DataError) as caught:
        data.read("cifar10")
    for way in ("data fetch cifar10", "data import FILE", cifar10.ARCHIVES):
        assert way in str(caught.value)
    assert not data.check("cifar10")


def test_unknown_name_names_the_choices() -> None:
    for use in (data.available, data.read, data.fetch):
        with pytest.raises(data.DataError, match=r"'cifar11' .* choose cifar10, .* or mnist-sample"):
            use("cifar11")


def test_damaged_store_is_noticed(mini: data.Arrays, tmp_path: Path) -> None:
    data.import_file(tar(tmp_path / "file.tgz", binary_members(mini)))
    (path,) = data.data_folder().iterdir()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert not data.check("cifar10")
    for damaged in (b"", b"\xff" * 100, content[:-1], content[:20]):
        path.write_bytes(damaged)
        with pytest.raises(data.DataError, match="cannot be read: run"):
            data.read("cifar10")


def test_folder_that_cannot_be_written_is_named(
    mini: data.Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tar(tmp_path / "file.tgz", binary_members(mini))
    monkeypatch.setenv("BNVIZ_CACHE", str(archive))
    with pytest.raises(data.DataError, match="could not be written"):
        data.import_file(archive)


def test_fetch_imports_the_download_and_deletes_it(mini: data.Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(_url: str, root: Path, filename: str, _md5: str) -> None:
        tar(root / filename, python_members(mini))

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    data.fetch("cifar10")
    assert data.check("cifar10")
    assert [path.name for path in data.data_folder().iterdir()] == ["cifar10.safetensors"]


def test_fetch_without_network_names_the_other_way(mini: data.Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: object) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    with pytest.raises(data.DataError, match=r"no route.*data import FILE"):
        data.fetch("cifar10")


@pytest.mark.parametrize(
    "problem", [urllib.error.URLError("no route"), RuntimeError("corrupted"), http.client.IncompleteRead(b"")]
)
def test_fetch_tries_the_mirrors_in_turn(
    problem: Exception, mini_mnist: data.Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import MNIST

    members, asked = idx_files(mini_mnist), []

    def download(url: str, root: Path, filename: str, md5: str) -> None:
        asked.append((url, filename, md5))
        if url.startswith(MNIST.mirrors[0]):
            raise problem
        (root / filename).write_bytes(gzip.compress(members[filename.removesuffix(".gz")]))

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    data.fetch("mnist")
    assert data.check("mnist")
    assert [path.name for path in data.data_folder().iterdir()] == ["mnist.safetensors"]
    assert asked == [(mirror + file, file, md5) for file, md5 in MNIST.resources for mirror in MNIST.mirrors]


def test_fetch_names_every_mirror_that_failed(mini_mnist: data.Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import MNIST

    def download(*_: object) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    with pytest.raises(data.DataError, match=r"no route.*no route.*data import FILE") as caught:
        data.fetch("mnist")
    for part in (*MNIST.mirrors, mnist.ARCHIVES):
        assert part in str(caught.value)
    assert list(data.data_folder().iterdir()) == []


def test_gaussian_samples_are_made_by_the_task() -> None:
    source = data.SOURCES["gaussian"]
    assert (source.shape, source.classes, source.outputs) == ((10,), (), 10)
    assert (source.train_count, source.test_count) == (1000, 1000)
    data.fetch("gaussian")
    data.require("gaussian")
    assert data.available("gaussian")
    assert data.check("gaussian")
    assert not data.data_folder().exists()
    with pytest.raises(data.DataError, match=r"^gaussian has no images to read: the task makes"):
        data.read("gaussian")


def test_samples_share_all_but_their_size_with_the_full_set() -> None:
    assert SAMPLES == ["cifar10-sample", "mnist-sample"]
    for name in SAMPLES:
        sample, full = data.SOURCES[name], data.SOURCES[name.removesuffix("-sample")]
        assert (sample.shape, sample.classes, sample.outputs) == (full.shape, full.classes, 10)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_is_the_committed_one(name: str) -> None:
    source, sample = data.SOURCES[name], data.read(name)
    channels, *size = source.shape
    assert data.available(name)
    assert data.check(name)
    assert sample.train_images.shape == (source.train_count, *size, channels)
    assert sample.test_images.shape == (source.test_count, *size, channels)
    assert np.bincount(sample.train_labels).tolist() == [400] * 10
    assert np.bincount(sample.test_labels).tolist() == [100] * 10
    assert not any(array.flags.writeable for array in sample)


@pytest.mark.parametrize(("name", "most"), [("cifar10", 12_000_000), ("mnist", 1_000_000)])
def test_sample_is_small(name: str, most: int) -> None:
    assert sum(path.stat().st_size for path in (mosaic.SAMPLES / name).iterdir()) < most


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_sample_indices_are_distinct_places_in_the_full_set(name: str) -> None:
    described = json.loads((mosaic.SAMPLES / name / "labels.json").read_text("utf-8"))
    full = data.SOURCES[name]
    for part, count in (("train", full.train_count), ("test", full.test_count)):
        indices = described[part]["indices"]
        assert len(indices) == len(described[part]["labels"])
        assert indices == sorted(set(indices))
        assert indices[0] >= 0
        assert indices[-1] < count


def test_sample_that_is_written_is_read_again(
    mini_mnist: data.Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mosaic, "SAMPLES", tmp_path)
    monkeypatch.setattr(mosaic, "COLUMNS", 3)
    (tmp_path / "mini").mkdir()
    labels = np.arange(TRAIN_COUNT + BATCH, dtype=np.uint8) % 3
    arrays = mini_mnist._replace(train_labels=labels[:TRAIN_COUNT], test_labels=labels[TRAIN_COUNT:])
    indices = mosaic.draw(arrays, 2, 1, seed=0)
    mosaic.write("mini", arrays, indices)
    sample = mosaic.read("mini", (1, 28, 28))
    assert np.bincount(sample.train_labels).tolist() == [2] * 3
    assert np.array_equal(sample.train_images, arrays.train_images[indices["train"]])
    assert np.array_equal(sample.test_images, arrays.test_images[indices["test"]])
    assert np.array_equal(sample.train_labels, arrays.train_labels[indices["train"]])


def test_importing_the_package_loads_no_torch() -> None:
    code = "import sys, bnviz.data; print({'torch', 'torchvision'} & set(sys.modules))"
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "set()"
