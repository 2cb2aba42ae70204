"""Sweeps

Change one setting in steps, train every network at each value, and see which networks still learn.
*Does BatchNorm really tolerate larger learning rates?* Press one button and watch the cells fill.
---
Each point or cell is one number of one run: the mean over its last tenth of steps, its last test, or a mean or median over all its
measurements. A run *diverged* when its loss was no longer a number; it is marked with a cross and has no value. Several seeds are
averaged with a 95 % t-interval, and where one of them diverged there is no mean. Everything but this setting is the same in all runs: initial
weights, batches and noise follow from the seed.

- **Learning rate**: that of plain SGD, or of the optimiser chosen under *Settings*.
- **Noise level**: of noisy BatchNorm and of the noise alone, in multiples of the paper's; 0 is none: n_μ, n_σ − 1, r_μ and r_σ are all
  multiplied by it. Networks without noise run once and are drawn at every level.
- **Width**: multiplies the channels of every layer; 1 is the published width.
- **Depth**: VGG-11, 13, 16, 19, or the layers of the deep linear network.
"""

from bnviz.ui.sweep import sweep_page

sweep_page(__doc__)
