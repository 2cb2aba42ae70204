"""The commands that list the presets and the claims of the papers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnviz import data
from bnviz.cli.settings import known_preset
from bnviz.presets import PRESETS, Preset
from bnviz.runs import prices
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.words import duration, shorten

if TYPE_CHECKING:
    from bnviz.claims.judging import Verdict


def presets(options: argparse.Namespace) -> None:
    """List the presets: what each shows, and what it costs or took on this machine."""
    for name in options.names:
        known_preset(name)
    for preset in [PRESETS[name] for name in options.names or PRESETS]:
        figure = f" · {preset.figure}" if preset.figure else ""
        page = f" · page {preset.page}" if preset.page else ""
        print(f"{preset.name}{figure}{page} · {cost(preset, options.measure)}")
        regimes = dict.fromkeys(spec.regime() for spec in preset.specs())
        print(f"    {preset.summary}\n    {len(preset.specs())} runs: {' / '.join(regimes)}")


def cost(preset: Preset, measure: bool) -> str:
    """Return as text what a preset costs on this machine.

    This is the time it took if its runs have finished here, and an estimate otherwise. `measure`
    times some steps of each run instead.
    """
    if measure:
        from bnviz.runs.cost import estimate
        from bnviz.runs.devices import device_of
        from bnviz.runs.supervisor import slots

        try:
            seconds = sum(estimate(spec, device_of(spec)) for spec in preset.specs())
        except data.DataError as problem:
            return str(problem)
        return f"{duration(seconds)} of computing here, {slots()} runs at once"
    here = [Run(Store().root / spec.id) for spec in preset.specs()]
    if all(run.state == "done" and not run.meta().get("imported") for run in here):
        return f"took {duration(sum(run.meta()['seconds'] for run in here))} of computing here"
    shipped = "; its runs ship with bnviz" if preset.ships else ""
    return f"{prices.here(Store()).price(preset.specs())}{shipped}"


def claims(options: argparse.Namespace) -> None:
    """Test the papers' claims on the finished runs, and print the papers' values and ours."""
    from bnviz.claims import CLAIMS
    from bnviz.claims.judging import counted, verdicts
    from bnviz.story.results import claim_table

    for name in options.names:
        if name not in CLAIMS:
            raise ValueError(f"claim must be one of {', '.join(CLAIMS)}, got {shorten(name)}")
    done: list[Verdict] = []
    judged = tee(verdicts([CLAIMS[name] for name in options.names or CLAIMS], Store()), done)
    for text in claim_table(judged) if options.markdown else map(block, judged):
        print(text, flush=True)
    print(f"\nIn total: {counted(done)}.")


def tee(verdicts: Iterator[Verdict], kept: list[Verdict]) -> Iterator[Verdict]:
    """Yield these verdicts, and append each to `kept`."""
    for verdict in verdicts:
        kept.append(verdict)
        yield verdict


def block(verdict: Verdict) -> str:
    """Return a claim's verdict as a few lines of text."""
    claim = verdict.claim
    ours, aside = verdict.ours or "nothing yet", f"    {verdict.aside}\n" if verdict.aside else ""
    return (
        f"{claim.name} · {verdict.said} · ours {ours} · holds if {claim.region}\n"
        f"    {claim.says} ({claim.source})\n"
        f"    {claim.quantity}\n"
        f"{aside}"
        f"    paper: {claim.theirs}\n"
        f"    {claim.regime}"
    )


def presets_options(command: argparse.ArgumentParser) -> None:
    names = f"some of {', '.join(PRESETS)}; all by default"
    command.add_argument("names", nargs="*", metavar="NAME", help=names)
    measure = "time some steps of each run to measure what it costs on this machine"
    command.add_argument("--measure", action="store_true", help=measure)


def claims_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("names", nargs="*", metavar="NAME", help="some claims; all by default")
    command.add_argument("--markdown", action="store_true", help="print a table in Markdown")
