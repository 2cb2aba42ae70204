"""Bundles: export and import keep every row, and an import is checked before it is written."""

from __future__ import annotations

import json
import re
import stat
import struct
import zipfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from shlex import split
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz import cli, paths
from bnviz.analysis import training
from bnviz.analysis.covariate_shift import covariate_shift
from bnviz.analysis.distributions import histograms
from bnviz.analysis.landscape import landscape_bands, step_sizes
from bnviz.analysis.rows import layers
from bnviz.analysis.training import smooth
from bnviz.cli import settings as cli_settings
from bnviz.presets import PRESETS
from bnviz.runs import bundle_files, bundle_run
from bnviz.runs.bundle import bundle
from bnviz.runs.bundle_files import BundleError, is_bundle
from bnviz.runs.parts import SCHEMA
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.runs.unpack import unpack
from bnviz.spec import RunSpec
from bnviz.spec_words import command
from bnviz.training.probes import Row
from bnviz.words import shorten
from tests.conftest import tiny_spec

META = {
    "steps": 4,
    "device": "NVIDIA H200 MIG 1g.18gb",
    "threads": 1,
    "pid": 1,
    "started": 1795244499.5,
    "versions": {"python": "3.11.7", "torch": "2.14.1+cu130"},
    "step": 4,
    "seconds": 1234.5,
}
ROWS = [
    Row(0, "train_loss", None, None, None, 0.1 + 0.2),
    Row(0, "activation_quantile", "conv2", 3, 0.05, -1e-300),
    Row(1, "train_loss", None, None, None, 2.0),
    Row(1, "ics_cosine", "conv8", None, None, float("nan")),
    Row(4, "test_loss", None, None, None, 1.5),
]


def finished(spec: RunSpec, rows: list[Row] = ROWS, store: Store | None = None) -> Run:
    """Return a finished run, written as the worker writes it."""
    run = (store or Store()).submit(spec)
    assert run.folder.parent != paths.GALLERY, "a run that ships must stay as it is"
    run.write("meta.json", META)
    run.write_rows("000000", rows)
    run.finish()
    return run


def archived(content: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip of these entries in the given order."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, told in content:
            archive.writestr(zipfile.ZipInfo(name), told, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def entries(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def parquet(table: pa.Table) -> bytes:
    buffer = BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def rows_of(*rows: tuple[object, ...]) -> bytes:
    return parquet(
        pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)
    )


@pytest.fixture
def run() -> Run:
    return finished(tiny_spec(norm="noisy"))


@pytest.fixture
def whole(run: Run) -> dict[str, bytes]:
    """Return the entries of a valid bundle of one run."""
    return entries(
        bundle([run], {"figures/landscape.svg": "<svg/>"}, [command(run.spec)], "The landscape")
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> Store:
    return Store(tmp_path / "elsewhere" / "cache")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


def refused(path: Path, content: bytes, store: Store) -> str:
    """Return the sentence that refuses these bytes, and check that nothing was written."""
    path.write_bytes(content)
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(BundleError) as refusal:
        unpack(path, store)
    assert sorted(path.parent.rglob("*")) == before
    text = str(refusal.value)
    assert text.isprintable() and 0 < len(text) < 500
    return text


# Export and import


def shipped() -> list[Run]:
    """Return two shipped runs of the main comparison."""
    runs = [
        Run(folder) for folder in sorted(paths.GALLERY.iterdir()) if (folder / "spec.json").exists()
    ]
    return [
        run
        for run in runs
        if {"landscape", "covariate_shift", "activations"} <= run.spec.probes.keys()
    ][:2]


def test_an_imported_bundle_gives_the_figures_of_the_exported_runs(path, elsewhere, monkeypatch):
    runs = shipped()
    path.write_bytes(bundle(runs, {}, [], "The gallery"))
    monkeypatch.setattr(paths, "GALLERY", path.parent / "nothing")
    taken = unpack(path, elsewhere)
    assert (
        sorted(run.id for run in taken)
        == sorted(run.id for run in runs)
        == sorted(r.id for r in elsewhere.runs())
    )
    assert (
        {run.state for run in taken}
        == {"done"}
        == {elsewhere.submit(run.spec).state for run in runs}
    )
    theirs, ours = (
        pd.concat(
            [store.labelled_rows() for store in sorted(side, key=lambda run: run.id)],
            ignore_index=True,
        )
        for side in (runs, taken)
    )
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    for numbers in (
        landscape_bands,
        step_sizes,
        training.test_curve,
        lambda rows: smooth(rows, "train_accuracy", 50),
        lambda rows: histograms(rows, layers(rows)[:1], pooled=False),
        lambda rows: covariate_shift(rows, layers(rows)),
    ):
        assert len(numbers(theirs)) > 0
        pd.testing.assert_frame_equal(numbers(ours), numbers(theirs), check_exact=True)
    told = {run.id: (run.meta() | {"imported": True}, run.diverged_at, run.spec) for run in runs}
    assert {run.id: (run.meta(), run.diverged_at, run.spec) for run in taken} == told


def test_a_bundle_holds_rows_settings_and_versions(run):
    files = {"figures/landscape.pdf": b"%PDF", "data/landscape.csv": "η,loss\n"}
    held = entries(bundle([run], files, [command(run.spec)], "The\nlandscape"))
    assert list(held) == sorted(held)
    assert held["figures/landscape.pdf"] == b"%PDF"
    assert held["data/landscape.csv"] == "η,loss\n".encode()
    assert held[f"runs/{run.id}/rows.parquet"] == (run.folder / "rows" / "all.parquet").read_bytes()
    asked = json.loads(held[f"runs/{run.id}/spec.json"])
    assert asked == {
        "spec": {
            "width": 1 / 32,
            "batch": 16,
            "steps": 4,
            "surface_grid": 3,
            "theory_units": 1,
            "norm": "noisy",
            "probes": run.spec.probes,
        },
        "knobs": json.loads(run.spec.model_dump_json()),
    }
    told = held["README.md"].decode()
    assert told.startswith("# The landscape\n")
    assert f"- `{run.id}` {run.spec.summary()} · NVIDIA H200 MIG 1g.18gb · 1,234 s" in told
    assert all(
        word in told for word in ("python -m bnviz data import", *files, "Santurkar", "Ioffe")
    )
    shown = re.search(r"^python -m bnviz run .*$", told, re.MULTILINE)
    options = cli.parser().parse_args(split(shown[0])[3:])
    assert [spec.id for spec in cli_settings.asked(options)] == [run.id]
    cited = held["CITATION.bib"].decode()
    assert re.findall(r"@\w+{(\w+),", cited) == [
        "santurkar2018batchnorm",
        "ioffe2015batchnorm",
        "bnviz",
    ]
    assert cited.count("{") == cited.count("}")
    made = json.loads(held["versions.json"])
    assert made["pandas"] == pd.__version__ and made["runs"] == {run.id: META["versions"]}
    assert re.fullmatch(r"\d+\.\d+\.\d+", made["bnviz"])


def test_the_same_runs_give_the_same_bytes_on_every_machine(path, elsewhere, monkeypatch):
    runs = [finished(tiny_spec(seed=seed)) for seed in (2, 1)]
    made = bundle(runs, {"b": "1", "a": "2"}, [], "Two seeds")
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert bundle(runs, {"a": "2", "b": "1"}, [], "Two seeds") == made
    assert bundle([*runs, runs[0]], {"a": "2", "b": "1"}, [], "Two seeds") == made
    with zipfile.ZipFile(BytesIO(made)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    path.write_bytes(made)
    unpack(path, elsewhere)
    again = bundle([elsewhere.run(run.id) for run in runs], {"a": "2", "b": "1"}, [], "Two seeds")
    assert entries(again) == entries(made)


def test_the_settings_that_differ_from_the_defaults_restore_a_run():
    for spec in {spec.id: spec for preset in PRESETS.values() for spec in preset.specs()}.values():
        asked = {name: value for name, value in spec.canonical().items() if name != "versions"}
        assert RunSpec.of(**json.loads(json.dumps(asked))) == spec


def test_figures_alone_make_a_bundle_that_has_no_runs(path, elsewhere):
    made = bundle([], {"figures/algorithm1.svg": "<svg/>"}, [], "BatchNorm, taken apart")
    assert list(entries(made)) == [
        "CITATION.bib",
        "README.md",
        "figures/algorithm1.svg",
        "versions.json",
    ]
    assert "data import" not in entries(made)["README.md"].decode()
    assert "it holds no runs" in refused(path, made, elsewhere)


def test_a_run_without_rows_can_be_exported_and_imported(path, elsewhere):
    run = finished(tiny_spec(probes={}), rows=[])
    path.write_bytes(bundle([run], {}, [], "Nothing"))
    assert unpack(path, elsewhere)[0].rows().empty


def test_runs_that_are_not_finished_are_named(run):
    waiting = [Store().submit(tiny_spec(seed=seed)) for seed in (1, 2)]
    with pytest.raises(
        BundleError, match=f"{waiting[0].id}, {waiting[1].id}; wait for them, or leave them out"
    ):
        bundle([run, *waiting], {}, [], "Early")


@pytest.mark.parametrize(
    "name", ["README.md", "runs/notes.txt", "../up.svg", "/etc/x", "a\\b", "C:x", "a//b"]
)
def test_a_file_name_that_a_bundle_cannot_hold_is_refused(run, name):
    with pytest.raises(BundleError) as refusal:
        bundle([run], {name: ""}, [], "Names")
    assert repr(name)[1:-1] in str(refusal.value)


def test_a_run_that_could_not_be_imported_is_not_exported(run, monkeypatch):
    monkeypatch.setattr(bundle_run, "MAX_ROWS", 4)
    with pytest.raises(BundleError, match=f"run {run.id} has more than 4 rows"):
        bundle([run], {}, [], "Large")
    monkeypatch.undo()
    monkeypatch.setattr(bundle_files, "MAX_FILE", 2**20)
    with pytest.raises(BundleError, match=r"a\.bin is larger than 1 MB"):
        bundle([run], {"a.bin": bytes(2**20 + 1)}, [], "Large")


# Runs that the cache already has


def test_an_import_keeps_finished_runs_and_replaces_unfinished_ones(path, elsewhere):
    there, queued, failed = (finished(tiny_spec(seed=seed)) for seed in range(3))
    path.write_bytes(bundle([there, queued, failed], {}, [], "Three"))
    own = [Row(0, "train_loss", None, None, None, 9.0)]
    finished(there.spec, own, elsewhere)
    elsewhere.submit(queued.spec)
    elsewhere.submit(failed.spec).write("error.txt", "It broke.")
    assert {run.id: run.state for run in unpack(path, elsewhere)} == dict.fromkeys(
        (there.id, queued.id, failed.id), "done"
    )
    assert elsewhere.run(there.id).rows()["value"].tolist() == [9.0]
    assert "imported" not in elsewhere.run(there.id).meta()
    for run in (queued, failed):
        pd.testing.assert_frame_equal(elsewhere.run(run.id).rows(), run.rows())
        assert elsewhere.run(run.id).error() == ""
    assert sorted(folder.name for folder in elsewhere.root.iterdir()) == sorted(
        (there.id, queued.id, failed.id)
    )


def test_a_shipped_run_is_not_imported_again(path, elsewhere):
    run = shipped()[0]
    path.write_bytes(bundle([run], {}, [], "Shipped"))
    assert [run.folder for run in unpack(path, elsewhere)] == [run.folder]
    assert elsewhere.runs() == []


def test_an_import_leaves_a_running_run_alone(path, elsewhere):
    runs = [finished(tiny_spec(seed=seed)) for seed in (1, 2)]
    path.write_bytes(bundle(runs, {}, [], "Two"))
    busy = elsewhere.submit(runs[0].spec)
    with busy.lock(), pytest.raises(BundleError, match=f"being computed here: {busy.id}; wait"):
        unpack(path, elsewhere)
    assert [run.id for run in elsewhere.runs()] == [busy.id]
    assert busy.state == "queued"


# Hostile archives


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/cron.d/evil",
        "a/../../evil",
        "runs/../../evil",
        "..\\evil",
        "C:\\evil",
        "C:evil",
        "\\\\host\\share",
        "./runs/x",
        "a//b",
        "evil\0.svg",
        "evil\x1b[2J",
        "runs",
        "runs/notes.txt",
        "RUNS/x",
        "runs/0123456789abcdef/rows/all.parquet",
        "runs/0123456789ABCDEF/spec.json",
        "runs/0123456789abcdef/lock",
        "x" * 201,
    ],
)
def test_names_that_leave_the_archive_or_belong_to_no_run_are_refused(whole, path, elsewhere, name):
    assert shorten(name) in refused(path, renamed(whole, name), elsewhere)


def renamed(whole: dict[str, bytes], name: str) -> bytes:
    """Return a zip with one more entry, whose name Python's writer would have cleaned."""
    stand_in = "#" * len(name)
    return archived([*whole.items(), (stand_in, b"evil")]).replace(stand_in.encode(), name.encode())


def test_other_folders_and_files_in_a_bundle_do_no_harm(whole, run, path, elsewhere):
    extra = [("runs/", b""), (f"runs/{run.id}/", b""), ("__MACOSX/._x", b"?"), ("data/", b"")]
    path.write_bytes(archived([*extra, *whole.items()]))
    pd.testing.assert_frame_equal(unpack(path, elsewhere)[0].rows(), run.rows())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(whole, run, path, elsewhere):
    name = f"runs/{run.id}/rows.parquet"
    assert f"names {name} twice" in refused(
        path, archived([*whole.items(), (name, b"")]), elsewhere
    )


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(whole, path, elsewhere, kind):
    buffer = BytesIO(archived(whole.items()))
    with zipfile.ZipFile(buffer, "a") as archive:
        entry = zipfile.ZipInfo("figures/link")
        entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    assert "'figures/link' is a link or a device" in refused(path, buffer.getvalue(), elsewhere)


FLAGS, METHOD, CRC, SIZE = 8, 10, 16, 24  # offsets of fields in an entry of the central directory


def patched(archive: bytes, name: str, offset: int, value: bytes) -> bytes:
    """Return a zip whose central directory has another value for one entry."""
    start = archive.rfind(b"PK\x01\x02", 0, archive.rfind(name.encode()))
    return archive[: start + offset] + value + archive[start + offset + len(value) :]


@pytest.mark.parametrize(
    ("offset", "value", "says"),
    [
        (FLAGS, struct.pack("<H", 1), "is encrypted; a bundle is not"),
        (METHOD, struct.pack("<H", zipfile.ZIP_LZMA), "compressed in an unknown way"),
        (METHOD, struct.pack("<H", 99), "compressed in an unknown way"),
        (SIZE, struct.pack("<L", 64 * 2**20 + 1), "rows.parquet is larger than 64 MB"),
        (SIZE, struct.pack("<L", 10), "damaged"),
        (CRC, b"evil", "damaged"),
    ],
)
def test_a_false_central_directory_is_noticed(whole, run, path, elsewhere, offset, value, says):
    content = patched(archived(whole.items()), f"runs/{run.id}/rows.parquet", offset, value)
    assert says in refused(path, content, elsewhere)


def test_more_than_a_bundle_may_hold_is_refused(whole, run, path, elsewhere, monkeypatch):
    rows = f"runs/{run.id}/rows.parquet"
    assert f"{rows} is larger than 64 MB" in refused(
        path, archived((whole | {rows: bytes(65 * 2**20)}).items()), elsewhere
    )
    spec = f"runs/{run.id}/spec.json"
    assert f"{spec} is larger than 16 MB" in refused(
        path, archived((whole | {spec: bytes(2**24 + 1)}).items()), elsewhere
    )
    content = archived([*whole.items(), ("a", bytes(60_000)), ("b", bytes(60_000))])
    for limit, value, says in (
        ("MAX_TOTAL", 100_000, "unpacks to more than"),
        ("MAX_ENTRIES", 9, "has 10 entries; the most is 9"),
        ("MAX_RUNS", 0, "has 1 runs; the most is 0"),
        ("MAX_DIRECTORY", 500, "table of contents is larger than"),
        ("MAX_ROWS", 4, "has more than 4 rows"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(bundle_run if limit == "MAX_ROWS" else bundle_files, limit, value)
            assert says in refused(path, content, elsewhere)
    assert unpack(path, elsewhere)


def test_a_truncated_zip_is_a_damaged_bundle(whole, path, elsewhere):
    content = archived(whole.items())
    for length in (0, 3, len(content) // 2, len(content) - 1):
        assert "damaged" in refused(path, content[:length], elsewhere)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("spec.json", b"", "spec.json of run {id} is not a JSON object"),
        ("spec.json", b"[" * 60_000, "is not a JSON object"),
        ("spec.json", b"\xff\xfe\x00", "is not a JSON object"),
        ("spec.json", b"{}", "lacks spec or knobs"),
        ("spec.json", b'{"spec": [], "knobs": {}}', "lacks spec or knobs"),
        (
            "spec.json",
            b'{"spec": {"norm": "bach"}, "knobs": {}}',
            "run {id}: norm must be one of none, batch",
        ),
        ("spec.json", b'{"spec": {"a\\n\\u001b": 1}, "knobs": {}}', "unknown setting 'a"),
        (
            "spec.json",
            b'{"spec": {"lr": NaN}, "knobs": {}}',
            "lr must be a number above 0 and at most 1,000, got nan",
        ),
        ("spec.json", b'{"spec": {"steps": 1e400}, "knobs": {}}', "steps must be"),
        (
            "spec.json",
            b'{"spec": {}, "knobs": {}}',
            "asks for run 44136fa355b3678a, or it is of another version",
        ),
        ("meta.json", b"[]", "meta.json of run {id} is not a JSON object"),
        ("meta.json", bytes(2**17), "larger than 64 kB"),
        ("done.json", b"null", "done.json of run {id} is not a JSON object"),
        ("done.json", None, "run {id} of the bundle lacks done.json"),
        ("rows.parquet", None, "lacks rows.parquet"),
        ("rows.parquet", b"PAR1", "damaged"),
    ],
)
def test_each_file_of_a_run_is_checked(whole, run, path, elsewhere, name, content, says):
    changed = whole | {f"runs/{run.id}/{name}": content}
    content = archived((name, told) for name, told in changed.items() if told is not None)
    assert says.format(id=run.id) in refused(path, content, elsewhere)


LOSS = (0, "train_loss", None, None, None, 1.0)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (rows_of((5, *LOSS[1:])), "steps outside 0 to 4"),
        (rows_of(LOSS, (-1, *LOSS[1:])), "steps outside 0 to 4"),
        (rows_of((None, *LOSS[1:])), "lack step, metric or value"),
        (rows_of((0, None, *LOSS[2:])), "lack step, metric or value"),
        (rows_of((*LOSS[:5], None)), "lack step, metric or value"),
        (rows_of((0, "<b>loss</b>", *LOSS[2:])), "a metric that is no plain word"),
        (rows_of((0, "x" * 65, *LOSS[2:])), "a metric that is no plain word"),
        (
            rows_of((0, "ics_l2", "conv9", None, None, 1.0)),
            "a layer that its network does not have",
        ),
        (
            parquet(SCHEMA.empty_table().drop_columns(["at"])),
            "other columns than step int64, metric string",
        ),
        (
            parquet(SCHEMA.empty_table().append_column("evil", pa.array([], pa.int8()))),
            "other columns",
        ),
        (parquet(SCHEMA.empty_table().select(SCHEMA.names[::-1])), "other columns"),
        (
            parquet(SCHEMA.empty_table().cast(SCHEMA.set(0, pa.field("step", pa.int32())))),
            "other columns",
        ),
        (
            parquet(SCHEMA.empty_table().cast(SCHEMA.set(5, pa.field("value", pa.string())))),
            "other columns",
        ),
    ],
)
def test_rows_that_the_run_cannot_have_are_refused(whole, run, path, elsewhere, rows, says):
    changed = whole | {f"runs/{run.id}/rows.parquet": rows}
    assert says in refused(path, archived(changed.items()), elsewhere)


def test_only_the_rows_of_a_parquet_file_are_imported(whole, run, path, elsewhere):
    table = pa.Table.from_pylist([row._asdict() for row in ROWS], SCHEMA).replace_schema_metadata(
        {"pandas": "{}", "x": "evil"}
    )
    path.write_bytes(archived((whole | {f"runs/{run.id}/rows.parquet": parquet(table)}).items()))
    (taken,) = unpack(path, elsewhere)
    assert not pq.read_schema(taken.parts()[0]).metadata
    assert b"evil" not in taken.parts()[0].read_bytes()
    pd.testing.assert_frame_equal(taken.rows(), run.rows())


def test_a_metric_that_this_version_does_not_know_is_imported(whole, run, path, elsewhere):
    changed = whole | {f"runs/{run.id}/rows.parquet": rows_of((0, "theta_norm", *LOSS[2:]))}
    path.write_bytes(archived(changed.items()))
    assert unpack(path, elsewhere)[0].rows()["metric"].tolist() == ["theta_norm"]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (
            META,
            {name: META[name] for name in ("device", "threads", "started", "versions", "seconds")},
        ),
        ({}, {}),
        ({"evil": 1, "pid": 1, "imported": False, "steps": 9, "step": -3}, {}),
        (
            {
                "device": "![](http://evil)",
                "seconds": "soon",
                "threads": True,
                "started": -1,
                "versions": {"torch": 2},
            },
            {},
        ),
        ({"device": ["CPU"], "seconds": 3, "threads": 0, "versions": []}, {"seconds": 3}),
        (
            {"seconds": float("nan"), "started": float("inf"), "device": "CPU, 1 thread"},
            {"device": "CPU, 1 thread"},
        ),
    ],
)
def test_only_known_and_valid_facts_about_device_and_time_are_kept(
    whole, run, path, elsewhere, told, kept
):
    path.write_bytes(
        archived((whole | {f"runs/{run.id}/meta.json": json.dumps(told).encode()}).items())
    )
    (taken,) = unpack(path, elsewhere)
    assert taken.meta() == kept | {"steps": 4, "step": 4, "imported": True}


def test_the_rows_decide_whether_a_run_diverged(path, elsewhere):
    run = finished(tiny_spec(), [Row(0, *LOSS[1:]), Row(1, *LOSS[1:5], float("inf"))])
    held = entries(bundle([run], {}, [], "Diverged"))
    assert json.loads(held[f"runs/{run.id}/done.json"]) == {"diverged_at": 1}
    path.write_bytes(
        archived((held | {f"runs/{run.id}/done.json": b'{"diverged_at": null}'}).items())
    )
    (taken,) = unpack(path, elsewhere)
    assert taken.diverged_at == 1
    assert taken.meta()["step"] == 2


def test_settings_may_be_added_and_removed_but_a_changed_default_is_noticed(
    whole, run, path, elsewhere
):
    name = f"runs/{run.id}/spec.json"
    told = json.loads(whole[name])
    del told["knobs"]["optimizer"]  # a setting that was added later
    told["knobs"]["curriculum"] = False  # a setting that was removed
    path.write_bytes(archived((whole | {name: json.dumps(told).encode()}).items()))
    assert unpack(path, elsewhere)[0].spec == run.spec
    told["knobs"]["momentum"] = 0.9
    content = archived((whole | {name: json.dumps(told).encode()}).items())
    assert "was made with another momentum, which this version of bnviz sets to 0.0" in refused(
        path, content, Store(path.parent / "new")
    )


# Random damage


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, pd.DataFrame]]:
    """Return a bundle of two runs, and their rows."""
    store = Store(tmp_path_factory.mktemp("sample"))
    runs = [finished(tiny_spec(seed=seed), store=store) for seed in (1, 2)]
    return bundle(runs, {"figures/a.svg": "<svg/>"}, [], "Two"), {
        run.id: run.rows() for run in runs
    }


def holds_or_is_refused(content: bytes, expected: dict[str, pd.DataFrame]) -> None:
    with TemporaryDirectory() as folder:
        outside = Path(folder)
        path, store = outside / "bundle.zip", Store(outside / "a" / "b" / "cache")
        path.write_bytes(content)
        try:
            runs = unpack(path, store)
        except BundleError:
            assert list(outside.iterdir()) == [path]
        else:
            assert sorted(item.name for item in outside.iterdir()) == ["a", "bundle.zip"]
            assert sorted(store.root.iterdir()) == sorted(run.folder for run in runs)
            for run in runs:
                pd.testing.assert_frame_equal(run.rows(), expected[run.id])


@given(data=st.data())
def test_damaged_bytes_are_refused_or_give_the_same_rows(sample, data):
    content, expected = bytearray(sample[0]), sample[1]
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        kind = data.draw(st.sampled_from(["change", "insert", "cut"]))
        new = data.draw(st.binary(min_size=1, max_size=8))
        content[place : place + len(new) * (kind != "insert")] = b"" if kind == "cut" else new
    holds_or_is_refused(bytes(content), expected)


NAMES = [
    "../x",
    "/x",
    "..\\x",
    "C:/x",
    "runs/x",
    "runs/../../x",
    "runs/0123456789abcdef/spec.json",
    "README.md",
    "x/",
]


@given(data=st.data())
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_changed_entries_are_refused_or_give_the_same_rows(sample, data):
    held = list(entries(sample[0]).items())
    place = data.draw(st.integers(0, len(held) - 1))
    name, told = held[place]
    junk = data.draw(st.binary(max_size=64) | st.sampled_from([b"{}", b"[]", b"null", b"PAR1PAR1"]))
    changes = {
        "rename": [(data.draw(st.sampled_from(NAMES)), told)],
        "drop": [],
        "double": [(name, told), (name, junk)],
        "replace": [(name, junk)],
        "add": [(name, told), (data.draw(st.sampled_from(NAMES)), junk)],
    }
    held[place : place + 1] = changes[data.draw(st.sampled_from(sorted(changes)))]
    holds_or_is_refused(archived(held), sample[1])


# Recognising a bundle, and the command line


def test_a_bundle_is_distinguished_from_a_data_set(whole, run, path, tmp_path):
    content = archived(whole.items())
    for told, expected in (
        (content, True),
        (content[:-30], True),  # truncated: `unpack` reports it
        (archived([("figures/a.svg", b"<svg/>")]), False),
        (b"\x1f\x8b" + content, False),
        (b"", False),
    ):
        path.write_bytes(told)
        assert is_bundle(path) == expected
    assert not is_bundle(tmp_path)
    assert not is_bundle(tmp_path / "nowhere")


def bnviz(*words: str) -> int:
    """Run a command and return its exit status."""
    try:
        cli.main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_data_import_accepts_a_bundle(whole, run, path, capsys, monkeypatch):
    path.write_bytes(archived(whole.items()))
    monkeypatch.setenv("BNVIZ_CACHE", str(path.parent / "other"))
    assert bnviz("data", "import", str(path)) == 0
    assert capsys.readouterr().out == f"{run.id} is here: {run.spec.summary()}\n"
    assert Store().run(run.id).state == "done"
    path.write_bytes(path.read_bytes()[:-40])
    assert bnviz("data", "import", str(path)) == 2
    said = capsys.readouterr().err
    assert (
        said.startswith("bnviz: ")
        and "is damaged: it ends early" in said
        and len(said.splitlines()) == 1
    )


def test_the_time_of_an_imported_run_does_not_enter_the_prices_here(path, capsys, monkeypatch):
    runs = [finished(spec) for spec in PRESETS["paper"].specs()]
    path.write_bytes(bundle(runs, {}, [], "Quick"))
    assert bnviz("presets", "paper") == 0
    assert "took 62 min of computing here" in capsys.readouterr().out
    monkeypatch.setenv("BNVIZ_CACHE", str(path.parent / "other"))
    unpack(path, Store())
    assert bnviz("presets", "paper") == 0
    assert "took" not in (said := capsys.readouterr().out) and "about" in said
