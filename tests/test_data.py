"""The data sets: which are available, storage, downloads, and the committed samples."""

import gzip
import http.client
import json
import subprocess
import sys
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from bnviz import data, importing
from bnviz.data import cifar10, keys, mnist, mosaic
from tests.packagings import (
    BATCH,
    IDX_FILES,
    TRAIN_COUNT,
    binary_members,
    expect,
    idx,
    python_members,
    tar,
)

SAMPLES = [name for name, source in data.SOURCES.items() if source.built_in]


@pytest.fixture
def mini(monkeypatch: pytest.MonkeyPatch) -> data.Arrays:
    """Replace CIFAR-10 by a miniature of 15 + 3 random images."""
    return expect("cifar10", monkeypatch)


@pytest.fixture
def mini_mnist(monkeypatch: pytest.MonkeyPatch) -> data.Arrays:
    """Replace MNIST by a miniature of 15 + 3 random images."""
    return expect("mnist", monkeypatch)


def test_missing_data_names_the_ways_to_get_it(mini: data.Arrays) -> None:
    with pytest.raises(data.DataError) as caught:
        data.read("cifar10")
    for way in ("data fetch cifar10", "data import PATH", cifar10.ARCHIVES):
        assert way in str(caught.value)
    assert not data.check("cifar10")


def test_unknown_name_names_the_choices() -> None:
    for use in (data.available, data.read, importing.fetch):
        with pytest.raises(
            data.DataError, match=r"'cifar11' .* choose cifar10, .* or mnist-sample"
        ):
            use("cifar11")


def test_damaged_store_is_noticed(mini: data.Arrays, tmp_path: Path) -> None:
    importing.import_path(tar(tmp_path / "file.tgz", binary_members(mini)))
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
        importing.import_path(archive)


def test_fetch_imports_the_download_and_deletes_it(
    mini: data.Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(_url: str, root: Path, filename: str, _md5: str) -> None:
        tar(root / filename, python_members(mini))

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    importing.fetch("cifar10")
    assert data.check("cifar10")
    assert [path.name for path in data.data_folder().iterdir()] == ["cifar10.safetensors"]


def test_fetch_without_network_names_data_import(
    mini: data.Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: object) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    with pytest.raises(data.DataError, match=r"no route.*data import PATH"):
        importing.fetch("cifar10")


@pytest.mark.parametrize(
    "problem",
    [urllib.error.URLError("no route"), RuntimeError("corrupted"), http.client.IncompleteRead(b"")],
)
def test_fetch_tries_the_mirrors_in_turn(
    problem: Exception, mini_mnist: data.Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import MNIST

    members = {
        name: idx(array.squeeze()) for name, array in zip(IDX_FILES, mini_mnist, strict=True)
    }
    asked = []

    def download(url: str, root: Path, filename: str, md5: str) -> None:
        asked.append((url, filename, md5))
        if url.startswith(MNIST.mirrors[0]):
            raise problem
        (root / filename).write_bytes(gzip.compress(members[filename.removesuffix(".gz")]))

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    importing.fetch("mnist")
    assert data.check("mnist")
    assert [path.name for path in data.data_folder().iterdir()] == ["mnist.safetensors"]
    assert asked == [
        (mirror + file, file, md5) for file, md5 in MNIST.resources for mirror in MNIST.mirrors
    ]


def test_fetch_names_every_mirror_that_failed(
    mini_mnist: data.Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import MNIST

    def download(*_: object) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("torchvision.datasets.utils.download_url", download)
    with pytest.raises(data.DataError, match=r"no route.*no route.*data import PATH") as caught:
        importing.fetch("mnist")
    for part in (*MNIST.mirrors, mnist.ARCHIVES):
        assert part in str(caught.value)
    assert list(data.data_folder().iterdir()) == []


def test_gaussian_samples_are_made_by_the_task() -> None:
    source = data.SOURCES["gaussian"]
    assert (source.shape, source.classes, source.outputs) == ((10,), (), 10)
    assert (source.train_count, source.test_count) == (1000, 1000)
    importing.fetch("gaussian")
    data.require("gaussian")
    assert data.available("gaussian")
    assert data.check("gaussian")
    assert not data.data_folder().exists()
    with pytest.raises(
        data.DataError, match=r"^gaussian has no images to read: its samples are generated from"
    ):
        data.read("gaussian")


def test_samples_differ_from_the_full_set_only_in_size() -> None:
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
def test_sample_indices_are_distinct_indices_of_the_full_set(name: str) -> None:
    described = json.loads((mosaic.SAMPLES / name / "labels.json").read_text("utf-8"))
    full = data.SOURCES[name]
    for part, count in (("train", full.train_count), ("test", full.test_count)):
        indices = described[part]["indices"]
        assert len(indices) == len(described[part]["labels"])
        assert indices == sorted(set(indices))
        assert indices[0] >= 0
        assert indices[-1] < count


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_the_keys_of_the_sample_are_keys_of_the_full_set_at_its_indices(name: str) -> None:
    source, sample = data.SOURCES[name], data.read(f"{name}-sample")
    assert source.original is not None
    published = source.original.keys()
    assert len(published) == source.train_count + source.test_count == len(set(published.tolist()))
    described = json.loads((mosaic.SAMPLES / name / "labels.json").read_text("utf-8"))
    places = np.array(described["test"]["indices"]) + source.train_count
    assert np.array_equal(keys.of(sample.train_images), published[described["train"]["indices"]])
    assert np.array_equal(keys.of(sample.test_images), published[places])


def test_sample_that_is_written_is_read_again(
    mini_mnist: data.Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mosaic, "SAMPLES", tmp_path)
    monkeypatch.setattr(mosaic, "COLUMNS", 3)
    (tmp_path / "mini").mkdir()
    labels = np.arange(TRAIN_COUNT + BATCH, dtype=np.uint8) % 3
    arrays = mini_mnist._replace(
        train_labels=labels[:TRAIN_COUNT], test_labels=labels[TRAIN_COUNT:]
    )
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
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.strip() == "set()"
