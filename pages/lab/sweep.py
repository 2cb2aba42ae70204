"""Sweeps

Change one setting in steps, train every network at each value, and see which networks still learn.
*Does BatchNorm really tolerate larger learning rates?* The page opens with runs that ship with
bnviz. When you change a value, **Run** trains the networks that are missing.
---
Each point or cell is one number of one run: its mean over the last tenth of the steps, its last
test, or a mean or median over all measurements. A run has *diverged* if its loss stopped being a
number; it is marked with a cross and has no value. Several seeds are averaged, with a 95%
t-interval; if one of them diverged, there is no mean. Losses, widths and effective β are averaged
by their logarithms. All other settings are the same in all runs. Initial weights, batches and noise
follow from the seed.

- **Learning rate**: of plain SGD, or of the optimiser chosen under *Settings*.
- **Noise level**: multiplies the paper's noise (n_μ, n_σ − 1, r_μ and r_σ) in noisy BatchNorm and
  in the standard network with noise; 0 is no noise. Networks without noise run once and are drawn
  at every level.
- **Width**: multiplies the channels of every layer; 1 is the published width.
- **Depth**: VGG-11, 13, 16 or 19, or the number of layers of the deep linear network.
"""

from bnviz.ui.sweep import sweep_page

sweep_page(__doc__)
