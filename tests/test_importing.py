"""Data import: every packing of a genuine copy is accepted, all else is refused."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import re
import shutil
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bnviz import data
from bnviz.importing import containers, formats, import_path
from tests.packagings import (
    BATCHES,
    CONTAINERS,
    FORMATS,
    IDX_FILES,
    Members,
    binary_members,
    expect,
    file,
    folder,
    idx,
    idx_members,
    npm_members,
    npz_members,
    parquet_members,
    picture_members,
    png,
    python_members,
    tar,
    tarred,
    zipped,
)

IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = (f"MNIST/raw/{name}" for name in IDX_FILES)


@pytest.fixture
def mini(monkeypatch: pytest.MonkeyPatch) -> data.Arrays:
    return expect("cifar10", monkeypatch)


@pytest.fixture
def mini_mnist(monkeypatch: pytest.MonkeyPatch) -> data.Arrays:
    return expect("mnist", monkeypatch)


def taken(path: Path, name: str, arrays: data.Arrays) -> None:
    """Check that the copy is recognised and stored as the published arrays, and nothing else."""
    assert not data.available(name)
    assert import_path(path) == [name]
    assert data.check(name)
    for found, wanted in zip(data.read(name), arrays, strict=True):
        assert found.dtype == np.uint8
        assert np.array_equal(found, wanted)
    assert [stored.name for stored in data.data_folder().iterdir()] == [f"{name}.safetensors"]


def refused(path: Path) -> str:
    """Return the sentence that refuses a path.

    Check that it quotes no exception and that nothing is stored.
    """
    with pytest.raises(data.DataError) as caught:
        import_path(path)
    assert not data.data_folder().exists()
    says = str(caught.value)
    assert says.startswith(str(path))
    rest = says.removeprefix(str(path))
    assert rest.isprintable() and len(rest) < 400
    leaks = (
        "argument",
        "Error",
        "error",
        "expected",
        "buffer",
        "magic",
        "not a zip",
        "object",
        "codec can",
        "invalid",
        "Errno",
    )
    assert not [word for word in leaks if word in rest], rest
    return rest


# Accepted copies


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize(("name", "members"), FORMATS.values(), ids=FORMATS)
def test_every_packaging_of_every_format_is_accepted(
    name: str,
    members: Callable[[data.Arrays], Members],
    container: Callable[[Path, Members], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrays = expect(name, monkeypatch)
    taken(container(tmp_path / "any name", members(arrays)), name, arrays)


def test_both_data_sets_in_one_folder_are_accepted(
    mini: data.Arrays, mini_mnist: data.Arrays, tmp_path: Path
) -> None:
    root = folder(tmp_path / "root", python_members(mini) | idx_members(mini_mnist))
    assert import_path(root) == ["cifar10", "mnist"]
    assert data.check("cifar10") and data.check("mnist")


@pytest.mark.parametrize("members", [python_members, binary_members, npm_members, parquet_members])
def test_one_file_of_cifar10_brings_the_files_beside_it(
    members: Callable[[data.Arrays], Members], mini: data.Arrays, tmp_path: Path
) -> None:
    found = members(mini)
    path = folder(tmp_path / "files", found) / next(iter(found))
    taken(path, "cifar10", mini)


@pytest.mark.parametrize("name", [IMAGES, LABELS, TEST_IMAGES, TEST_LABELS])
@pytest.mark.parametrize("packed", [False, True])
def test_one_idx_file_brings_the_files_beside_it(
    name: str, packed: bool, mini_mnist: data.Arrays, tmp_path: Path
) -> None:
    end, pack = (".gz", gzip.compress) if packed else ("", bytes)
    members = {f"{file}{end}": pack(content) for file, content in idx_members(mini_mnist).items()}
    taken(folder(tmp_path / "files", members) / f"{name}{end}", "mnist", mini_mnist)


def test_a_truncated_archive_is_not_completed_from_files_beside_it(
    mini: data.Arrays, mini_mnist: data.Arrays, tmp_path: Path
) -> None:
    beside = folder(tmp_path / "downloads", binary_members(mini) | idx_members(mini_mnist))
    content = tarred(python_members(mini), "w")
    path = file(beside / "cut.tar", content[: len(content) // 2])
    assert "is not a whole copy of CIFAR-10: cut.tar/cifar-10-batches-py/data_batch" in refused(
        path
    )


def test_a_single_file_takes_nothing_from_folders_below(mini: data.Arrays, tmp_path: Path) -> None:
    found = binary_members(mini)
    path = file(folder(tmp_path / "downloads", found) / "one.bin", next(iter(found.values())))
    assert "it has 3 of the 18 images" in refused(path)


def test_a_link_to_a_file_is_followed_as_in_the_hub_s_cache(
    mini: data.Arrays, tmp_path: Path
) -> None:
    blobs, snapshot = folder(tmp_path / "blobs", parquet_members(mini)), tmp_path / "snapshot"
    snapshot.mkdir()
    for number, blob in enumerate(sorted(blobs.rglob("*.parquet"))):
        (snapshot / f"{number}.parquet").symlink_to(blob)
    taken(snapshot, "cifar10", mini)


def test_a_damaged_file_beside_a_complete_copy_does_no_harm(
    mini: data.Arrays, tmp_path: Path
) -> None:
    damaged = {
        "a.tar.gz": tarred(python_members(mini))[:500],
        "b.zip": b"PK\3\4",
        "c.npz": b"PK\3\4x",
        "d.png": b"\x89PNG",
    }
    taken(folder(tmp_path / "root", python_members(mini) | damaged), "cifar10", mini)


def test_other_pictures_beside_a_complete_copy_do_no_harm(
    mini: data.Arrays, tmp_path: Path
) -> None:
    others = {
        f"other/{label}/1.png": png(np.full((32, 32, 3), label, np.uint8)) for label in range(10)
    }
    taken(folder(tmp_path / "root", others | picture_members(mini)), "cifar10", mini)


# Refusals


def test_a_missing_path_is_refused_with_a_list_of_what_can_be_imported(tmp_path: Path) -> None:
    says = refused(tmp_path / "absent")
    assert says.startswith(" does not exist: give ")
    for source in data.SOURCES.values():
        assert source.archives in says


NOTHING: dict[str, tuple[Callable[[Path], Path], str]] = {
    "an empty file": (lambda path: file(path, b""), " is empty: give cifar-10-python.tar.gz"),
    "an empty folder": (lambda path: folder(path, {}), " is empty: give cifar-10-python.tar.gz"),
    "an empty archive": (lambda path: tar(path, {}), " holds no data that bnviz knows"),
    "an empty zip": (lambda path: file(path, zipped({})), " holds no data that bnviz knows"),
    "a text": (lambda path: file(path, b"no archive"), " holds no data that bnviz knows: give "),
    "zeros": (
        lambda path: file(path, gzip.compress(bytes(1000))),
        " holds no data that bnviz knows",
    ),
    "an archive of texts": (
        lambda path: tar(path, {"package/readme": b"text"}),
        " holds no data that bnviz knows",
    ),
    "a web page": (
        lambda path: file(path, b"\n<!DOCTYPE html><html><title>404</title></html>"),
        "is a web page, not an archive",
    ),
    "a web page in capitals": (lambda path: file(path, b"<HTML>"), "is a web page, not an archive"),
    "a gzipped web page": (
        lambda path: file(path, gzip.compress(b"<html>")),
        "is a web page, not an archive",
    ),
    "a pointer": (
        lambda path: file(path, b"version https://git-lfs.github.com/spec/v1\n"),
        "is a Git LFS pointer, not the file itself: run `git lfs pull` in its repository",
    ),
    "a JPEG": (
        lambda path: folder(path, {"train/cat/1.jpg": b"\xff\xd8\xff\xe0"}),
        "does not keep the exact pixels",
    ),
    "a 7z archive": (lambda path: file(path, b"7z\xbc\xaf\x27\x1c"), "is a 7z archive: unpack it"),
    "archives three deep": (
        lambda path: file(path, zipped({"x.zip": zipped({"y.tar": tarred({"z": b""})})})),
        " holds no data that bnviz knows",
    ),
}


@pytest.mark.parametrize(("make", "says"), NOTHING.values(), ids=NOTHING)
def test_a_file_that_is_no_data_set_is_named_by_its_kind(
    make: Callable[[Path], Path], says: str, tmp_path: Path
) -> None:
    assert says in refused(make(tmp_path / "given"))


def cifar100_binary() -> bytes:
    labels = np.column_stack([np.arange(20), np.arange(20) * 5]).astype(np.uint8)
    return np.column_stack([labels, np.zeros((20, 3072), np.uint8)]).tobytes()


def cifar100_parquet() -> bytes:
    content = io.BytesIO()
    pq.write_table(
        pa.table({"img": [{"bytes": b""}], "fine_label": [1], "coarse_label": [1]}), content
    )
    return content.getvalue()


def fashion_labels() -> bytes:
    return idx(np.array([9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7], np.uint8))


OTHERS = {
    "CIFAR-100 in Python": (
        "CIFAR-100",
        {"x/train": pickle.dumps({b"fine_labels": [1], b"data": b"pixels"}, 2)},
    ),
    "CIFAR-100 in binary": ("CIFAR-100", {"x/train.bin": cifar100_binary()}),
    "CIFAR-100 in Parquet": ("CIFAR-100", {"x.parquet": cifar100_parquet()}),
    "Fashion-MNIST": (
        "Fashion-MNIST",
        {LABELS: fashion_labels(), IMAGES: idx(np.ones((15, 28, 28), np.uint8))},
    ),
}


@pytest.mark.parametrize("container", ["folder", "tar.gz", "zip"])
@pytest.mark.parametrize(("name", "members"), OTHERS.values(), ids=OTHERS)
def test_another_data_set_is_named(
    name: str, members: Members, container: str, tmp_path: Path
) -> None:
    assert f" is {name}: bnviz takes CIFAR-10 and MNIST" in refused(
        CONTAINERS[container](tmp_path / "given", members)
    )


def test_other_pictures_are_refused(mini_mnist: data.Arrays, tmp_path: Path) -> None:
    others = mini_mnist._replace(
        train_images=mini_mnist.train_images ^ 1, test_images=mini_mnist.test_images ^ 1
    )
    path = folder(tmp_path / "files", picture_members(others))
    assert (
        "is not a copy of MNIST: it holds 18 images of the same size, but they are different ones"
        in refused(path)
    )


@pytest.mark.parametrize("field", data.Arrays._fields)
def test_changed_content_is_refused(field: str, mini: data.Arrays, tmp_path: Path) -> None:
    wrong = mini._replace(**{field: (getattr(mini, field) + 1) % 10})
    says = refused(tar(tmp_path / "file.tgz", binary_members(wrong)))
    changed = {"train_images": 15, "test_images": 3}
    if field in changed:
        assert (
            f"it has {18 - changed[field]} of the 18 images, "
            f"and {changed[field]} others of their size" in says
        )
    else:
        assert f"its {field.replace('_', ' ')} are not CIFAR-10's" in says


@pytest.mark.parametrize("field", ["train_labels", "test_labels"])
def test_changed_labels_in_a_separate_file_are_refused(
    field: str, mini_mnist: data.Arrays, tmp_path: Path
) -> None:
    wrong = mini_mnist._replace(**{field: (getattr(mini_mnist, field) + 1) % 10})
    assert f"its {field.replace('_', ' ')} are not MNIST's" in refused(
        folder(tmp_path / "f", idx_members(wrong))
    )


MISSING = {
    "a batch": (
        "cifar10",
        python_members,
        "cifar-10-batches-py/data_batch_3",
        "it has 15 of the 18 images",
    ),
    "test images": ("mnist", idx_members, TEST_IMAGES, "it has 15 of the 18 images"),
    "training labels": (
        "mnist",
        idx_members,
        LABELS,
        "it has no labels for 15 of the 15 training images",
    ),
    "test labels": (
        "mnist",
        idx_members,
        TEST_LABELS,
        "it has no labels for 3 of the 3 test images",
    ),
    "labels of the package": (
        "cifar10",
        npm_members,
        "package/test_lables.json",
        "it has no labels for 3 of the 3 test images",
    ),
}


@pytest.mark.parametrize("container", ["folder", "tar.gz", "zip"])
@pytest.mark.parametrize(("name", "members", "file", "says"), MISSING.values(), ids=MISSING)
def test_the_refusal_names_the_missing_part(
    name: str,
    members: Callable[[data.Arrays], Members],
    file: str,
    says: str,
    container: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = members(expect(name, monkeypatch))
    del found[file]
    label = data.SOURCES[name].label
    assert f"is not a whole copy of {label}: {says}" in refused(
        CONTAINERS[container](tmp_path / "given", found)
    )


# Damage


@pytest.mark.parametrize("mode", ["w:bz2"])
def test_a_tar_truncated_in_its_first_block_is_named(
    mode: str, mini: data.Arrays, tmp_path: Path
) -> None:
    content = tarred(binary_members(mini), mode)
    assert "download is cut off" in refused(
        file(tmp_path / "download", content[: int(len(content) * 0.7)])
    )


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_truncated_tar_says_where_it_ends(mode: str, mini: data.Arrays, tmp_path: Path) -> None:
    content = tarred(binary_members(mini), mode)
    says = refused(file(tmp_path / "download", content[: int(len(content) * 0.7)]))
    found = re.search(r"(data_batch_\d|test_batch)\.bin ends after ([\d,]+) of 9,219 bytes", says)
    assert found
    assert 0 <= int(found[2].replace(",", "")) < 9219


@pytest.mark.parametrize("count", [600, 9_000, 19_000])
def test_a_truncated_uncompressed_tar_says_exactly_where_it_ends(
    count: int, mini: data.Arrays, tmp_path: Path
) -> None:
    content = tarred(binary_members(mini), "w")[:count]
    which, inside = divmod(count, 512 + 9728)
    says = refused(file(tmp_path / "download.tar", content))
    assert f"{BATCHES[which]}.bin ends after {inside - 512:,} of 9,219 bytes" in says


def test_a_truncated_idx_file_says_where_it_ends(mini_mnist: data.Arrays, tmp_path: Path) -> None:
    members = idx_members(mini_mnist)
    whole = members[IMAGES]
    cut = folder(tmp_path / "plain", members | {IMAGES: whole[:1000]})
    assert f"{IMAGES} ends after 1,000 of {len(whole):,} bytes" in refused(cut)
    packed = gzip.compress(whole)
    members = members | {f"{IMAGES}.gz": packed[: len(packed) // 2]}
    del members[IMAGES]
    says = refused(folder(tmp_path / "packed", members))
    assert re.search(rf"{IMAGES}.gz ends after [\d,]+ of {len(whole):,} bytes", says)


@pytest.mark.parametrize(
    ("name", "size"),
    [("cifar-10-python.tar.gz", "170,498,071"), ("train-images-idx3-ubyte.gz", "9,912,422")],
)
def test_a_truncated_published_file_is_recognised_by_its_size(
    name: str, size: str, mini: data.Arrays, tmp_path: Path
) -> None:
    path = file(tmp_path / name, tarred(binary_members(mini))[:5000])
    assert refused(path) == f" ends after 5,000 of {size} bytes: download it again"


def test_a_truncated_zip_is_named(
    mini: data.Arrays, mini_mnist: data.Arrays, tmp_path: Path
) -> None:
    for content in (zipped(binary_members(mini)), *npz_members(mini_mnist).values()):
        says = refused(file(tmp_path / "download", content[:-100]))
        assert f"ends after {len(content) - 100:,} bytes, before its table of contents" in says


def test_a_truncated_parquet_file_is_named(mini: data.Arrays, tmp_path: Path) -> None:
    members = parquet_members(mini)
    name = "plain_text/train-00000-of-00001.parquet"
    content = members[name][:-10]
    says = refused(folder(tmp_path / "hub", members | {name: content}))
    assert (
        f"train-00000-of-00001.parquet ends after {len(content):,} bytes, "
        "before its table of contents" in says
    )


def test_an_idx_file_that_is_too_long_is_refused(mini_mnist: data.Arrays, tmp_path: Path) -> None:
    members = idx_members(mini_mnist)
    path = folder(tmp_path / "files", members | {LABELS: members[LABELS] + bytes(2)})
    assert f"{LABELS} has 25 bytes instead of 23" in refused(path)


def damaged(content: bytes, draw: Callable[[Any], Any]) -> bytes:
    changed = bytearray(content)
    for place in draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        kind = draw(st.sampled_from(["change", "insert", "cut", "end"]))
        new = draw(st.binary(min_size=1, max_size=8))
        if kind == "end":
            del changed[place:]
        else:
            changed[place : place + len(new) * (kind != "insert")] = b"" if kind == "cut" else new
    return bytes(changed)


ARCHIVES = ["tar", "tar.gz", "tar.bz2", "tar.xz", "zip", "zip in a tar", "tar.gz in a zip"]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data(), form=st.sampled_from(sorted(FORMATS)), container=st.sampled_from(ARCHIVES))
def test_a_damaged_archive_is_imported_completely_or_refused(
    draw: Any, form: str, container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        name, members = FORMATS[form]
        arrays = expect(name, patch)
        path = CONTAINERS[container](tmp_path / "given", members(arrays))
        path.write_bytes(damaged(path.read_bytes(), draw.draw))
        taken_or_refused(path, name, arrays)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data(), form=st.sampled_from(sorted(FORMATS)))
def test_a_damaged_file_is_imported_completely_or_refused(
    draw: Any, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        name, members = FORMATS[form]
        arrays = expect(name, patch)
        found = members(arrays)
        which = draw.draw(st.sampled_from(sorted(found)))
        shutil.rmtree(tmp_path / "given", ignore_errors=True)
        changed = found | {which: damaged(found[which], draw.draw)}
        taken_or_refused(folder(tmp_path / "given", changed), name, arrays)


def taken_or_refused(path: Path, name: str, arrays: data.Arrays) -> None:
    try:
        import_path(path)
    except data.DataError:
        refused(path)
    else:
        assert all(
            np.array_equal(found, wanted)
            for found, wanted in zip(data.read(name), arrays, strict=True)
        )
        shutil.rmtree(data.data_folder())


# Hostile files


def test_a_pickle_does_not_run(mini: data.Arrays, tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    class Attack:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch {marker}",)

    members = python_members(mini) | {"cifar-10-batches-py/data_batch_1": pickle.dumps(Attack(), 2)}
    says = refused(tar(tmp_path / "file.tgz", members))
    assert re.search(
        r"data_batch_1 is a pickle that asks for \w+\.system, which no batch of CIFAR-10 needs",
        says,
    )
    assert not marker.exists()


BOUNDS = {
    "MAX_UNPACKED": "unpacks to more than any copy does",
    "MAX_MEMBER": "is larger than any file of a copy",
    "MAX_MEMBERS": "has more than 3 members|there are more than 3 files",
}


@pytest.mark.parametrize(
    "container", ["tar", "tar.gz", "zip", "folder", "tar.gz in a zip", "zip in a tar"]
)
@pytest.mark.parametrize("bound", BOUNDS)
def test_an_archive_larger_than_any_copy_is_refused(
    bound: str, container: str, mini: data.Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = CONTAINERS[container](tmp_path / "given", binary_members(mini))
    if (bound, container) == ("MAX_UNPACKED", "folder"):
        return  # a folder needs no unpacking
    monkeypatch.setattr(containers, bound, 3 if bound == "MAX_MEMBERS" else 5000)
    assert re.search(BOUNDS[bound], refused(path))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_decompression_bomb_is_not_unpacked(
    pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "MAX_MEMBER", 2_000_000)
    assert "is larger than any file of a copy" in refused(
        file(tmp_path / "bomb", pack(bytes(50_000_000)))
    )


def test_a_huge_tar_header_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_HEADERS", 100_000)
    info = tarfile.TarInfo("x")
    info.pax_headers = {"comment": "x" * 5_000_000}
    bomb = gzip.compress(info.tobuf(tarfile.PAX_FORMAT) + bytes(1024))
    assert "unpacks to more than any copy does" in refused(file(tmp_path / "bomb", bomb))


def links(names: Iterable[str]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(info)
    return content.getvalue()


def test_links_in_an_archive_are_not_followed(mini: data.Arrays, tmp_path: Path) -> None:
    assert "is empty: give" in refused(file(tmp_path / "file.tgz", links(binary_members(mini))))


def test_names_that_leave_the_archive_write_nothing_outside(
    mini: data.Arrays, tmp_path: Path
) -> None:
    members = {f"../../{name}": content for name, content in binary_members(mini).items()}
    (tmp_path / "a" / "b").mkdir(parents=True)
    taken(tar(tmp_path / "a" / "b" / "file.tgz", members), "cifar10", mini)
    assert [
        path for path in tmp_path.rglob("*") if path.is_file() and "file.tgz" not in path.name
    ] == [data.data_folder() / "cifar10.safetensors"]


def test_a_folder_that_contains_itself_is_read_once(mini: data.Arrays, tmp_path: Path) -> None:
    path = folder(tmp_path / "given", binary_members(mini))
    (path / "again").symlink_to(path)
    taken(path, "cifar10", mini)


def test_an_encrypted_zip_is_named(mini: data.Arrays, tmp_path: Path) -> None:
    content = bytearray(zipped({"data": b"x"}))
    for mark, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        content[content.find(mark) + offset] |= 1
    assert "is encrypted" in refused(file(tmp_path / "secret.zip", bytes(content)))


@pytest.mark.parametrize(
    "picture",
    [
        b"\x89PNG, no picture",
        png(np.zeros((3, 1000, 3), np.uint8)),
        png(np.zeros((10_001, 1024, 3), np.uint8)),
    ],
    ids=["no picture", "narrow", "tall"],
)
def test_a_picture_of_another_kind_is_not_part_of_a_copy(
    picture: bytes, mini: data.Arrays, tmp_path: Path
) -> None:
    members = npm_members(mini) | {"package/data_batch_2.png": picture}
    assert "it has 15 of the 18 images" in refused(tar(tmp_path / "file.tgz", members))


def test_file_names_in_an_error_are_printable_and_short(mini: data.Arrays, tmp_path: Path) -> None:
    name = "\x1b[2J" + 200 * "x" + "/data"
    says = refused(
        tar(
            tmp_path / "file.tgz",
            {name: python_members(mini)["cifar-10-batches-py/test_batch"][:-9]},
        )
    )
    assert len(says) < 300


def test_a_parquet_file_that_repeats_a_large_value_is_read_once(tmp_path: Path) -> None:
    content = io.BytesIO()
    picture = pa.array([{"bytes": b"\x89PNG" + bytes(formats.MAX_PNG), "path": None}]).take(
        pa.array([0] * 500)
    )
    pq.write_table(pa.table({"img": picture, "label": [1] * 500}), content, compression="zstd")
    before = pa.default_memory_pool().max_memory()
    assert "holds no data that bnviz knows" in refused(
        file(tmp_path / "bomb.parquet", content.getvalue())
    )
    assert pa.default_memory_pool().max_memory() - before < 20_000_000
