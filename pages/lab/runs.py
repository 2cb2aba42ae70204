"""Runs

These are all runs so far. A run's id follows from its settings, so if you ask for the same settings
again, here or on the command line, you get the same run.
"""

from bnviz.ui.runs import runs_page

runs_page(__doc__)
