"""Commands for the dashboard, the data sets, the cache and the runs that ship with bnviz."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
from pathlib import Path

from bnviz import data, importing
from bnviz.cli.device import device_option
from bnviz.cli.errors import fail
from bnviz.importing.folder import LAYOUT, SEED, SHARE, SIDE, import_folder
from bnviz.paths import GALLERY, PROJECT, settle
from bnviz.recent import release_early
from bnviz.runs import devices
from bnviz.runs.bundle_files import is_bundle
from bnviz.runs.store import Store
from bnviz.runs.unpack import unpack

EASY = "abcdefghijkmnpqrstuvwxyz23456789"  # characters of a code, none like another
OWN = SIDE, SHARE, SEED  # the defaults of the options for your own images


def app(options: argparse.Namespace) -> None:
    """Open the dashboard."""
    devices.choose(options.device)
    release_early()  # before Streamlit starts threads: glibc reads the limit of arenas once
    settle()
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import cli

    from bnviz.runs.supervisor import ensure
    from bnviz.ui import start

    if options.classroom:
        open_to_a_class()
        options.streamlit = ["--server.address", "0.0.0.0", *options.streamlit]
    start.prepare()
    ensure(Store())  # its workers load torch while the page opens
    # Until app.py has run once, Streamlit takes the folder `pages` for its older kind of app, and
    # tells a reader who follows a link to a page that there is no such page.
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(PROJECT / "app.py"), *options.streamlit]
    cli.main()


def open_to_a_class() -> None:
    """Print the codes of the class and the operator; make up those that the environment lacks."""
    from bnviz.ui.roles import CODES

    for (role, name), length in zip(CODES.items(), (12, 6), strict=True):
        if not os.environ.get(name):
            os.environ[name] = "".join(secrets.choice(EASY) for _ in range(length))
        says = "The class" if role == "runner" else "You, the operator,"
        print(f"{says} may run after entering {os.environ[name]} at the foot of the sidebar.")
    print(f"Others open http://{socket.gethostname()}:8501 unless you choose another port.")


def gallery(options: argparse.Namespace) -> None:
    """Compute and write the runs that ship with bnviz; a GPU adds those at the paper's scale."""
    from bnviz.runs import gallery

    gallery.replaceable(options.out or GALLERY)
    for name, source in data.SOURCES.items():
        if not source.own:
            data.require(name)
    count, size = gallery.make(options.out, gpu=devices.device() != "cpu")
    print(f"{count} runs, {size / 2**20:.1f} MB")


def data_list(options: argparse.Namespace) -> None:
    """List the data sets and whether they are on this machine."""
    width = max(map(len, data.SOURCES))
    for source in data.SOURCES.values():
        where = "here" if data.available(source.name) else "missing"
        print(f"{source.name:{width}}  {where:8} {source.label}")


def data_fetch(options: argparse.Namespace) -> None:
    """Download a data set."""
    importing.fetch(options.name)
    print(f"Downloaded {options.name}.")


def data_import(options: argparse.Namespace) -> None:
    """Import a data set, the runs of a bundle, or your own images, from a file or a folder.

    With --name, the folder holds your own images, in a subfolder for each class.
    """
    if options.name is not None:
        own_images(options)
    elif (options.side, options.test_share, options.seed) != OWN:
        fail("--side, --test-share and --seed are for images of your own: add --name")
    elif is_bundle(options.path):
        for run in unpack(options.path, Store()):
            print(f"{run.id} is here: {run.spec.summary()}")
    else:
        for name in importing.import_path(options.path):
            print(f"Imported {name}.")


def own_images(options: argparse.Namespace) -> None:
    """Import a folder of images by class, with a sentence on each file that is left out."""
    from tqdm import tqdm

    try:
        made = import_folder(
            options.path,
            options.name,
            options.side,
            options.test_share,
            options.seed,
            report=lambda sentence: tqdm.write(f"bnviz: {sentence}", file=sys.stderr),
            progress=lambda files: tqdm(files, unit="image", disable=None),
        )
    except KeyboardInterrupt:
        fail("stopped; nothing was imported")
    print(f"Imported {made.source.label}.")
    print(f"Files left out: {made.skipped:,} broken, {made.others:,} that are no images.")
    print(f"Train on it: python -m bnviz run --data {options.name}")


def reset(options: argparse.Namespace) -> None:
    """Delete all runs in the cache; data sets and the runs that ship with bnviz stay."""
    count = len(Store().runs())
    if not (options.yes or agreed(f"Delete {count} runs with their measurements?")):
        print("Nothing was deleted.")
        return
    gone, left = Store().reset()
    print(f"{gone} runs deleted; data sets and the runs that ship with bnviz stay.")
    if left:
        ids = ", ".join(run.id for run in left)
        fail(f"{ids} could not be stopped, or this account may not delete them")


def agreed(question: str) -> bool:
    """Ask at the terminal, and return the answer; ValueError if there is no terminal."""
    if not sys.stdin.isatty():
        raise ValueError(
            "reset deletes runs for good and asks first; without a terminal, confirm with --yes"
        )
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def app_options(command: argparse.ArgumentParser) -> None:
    """Add the device, and what is passed on to Streamlit."""
    device_option(command)
    command.add_argument(
        "--classroom",
        action="store_true",
        help="let other computers in; to run something, readers must enter the printed code",
    )
    text = "options of `streamlit run`"
    command.add_argument("streamlit", nargs="*", metavar="-- --server.port …", help=text)


def gallery_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, help="write to this folder, not to the shipped one")


def reset_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--yes", action="store_true", help="delete without asking")


def data_options(command: argparse.ArgumentParser) -> None:
    """Add the actions of `data`."""
    from bnviz.cli.parser import Parser

    actions = command.add_subparsers(metavar="action", parser_class=Parser)
    added = {}
    for name, does in (("list", data_list), ("fetch", data_fetch), ("import", data_import)):
        does_what = (does.__doc__ or "").partition("\n")[0]
        added[name] = actions.add_parser(name, help=does_what, description=does_what)
        added[name].set_defaults(command=does)
    added["fetch"].add_argument("name")
    added["import"].add_argument("path", type=Path)
    own_options(added["import"])


def own_options(command: argparse.ArgumentParser) -> None:
    """Add the options for a folder of the reader's own images."""

    group = command.add_argument_group("a folder of your own images", f"It has {LAYOUT}.")
    add = group.add_argument
    add("--name", help="import the folder as a data set of this name, such as flowers")
    add("--side", type=int, default=SIDE, help=f"pixels of the square images (default: {SIDE})")
    text = f"share of each class for testing, unless the folder has val or test (default: {SHARE})"
    add("--test-share", type=float, default=SHARE, metavar="SHARE", help=text)
    add("--seed", type=int, default=SEED, help=f"draws that share (default: {SEED})")
