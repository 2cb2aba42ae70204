"""Compare

Choose runs in the table, overlay one of their metrics, and see how much each run differs from a
baseline that started from the same seed. Differences of accuracies are in percentage points. The
address of this page holds the runs and every other choice.
---
- **Labels** name the settings in which the chosen runs differ. Runs that differ only in their seed
  share one line: their mean, with a hatched interval. *n* is the number of seeds. The 95%
  t-interval is $\\bar x \\pm t_{n-1}\\, s / \\sqrt n$.
- **The scale of the mean** belongs to the quantity. What is drawn on a logarithmic axis is averaged
  by its logarithms, and a cosine by Fisher's *z*. An interval of an accuracy is cut at 0 and 100%.
- **Differences** are paired: the baseline of the same seed is subtracted from each run at each
  step, and the differences are then averaged. Networks with the same seed share their initial
  weights and batches, so the effect of that chance cancels, and the interval is usually narrower
  than the intervals of the two curves.
- **Final values** are means over the last tenth of each run's steps. They use the values as
  measured, not the running mean.
"""

from bnviz.ui.compare import compare_page

compare_page(__doc__)
