"""Compare

Any runs side by side: choose them in the table, lay one metric of theirs over each other, and see how much each differs from a baseline
that started from the same seed. The runs and every choice are in the address.
---
- **Labels** name what varies between the chosen runs. Runs that differ in their seed alone are one line: their mean, with a hatched
  interval, and *n* says over how many seeds. The 95 % t-interval is $\\bar x \\pm t_{n-1}\\, s / \\sqrt n$.
- **Differences** are paired: each run minus the baseline's of the same seed at the same step, and only then averaged. Weights and
  batches of one seed are the same whatever the normalisation, so what both share by chance cancels, and the interval is narrower than
  those of the two curves.
- **Final values** are means over the last tenth of each run's steps, of the values as they were measured.
"""

from bnviz.ui.compare import compare_page

compare_page(__doc__)
