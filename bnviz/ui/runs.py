"""Every run: how it stands, and what can be done about it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bnviz.runs.store import ACTIVE, Run, Store, gone
from bnviz.spec import command
from bnviz.training.norms import NORMS
from bnviz.ui import asking, link, live, page
from bnviz.ui.results import address, result, state

EVERY_S = 1.0
AGAIN = ("failed", "cancelled", "damaged")  # states that Retry ends
RESET = "Reset to the shipped state"


def runs_page(doc: str | None) -> None:
    """The table, and the details of what is selected in it."""
    page.text(doc)
    own = Store().runs()
    active = any(run.state in ACTIVE for run in own)

    def body() -> None:
        live.tell_trouble()
        runs = Store().all_runs()[::-1]
        if active and not any(run.state in ACTIVE for run in runs):
            st.rerun()
        if not runs:
            st.info(
                "No runs yet. The figure pages and `python -m bnviz run` make them.",
                icon=":material/inbox:",
            )
            return
        chosen = [runs[row] for row in table(runs) if row < len(runs)]
        actions(chosen)
        if len(chosen) == 1:
            details(chosen[0])

    st.fragment(body, run_every=EVERY_S if active else None)()
    # Not in the fragment, whose next look would close the dialog.
    if own and st.button(
        RESET, icon=":material/restart_alt:", key="reset-all", help="For the next class."
    ):
        confirm_reset(len(own))


def table(runs: list[Run]) -> list[int]:
    """One line a run, newest first; the lines selected."""
    columns = {
        "State": st.column_config.TextColumn(width="medium"),
        "Result": st.column_config.TextColumn(width="medium"),
        "Figures": st.column_config.LinkColumn(
            display_text="Figures", help="The page that shows this run."
        ),
        "Share": st.column_config.ProgressColumn(
            "Progress", format="percent", min_value=0.0, max_value=1.0
        ),
        "Steps": st.column_config.NumberColumn(format="localized"),
        "Seconds": st.column_config.NumberColumn(format="%.0f"),
        "Settings": st.column_config.TextColumn(width="large"),
    }
    event = st.dataframe(
        pd.DataFrame([line(run) for run in runs]),
        column_config=columns,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs-{len(runs)}-{runs[0].id}",  # lines are selected by number: no selection may slide to another run
    )
    return list(event["selection"]["rows"])


def line(run: Run) -> dict[str, object]:
    """What the table says of a run."""
    if run.state == "damaged" or not run.readable:
        return {"State": run.state, "Network": "?", "Settings": run.error(), "Id": run.id}
    meta = run.meta()
    return {
        "State": state(run),
        "Result": result(run),
        "Figures": address(run.spec),
        "Network": NORMS[run.spec.norm].label,
        "Share": 1.0 if run.state == "done" else meta.get("step", 0) / run.spec.steps,
        "Steps": run.spec.steps,
        "Seconds": meta.get("seconds"),
        "Seed": run.spec.seed,
        "Settings": run.spec.regime(),
        "Device": meta.get("device"),
        "From": "you" if ours(run) else "bnviz",
        "Id": run.id,
    }


def ours(run: Run) -> bool:
    """Whether it lies in this cache; those that ship with bnviz do not, and stay as they are."""
    return run.folder.parent == Store().root


def actions(selected: list[Run]) -> None:
    """Cancel, retry, delete and compare what is selected."""
    runs = [run for run in selected if ours(run)]
    states = [run.state for run in runs]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Cancel", icon=":material/stop:", disabled=not set(states) & set(ACTIVE)):
            for run in runs:
                if run.state in ACTIVE:
                    run.cancel()
            st.rerun()
        if st.button("Retry", icon=":material/replay:", disabled=not set(states) & set(AGAIN)):
            asking.request([run.spec for run in runs if run.state in AGAIN and run.readable])
            st.rerun()
        if st.button(
            "Delete", icon=":material/delete:", disabled=not runs or bool(set(states) & set(ACTIVE))
        ):
            confirm_deletion(runs)
        if selected:
            ids = ",".join(run.id[: link.PREFIX] for run in selected)
            st.link_button(
                "Compare",
                f"compare?runs={ids}",
                icon=":material/stacked_line_chart:",
                key="compare",
            )
        if len(selected) > len(runs):
            st.caption("Runs that ship with bnviz stay: they are neither cancelled nor deleted.")
        if not selected:
            st.caption(
                "Select runs to compare, cancel, retry or delete them, and one run for its question and log."
            )


@st.dialog("Delete runs?")
def confirm_deletion(runs: list[Run]) -> None:
    """Rows cannot be brought back, so ask."""
    st.markdown(
        "These runs and their measurements will be gone:\n\n"
        + "\n".join(f"- {title(run)}" for run in runs)
    )
    if st.button("Delete", type="primary", icon=":material/delete:", key="really-delete"):
        kept = [run for run in runs if not gone(run)]
        if kept:
            st.toast("A run that has started meanwhile, or that another account made, was kept.")
        st.rerun()


@st.dialog(f"{RESET}?")
def confirm_reset(count: int) -> None:
    """It is for good, and for everybody."""
    st.markdown(
        f"All {count} runs of this cache will be gone with their measurements, whoever asked for them; those at work are stopped. Data "
        "sets and the runs that ship with bnviz stay."
    )
    if st.button("Delete all runs", type="primary", icon=":material/delete:", key="really-reset"):
        with st.spinner("Deleting …"):
            count, left = Store().reset()
        st.toast(
            f"{count} runs deleted."
            + (f" {len(left)} could not be deleted; try again." if left else "")
        )
        st.rerun()


def title(run: Run) -> str:
    """A run in one line."""
    return f"`{run.id}` {run.spec.summary() if run.readable else 'damaged'}"


def details(run: Run) -> None:
    """One run's question, the command that repeats it, and its log."""
    if not run.readable:
        st.error(run.error())
        return
    st.markdown(f"**{run.spec.summary()}**")
    if run.state in ("failed", "damaged"):
        st.error(run.error())
    else:
        st.caption(f"{live.status(run)}{' · ' * bool(result(run))}{result(run)}")
    st.link_button(
        "Figures of this run", address(run.spec), icon=":material/open_in_new:", key="figures"
    )
    st.code(command(run.spec), language="bash", wrap_lines=True)
    question, where, log = st.tabs(["Settings", "Environment", "Log"])
    question.json(run.spec.model_dump(mode="json"))
    where.json(run.meta())
    log.code(run.log() or "It printed nothing.", language=None)
