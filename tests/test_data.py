"""The datasets: archive formats in miniature, refusals, storage, and the committed sample."""

import hashlib
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import urllib.error
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bnviz import data
from bnviz.data import cifar10

BATCH = 3
TRAIN_COUNT = 5 * BATCH
Members = dict[str, bytes]


def sha256(array: NDArray[np.uint8]) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


@pytest.fixture
def mini(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> data.Arrays:
    """Make a CIFAR-10 of 15 + 3 random images the expected one, in an empty cache."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (TRAIN_COUNT + BATCH, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, TRAIN_COUNT + BATCH, np.uint8)
    arrays = data.Arrays(images[:TRAIN_COUNT], labels[:TRAIN_COUNT], images[TRAIN_COUNT:], labels[TRAIN_COUNT:])
    a, b, c, d = (sha256(array) for array in arrays)
    monkeypatch.setitem(data.SOURCES, "cifar10", replace(data.SOURCES["cifar10"], digests=(a, b, c, d)))
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / "cache"))
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


def refused(path: Path, reason: str) -> None:
    with pytest.raises(data.DataError, match=reason) as caught:
        data.import_file(path)
    assert str(path) in str(caught.value)
    assert cifar10.ARCHIVES in str(caught.value)
    assert not data.data_folder().exists()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_truncated_archive_is_refused(share: float, mini: data.Arrays, tmp_path: Path) -> None:
    path = tar(tmp_path / "file.tgz", binary_members(mini))
    os.truncate(path, int(share * path.stat().st_size))
    refused(path, "not a whole copy")


def test_other_files_are_refused(mini: data.Arrays, tmp_path: Path) -> None:
    refused(tmp_path / "absent", "does not exist")
    refused(tmp_path, "not a whole copy")
    text = tmp_path / "text"
    text.write_text("no archive")
    refused(text, "not a whole copy")
    refused(tar(tmp_path / "other.tgz", {"package/readme": b""}), "none of the expected members")


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
    monkeypatch.setattr(cifar10, bound, 1000)
    refused(tar(tmp_path / "file.tgz", binary_members(mini)), "unpacks to more|expected size")


def test_link_in_place_of_a_batch_is_refused(mini: data.Arrays, tmp_path: Path) -> None:
    path = tmp_path / "file.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name in binary_members(mini):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(info)
    refused(path, "not a file of the expected size")


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


def test_missing_data_names_the_ways_to_get_it(mini: data.Arrays) -> None:
    with pytest.raises(data.DataError) as caught:
        data.read("cifar10")
    for way in ("data fetch cifar10", "data import FILE", cifar10.ARCHIVES):
        assert way in str(caught.value)
    assert not data.check("cifar10")


def test_unknown_name_names_the_choices() -> None:
    for use in (data.available, data.read, data.fetch):
        with pytest.raises(data.DataError, match=r"'cifar11' .* choose cifar10 or cifar10-sample"):
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
        root.mkdir(parents=True)
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


def test_sample_is_the_committed_one() -> None:
    source, sample = data.SOURCES["cifar10-sample"], data.read("cifar10-sample")
    assert data.available("cifar10-sample")
    assert data.check("cifar10-sample")
    assert sample.train_images.shape == (source.train_count, 32, 32, 3)
    assert sample.test_images.shape == (source.test_count, 32, 32, 3)
    assert np.bincount(sample.train_labels).tolist() == [400] * 10
    assert np.bincount(sample.test_labels).tolist() == [100] * 10
    assert sum(path.stat().st_size for path in cifar10.SAMPLE.iterdir()) < 12_000_000


def test_sample_indices_are_distinct_places_in_the_full_set() -> None:
    described = json.loads((cifar10.SAMPLE / "labels.json").read_text())
    full = data.SOURCES["cifar10"]
    for part, count in (("train", full.train_count), ("test", full.test_count)):
        indices = described[part]["indices"]
        assert len(indices) == len(described[part]["labels"])
        assert indices == sorted(set(indices))
        assert indices[0] >= 0
        assert indices[-1] < count


def test_importing_the_package_loads_no_torch() -> None:
    code = "import sys, bnviz.data; print({'torch', 'torchvision'} & set(sys.modules))"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
