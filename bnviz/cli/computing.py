"""The commands that compute runs, list them and stop them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tqdm import tqdm

from bnviz import data
from bnviz.cli.consent import consent
from bnviz.cli.errors import fail
from bnviz.cli.files import rows_of, table_writer
from bnviz.cli.questions import add_knobs, asked
from bnviz.runs.store import ACTIVE, Run, Store

YEAR_S = 365 * 24 * 3600.0  # who queues and goes away waits all the same


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
            fail(
                run.error()
                or f"run {run.id} was cancelled by somebody else; the same command goes on from there"
            )
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


def run_options(command: argparse.ArgumentParser) -> None:
    """Add the options of `run`."""
    add_knobs(command)
    command.add_argument("--out", type=Path, help="write the rows to this .csv or .parquet file")
    yes_option(command)


def submit_options(command: argparse.ArgumentParser) -> None:
    """Add the options of `submit`."""
    add_knobs(command)
    yes_option(command)


def yes_option(command: argparse.ArgumentParser) -> None:
    """Add --yes, which answers the question about long runs."""
    command.add_argument(
        "--yes", action="store_true", help="start more than ten minutes of computing without asking"
    )


def runs_options(command: argparse.ArgumentParser) -> None:
    """Add the option of `runs`."""
    command.add_argument("--shipped", action="store_true", help="also those that come with bnviz")


def cancel_options(command: argparse.ArgumentParser) -> None:
    """Add the argument of `cancel`."""
    command.add_argument("runs", nargs="+", metavar="RUN", help="id, or how it begins")
