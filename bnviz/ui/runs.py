"""The Runs page: the state of every run, and buttons to cancel, retry, delete and compare."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bnviz.runs.run import ACTIVE, Run
from bnviz.runs.store import Store, gone
from bnviz.spec_words import command
from bnviz.training.norms import NORMS
from bnviz.ui import asking, link, progress, roles, terms
from bnviz.ui.about import About, heading
from bnviz.ui.results import address, results, state, told

EVERY_S = 1.0
AGAIN = ("failed", "cancelled", "damaged")  # states in which Retry starts a run again
RESET = "Reset to the shipped state"
ROW, HEAD, MOST_ROWS = 35, 40, 16  # pixels of a row and of the head; rows before the table scrolls
COLUMNS = {
    "State": st.column_config.TextColumn(width=120),
    "Figures": st.column_config.LinkColumn(
        display_text="Show", width=60, help="The page that shows this run."
    ),
    "Network": st.column_config.TextColumn(width=130),
    "Test accuracy": st.column_config.NumberColumn(
        format="percent", width=105, help="The last test accuracy of a finished run."
    ),
    "Training loss": st.column_config.NumberColumn(
        format="%.3g", width=100, help="The last training loss of a finished run."
    ),
    "Data": st.column_config.TextColumn(width=115),
    "Model": st.column_config.TextColumn(width=100),
    "Learning rate": st.column_config.NumberColumn("Rate", format="%g", width=70),
    "Steps": st.column_config.NumberColumn(format="localized", width=65),
    "Seed": st.column_config.NumberColumn(width=50),
    "Settings": st.column_config.TextColumn(
        "Other settings", width=240, help="What is unusual about the training."
    ),
    "Seconds": st.column_config.NumberColumn(format="%.0f", width=75),
    "From": st.column_config.TextColumn(help="bnviz: the run ships with bnviz."),
}


def runs_page(doc: str | None) -> None:
    """Draw the table, the buttons for the selected runs, and the details of a single one."""
    words = About.of(doc)
    heading(words)
    own = Store().runs()
    active = any(run.state in ACTIVE for run in own)

    def body() -> None:
        progress.tell_trouble()
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
    # Outside the fragment, whose next refresh would close the dialog.
    if (
        own
        and roles.role() == "operator"
        and st.button(
            RESET,
            icon=":material/restart_alt:",
            key="reset-all",
            help="Delete all runs of this cache, for example before the next class.",
        )
    ):
        confirm_reset(len(own))
    terms.markdown(words.text, "page")


def table(runs: list[Run]) -> list[int]:
    """Draw one row per run, newest first, and return the numbers of the selected rows."""
    event = st.dataframe(
        pd.DataFrame([line(run) for run in runs]),
        column_config=COLUMNS,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        height=HEAD + ROW * min(len(runs), MOST_ROWS),
        placeholder="–",
        # Rows are selected by number. A new run changes the key, so that no selection slides to
        # another run.
        key=f"runs-{len(runs)}-{runs[0].id}",
    )
    return list(event["selection"]["rows"])


def line(run: Run) -> dict[str, object]:
    """Return the row of a run, by column."""
    if run.state == "damaged" or not run.readable:
        return {"Network": "?", "State": run.state, "Settings": run.error(), "Id": run.id}
    found, spec, meta = results(run), run.spec, run.meta()
    data, model, optimiser, *others, _ = spec.regime().split(" · ")
    plain = optimiser == f"SGD, lr {spec.lr:g}"
    return {
        "Network": NORMS[spec.norm].label,
        "Test accuracy": found.get("test_accuracy"),
        "Training loss": found.get("train_loss"),
        "State": state(run),
        "Figures": address(spec),
        "Data": data,
        "Model": model,
        "Learning rate": spec.lr,
        "Steps": spec.steps,
        "Seed": spec.seed,
        "Settings": " · ".join(others if plain else [optimiser, *others]),
        "Seconds": meta.get("seconds"),
        "Device": meta.get("device"),
        "From": "you" if ours(run) else "bnviz",
        "Id": run.id,
    }


def ours(run: Run) -> bool:
    """Return whether a run is in this cache. Runs that ship with bnviz are not, and stay."""
    return run.folder.parent == Store().root


def actions(selected: list[Run]) -> None:
    """Draw the buttons that cancel, retry, delete and compare the selected runs."""
    here = [run for run in selected if ours(run)]
    runs = [run for run in here if roles.may_change(run)]
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
        if len(here) > len(runs):
            st.caption("Only the operator may cancel and delete runs of other readers.")
        if len(selected) > len(here):
            st.caption("Runs that ship with bnviz cannot be cancelled or deleted.")
        if not selected:
            st.caption(
                "Select runs to compare, cancel, retry or delete them. Select one run to see its "
                "settings and log."
            )


@st.dialog("Delete runs?")
def confirm_deletion(runs: list[Run]) -> None:
    """Ask before runs are deleted, because they cannot be restored."""
    st.markdown(
        "This deletes these runs and their measurements for good:\n\n"
        + "\n".join(f"- {title(run)}" for run in runs)
    )
    if st.button("Delete", type="primary", icon=":material/delete:", key="really-delete"):
        kept = [run for run in runs if not (roles.may_change(run) and gone(run))]
        if kept:
            st.toast(
                "A run was kept, because it has started meanwhile or belongs to another account."
            )
        st.rerun()


@st.dialog(f"{RESET}?")
def confirm_reset(count: int) -> None:
    """Ask before all runs are deleted, for good and for all readers."""
    st.markdown(
        f"This deletes all {count} runs of this cache with their measurements, whoever started "
        "them. Running ones are stopped. Data sets and the runs that ship with bnviz stay."
    )
    if st.button("Delete all runs", type="primary", icon=":material/delete:", key="really-reset"):
        if roles.role() != "operator":
            st.rerun()
        with st.spinner("Deleting …"):
            count, left = Store().reset()
        kept = f" {len(left)} could not be deleted; try again." if left else ""
        st.toast(f"{count} runs deleted.{kept}")
        st.rerun()


def title(run: Run) -> str:
    """Return a run's id and settings in one line, as Markdown."""
    return f"`{run.id}` {run.spec.summary() if run.readable else 'damaged'}"


def details(run: Run) -> None:
    """Show the settings of one run, the command that repeats it, and its log."""
    if not run.readable:
        st.error(run.error())
        return
    st.markdown(f"**{run.spec.summary()}**")
    if run.state in ("failed", "damaged"):
        st.error(run.error())
    else:
        st.caption(" · ".join(filter(None, [progress.status(run), told(run)])))
    st.link_button(
        "Figures of this run", address(run.spec), icon=":material/open_in_new:", key="figures"
    )
    st.code(command(run.spec), language="bash", wrap_lines=True)
    settings, where, log = st.tabs(["Settings", "Environment", "Log"])
    settings.json(run.spec.model_dump(mode="json"))
    where.json(run.meta())
    log.code(run.log() or "The log is empty.", language=None)
