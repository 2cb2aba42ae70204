"""Learning rates

Does BatchNorm make larger learning rates possible (Ioffe & Szegedy 2015, Sec. 4.2, Figs. 2 and 3)?
The paper trains Inception, then the same network with BatchNorm at one, five and thirty times its
learning rate. It finds that **with BatchNorm, five times the rate takes 14 times fewer steps** to
the same accuracy, and that without it the parameters overflow at that rate. How much of that is
left on small images?
---
Every network is Inception for images of 32 × 32 pixels: three stages of modules with parallel
branches. They differ as the paper says:

- **Inception**: no BatchNorm; dropout before the outputs and local response normalisation.
- **BN-Baseline**: the same with BatchNorm before each non-linearity.
- **BN-x5**, **BN-x30**: BatchNorm at 5 and 30 times the learning rate, without dropout and local
  response normalisation, with a fifth of the L2 penalty, and a learning rate that decays six times
  as fast.
- **BN-x5-Sigmoid**: as BN-x5, with sigmoids in place of ReLUs.
- **Inception, sigmoid** and **Inception x5** change only that.

The base learning rate is the one of four at which Inception without BatchNorm trained best. Test
accuracy is that of one crop, the whole image. *Steps to Inception's best* counts the steps until a
network's test accuracy first reaches the best one of Inception. It is read off at the steps at
which it was measured, so a speed-up is a ratio of multiples of that interval.
---
The paper trains on ImageNet with several asynchronous copies of each network, and for millions of
steps. Each of these runs is one copy on small images, for a few epochs: their accuracies are not
the ones at the end of a long training, and the order at that end may be another.

The recipe changes more than the learning rate. Which of the changes makes BN-x5 fast is not
measured here. Each network has one base learning rate; with its own best one, each might be faster.
"""

from bnviz.ui.rates import rates_page

rates_page(__doc__)
