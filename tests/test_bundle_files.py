"""Bundles that a file manager repacked or extracted: same runs, same safety checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from bnviz.runs.bundle import bundle
from bnviz.runs.bundle_files import BundleError, is_bundle
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.unpack import unpack
from tests.conftest import tiny_spec
from tests.test_bundle import archived, bnviz, entries, finished

Content = dict[str, bytes]


@pytest.fixture
def runs() -> list[Run]:
    return [finished(tiny_spec(seed=seed)) for seed in (1, 2)]


@pytest.fixture
def whole(runs: list[Run]) -> Content:
    return entries(bundle(runs, {"figures/landscape.svg": "<svg/>"}, [], "Two runs"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Store:
    return Store(tmp_path / "elsewhere" / "cache")


def below(top: str, content: Content) -> Content:
    return {f"{top}/{name}": told for name, told in content.items()}


def as_on_windows(content: Content) -> Content:
    return {name.replace("/", "\\"): told for name, told in content.items()}


def with_what_macos_adds(content: Content) -> Content:
    hidden = {".DS_Store": b"Bud1", "runs/.DS_Store": b"Bud1", "__MACOSX/runs/._x": b"\0\5\x16\7"}
    hidden |= {f"__MACOSX/{name}": b"\0\5\x16\7" for name in content}
    beside = {
        name.replace("spec.json", "._spec.json"): b""
        for name in content
        if name.endswith("spec.json")
    }
    return content | hidden | beside


PACKED_AGAIN: dict[str, Callable[[Content], Content]] = {
    "as it was": lambda content: content,
    "a folder on top": lambda content: below("My bundle (1)", content),
    "two folders on top": lambda content: below("Downloads/bundle", content),
    "backslashes": as_on_windows,
    "backslashes below a folder": lambda content: as_on_windows(below("bundle", content)),
    "by macOS": with_what_macos_adds,
    "by macOS below a folder": lambda content: with_what_macos_adds(below("bundle", content)),
    "by Windows": lambda content: below(
        "bundle", content | {"runs/Thumbs.db": b"", "runs/desktop.ini": b""}
    ),
    "beside other files": lambda content: below("bundle", content) | {"notes.txt": b"Read me."},
}


def extracted(folder: Path, content: Content) -> Path:
    for name, told in content.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(told)
    return folder


def same(taken: list[Run], runs: list[Run]) -> None:
    assert [run.id for run in taken] == sorted(run.id for run in runs)
    for run in runs:
        (one,) = [other for other in taken if other.id == run.id]
        pd.testing.assert_frame_equal(one.rows(), run.rows())


@pytest.mark.parametrize("packed", PACKED_AGAIN.values(), ids=PACKED_AGAIN)
def test_a_repacked_bundle_holds_the_same_runs(packed, whole, runs, elsewhere, tmp_path):
    path = tmp_path / "again.zip"
    path.write_bytes(archived(packed(whole).items()))
    assert is_bundle(path)
    same(unpack(path, elsewhere), runs)


EXTRACTED: dict[str, Callable[[Path, Content], Path]] = {
    "the folder": extracted,
    "the folder around it": lambda folder, content: extracted(folder, below("bundle", content)),
    "its runs alone": lambda folder, content: extracted(folder, content) / "runs",
    "with what macOS adds": lambda folder, content: extracted(
        folder, with_what_macos_adds(content)
    ),
}


@pytest.mark.parametrize("placed", EXTRACTED.values(), ids=EXTRACTED)
def test_an_extracted_bundle_holds_the_same_runs(placed, whole, runs, elsewhere, tmp_path):
    folder = placed(tmp_path / "unpacked", whole)
    assert is_bundle(folder)
    same(unpack(folder, elsewhere), runs)


def test_the_command_accepts_an_extracted_bundle(whole, runs, tmp_path, capsys, monkeypatch):
    folder = extracted(tmp_path / "unpacked", whole)
    monkeypatch.setenv("BNVIZ_CACHE", str(tmp_path / "other"))
    assert bnviz("data", "import", str(folder)) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == sorted(
        run.id for run in runs
    )


def refused(path: Path, store: Store) -> str:
    with pytest.raises(BundleError) as refusal:
        unpack(path, store)
    assert not store.root.exists()
    text = str(refusal.value)
    assert text.isprintable() and 0 < len(text) < 500
    return text


@pytest.mark.parametrize("packed", PACKED_AGAIN.values(), ids=PACKED_AGAIN)
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../evil", "a name is relative"),
        ("..\\evil", "a name is relative"),
        ("a\\..\\..\\evil", "a name is relative"),
        ("__MACOSX/../../evil", "a name is relative"),
        ("C:\\evil", "a name is relative"),
        ("\\\\host\\share", "a name is relative"),
    ],
)
def test_a_name_that_leaves_the_archive_is_refused_in_every_packing(
    packed, name, says, whole, elsewhere, tmp_path
):
    path = tmp_path / "again.zip"
    path.write_bytes(archived([*packed(whole).items(), (name, b"evil")]))
    assert says in refused(path, elsewhere)


def test_an_unknown_file_below_runs_is_refused_in_a_subfolder_too(whole, elsewhere, tmp_path):
    path = tmp_path / "again.zip"
    path.write_bytes(archived(below("bundle", whole | {"runs/notes.txt": b""}).items()))
    assert "runs/<id>/ may only hold" in refused(path, elsewhere)


def test_two_spellings_of_one_name_are_refused(whole, runs, elsewhere, tmp_path):
    name = f"runs/{runs[0].id}/rows.parquet"
    path = tmp_path / "again.zip"
    path.write_bytes(archived([*whole.items(), (name.replace("/", "\\"), b"")]))
    assert f"names {name} twice" in refused(path, elsewhere)


def test_runs_in_two_folders_are_refused(whole, elsewhere, tmp_path):
    path = tmp_path / "again.zip"
    path.write_bytes(archived((below("a", whole) | below("b", whole)).items()))
    assert "has runs in a/runs and in b/runs" in refused(path, elsewhere)
    folder = extracted(tmp_path / "unpacked", below("a", whole) | below("b", whole))
    assert "there are runs in" in refused(folder, elsewhere)


def test_a_link_in_an_extracted_bundle_is_refused(whole, runs, elsewhere, tmp_path):
    folder = extracted(tmp_path / "unpacked", whole)
    rows = folder / "runs" / runs[0].id / "rows.parquet"
    rows.unlink()
    rows.symlink_to("/etc/passwd")
    assert "rows.parquet is a link or a device" in refused(folder, elsewhere)


def test_an_incomplete_extracted_bundle_names_what_is_missing(whole, runs, elsewhere, tmp_path):
    folder = extracted(tmp_path / "unpacked", whole)
    (folder / "runs" / runs[0].id / "done.json").unlink()
    assert f"run {runs[0].id} of the bundle lacks done.json" in refused(folder, elsewhere)
