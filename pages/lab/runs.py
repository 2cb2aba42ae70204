"""Runs

Every question asked so far. A run is kept under its id: the same question asked again, here or on the command line, is the same run.
"""

from bnviz.ui.runs import runs_page

runs_page(__doc__)
