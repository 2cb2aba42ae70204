"""Compute from the measured rows the numbers that figures and claims use, one module per subject.

This package uses NumPy, SciPy and pandas only. Its functions take the tidy rows of any number of
runs (see `rows`, the place to start) and return a tidy frame. The frame has the columns KEYS (run,
norm, lr, seed), followed by those that the docstring lists under "Columns". Figure numbers without
a year are those of Santurkar et al. (2018), arXiv 1805.11604v3.
"""

from __future__ import annotations

import pandas as pd

# The frames here are short. Arrow's text costs more to build than it saves: a refresh of nine live
# runs takes a third longer with it.
pd.options.mode.string_storage = "python"
