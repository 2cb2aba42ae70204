"""Runs

The table lists all runs: yours, and those that ship with bnviz. A run's id follows from its
settings. If you ask for the same settings again, here or on the command line, you get the same run.
"""

from bnviz.ui.runs import runs_page

runs_page(__doc__)
