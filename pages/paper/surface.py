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

The knobs make the first direction random too, or give every filter of both the norm of that filter in θ, as Li et al. (2018, arXiv
1712.09913) do to compare networks whose weights differ in scale. Biases, γ and β then stay, u and v are no longer exactly orthogonal,
and *a* and *b* count such lengths.
"""

from bnviz import figures, surface_figures, surfaces
from bnviz.spec import RunSpec
from bnviz.ui.live import Panel
from bnviz.ui.page import figure_page

CONTOURS, RELIEF = "contours", "surface"


def titles(spec: RunSpec) -> tuple[str, str]:
    """What the axes are."""
    along = "along −g" if spec.surface_along == "gradient" else "random"
    if spec.surface_scaled:
        return f"a ({along},<br>filter-normalised)", "b (random, filter-normalised)"
    return f"a ({along},<br>in steps of training)", "b (random)"


figure_page(
    __doc__,
    [
        [
            Panel(
                "Surface of the loss",
                "The network stands in the middle: how far to the right does it go downhill, and how steep are the walls?",
                lambda view: surfaces.planes(view.rows),
                lambda numbers, view: (
                    surface_figures.reliefs(numbers, view.step)
                    if view.choice == RELIEF
                    else surface_figures.contours(numbers, titles(view.specs[0]), view.step)
                ),
            )
        ],
        [
            Panel(
                "Rise over the plane",
                "The highest loss minus the lowest: low is flat, and steady is a landscape without surprises.",
                lambda view: surfaces.rise(view.rows),
                lambda numbers, view: figures.surface_rise(numbers, view.time),
            ),
            Panel(
                "How much of the path the plane shows",
                "Of the squared distance from the plane before: near 0 %, training came from elsewhere than the path suggests.",
                lambda view: surfaces.path_share(view.rows),
                lambda numbers, view: figures.path_share(numbers, view.time),
            ),
        ],
    ],
    page="surface",
    choices=[CONTOURS, RELIEF],
)
