"""The conditions of Section 4 (2018) in three networks, as a table for pages and the lesson."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bnviz.claims import judging
from bnviz.claims.judging import Verdict
from bnviz.claims.theory import CONDITIONAL, NETWORKS
from bnviz.runs.run import Run
from bnviz.runs.store import Store
from bnviz.words import three_digits

CLAIMS = [claim for claims in CONDITIONAL.values() for claim in claims]
HEADS = ("Network", "γ/σ", "⟨ŷ, g⟩ ≥ 0", "Shorter", "Seeds")  # short, for a narrow screen


class Conditions(NamedTuple):
    """The conditions in one network, as means over training and seeds.

    Attributes
    ----------
    gain : median of γ/σ over the units
    inner : units with ⟨ŷ, g⟩ ≥ 0, in per cent
    smaller : units whose gradient is shorter in front of BatchNorm than behind it, in per cent
    """

    network: str
    gain: Verdict
    inner: Verdict
    smaller: Verdict

    @property
    def cells(self) -> list[str]:
        """The network's line in the table of HEADS, "—" for what is not measured yet."""
        measured = [
            verdict.claim.in_unit(three_digits(verdict.mean)) if verdict.n else "—"
            for verdict in (self.gain, self.inner, self.smaller)
        ]
        return [self.network, *measured, str(self.gain.n)]


def runs(store: Store) -> list[Run]:
    """Return the finished runs that the table is measured on."""
    return list(judging.finished(store, CLAIMS).values())


def conditions(store: Store) -> list[Conditions]:
    """Return the conditions in each of NETWORKS, measured on the finished runs of a store."""
    found = {verdict.claim.name: verdict for verdict in judging.verdicts(CLAIMS, store)}
    return [
        Conditions(network, *(found[claims[place].name] for claims in CONDITIONAL.values()))
        for place, network in enumerate(NETWORKS)
    ]


def table(lines: Sequence[Conditions]) -> str:
    """Return the conditions as a Markdown table."""
    rows = [HEADS, ["---"] * len(HEADS), *(line.cells for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
