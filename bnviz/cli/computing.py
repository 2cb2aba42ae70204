"""The commands that compute runs, list them and stop them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tqdm import tqdm

from bnviz import data
from bnviz.cli.consent import consent
from bnviz.cli.device import device_option
from bnviz.cli.errors import fail
from bnviz.cli.files import rows_of, table_writer
from bnviz.cli.settings import add_knobs, asked
from bnviz.runs import devices
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store

YEAR_S = 365 * 24 * 3600.0  # how long a run stays queued for `submit`, which does not wait for it


def run(options: argparse.Namespace) -> None:
    """Compute runs here with a progress bar; --out also writes their rows to a file."""
    writer = table_writer(options.out) if options.out is not None else None
    devices.choose(options.device)
    specs = asked(options)
    for spec in specs:
        data.require(spec.data)
    devices.device()  # after the settings, because it loads torch
    consent(specs, options.yes, slots=1)
    done = [answer(Store().submit(spec)) for spec in specs]
    for run in done:
        if run.state != "done":
            cancelled = f"run {run.id} was cancelled elsewhere; the same command continues it"
            fail(run.error() or cancelled)
    if writer:
        writer(rows_of(done))


def answer(run: Run) -> Run:
    """Compute one run here, or follow the process that is computing it already; return the run."""
    from bnviz.runs.worker import answer

    reader = f"command-line-{os.getpid()}"
    with tqdm(total=run.spec.steps, desc=f"{run.id} {run.spec.norm}", unit="step") as bar:

        def show(step: int) -> None:
            bar.update(step - bar.n)
            run.wait(reader)

        try:
            while run.state in ACTIVE:
                alone = run.meta().get("alone")
                answer(run, show)
                show(run.meta().get("step", 0))
                again = run.meta().get("alone") and not alone  # it ran out of memory
                # The worker catches Ctrl-C to save a checkpoint.
                if run.state == "interrupted" and not again:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            run.leave(reader)
            fail("stopped; the rows so far are kept, and the same command continues the run")
    return run


def submit(options: argparse.Namespace) -> None:
    """Queue runs for the dashboard's workers or for `work`, and print their ids."""
    specs = asked(options)
    for spec in specs:
        data.require(spec.data)
    consent(specs, options.yes)
    for spec in specs:
        run = Store().submit(spec)
        run.wait("command-line", seconds=YEAR_S)
        print(run.id, run.state)


def work(options: argparse.Namespace) -> None:
    """Compute queued runs until the queue stays empty; the dashboard starts this by itself."""
    from bnviz.runs.engines.local import Local
    from bnviz.runs.supervisor import supervise

    devices.choose(options.device)
    try:
        if not supervise(Store(), Local):
            print("Another supervisor is already working on this cache.")
    except KeyboardInterrupt:
        os._exit(130)  # do not wait for the workers: Ctrl-C has reached them too


def runs(options: argparse.Namespace) -> None:
    """List the runs: id, state, steps and settings."""
    from bnviz.runs.prices import here
    from bnviz.runs.queue import places
    from bnviz.runs.supervisor import trouble

    queue = places(Store(), here(Store()))
    for run in Store().all_runs() if options.shipped else Store().runs():
        if run.readable and run.state != "damaged":
            steps = f"{run.meta().get('step', 0):>6} / {run.spec.steps:<6}"
            place = f" · {queue[run.id].words}" if run.id in queue else ""
            print(f"{run.id}  {run.state:11}  {steps}  {run.spec.summary()}{place}")
        else:
            print(f"{run.id}  {run.state:11}  {run.error()}")
    if said := trouble(Store()):
        print(f"bnviz: {said}", file=sys.stderr)


def cancel(options: argparse.Namespace) -> None:
    """Stop runs; the rows measured so far are kept."""
    for run in [Store().find(prefix) for prefix in options.runs]:
        if run.state == "done":
            print(f"{run.id} has finished already")
        elif run.state == "damaged":
            print(run.error())
        else:
            run.cancel()
            print(f"{run.id} will stop within two seconds")


def run_options(command: argparse.ArgumentParser) -> None:
    add_knobs(command)
    command.add_argument("--out", type=Path, help="write the rows to this .csv or .parquet file")
    device_option(command)
    yes_option(command)


def submit_options(command: argparse.ArgumentParser) -> None:
    add_knobs(command)
    yes_option(command)


def work_options(command: argparse.ArgumentParser) -> None:
    device_option(command)


def yes_option(command: argparse.ArgumentParser) -> None:
    """Add --yes, which starts long runs without asking."""
    command.add_argument(
        "--yes", action="store_true", help="start more than ten minutes of computing without asking"
    )


def runs_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--shipped", action="store_true", help="list those shipped with bnviz too")


def cancel_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("runs", nargs="+", metavar="RUN", help="an id, or its first characters")
