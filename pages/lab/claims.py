"""Claims

What the papers say, one sentence at a time, and what comes out when we measure it. Every claim is a test on runs: it says what is
measured, where the number has to lie, what it is in the paper and what it is here. **What does not hold stays on the page**, and so do
the arguments against the papers' own words.
---
- **One number a seed.** Networks are compared within a seed, on the same initial weights and the same batches; a seed that lacks one of
  them does not count.
- **The interval** is the 95 % t-interval of the mean over seeds. Of ratios (×) the mean is the geometric one, and the interval that of the
  logarithms.
- **The verdict** goes by the mean. *One seed* and *not statistically certain* mean that more seeds may change it.
- **The edge** is the paper's own word or number: *faster* is above 0, *almost no gap* the 6 points that its Fig. 2 leaves at most. Where the
  paper leaves room, the edge is ours, and stands beside what is measured.
- **The paper's value** is measured on its own curve in the same way as ours, where there is such a curve. Its VGG is of unknown size and
  trains for 15,000 steps, ours is small and trains for 2,000: under *Seeds and conditions* stands what ours was measured on.
"""

from bnviz.ui.claims import claims_page

claims_page(__doc__)
