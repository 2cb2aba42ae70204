"""Surface

What does the loss look like around the network, a few steps to either side? This page shows it on a
plane. One axis is the gradient, the direction of training; the other is a random direction. **Does
the surface rise less with BatchNorm** over the same number of steps, as a smoother landscape would
(Santurkar et al. 2018)? Press **Play** below the figure to move through the training.
---
At step *t*, with parameters θ, the gradient *g* of this step's batch and the learning rate η, the
figure shows

f(*a*, *b*) = L(θ + *a* u + *b* v), &nbsp; u = −η*g*, &nbsp; v random, orthogonal to u and as long
as u,

on a grid of *a* and *b*. Only the parameters change: the batch, the batch statistics and the noise
are those of the step, and no further gradient is computed. So *a* counts steps of plain gradient
descent, and distances in the plane are true. The draw of v is the same at every step of a run.

- **One scale** of the loss serves all networks and all steps. It leaves out the highest two per
  cent of the values, and it is logarithmic if it spans more than a factor of ten. Equal bands then
  mean equal *ratios*: a network with a tenth of the loss shows as many bands for a tenth of the
  rise. *Rise over the plane* shows the differences.
- **Path**: the θ of each earlier measurement and of the next step are drawn at their nearest points
  in the plane. Plain gradient descent goes exactly to (1, 0); momentum and other optimisers do not.
- **Off the plane**: the share of the distance from θ that is perpendicular to the plane. Where it
  is near 100%, the path shows only where training *passed by*.
- **The unit is one step.** Where the gradient is small, the plane shows a small neighbourhood.

In the settings you can make the first direction random too. You can also rescale every filter of
both directions to the norm of that filter in θ, as Li et al. (2018, arXiv 1712.09913) do to compare
networks whose weights differ in scale. Biases, γ and β then stay fixed, u and v are no longer
exactly orthogonal, and *a* and *b* count these rescaled lengths instead of steps.
---
A plane shows two directions out of thousands or millions. Other directions may look different.

A flat plane does not show a smooth landscape. Where the gradient is small, the plane covers a small
neighbourhood.

One seed ships, and its random direction is one draw.
"""

from bnviz.figures.panel import CONTOURS, RELIEF
from bnviz.figures.surface import PATH_SHARE, SURFACE, SURFACE_RISE
from bnviz.ui.page import figure_page

figure_page(
    __doc__,
    [[SURFACE], [SURFACE_RISE, PATH_SHARE]],
    page="surface",
    choices=[RELIEF, CONTOURS],
)
