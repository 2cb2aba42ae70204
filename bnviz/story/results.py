"""docs/RESULTS.md: every figure and every claim of the papers beside what we measured.

`document` measures the runs that ship, so the file can be written again at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from pandas import DataFrame

from bnviz import paths
from bnviz.claims import CLAIMS, judging
from bnviz.claims.claim import GROUPS
from bnviz.claims.evidence import accuracy
from bnviz.claims.evidence_landscape import landscape
from bnviz.claims.judging import MOST_SEEDS, Verdict
from bnviz.claims.left_out import LEFT_OUT, LeftOut
from bnviz.presets import NORMS, PRESETS
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.story.numbers import told
from bnviz.story.paper_figure import PaperFigure
from bnviz.story.paper_figures import FIGURES

INTRODUCTION = """\
# Results

`python -m bnviz results --out docs/RESULTS.md` writes this file from the finished runs that ship
with bnviz. Every number that we measured is computed from them, and a test compares the file with
the runs. The papers' results and the remarks after a semicolon are written by hand.

Our VGG is `vgg16` at a quarter of its width with two hidden layers, trained for 5,000 steps on all
of CIFAR-10 with an L2 penalty of 0.0005. The 2018 paper trains a VGG of unstated size for 15,000
steps, and its figures suggest such a penalty. The lp norms have two seeds, the learning rates 0.5
and 0.01 one. Augmentation and momentum are measured on `vgg11` without a penalty, for 2,000 steps.
The deep linear network (DLN) and the MNIST network of 2015 have the papers' own size. The networks
of the MNIST report (Liu) train for 20,000 steps. Inception has half its width, images of 32 × 32
pixels, 2,000 steps and one seed. Everything ran on a CPU.
"""
FIGURES_SAY = """\
## Every figure of the papers

*Verdicts* counts the claims that test the figure; the claims themselves follow below. *Page* is the
page's name in the URL. The numbers are means over the seeds, of multiples the geometric mean,
unless the sentence says otherwise. `python -m bnviz run --preset PRESET` makes the runs again, and
`python -m benchmarks.figures` prints more numbers, seed by seed. *Show the paper's curve* on the
page lays the paper's curve under ours.
"""
SEEDS_SAY = """\
## Seed by seed

The preset `deep`: training accuracy over steps 1,000–1,999 and mean width of the loss band. Each
seed has its own weights and batches, which its networks share.
"""
CLAIMS_SAY = """\
## Every claim

The page **Claims** shows the exact quantity, the settings, the single seeds and the figure of each
claim. Intervals are 95% t-intervals over seeds: of ratios (×) on a logarithmic scale, of cosines
by Fisher's z, of shares cut at 0 and 100%. A claim *holds* if its whole interval lies in the
region, and *does not hold* if the whole interval lies outside on one side. Otherwise it is
*undecided*, as it is with one seed. The seeds that decide are fixed: 0 to 2, and 0 to 4 for L1
against BatchNorm on the deep linear network. Further seeds are shown but never used. Where the
paper gives no number, we chose the edge. We chose several edges when we knew some of our values, so
they are not blind.
"""
FIGURES_HEAD = (
    "| figure | preset | page | the paper | ours | seeds | verdicts |",
    "|---|---|---|---|---|---|---|",
)
SEEDS_HEAD = (
    "| seed | standard | BatchNorm | noisy BatchNorm | band, standard | band, BatchNorm | ratio |",
    "|---|---|---|---|---|---|---|",
)
CLAIMS_HEAD = ("| claim | the paper | ours | holds if | verdict |", "|---|---|---|---|---|")


def document() -> str:
    """Return docs/RESULTS.md as Markdown, measured on the runs that ship."""
    store = Store(paths.GALLERY)
    judged = {found.claim.name: found for found in judging.verdicts([*CLAIMS.values()], store)}
    parts = [
        INTRODUCTION,
        FIGURES_SAY,
        "\n".join(figure_table(FIGURES, judged, store)) + "\n",
        SEEDS_SAY,
        "\n".join(seed_table(rows_of("deep", store))) + "\n",
        CLAIMS_SAY,
        f"{total(judged.values())}\n",
        *(claim_section(group, judged.values()) for group in GROUPS),
    ]
    return "\n".join(parts)


def figure_table(
    figures: Iterable[PaperFigure], judged: Mapping[str, Verdict], store: Store
) -> Iterator[str]:
    """Yield the lines of the table of figures."""
    yield from FIGURES_HEAD
    for figure in figures:
        ours, seeds = measured(figure, rows_of(figure.preset, store))
        verdicts = judging.counted(judged[name] for name in figure.claims) or "—"
        note = f"; {figure.note}" if figure.note else ""
        yield (
            f"| {figure.title} | `{figure.preset}` | `{figure.page}` | {figure.theirs} | {ours} "
            f"| {seeds} | {verdicts}{note} |"
        )


def measured(figure: PaperFigure, rows: DataFrame) -> tuple[str, str]:
    """Return a figure's sentence with our numbers in it, and how many seeds they are from."""
    said, seeds = told(figure.ours, figure.numbers, rows)
    return said, " to ".join(dict.fromkeys((str(min(seeds)), str(max(seeds)))))


def total(verdicts: Collection[Verdict]) -> str:
    """Return a sentence that counts the verdicts of each kind."""
    return f"Of {len(verdicts)} claims, {judging.counted(verdicts)}."


def seed_table(rows: DataFrame) -> Iterator[str]:
    """Yield the lines of the table of seeds: accuracies in per cent, widths of the loss band."""
    yield from SEEDS_HEAD
    accuracies, widths = accuracy(1000, 2000)(rows), landscape("width", "mean")(rows)
    for seed in accuracies.index:
        reached = [f"{100 * accuracies.loc[seed, norm]:.1f}%" for norm in NORMS]
        standard, batch = widths.loc[seed, "none"], widths.loc[seed, "batch"]
        bands = [f"{standard:.2f}", f"{batch:.2f}", f"{standard / batch:.1f}"]
        yield f"| {seed} | {' | '.join([*reached, *bands])} |"


def claim_section(group: str, verdicts: Iterable[Verdict]) -> str:
    """Return the claims of one source: a table, what to keep in mind, and what is not measured."""
    own = [verdict for verdict in verdicts if verdict.claim.group == group]
    lines = [f"### {GROUPS[group]}\n", *claim_table(own), ""]
    lines += [f"- *{found.claim.says}* {found.claim.note}" for found in own if found.claim.note]
    lines += [line_of(claim) for claim in LEFT_OUT if claim.group == group]
    return "\n".join(lines).rstrip("\n") + "\n"


def line_of(claim: LeftOut) -> str:
    """Return a claim without a measurement, with the reason, as a list item in Markdown."""
    return f"- *{claim.says}* ({claim.source}) is not measured: {claim.why}."


def claim_table(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Yield the lines of a table of claims."""
    yield from CLAIMS_HEAD
    for verdict in verdicts:
        claim = verdict.claim
        ours = "; ".join(filter(None, (verdict.ours, verdict.aside)))
        yield (
            f"| {claim.says} ({claim.source}) | {claim.theirs} | {ours} "
            f"| {claim.region} | {verdict.said} |"
        )


def rows_of(preset: str, store: Store) -> DataFrame:
    """Return the rows of the finished runs of a preset, of any seed, without the histograms."""
    asked = (spec for seed in MOST_SEEDS for spec in PRESETS[preset].specs(seed=seed))
    return shared_rows(store.root, *store.finished(asked))


@lru_cache(maxsize=4)  # neighbouring figures often show the same runs
def shared_rows(root: Path, *ids: str) -> DataFrame:
    """Return the rows of these finished runs of a store."""
    return judging.rows(Run(root / id) for id in ids)
