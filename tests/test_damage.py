"""Damaged files in the cache: the run is named, repaired or deletable, and stops no other run.

Some damage repairs itself. Other damage is repaired when the run is queued again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from bnviz import data
from bnviz.cli import main
from bnviz.paths import PROJECT
from bnviz.runs import supervisor
from bnviz.runs import worker as module
from bnviz.runs.disk import discard
from bnviz.runs.engines.inline import Inline
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.supervisor import Supervisor
from bnviz.runs.worker import answer
from bnviz.ui.runs import state
from tests.conftest import tiny_spec

SPEC = tiny_spec(norm="batch", probes={"accuracy": 1, "landscape": 2})
Harm = Callable[[Path], object]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bnviz.paths.GALLERY", PROJECT / "no gallery")
    monkeypatch.setattr(supervisor, "ensure", lambda store: None)
    monkeypatch.setattr(data, "check", lambda name: True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Store(tmp_path_factory.mktemp("finished")).submit(SPEC)
    answer(run)
    return run


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run whose worker died in the third step, with a checkpoint and several parts."""
    run = Store(tmp_path_factory.mktemp("unfinished")).submit(SPEC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BNVIZ_LIMITS_CHECKPOINT_SECONDS", "0")
        patch.setattr(module, "FLUSH_S", 0.0)
        # Without merging, the names of the parts do not depend on the clock.
        patch.setattr("bnviz.runs.parts.MOST", 10**6)

        def die(step: int) -> None:
            if step == 3:
                raise SystemExit

        with pytest.raises(SystemExit):
            answer(run, die)
    assert run.state == "interrupted"
    return run


def holds(name: str, content: bytes | str) -> Harm:
    """Replace the content of a file."""
    return lambda folder: (folder / name).write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )


def cut(name: str) -> Harm:
    """Keep only the first half of a file."""
    return lambda folder: (folder / name).write_bytes(
        (folder / name).read_bytes()[: (folder / name).stat().st_size // 2]
    )


def flipped(name: str) -> Harm:
    """Change one byte in the middle of a file."""

    def harm(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 3] ^= 0xFF
        (folder / name).write_bytes(content)

    return harm


def a_folder(name: str) -> Harm:
    """Put a folder where a file should be."""

    def harm(folder: Path) -> None:
        discard(folder / name)
        (folder / name / "inside").mkdir(parents=True)

    return harm


def a_file(name: str) -> Harm:
    """Put a file where a folder should be."""

    def harm(folder: Path) -> None:
        discard(folder / name)
        (folder / name).write_text("5", "utf-8")

    return harm


def a_link(name: str, target: str) -> Harm:
    """Put a link in place of a file, to nowhere or to itself."""

    def harm(folder: Path) -> None:
        discard(folder / name)
        (folder / name).symlink_to(target)

    return harm


def other_columns(name: str) -> Harm:
    """Write a Parquet file with other columns than those of rows."""
    return lambda folder: pq.write_table(
        pa.table({"step": ["a", "b"], "value": [1, 2]}), folder / name
    )


def all_of(*harms: Harm) -> Harm:
    return lambda folder: [harm(folder) for harm in harms]


def itself(harm: Harm) -> Harm:
    """Replace the run's folder itself, not a file in it."""

    def whole(folder: Path) -> None:
        shutil.rmtree(folder)
        harm(folder)

    return whole


ENORMOUS = json.dumps({"spec": "x" * 3_000_000, "step": 1})
DEEP = "[" * 100_000
ALL, PART = "rows/all.parquet", "rows/000000.parquet"
TO_ALL = {
    "a file named like a run": itself(lambda folder: folder.touch()),
    "a link to nowhere named like a run": itself(lambda folder: folder.symlink_to("nowhere")),
    "a link to itself named like a run": itself(lambda folder: folder.symlink_to(folder.name)),
    "an empty folder": itself(lambda folder: folder.mkdir()),
    "lock is a folder": a_folder("lock"),
    "lock is a link to itself": a_link("lock", "lock"),
    "rows is a file": a_file("rows"),
    "waiting is a file": a_file("waiting"),
    "cancel is a folder": a_folder("cancel"),
    "error.txt is a folder": a_folder("error.txt"),
    "log.txt is a folder": a_folder("log.txt"),
    "meta.json is a folder": a_folder("meta.json"),
    "meta.json is a link to nowhere": a_link("meta.json", "nowhere"),
    "done.json is a folder": a_folder("done.json"),
    "spec.json is a folder": a_folder("spec.json"),
    "spec.json is a link to itself": a_link("spec.json", "spec.json"),
    "done.json beside unfinished rows": all_of(
        lambda folder: discard(folder / ALL), holds("done.json", '{"diverged_at": null}')
    ),
    **{
        f"{name} holds {kind}": holds(name, content)
        for name in ("spec.json", "meta.json")
        for kind, content in {
            "nothing": "",
            "null": "null",
            "a number": "5",
            "a list": '[{"step": 1}]',
            "half an object": '{"spec": {"norm": "ba',
            "bytes": b"\x00\xff\xfe\x80" * 50,
            "too much": ENORMOUS,
            "a deep list": DEEP,
            "a huge number": '{"step": 1' + "0" * 5000 + "}",
            "wrong kinds": '{"step": [1], "seconds": "x", "pid": -1, "spec": [1], "queued_at": {}}',
        }.items()
    },
}
TO_FINISHED = {
    **{
        f"done.json holds {content!r:.20}": holds("done.json", content)
        for content in (
            "",
            "null",
            "[]",
            "5",
            "{",
            b"\xff\x00",
            ENORMOUS,
            DEEP,
            '{"diverged_at": "x"}',
        )
    },
    "all.parquet is empty": holds(ALL, ""),
    "all.parquet is cut off": cut(ALL),
    "all.parquet holds text": holds(ALL, "step,metric\n" * 99),
    "all.parquet has other columns": other_columns(ALL),
    "all.parquet is a folder": a_folder(ALL),
    "all.parquet is a link to nowhere": a_link(ALL, "nowhere"),
    "all.parquet is gone": lambda folder: discard(folder / ALL),
    "rows are gone": lambda folder: discard(folder / "rows"),
}
TO_UNFINISHED = {
    "a part is empty": holds(PART, ""),
    "a part is cut off": cut(PART),
    "a part has another byte": flipped(PART),
    "a part has other columns": other_columns(PART),
    "a part is a folder": a_folder(PART),
    "a part is a link to nowhere": a_link(PART, "nowhere"),
    "a part in the middle is gone": lambda folder: discard(folder / "rows" / "000001.parquet"),
    "all.parquet is empty beside parts": holds(ALL, ""),
    "parts have weird names": all_of(
        *(
            holds(f"rows/{name}.parquet", "?")
            for name in ("x", "-1", "3-", "9-3", "000000-zzz", "ü\n")
        )
    ),
    "the checkpoint is empty": holds("checkpoint.safetensors", ""),
    "the checkpoint is cut off": cut("checkpoint.safetensors"),
    "the checkpoint has another byte": flipped("checkpoint.safetensors"),
    "the checkpoint is a folder": a_folder("checkpoint.safetensors"),
    "the checkpoint is another network's": lambda folder: another_checkpoint(folder),
    "an earlier writer was killed": holds(".checkpoint", "half"),
}


def another_checkpoint(folder: Path) -> None:
    """Write a valid checkpoint with tensors of other shapes."""
    import safetensors.torch
    import torch

    about = {"run": json.dumps({"step": 2, "rows": 2, "threads": 1, "seconds": 1.0})}
    safetensors.torch.save_file({"theta": torch.zeros(3)}, folder / "checkpoint.safetensors", about)


CASES = [
    *(pytest.param("unfinished", harm, id=f"unfinished: {name}") for name, harm in TO_ALL.items()),
    *(
        pytest.param("finished", harm, id=f"finished: {name}")
        for name, harm in TO_ALL.items()
        # With these harms, no file says that the run was finished.
        if not name.startswith(("a ", "an ", "spec.json"))
    ),
    *(pytest.param("finished", harm, id=name) for name, harm in TO_FINISHED.items()),
    *(pytest.param("unfinished", harm, id=name) for name, harm in TO_UNFINISHED.items()),
]


@pytest.mark.parametrize(("base", "harm"), CASES)
def test_a_damaged_run_is_named_and_stops_no_other(
    base, harm, request, finished, own_cache, capsys
):
    damaged = Run(own_cache / SPEC.id)
    shutil.copytree(request.getfixturevalue(base).folder, damaged.folder)
    healthy = Store().submit(tiny_spec(steps=2, seed=7, probes={"accuracy": 1}))
    harm(damaged.folder)
    for _ in range(2):
        Supervisor(Store(), Inline(), slots=1).tick()

    assert Run(healthy.folder).state == "done", healthy.log()
    damaged = Run(damaged.folder)
    named_everywhere(damaged, capsys)
    damaged.rows(), damaged.meta(), damaged.log(), damaged.parts(), damaged.diverged_at

    mended = Store().submit(SPEC)
    Supervisor(Store(), Inline(), slots=1).tick()
    assert mended.state == "done", mended.error()
    pd.testing.assert_frame_equal(mended.rows(), finished.rows())
    assert mended.meta()["step"] == SPEC.steps


def named_everywhere(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Check that the command line and the Runs page name the run and its damage."""
    capsys.readouterr()
    main(["runs"])
    main(["doctor"])
    listed = capsys.readouterr().out
    page = AppTest.from_file(str(PROJECT / "pages/lab/runs.py"), default_timeout=60).run()
    assert not page.exception
    line = page.dataframe[0].value.set_index("Id").loc[run.id]
    assert line.State == ("damaged" if run.state == "damaged" else state(run))
    assert listed.count(f"{run.id}  {run.state}") == 1
    if run.state == "damaged":
        assert listed.count(run.error()) == 2
        assert line.Settings == run.error()
        assert len(run.error()) < 300 and "delete the run, or" in run.error()
    else:  # it has repaired itself, or waits to be queued again
        assert run.state in ("done", "cancelled", "failed")


@pytest.mark.parametrize("name", list(TO_ALL))
def test_a_damaged_run_can_be_deleted(name, finished, own_cache):
    shutil.copytree(finished.folder, own_cache / SPEC.id)
    TO_ALL[name](own_cache / SPEC.id)
    assert Store().reset() == (1, [])
    assert [*own_cache.iterdir()] == []


def test_a_changed_byte_in_the_rows_is_found_when_they_are_read(finished, own_cache):
    shutil.copytree(finished.folder, own_cache / SPEC.id)
    flipped(ALL)(own_cache / SPEC.id)
    run = Run(own_cache / SPEC.id)
    assert run.rows().empty
    assert run.state == "damaged"
    answer(Store().submit(SPEC))
    pd.testing.assert_frame_equal(run.rows(), finished.rows())


def test_intact_rows_are_kept_when_only_the_json_files_are_damaged(
    finished, own_cache, monkeypatch
):
    shutil.copytree(finished.folder, own_cache / SPEC.id)
    for name in ("done.json", "meta.json"):
        (own_cache / SPEC.id / name).write_text("[]", "utf-8")
    run = Store().submit(SPEC)
    monkeypatch.setattr(module, "Training", None)
    answer(run)
    assert run.state == "done"


@pytest.mark.parametrize("name", ["", "lock", "rows", "spec.json"])
def test_a_run_of_another_account_is_named_and_blocks_no_other(
    name, unfinished, own_cache, monkeypatch, capsys
):
    """Root may read everything, so the test fakes the system's refusals."""
    theirs = own_cache / SPEC.id
    shutil.copytree(unfinished.folder, theirs)
    healthy = Store().submit(tiny_spec(steps=2, seed=7, probes={"accuracy": 1}))
    access, listing, opening = os.access, Path.iterdir, Path.open
    barred = theirs / name

    def refuse(path: Path) -> None:
        if path in (barred, *barred.parents[:-1]) and path == barred:
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != barred and access(path, mode)
    )
    monkeypatch.setattr(Path, "iterdir", lambda path: (refuse(path), listing(path))[1])
    monkeypatch.setattr(
        Path, "open", lambda path, *rest, **more: (refuse(path), opening(path, *rest, **more))[1]
    )
    watch = Supervisor(Store(), Inline(), slots=1)
    assert watch.tick()
    assert healthy.state == "done"
    assert not watch.tick()
    assert Run(theirs).state == "damaged"
    named_everywhere(Run(theirs), capsys)


def test_a_reset_while_a_worker_starts_leaves_no_folder(own_cache):
    """The run is deleted before its worker takes the lock, or just after it has looked."""
    run = Store().submit(SPEC)
    before = Run(run.folder)
    assert before.readable and before.delete()
    answer(run)
    assert [*own_cache.iterdir()] == []

    before = Store().submit(SPEC)
    assert before.readable  # the worker has looked; then the run is deleted
    assert Run(before.folder).delete()
    answer(before)
    assert [*own_cache.iterdir()] == []


def test_a_run_whose_lock_is_a_folder_can_be_deleted(own_cache):
    run = Store().submit(SPEC)
    (run.folder / "lock").mkdir()
    assert run.delete()
    run = Store().submit(SPEC)
    with FileLock(run.folder / "lock"):
        assert not run.delete()
    assert Run(run.folder).state == "queued"
