"""The command line: python -m bnviz app | run | submit | work | runs | cancel | data | export | presets | claims | lesson | report | reset | doctor."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_origin

import pandas as pd
from tqdm import tqdm

from bnviz import data, figure_options, importing, plain
from bnviz.consent import consent
from bnviz.export import takeaway
from bnviz.paths import GALLERY, PROJECT, cache, settle
from bnviz.presets import PRESETS, SEEDS, Preset
from bnviz.runs import prices
from bnviz.runs.bundle import unpack
from bnviz.runs.bundle_files import is_bundle
from bnviz.runs.disk import FULL
from bnviz.runs.store import ACTIVE, TEXT, Run, Store, held
from bnviz.spec import RunSpec, SpecError
from bnviz.sweeps import SWEEPS, turn
from bnviz.training.probes import PROBES
from bnviz.words import duration, shorten

if TYPE_CHECKING:
    from bnviz.claims.judging import Verdict

Choice = TypeVar("Choice")
YEAR_S = 365 * 24 * 3600.0  # who queues and goes away waits all the same
LONGEST_NAME = 255  # bytes of a file name, as file systems have it


class Parser(argparse.ArgumentParser):
    """Complains in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Exit status 2, as every wrong input; what was given is quoted in short."""
        fail(re.sub(r"\S{61,}", lambda long: shorten(long[0].strip("'")), message))


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    plain.speak()
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has seen enough
    except OSError as problem:
        fail(told(problem))
    except (SpecError, data.DataError, ValueError) as problem:
        fail(str(problem))


def told(problem: OSError) -> str:
    """What the system refused, in a sentence without its error number."""
    if problem.errno in FULL:
        return f"the disk is full; free some space on the disk of {problem.filename or cache()}, then run the command again"
    if problem.errno is None:
        return str(problem)
    where = f"{problem.filename}: " if problem.filename else ""
    return f"{where}{(problem.strerror or '').lower()}{cache_is_read_only() * isinstance(problem, PermissionError)}"


def cache_is_read_only() -> str:
    """What to do about it, where that may be what went wrong."""
    folder = next(path for path in (cache(), *cache().parents) if path.exists())
    return "" if os.access(folder, os.W_OK) else f"; the cache {cache()} is read only: name another in BNVIZ_CACHE"


def fail(message: str) -> NoReturn:
    """One sentence on standard error, and exit status 2."""
    print(f"bnviz: {message}", file=sys.stderr)
    sys.exit(2)


def parser() -> argparse.ArgumentParser:
    """Every command and its options; the knobs are drawn from RunSpec."""
    main = Parser(prog="python -m bnviz", description=__doc__, allow_abbrev=False)
    commands = main.add_subparsers(required=True, metavar="command")

    def command(name: str, does: Callable[[argparse.Namespace], None], asks: bool = False) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name, help=(does.__doc__ or "").splitlines()[0], description=does.__doc__, allow_abbrev=False
        )
        made.set_defaults(command=does)
        if asks:
            add_knobs(made)
        return made

    run_command, submit_command = command("run", run, asks=True), command("submit", submit, asks=True)
    run_command.add_argument("--out", type=Path, help="write the rows to this .csv or .parquet file")
    for asking in (run_command, submit_command):
        asking.add_argument(
            "--yes", action="store_true", help="start more than ten minutes of computing without asking"
        )
    command("app", app).add_argument(
        "streamlit", nargs="*", metavar="-- --server.port …", help="options of `streamlit run`"
    )
    command("work", work)
    command("runs", runs).add_argument("--shipped", action="store_true", help="also those that come with bnviz")
    command("cancel", cancel).add_argument("runs", nargs="+", metavar="RUN", help="id, or how it begins")
    export_command = command("export", export)
    export_command.add_argument(
        "runs", nargs="+", metavar="RUN", help="id, or how it begins, or a preset: its finished runs"
    )
    export_command.add_argument("--out", type=Path, required=True, help="the file; its ending says the format")
    figure_options.add_to(export_command)
    presets_command = command("presets", presets)
    presets_command.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of {', '.join(PRESETS)}; all by default"
    )
    presets_command.add_argument(
        "--measure", action="store_true", help="time some steps of each, to say what it costs here"
    )
    claims_command = command("claims", claims)
    claims_command.add_argument("names", nargs="*", metavar="NAME", help="some of them; all by default")
    claims_command.add_argument("--markdown", action="store_true", help="as a table in Markdown")
    gallery_command = command("gallery", gallery)
    gallery_command.add_argument("--out", type=Path, help="another folder than the one that ships")
    command("lesson", lesson).add_argument("--out", type=Path, required=True, help="the .html file")
    report_command = command("report", report)
    report_command.add_argument(
        "runs", nargs="+", metavar="RUN", help="id, or how it begins, or a preset: its finished runs"
    )
    report_command.add_argument("--out", type=Path, required=True, help="the .html file")
    report_command.add_argument("--title", default="Why does batch normalisation help? A report", help="its heading")
    command("reset", reset).add_argument("--yes", action="store_true", help="without asking")
    command("doctor", doctor)
    data_command = command("data", data_list)
    actions = data_command.add_subparsers(metavar="action")
    for name, does, what in (("list", data_list, None), ("fetch", data_fetch, "name"), ("import", data_import, "path")):
        action = actions.add_parser(name, help=does.__doc__, description=does.__doc__)
        action.set_defaults(command=does)
        if what:
            action.add_argument(what, type=Path if what == "path" else str)
    return main


def add_knobs(command: argparse.ArgumentParser) -> None:
    """--preset, --probe, and one option for every other knob of RunSpec."""
    command.add_argument("--preset", help=f"start from a preset: {', '.join(PRESETS)}")
    for name, field in RunSpec.model_fields.items():
        if name != "probes":
            flag = {"nargs": "?", "const": "true"} if field.annotation is bool else {}
            text = f"{field.description} Default: {field.default}.".replace("%", "%%")
            command.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar=name.upper(), help=text, **flag)  # type: ignore[arg-type]
    command.add_argument(
        "--sweep",
        metavar="KNOB=V1,V2,…",
        help=f"ask the same at several values of {', '.join(SWEEPS)}; noise is in multiples of the paper's",
    )
    command.add_argument(
        "--probe",
        action="append",
        metavar="NAME=N",
        help=f"measure NAME every N steps (0: not at all); may be given again. {', '.join(PROBES)}",
    )


def asked(options: argparse.Namespace) -> list[RunSpec]:
    """The questions that the options ask: one, or a preset's with the given knobs changed; each at every value of a sweep."""
    given = {
        name: knob(name, text) for name in RunSpec.model_fields if (text := getattr(options, name, None)) is not None
    }
    preset = None if options.preset is None else known_preset(options.preset)
    probes = preset.knobs["probes"] if preset else RunSpec().probes
    probes = probes | dict(interval(text) for text in options.probe or ())
    given["probes"] = {name: steps for name, steps in probes.items() if steps != "0"}
    specs = preset.specs(**given) if preset else [RunSpec.of(**given)]
    if options.sweep is not None:
        sweep, values = turn(options.sweep)
        specs = sweep.questions(specs, values)
    return list({spec.id: spec for spec in specs}.values())


def knob(name: str, text: str) -> Any:
    """An option's text as RunSpec takes it: lists are separated by commas."""
    if get_origin(RunSpec.model_fields[name].annotation) is tuple:
        return [part for part in text.split(",") if part]
    return text


def interval(text: str) -> tuple[str, str]:
    """NAME=N of a probe."""
    name, equals, steps = text.partition("=")
    if not equals:
        raise SpecError(f"--probe takes NAME=N, its interval in steps, got {shorten(text)}")
    return name, steps


def run(options: argparse.Namespace) -> None:
    """Compute in place, with a progress bar; the answer lands in the cache, and in a file if --out names one."""
    writer = table_writer(options.out) if options.out is not None else None
    specs = asked(options)
    for spec in specs:
        data.require(spec.data)
    consent(specs, options.yes, slots=1)
    done = [answer(Store().submit(spec)) for spec in specs]
    for run in done:
        if run.state != "done":
            fail(run.error() or f"run {run.id} was cancelled by somebody else; the same command goes on from there")
    if writer:
        writer(rows_of(done))


def answer(run: Run) -> Run:
    """Answer one run here, or follow the process that is already at it."""
    from bnviz.runs.worker import answer

    reader = f"command-line-{os.getpid()}"
    with tqdm(total=run.spec.steps, desc=f"{run.id} {run.spec.norm}", unit="step") as bar:

        def show(step: int) -> None:
            bar.update(step - bar.n)
            run.wait(reader)

        try:
            while run.state in ACTIVE:
                answer(run, show)
                show(run.meta().get("step", 0))
                if run.state == "interrupted":  # by Ctrl-C, which the worker heeds in its own way
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            run.leave(reader)
            fail("stopped; the rows so far are kept, and the same command goes on")
    return run


def rows_of(runs: Iterable[Run]) -> pd.DataFrame:
    """Rows of one run as they are; of several with a column `run` before them."""
    frames = {run.id: run.rows().astype(TEXT) for run in runs}
    if len(frames) == 1:
        return next(iter(frames.values()))
    return pd.concat([frame.assign(run=id)[["run", *frame.columns]] for id, frame in frames.items()], ignore_index=True)


def table_writer(path: Path) -> Callable[[pd.DataFrame], None]:
    """How to write a frame to this file, by its ending. ValueError before anything is computed where that cannot work."""
    writers: dict[str, Callable[[pd.DataFrame], None]] = {
        ".csv": lambda frame: frame.astype({"unit": "Int64"}).to_csv(path, index=False),
        ".parquet": lambda frame: frame.astype({"unit": "Int64"}).to_parquet(path, index=False),
    }
    if path.suffix not in writers:
        raise ValueError(f"--out must end in {' or '.join(writers)}, got {path}")
    in_a_folder(path)
    return writers[path.suffix]


def submit(options: argparse.Namespace) -> None:
    """Queue, for the dashboard's workers or `work`; prints the ids."""
    specs = asked(options)
    for spec in specs:
        data.require(spec.data)
    consent(specs, options.yes)
    for spec in specs:
        run = Store().submit(spec)
        run.wait("command-line", seconds=YEAR_S)
        print(run.id, run.state)


def app(options: argparse.Namespace) -> None:
    """Open the dashboard."""
    settle()
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import cli

    from bnviz.runs.supervisor import ensure
    from bnviz.ui import start

    start.prepare()
    ensure(Store())  # its workers load torch while the page opens
    # Streamlit takes a folder named `pages` for its older kind of app until app.py has run once, and tells a reader who
    # arrives by a link to a page that there is no such page.
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(PROJECT / "app.py"), *options.streamlit]
    cli.main()


def work(options: argparse.Namespace) -> None:
    """Answer queued runs until there has been nothing to do for a while; the dashboard starts this by itself."""
    from bnviz.runs.engines.local import Local
    from bnviz.runs.supervisor import supervise

    try:
        if not supervise(Store(), Local):
            print("Another supervisor is at work on this cache already.")
    except KeyboardInterrupt:
        os._exit(130)  # without waiting for the workers: they were told as well


def runs(options: argparse.Namespace) -> None:
    """List the runs: id, state, steps, question."""
    from bnviz.runs.supervisor import trouble

    for run in Store().all_runs() if options.shipped else Store().runs():
        if run.readable and run.state != "damaged":
            print(
                f"{run.id}  {run.state:11}  {run.meta().get('step', 0):>6} / {run.spec.steps:<6}  {run.spec.summary()}"
            )
        else:
            print(f"{run.id}  {run.state:11}  {run.error()}")
    if said := trouble(Store()):
        print(f"bnviz: {said}", file=sys.stderr)


def cancel(options: argparse.Namespace) -> None:
    """Stop runs; the rows so far stay."""
    for run in [Store().find(prefix) for prefix in options.runs]:
        if run.state == "done":
            print(f"{run.id} is done already")
        elif run.state == "damaged":
            print(run.error())
        else:
            run.cancel()
            print(f"{run.id} will stop within two seconds")


def export(options: argparse.Namespace) -> None:
    """Write a figure of runs (pdf, svg, png, html, tex), its numbers (csv, parquet), all of it (zip), or the raw rows."""
    runs = chosen(options.runs)
    if options.figure is None:
        figure_options.none_given(options)
        table_writer(options.out)(rows_of(measured(runs)))
        return
    in_a_folder(options.out)
    take, format, style = figure_options.taken(options, runs)
    for path in takeaway.save(take, options.out, format, style, options.full):
        print(path)


def measured(runs: list[Run]) -> list[Run]:
    """These runs. ValueError where none of them has measured anything."""
    if not any(run.parts() for run in runs):
        raise ValueError(f"nothing is measured yet: {', '.join(f'run {run.id} is {run.state}' for run in runs)}")
    return runs


def chosen(words: list[str]) -> list[Run]:
    """The runs that these words name, each once; damaged ones are told and left out. ValueError where none is left."""
    runs = list({run.id: run for word in words for run in named(word)}.values())
    damaged = {run.id: run.error() for run in runs if run.state == "damaged"}
    if len(damaged) == len(runs):
        raise ValueError(" ".join(damaged.values()))
    for said in damaged.values():
        print(f"bnviz: left out: {said}", file=sys.stderr)
    return [run for run in runs if run.id not in damaged]


def named(word: str) -> list[Run]:
    """The run whose id begins so, or the finished runs of a preset. ValueError where there are none."""
    if word not in PRESETS:
        return [Store().find(word)]
    runs = [Store().run(spec.id) for seed in SEEDS for spec in PRESETS[word].specs(seed=seed)]
    finished = [run for run in runs if run.state == "done" or (run.state == "damaged" and run.folder.exists())]
    if not finished:
        raise ValueError(f"no run of preset {word} is finished; `python -m bnviz run --preset {word}` makes them")
    return finished


def in_a_folder(path: Path) -> None:
    """ValueError where a file cannot be written because of its name, or because its folder is not there."""
    if (size := len(os.fsencode(path.name))) > LONGEST_NAME:
        raise ValueError(f"the file name of --out is too long: {size} bytes, at most {LONGEST_NAME}")
    if path.is_dir():
        raise ValueError(f"--out must name a file, got the folder {path.absolute()}")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"the folder of --out does not exist: {path.absolute().parent}")


def presets(options: argparse.Namespace) -> None:
    """List the presets: what each shows and costs. What it took here stands with those that this machine has finished."""
    for name in options.names:
        known_preset(name)
    for preset in [PRESETS[name] for name in options.names or PRESETS]:
        figure = f" · {preset.figure}" if preset.figure else ""
        page = f" · page {preset.page}" if preset.page else ""
        print(f"{preset.name}{figure}{page} · {cost(preset, options.measure)}")
        regimes = dict.fromkeys(spec.regime() for spec in preset.specs())
        print(f"    {preset.summary}\n    {len(preset.specs())} runs: {' / '.join(regimes)}")


def gallery(options: argparse.Namespace) -> None:
    """Compute what is missing of the runs that ship, and write them; with a GPU at the paper's scale too."""
    from bnviz.runs import gallery
    from bnviz.runs.worker import device

    gallery.replaceable(options.out or GALLERY)
    for name in data.SOURCES:
        data.require(name)
    count, size = gallery.make(options.out, gpu=device() != "cpu")
    print(f"{count} runs, {size / 2**20:.1f} MB")


def cost(preset: Preset, measure: bool) -> str:
    """What a preset takes on this machine: measured, or as it was when it ran here, or as estimated."""
    if measure:
        from bnviz.runs.cost import estimate
        from bnviz.runs.supervisor import slots
        from bnviz.runs.worker import device

        try:
            seconds = sum(estimate(spec, device()) for spec in preset.specs())
        except data.DataError as problem:
            return str(problem)
        return f"{duration(seconds)} of computing here, {slots()} runs at once"
    here = [Run(Store().root / spec.id) for spec in preset.specs()]
    if all(run.state == "done" and not run.meta().get("imported") for run in here):
        return f"took {duration(sum(run.meta()['seconds'] for run in here))} of computing here"
    return f"{prices.here(Store()).price(preset.specs())}{'; its runs ship with bnviz' * bool(preset.ships)}"


def claims(options: argparse.Namespace) -> None:
    """What the papers claim, and how it stands on the finished runs: a named test each, with the paper's value and ours."""
    from bnviz.claims import CLAIMS
    from bnviz.claims.judging import verdicts

    for name in options.names:
        if name not in CLAIMS:
            raise ValueError(f"claim must be one of {', '.join(CLAIMS)}, got {shorten(name)}")
    judged = verdicts([CLAIMS[name] for name in options.names or CLAIMS], Store())
    for text in table(judged) if options.markdown else map(block, judged):
        print(text, flush=True)


def block(verdict: Verdict) -> str:
    """A claim's verdict in a few lines."""
    claim = verdict.claim
    doubt = f" ({verdict.doubt})" if verdict.doubt else ""
    return (
        f"{claim.name} · {verdict.words}{doubt} · ours {verdict.ours or 'nothing yet'} · holds if {claim.region}\n"
        f"    {claim.says} ({claim.source})\n"
        f"    {claim.quantity}\n"
        f"    paper: {claim.theirs}\n"
        f"    {claim.regime}"
    )


def table(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield "| claim | the paper | ours | holds if | verdict |\n|---|---|---|---|---|"
    for verdict in verdicts:
        claim = verdict.claim
        words = f"{verdict.words}; {verdict.doubt}" if verdict.doubt else verdict.words
        yield f"| {claim.says} ({claim.source}) | {claim.theirs} | {verdict.ours} | {claim.region} | {words} |"


def known_preset(name: str) -> Preset:
    """The preset of this name. SpecError names the valid ones."""
    if name not in PRESETS:
        raise SpecError(f"preset must be one of {', '.join(PRESETS)}, got {shorten(name)}")
    return PRESETS[name]


def data_list(options: argparse.Namespace) -> None:
    """List the data sets and whether they are at hand."""
    for source in data.SOURCES.values():
        print(f"{source.name:16} {'here' if data.available(source.name) else 'missing':8} {source.label}")


def data_fetch(options: argparse.Namespace) -> None:
    """Download a data set."""
    importing.fetch(options.name)
    print(f"{options.name} is here.")


def data_import(options: argparse.Namespace) -> None:
    """Take a data set, or the runs of a bundle, from an archive, a file or a folder."""
    if is_bundle(options.path):
        for run in unpack(options.path, Store()):
            print(f"{run.id} is here: {run.spec.summary()}")
    else:
        for name in importing.import_path(options.path):
            print(f"{name} is here.")


def lesson(options: argparse.Namespace) -> None:
    """Write the story's figures and ten questions, answers folded away, as one HTML page to print or to send."""
    from bnviz.story.report import lesson

    write_page(options.out, lambda: lesson(Store()))


def report(options: argparse.Namespace) -> None:
    """Write what some runs are, and every figure of them, as one HTML page with the interactive figures in it."""
    from bnviz.story.report import report

    runs = chosen(options.runs)
    write_page(options.out, lambda: report(measured(runs), options.title))


def write_page(path: Path, made: Callable[[], str]) -> None:
    """Write an HTML page. ValueError before it is made where that cannot work."""
    if path.suffix != ".html":
        raise ValueError(f"--out must end in .html, got {path}")
    in_a_folder(path)
    path.write_text(made(), encoding="utf-8")
    print(path)


def reset(options: argparse.Namespace) -> None:
    """Delete all runs of the cache, for the next class; data sets and the runs that ship stay."""
    count = len(Store().runs())
    if not (options.yes or agreed(f"Delete {count} runs with their measurements?")):
        print("Nothing was deleted.")
        return
    gone, left = Store().reset()
    print(f"{gone} runs deleted; data sets and the runs that ship stay.")
    if left:
        fail(f"{', '.join(run.id for run in left)} would not stop, or may not be deleted by this account")


def agreed(question: str) -> bool:
    """Whether somebody at the terminal says yes. ValueError where nobody is there to be asked."""
    if not sys.stdin.isatty():
        raise ValueError("reset deletes runs for good and asks first; --yes where nobody can answer")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def doctor(options: argparse.Namespace) -> None:
    """Versions, devices, data and the health of the cache."""
    from importlib.metadata import version

    import torch

    from bnviz.runs.supervisor import lock, slots, trouble

    store = Store()
    print("python      ", sys.version.split()[0])
    for package in ("torch", "torchvision", "streamlit", "plotly", "pandas", "pyarrow"):
        print(f"{package:12}", version(package))
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    print("devices     ", ", ".join([*gpus, f"CPU with {os.cpu_count()} cores"]), f"({slots()} runs at once)")
    for name in data.SOURCES:
        health = ("whole" if data.check(name) else "DAMAGED") if data.available(name) else "missing"
        print(f"{name:15}", health)
    states = [run.state for run in store.runs()]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "no runs"
    print("cache       ", f"{store.root}: {counts}; supervisor {'at work' if held(lock(store)) else 'not running'}")
    for run in store.runs():
        if run.state in ("failed", "damaged"):
            print(f"  {run.id} {run.state}: {run.error()}")
    if said := trouble(store):
        print("trouble     ", said)


if __name__ == "__main__":
    main()
