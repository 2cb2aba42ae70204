"""Surface

How does the loss look around the network, a few steps to either side? Here it is on a plane: along the gradient, which is where
training goes, and along a direction drawn at random. **If BatchNorm makes the landscape smoother** (Santurkar et al. 2018), its surface
should rise less over the same number of steps. Press **Play** below the figure to go through the training.
---
At step *t*, with θ and the gradient *g* of this step's batch at learning rate η, the figure shows

f(*a*, *b*) = L(θ + *a* u + *b* v), &nbsp; u = −η*g*, &nbsp; v random, orthogonal to u and as long as u,

on a grid of *a* and *b*, and nothing more: the same batch, batch statistics, the noise of that step, no gradient. So *a* counts steps
of plain gradient descent, distances in the plane are true, and v is the same draw at every step of a run.

- **One scale** of the loss for all networks and all steps. It ends where the highest two per cent begin, and is logarithmic if it spans
  more than a factor of ten. Then equal bands are equal *ratios*: a network with a tenth of the loss shows as many of them for a tenth of
  the rise. *Rise over the plane* has the differences.
- **Path**: each θ of an earlier measurement, and θ of the next step, is put where the plane is nearest to it. Plain gradient descent goes
  to (1, 0) exactly; momentum and other optimisers do not.
- **Off the plane**: the share of the distance from θ that stands at right angles to the plane. Among so many directions it is mostly near
  100 %, since the steps of a training with small batches are nearly orthogonal. Then the path shows where training *passed by*.
- **Two directions of many.** A random one hardly meets what the loss depends on, so along *b* nearly nothing changes. And the unit is one
  step: where the gradient is small, the plane shows a small neighbourhood, and that looks flat.

The settings can make the first direction random too, or give every filter of both the norm of that filter in θ, as Li et al. (2018, arXiv
1712.09913) do to compare networks whose weights differ in scale. Biases, γ and β then stay, u and v are no longer exactly orthogonal,
and *a* and *b* count such lengths.
"""

from bnviz.figures.panel import CONTOURS, RELIEF
from bnviz.figures.surface import PATH_SHARE, SURFACE, SURFACE_RISE
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [[SURFACE], [SURFACE_RISE, PATH_SHARE]],
    page="surface",
    choices=[CONTOURS, RELIEF],
    step="player",
)
