"""Learn

Eight stations, about a quarter of an hour. At each you guess first, then you see what was measured
on the runs that ship with bnviz.
"""

from bnviz.ui.learn import learn_page

learn_page(__doc__)
