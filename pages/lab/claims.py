"""Claims

Here we test the papers' statements on runs, one at a time. Every claim says what we measure, where
the number has to lie, what it is in the paper and what it is here. **Claims that do not hold stay
on the page**, and so do undecided ones and counter-arguments to what the papers say.
---
- **One number per seed.** Networks are compared within a seed, on the same initial weights and the
  same batches. A seed counts only if all of the claim's networks have finished with it.
- **The interval** is the 95% t-interval of the mean over seeds. For ratios (×) mean and interval
  are those of the logarithms, and for cosines those of Fisher's *z*. For shares the interval is cut
  at 0 and 100%.
- **The verdict** follows from the interval. A claim *holds* if the whole interval lies where the
  number has to lie, and *does not hold* if all of it lies outside on one side. It is *undecided* if
  the interval straddles an edge, or if there is one seed only.
- **The seeds that decide** are fixed: 0 to 2, and where L1 is compared with BatchNorm on the deep
  linear network 0 to 4. Further finished seeds stand beside the verdict but never enter it, so that
  nobody can add seeds until it turns.
- **The threshold** is the paper's own word or number: *faster* means above 0, and *almost no gap*
  means at most 6 points, the largest gap in its Fig. 2. Where the paper leaves room, the threshold
  is our choice, and the claim says so beside what is measured.
- **The paper's value** is measured on the paper's own curve in the same way as ours, where there is
  such a curve. Its VGG is of unknown size and trains for 15,000 steps; ours is small and trains for
  2,000. *Measured on* lists the settings behind our value.
- **The axes** are shared by all claims in the same unit. Ratios that leave the range from 1/100 to
  100 have an axis of their own. A mark at the end of an axis may lie beyond it; its number is
  exact.
"""

from bnviz.ui.claims import claims_page

claims_page(__doc__)
