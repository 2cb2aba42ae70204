"""Present

The story of the Start page, one figure at a time, in type large enough for the back row.
"""

from bnviz.ui.present import present_page

present_page()
