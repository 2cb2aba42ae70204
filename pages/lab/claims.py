"""Claims

Here the papers' statements are tested on runs, one at a time. Every claim says what is measured,
where the number has to lie, what it is in the paper and what it is here. **Claims that do not hold
stay on the page**, and so do counter-arguments to what the papers say.
---
- **One number per seed.** Networks are compared within a seed, on the same initial weights and the
  same batches. A seed counts only if all of the claim's networks have finished with it.
- **The interval** is the 95 % t-interval of the mean over seeds. For ratios (×) the mean is the
  geometric mean, and the interval is computed on the logarithms.
- **The verdict** depends on the mean. *One seed* and *not statistically certain* mean that more
  seeds may change it.
- **The threshold** is the paper's own word or number: *faster* means above 0, and *almost no gap*
  means at most 6 points, the largest gap in its Fig. 2. Where the paper leaves room, the threshold
  is our choice, and the claim says so beside what is measured.
- **The paper's value** is measured on the paper's own curve in the same way as ours, where there is
  such a curve. Its VGG is of unknown size and trains for 15,000 steps; ours is small and trains for
  2,000. *Seeds and conditions* lists the settings behind our value.
"""

from bnviz.ui.claims import claims_page

claims_page(__doc__)
