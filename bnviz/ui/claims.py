"""The Claims page: every claim with its verdict, and a button for the missing runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from bnviz import presets
from bnviz.claims import CLAIMS, judging
from bnviz.claims.claim import GROUPS, Claim, specs_of
from bnviz.claims.judging import Verdict
from bnviz.claims.left_out import LEFT_OUT
from bnviz.runs import supervisor
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.ui import asking, link, live, page, progress
from bnviz.ui.controls import MOST_RUNS
from bnviz.ui.live import Stamp
from bnviz.ui.reader import wait

EVERY_S = 2.0
EVERYTHING = "all"
BADGES = {  # each verdict has a colour and a symbol of its own
    judging.HOLDS: ":green-badge[:material/check: {}]",
    judging.FAILS: ":red-badge[:material/close: {}]",
    judging.UNDECIDED: ":orange-badge[:material/question_mark: {}]",
    judging.UNMEASURED: ":gray-badge[:material/hourglass_empty: {}]",
}
CHOICES = {EVERYTHING: "all"} | {
    words.replace(" ", "-"): words for words in judging.KINDS
}  # in the address


def claims_page(doc: str | None) -> None:
    """Draw the page: the text, the counts, and the claims with the chosen verdict."""
    page.text(doc)
    link.warn_of_unknown(["verdict"])
    link.restore(
        {"verdict": EVERYTHING},
        lambda _, text: "" if text in CHOICES else f"it must be one of {', '.join(CHOICES)}",
    )
    active = bool(at_work(judging.finished(Store(), CLAIMS.values())))

    def body() -> None:
        progress.tell_trouble()
        done = judging.finished(Store(), CLAIMS.values())
        busy = at_work(done)
        if bool(busy) != active:
            st.rerun()
        for run in busy.values():
            wait(run)
        if busy:
            supervisor.ensure(Store())
        with st.spinner("Reading the runs …"):
            verdicts = judged(done)
        draw(chosen(verdicts), done, set(busy))

    st.fragment(body, run_every=EVERY_S if active else None)()


def at_work(done: dict[str, Run]) -> dict[str, Run]:
    """Return the runs that claims still need and that are queued or running, by id."""
    ids = dict.fromkeys(id for claim in CLAIMS.values() for id in judging.missing(claim, done))
    runs = {id: Store().run(id) for id in ids}
    return {id: run for id, run in runs.items() if run.readable and run.state in ACTIVE}


def judged(done: dict[str, Run]) -> list[Verdict]:
    """Return the verdict of every claim, from the finished runs."""
    stamps = {id: live.newest(run) for id, run in done.items()}
    several = {name: judging.measured_on(claim, done) for name, claim in CLAIMS.items()}
    return [
        verdict(name, tuple(stamps[run.id] for run in runs), runs) for name, runs in several.items()
    ]


@st.cache_resource(max_entries=256, show_spinner=False)
def verdict(name: str, stamp: Stamp, _runs: list[Run]) -> Verdict:
    """Return the verdict of a claim, cached until its runs change."""
    # Neighbouring claims often use the same rows, so the frame is kept as well.
    rows = live.frames.get(("claims", stamp), lambda: judging.rows(_runs))
    return judging.judge(CLAIMS[name], rows)


def chosen(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Let the reader choose a verdict, and return the claims that have it."""
    counts = Counter(verdict.words for verdict in verdicts) | Counter(
        {CHOICES[EVERYTHING]: len(verdicts)}
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice = st.segmented_control(
            "Verdict",
            list(CHOICES),
            required=True,
            format_func=lambda name: f"{CHOICES[name]} · {counts[CHOICES[name]]}",
            key="verdict",
            persist_state="session",
            wrap=True,
        )
        link.copy_button()
    link.keep({"verdict": EVERYTHING})
    return [
        verdict
        for verdict in verdicts
        if CHOICES[str(choice)] in (CHOICES[EVERYTHING], verdict.words)
    ]


def draw(verdicts: Sequence[Verdict], done: dict[str, Run], busy: set[str]) -> None:
    """Draw the claims, grouped by paper, and the downloads that they need."""
    missing_runs = [
        spec for verdict in verdicts for spec in judging.missing(verdict.claim, done).values()
    ]
    absent = presets.missing(missing_runs)
    if not done:
        st.info(
            "Nothing is measured yet. Press **Run what is missing** under a claim.",
            icon=":material/inbox:",
        )
    for name in absent:
        page.offer_download(name)
    for group, heading in GROUPS.items():
        members = [verdict for verdict in verdicts if verdict.claim.group == group]
        if members:
            st.header(heading, anchor=f"group-{group}")
        for verdict in members:
            draw_claim(verdict, judging.missing(verdict.claim, done), absent, busy)
    draw_left_out()


def draw_left_out() -> None:
    """Draw the claims that we do not measure, with the reasons."""
    st.header("Claims that we do not measure", anchor="unmeasured")
    st.markdown("\n".join(f"- {claim.says} ({claim.source}): {claim.why}." for claim in LEFT_OUT))


def draw_claim(
    verdict: Verdict, missing: dict[str, RunSpec], absent: list[str], busy: set[str]
) -> None:
    """Draw one claim: its sentence, its verdict, and what the verdict is based on."""
    claim = verdict.claim
    with st.container(border=True):
        st.subheader(claim.says, anchor=claim.name)
        st.markdown(told(verdict))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.link_button(
                "Show the figure", address(verdict), icon=":material/show_chart:", type="tertiary"
            )
            with st.popover(
                "Seeds and conditions",
                icon=":material/info:",
                type="tertiary",
                key=f"about-{claim.name}",
            ):
                st.markdown(conditions(verdict))
            if missing:
                offer_runs(claim, missing, absent, busy)


def told(verdict: Verdict) -> str:
    """Return the verdict, the paper's value, our values and the note as Markdown."""
    claim = verdict.claim
    aside = f"\n- {verdict.aside.capitalize()}" if verdict.aside else ""
    note = f"\n- **Keep in mind:** {claim.note}" if claim.note else ""
    return (
        f"{BADGES[verdict.words].format(verdict.said)} &nbsp; {claim.source}\n\n"
        f"- **Measured:** {claim.quantity}\n"
        f"- **The paper:** {claim.theirs}\n"
        f"- **Ours:** {verdict.ours or 'nothing yet'}; it holds if {claim.region}{aside}{note}"
    )


def conditions(verdict: Verdict) -> str:
    """Return the value of each seed that decides and the settings, as Markdown."""
    seeds = judging.by_seed(verdict.values)
    return f"**Seeds** {seeds or 'none yet'}\n\n**Measured on** {verdict.claim.regime}"


def address(verdict: Verdict) -> str:
    """Return a link to the figure of a claim.

    It names the seeds that the verdict counts, or all that the claim needs if none counts yet.
    """
    claim = verdict.claim
    seeds = list(verdict.values.index) or list(claim.seeds)
    several = {
        "networks" if claim.page == "norms" else "norm": claim.norms,
        "lr": [link.number(rate) for rate in claim.rates],
        "seed": seeds[: MOST_RUNS // len(specs_of(claim, 0))],
    }
    said = {
        "preset": claim.preset,
        **{name: values for name, values in several.items() if values},
        **claim.changes,
    }
    written = {name: link.write(value) for name, value in said.items()} | dict(claim.address)
    return f"{claim.page}?{urlencode(written, safe=',')}"


def offer_runs(
    claim: Claim, missing: dict[str, RunSpec], absent: list[str], busy: set[str]
) -> None:
    """Say how many of a claim's runs are finished, and draw a button that runs the others."""
    asked = len(specs_of(claim, 0)) * len(claim.seeds)
    waiting = missing.keys() & busy
    if st.button(
        "Running" if waiting else "Run what is missing",
        icon=":material/play_arrow:",
        disabled=bool(waiting) or any(spec.data in absent for spec in missing.values()),
        key=f"run-{claim.name}",
        help=f"Takes {asking.price(list(missing.values()))}.",
    ):
        asking.request(list(missing.values()))
        st.rerun()
    st.caption(f"{asked - len(missing)} of {asked} runs finished.")
