"""Finished runs in a zip, with figures, data, software versions and a citation."""

from __future__ import annotations

import platform
import stat
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from io import BytesIO
from typing import Any

from bnviz import __version__
from bnviz.runs.bundle_files import BundleError, check_entries
from bnviz.runs.bundle_run import files_of, in_json
from bnviz.runs.run import Run

CITATION = """\
@inproceedings{{santurkar2018batchnorm,
  author    = {{Santurkar, Shibani and Tsipras, Dimitris and Ilyas, Andrew
               and M{{\\k{{a}}}}dry, Aleksander}},
  title     = {{How Does Batch Normalization Help Optimization?}},
  booktitle = {{Advances in Neural Information Processing Systems}},
  volume    = {{31}},
  year      = {{2018}},
  note      = {{arXiv:1805.11604}}
}}

@inproceedings{{ioffe2015batchnorm,
  author    = {{Ioffe, Sergey and Szegedy, Christian}},
  title     = {{Batch Normalization: Accelerating Deep Network Training by Reducing
               Internal Covariate Shift}},
  booktitle = {{Proceedings of the 32nd International Conference on Machine Learning}},
  series    = {{Proceedings of Machine Learning Research}},
  volume    = {{37}},
  pages     = {{448--456}},
  year      = {{2015}},
  note      = {{arXiv:1502.03167}}
}}

@misc{{bnviz,
  author    = {{{{the bnviz authors}}}},
  title     = {{bnviz: why does batch normalisation help?}},
  note      = {{Version {version}}},
  year      = {{2026}}
}}
"""


def bundle(
    runs: Sequence[Run], files: Mapping[str, bytes | str], commands: Sequence[str], title: str
) -> bytes:
    """Return a zip of finished runs and files, with what it takes to understand and repeat them.

    `files` are figures and data by their names in the zip, `commands` the lines that compute the
    runs again. The same input gives the same bytes. BundleError if a run is not finished, and for
    anything that `unpack` would refuse.
    """
    chosen = {run.id: run for run in runs}
    if unfinished := [id for id, run in chosen.items() if not run.finished]:
        some = ", ".join(unfinished)
        raise BundleError(f"not finished yet: {some}; wait for them, or leave them out")
    content = {
        **{
            f"runs/{run.id}/{name}": told
            for run in chosen.values()
            for name, told in files_of(run).items()
        },
        "README.md": readme(list(chosen.values()), sorted(files), commands, title),
        "CITATION.bib": CITATION.format(version=__version__),
        "versions.json": in_json(versions(list(chosen.values()))),
    }
    if taken := sorted(content.keys() & files.keys()):
        raise BundleError(f"{taken[0]} is a name of the bundle's own: give the file another name")
    entries = {
        name: told.encode() if isinstance(told, str) else told
        for name, told in (content | dict(files)).items()
    }
    check_entries([(name, len(told)) for name, told in entries.items()])
    return zipped(entries)


def readme(runs: Sequence[Run], files: Sequence[str], commands: Sequence[str], title: str) -> str:
    """Return a text about the bundle for somebody who has nothing else."""
    measured = [
        "- `runs/`: a folder for each run. `rows.parquet` holds every measurement (step, metric, "
        "layer, unit, at, value), `spec.json` the settings (`spec`: those that are not the "
        "default, `knobs`: all of them), `meta.json` where it ran and how long it took, "
        "`done.json` the step at which its loss stopped being finite.",
    ]
    again = [
        "## Look at the runs in bnviz",
        "```sh\npython -m bnviz data import BUNDLE.zip\n```",
        "## The runs",
        "\n".join(map(line, runs)),
    ]
    contents = [
        *(f"- `{name}`" for name in files),
        *(measured if runs else []),
        "- `versions.json`: the software; `CITATION.bib`: the papers, and bnviz.",
    ]
    repeated = ["## Compute them again", "\n".join(["```sh", *commands, "```"])]
    sections = [
        f"# {' '.join(title.split())}",
        f"Made with bnviz {__version__}.",
        "## What is in it",
        "\n".join(contents),
        *(again if runs else []),
        *(repeated if commands else []),
        "## Please cite",
        "Santurkar, Tsipras, Ilyas and Mądry: *How Does Batch Normalization Help Optimization?* "
        "(2018); Ioffe and Szegedy: *Batch Normalization* (2015); and bnviz. `CITATION.bib` has "
        "all three.",
    ]
    return "\n\n".join(sections) + "\n"


def line(run: Run) -> str:
    """Return one run in the README: its settings, its device and how long it took."""
    facts = run.meta()
    took = f"{facts['seconds']:,.0f} s" if "seconds" in facts else "unknown time"
    device = facts.get("device", "unknown device")
    return f"- `{run.id}` {run.spec.summary()} · {device} · {took}"


def versions(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the software that made the bundle, and the software that computed each run."""
    packages = {package: version(package) for package in ("numpy", "pandas", "plotly", "pyarrow")}
    of_runs = {run.id: run.meta().get("versions", {}) for run in runs}
    return {"bnviz": __version__, "python": platform.python_version(), **packages, "runs": of_runs}


def zipped(entries: Mapping[str, bytes]) -> bytes:
    """Return a zip that depends on nothing but its entries: sorted names, no time, no owner."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, entries[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
