"""The Claims page: a chart of all claims, and what is behind the one that the reader opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st

from bnviz import presets
from bnviz.claims import CLAIMS, chart, judging
from bnviz.claims.claim import GROUPS, Claim, specs_of
from bnviz.claims.judging import Verdict
from bnviz.claims.left_out import LEFT_OUT
from bnviz.figures import PANELS
from bnviz.runs import supervisor
from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store
from bnviz.spec import RunSpec
from bnviz.ui import asking, download, link, live, progress, terms
from bnviz.ui.about import About, heading
from bnviz.ui.claims_chart import rows_of_claims
from bnviz.ui.controls import MOST_RUNS
from bnviz.ui.live import Choices, Stamp
from bnviz.ui.reader import wait

EVERY_S = 2.0
EVERYTHING = "all"
PAPER_WIDTH = 240  # pixels
LOOKS = {  # verdict -> its colour and its shape, as in the chart
    judging.HOLDS: ("green", "●"),
    judging.FAILS: ("red", "✕"),
    judging.UNDECIDED: ("orange", "Δ"),
    judging.UNMEASURED: ("gray", "○"),
}
VERDICTS = {EVERYTHING: ""} | {
    words.replace(" ", "-"): words for words in judging.KINDS
}  # in the address -> in words
SOURCES = {EVERYTHING: "All papers"} | GROUPS  # in the address -> in words
DEFAULTS = {"group": EVERYTHING, "verdict": EVERYTHING, "claim": ""}
CHOICES = {"group": list(SOURCES), "verdict": list(VERDICTS), "claim": list(CLAIMS)}
LEGEND = (
    ":small[A filled mark is our value with its 95% interval; the hollow diamond is the paper's. "
    "A claim holds if its whole interval lies in the shaded part of its row. An arrow points to a "
    "value beyond the end of the axis. Click a row to see its figure.]"
)


def claims_page(doc: str | None) -> None:
    """Draw the page: the filters, the chart, the claims that are not measured, and the text."""
    words = About.of(doc)
    heading(words, "claims")
    link.warn_of_unknown(DEFAULTS)
    link.restore(DEFAULTS, unknown)
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
        shown = chosen(verdicts)
        if not done:
            st.info(
                "Nothing is measured yet. Open a claim and press **Run what is missing**.",
                icon=":material/inbox:",
            )
        st.markdown(LEGEND)
        draw(shown, chart.axes(verdicts), done, set(busy))
        link.keep(DEFAULTS)
        draw_left_out(str(st.session_state["group"]))

    st.fragment(body, run_every=EVERY_S if active else None)()
    terms.markdown(words.text, "page")


def unknown(name: str, text: str) -> str:
    """Return what is wrong with a choice in the address, or ""."""
    if text in CHOICES[name]:
        return ""
    some = ", ".join(CHOICES[name][:6])
    return f"it must be one of {some}{' …' if len(CHOICES[name]) > 6 else ''}"


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
    """Let the reader choose a paper and a verdict, and return the claims that have both."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = st.selectbox(
            "Paper",
            list(SOURCES),
            format_func=SOURCES.__getitem__,
            key="group",
            persist_state="session",
            label_visibility="collapsed",
            width=PAPER_WIDTH,
        )
        of_paper = [each for each in verdicts if group in (EVERYTHING, each.claim.group)]
        counts = Counter(each.words for each in of_paper)
        choice = st.segmented_control(
            "Verdict",
            list(VERDICTS),
            required=True,
            format_func=lambda name: option(name, counts),
            key="verdict",
            persist_state="session",
            label_visibility="collapsed",
            wrap=True,
        )
    return [each for each in of_paper if VERDICTS[str(choice)] in ("", each.words)]


def option(name: str, counts: Counter[str]) -> str:
    """Return a verdict with its look and with how many claims have it, as Markdown."""
    if name == EVERYTHING:
        return f"all · {counts.total()}"
    colour, shape = LOOKS[VERDICTS[name]]
    return f":{colour}[{shape}] {VERDICTS[name]} · {counts[VERDICTS[name]]}"


def draw(
    verdicts: Sequence[Verdict],
    axes: Mapping[str, chart.Axis],
    done: dict[str, Run],
    busy: set[str],
) -> None:
    """Draw the claims on the axes of their kinds, and the details beneath the one that is open."""
    opened = str(st.session_state["claim"])
    for kind, axis in axes.items():
        own = [verdict for verdict in verdicts if chart.kind(verdict) == kind]
        names = [verdict.claim.name for verdict in own]
        cut = names.index(opened) + 1 if opened in names else len(own)
        for part, rows in (("", own[:cut]), ("rest", own[cut:])):
            if rows:
                key = f"claims-{chart.TITLES[kind]}-{part}"
                rows_of_claims(rows, axis, chart.TITLES[kind], key, opened, open_or_close)
            if not part and opened in names:
                details(own[cut - 1], judging.missing(CLAIMS[opened], done), done, busy)


def open_or_close(name: str) -> None:
    """Open a claim, or close it if it is open."""
    st.session_state["claim"] = "" if st.session_state["claim"] == name else name


def draw_left_out(group: str) -> None:
    """Draw the claims of a paper, or of all, that we do not measure, with the reasons."""
    claims = [claim for claim in LEFT_OUT if group in (EVERYTHING, claim.group)]
    if claims:
        st.header("Claims that we do not measure", anchor="unmeasured")
        st.markdown("\n".join(f"- {claim.says} ({claim.source}): {claim.why}." for claim in claims))


def details(
    verdict: Verdict, missing: dict[str, RunSpec], done: dict[str, Run], busy: set[str]
) -> None:
    """Draw what is behind the verdict on a claim: its figure, its numbers, and its runs."""
    claim = verdict.claim
    with st.container(border=True, key=f"details-{claim.name}"):
        left, right = st.columns([3, 2], gap="medium")
        with left:
            draw_figure(claim, done)
        with right:
            st.markdown(f"{told(verdict)}\n{conditions(verdict)}")
            st.link_button(
                "Open the figure's page",
                address(verdict),
                icon=":material/show_chart:",
                type="tertiary",
            )
            if missing:
                offer_runs(claim, missing, busy)


def draw_figure(claim: Claim, done: dict[str, Run]) -> None:
    """Draw the figure of a claim, with the paper's curves, from the finished runs of its seeds."""
    runs = [done[id] for seed in claim.seeds for id in specs_of(claim, seed) if id in done]
    panel = PANELS[claim.figure]
    if not panel.fits([run.spec for run in runs]):
        st.info("The figure appears when the runs are finished.", icon=":material/hourglass_empty:")
        return
    layers = tuple(filter(None, claim.address.get("layers", "").split(",")))
    last = max(run.spec.steps for run in runs)
    choices = Choices(last, layers, claim.address.get("view", ""), paper=True, statistic="t")
    stamp = live.stamp_of(runs)
    live.draw_panel(panel, stamp, live.view_of(stamp, choices, runs, [panel]), choices, runs)


def told(verdict: Verdict) -> str:
    """Return the verdict, the paper's value, our values and the note as Markdown."""
    claim, (colour, shape) = verdict.claim, LOOKS[verdict.words]
    aside = f"\n- {verdict.aside.capitalize()}" if verdict.aside else ""
    note = f"\n- **Keep in mind:** {claim.note}" if claim.note else ""
    return (
        f":{colour}-badge[{shape} {verdict.said}] &nbsp; {claim.source}\n\n"
        f"- **Measured:** {claim.quantity}\n"
        f"- **The paper:** {claim.theirs}\n"
        f"- **Ours:** {verdict.ours or 'nothing yet'}; it holds if {claim.region}{aside}{note}"
    )


def conditions(verdict: Verdict) -> str:
    """Return the value of each seed that decides and the settings, as Markdown."""
    seeds = judging.by_seed(verdict.values)
    return f"- **Seeds:** {seeds or 'none yet'}\n- **Measured on:** {verdict.claim.regime}"


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
    if claim.page == "learning_rates":  # its networks are presets
        said = {"rates": [claim.preset, *claim.others], "seed": several["seed"]}
    written = {name: link.write(value) for name, value in said.items()} | dict(claim.address)
    return f"{claim.page}?{urlencode(written, safe=',')}"


def offer_runs(claim: Claim, missing: dict[str, RunSpec], busy: set[str]) -> None:
    """Say how many of a claim's runs are finished, and draw a button that runs the others."""
    asked = len(specs_of(claim, 0)) * len(claim.seeds)
    waiting = missing.keys() & busy
    absent = presets.missing(list(missing.values()))
    if st.button(
        "Running" if waiting else "Run what is missing",
        icon=":material/play_arrow:",
        disabled=bool(waiting or absent),
        key=f"run-{claim.name}",
        help=f"Takes {asking.price(list(missing.values()))}.",
    ):
        asking.request(list(missing.values()))
        st.rerun()
    st.caption(f"{asked - len(missing)} of {asked} runs are finished.")
    for name in absent:
        download.offer(name)
