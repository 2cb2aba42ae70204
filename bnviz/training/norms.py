"""The normalisations, each of which stands between a layer and its non-linearity.

A normalisation is one class here and one line in NORMS. Its forward pass is a pure function of the
batch, its parameters and the noise drawn for this step; it never changes the population statistics.
What it keeps for `commit`, and the noise, it writes in place, so that it can be replayed.
Only the training loop calls `draw` and `commit`, once a step each. The module does not import torch
at the top, so that menus can read it.

"2015" is Ioffe & Szegedy, "2018" is Santurkar et al.
"""

from __future__ import annotations

from math import gcd, prod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from bnviz.spec import RunSpec
    from bnviz.training.models import Block

Shape = tuple[int, ...]


class Standard:
    """No normalisation: the layer's output goes to the non-linearity as it is."""

    label: ClassVar[str] = "Standard"
    version: ClassVar[int] = 1  # raise it when the numbers change: it is part of a run's id
    parameters: ClassVar[dict[str, float]] = {}  # name -> initial value, one number per channel
    # Whether beta makes the layer's own bias redundant (2015, Sec. 3.2).
    replaces_bias: ClassVar[bool] = False

    def __init__(
        self, spec: RunSpec, shape: Shape, device: torch.device, dtype: torch.dtype
    ) -> None:
        """`shape` is that of one example: (channels, height, width) or (units,)."""
        self.spec, self.shape, self.device, self.dtype = spec, shape, device, dtype
        self.keeping = True  # the statistics of a training batch, for `commit`

    @classmethod
    def problem(cls, spec: RunSpec, block: Block) -> str:
        """Say what the normalisation needs that this layer does not have; "" if it fits."""
        return ""

    def weight(self, weight: Tensor) -> Tensor:
        """Return the weight (out, in, …) that the layer computes with in place of its own."""
        return weight

    def __call__(self, x: Tensor, parameters: dict[str, Tensor], training: bool) -> Tensor:
        """Normalise x (batch, *shape); the result has the same shape.

        In training mode this uses the statistics of the batch, otherwise those of the population.
        """
        return x

    def draw(self, generator: torch.Generator) -> None:
        """Draw this step's noise."""

    def commit(self, weight: float) -> None:
        """Average the last training batch into the population statistics, with a weight in 0..1."""

    def state(self) -> dict[str, Tensor]:
        """Return what a checkpoint has to save besides the parameters: the tensors, not copies."""
        return {}


class BatchNorm(Standard):
    """BatchNorm (2015, Algorithms 1 and 2).

    y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and variance of each
    channel over the batch and all positions.
    """

    label = "BatchNorm"
    parameters: ClassVar[dict[str, float]] = {"gamma": 1.0, "beta": 0.0}
    replaces_bias = True

    def __init__(
        self, spec: RunSpec, shape: Shape, device: torch.device, dtype: torch.dtype
    ) -> None:
        import torch

        super().__init__(spec, shape, device, dtype)
        zeros, ones = (f(shape[0], device=device, dtype=dtype) for f in (torch.zeros, torch.ones))
        self.mean, self.variance = zeros, ones
        self.batch_mean, self.batch_variance = zeros.clone(), ones.clone()

    def __call__(self, x: Tensor, parameters: dict[str, Tensor], training: bool) -> Tensor:
        from torch.nn.functional import batch_norm

        # With momentum 1 the kernel stores this batch's mean and unbiased variance in the scratch
        # pair, at no cost. It adds them to 0 times the old values: clear these first, because
        # 0 times an overflow left by a probe would be NaN.
        statistics: tuple[Tensor | None, Tensor | None] = self.mean, self.variance
        if training and self.keeping:
            self.batch_mean.zero_()
            self.batch_variance.zero_()
            statistics = self.batch_mean, self.batch_variance
        elif training:
            statistics = None, None
        gamma, beta = parameters["gamma"], parameters["beta"]
        return batch_norm(
            x, *statistics, gamma, beta, training, momentum=1.0, eps=self.spec.epsilon
        )

    def commit(self, weight: float) -> None:
        self.mean.lerp_(self.batch_mean, weight)
        self.variance.lerp_(self.batch_variance, weight)

    def state(self) -> dict[str, Tensor]:
        return {"mean": self.mean, "variance": self.variance}


class LpNorm(Standard):
    """Base class of the lp normalisations (2018, Sec. 3.3): y = gamma (x - mean) / N_p(x) + beta.

    The mean and N_p are those of each channel over the batch and all positions, and the gradient
    passes through both. The paper normalises "by the average of their lp-norm (before shifting the
    mean)" and gives no formula. We read this as the scale of the un-centred x: N_1 = mean |x|,
    N_2 = sqrt(mean x^2), N_inf = max |x|. With spec.lp_centred it is the scale of x - mean instead,
    and l2 is then BatchNorm. Evaluation uses population averages of the mean and the scale.
    """

    parameters: ClassVar[dict[str, float]] = {"gamma": 1.0, "beta": 0.0}
    replaces_bias = True

    def __init__(
        self, spec: RunSpec, shape: Shape, device: torch.device, dtype: torch.dtype
    ) -> None:
        import torch

        super().__init__(spec, shape, device, dtype)
        self.population = torch.stack(
            [f(shape[0], device=device, dtype=dtype) for f in (torch.zeros, torch.ones)]
        )
        self.batch = self.population.clone()

    def __call__(self, x: Tensor, parameters: dict[str, Tensor], training: bool) -> Tensor:
        import torch

        if training:
            mean = x.mean(over_batch(x))
            centred = x - per_channel(mean, x)
            scale = self.average(centred if self.spec.lp_centred else x, over_batch(x))
            if self.keeping:
                self.batch.copy_(torch.stack([mean, scale]).detach())
        else:
            mean, scale = self.population
            centred = x - per_channel(mean, x)
        gain = parameters["gamma"] / scale
        return torch.addcmul(per_channel(parameters["beta"], x), centred, per_channel(gain, x))

    def average(self, x: Tensor, dims: tuple[int, ...]) -> Tensor:
        """Return N_p of x over these dimensions (channels,); epsilon keeps it above zero."""
        raise NotImplementedError

    def commit(self, weight: float) -> None:
        self.population.lerp_(self.batch, weight)

    def state(self) -> dict[str, Tensor]:
        return {"population": self.population}


class L1Norm(LpNorm):
    """Scale by the mean absolute value."""

    label = "L1 norm"

    def average(self, x: Tensor, dims: tuple[int, ...]) -> Tensor:
        return x.abs().mean(dims) + self.spec.epsilon


class L2Norm(LpNorm):
    """Scale by the root mean square; epsilon is added under the root, as in BatchNorm."""

    label = "L2 norm"

    def average(self, x: Tensor, dims: tuple[int, ...]) -> Tensor:
        return (x.square().mean(dims) + self.spec.epsilon).sqrt()


class LinfNorm(LpNorm):
    """Scale by the largest absolute value."""

    label = "L∞ norm"

    def average(self, x: Tensor, dims: tuple[int, ...]) -> Tensor:
        return x.abs().amax(dims) + self.spec.epsilon


class GroupNorm(Standard):
    """GroupNorm (Wu & He 2018).

    Mean and variance are those of a group of channels over all positions of one example, so the
    rest of the batch does not matter. There are gcd(spec.groups, channels) groups.
    """

    label = "GroupNorm"
    parameters: ClassVar[dict[str, float]] = {"gamma": 1.0, "beta": 0.0}
    replaces_bias = True

    @classmethod
    def groups(cls, spec: RunSpec, channels: int) -> int:
        """Return the number of groups in a layer with this many channels."""
        return gcd(spec.groups, channels)

    @classmethod
    def problem(cls, spec: RunSpec, block: Block) -> str:
        alone = prod(block.output) == cls.groups(spec, block.output[0])
        return "needs more than one value per example to average over" if alone else ""

    def __call__(self, x: Tensor, parameters: dict[str, Tensor], training: bool) -> Tensor:
        from torch.nn.functional import group_norm

        groups = self.groups(self.spec, self.shape[0])
        return group_norm(x, groups, parameters["gamma"], parameters["beta"], self.spec.epsilon)


class LayerNorm(GroupNorm):
    """LayerNorm (Ba et al. 2016), with a gamma and a beta for each channel.

    Mean and variance are those of one example over all channels and positions.
    """

    label = "LayerNorm"

    @classmethod
    def groups(cls, spec: RunSpec, channels: int) -> int:
        return 1


class InstanceNorm(GroupNorm):
    """InstanceNorm (Ulyanov et al. 2016): mean and variance of a channel in one example."""

    label = "InstanceNorm"

    @classmethod
    def groups(cls, spec: RunSpec, channels: int) -> int:
        return channels


class WeightStandardised(Standard):
    """Weight standardisation: normalise the weights in place of the activations.

    z = gamma (W - mean) / |W - mean| x + beta, with the mean and the length of each row of W. This
    is the method of Qiao et al. (2019) with the scale of Brock et al. (2021), but without the
    factor that the latter add for ReLUs.
    """

    label = "Weight standardisation"
    parameters: ClassVar[dict[str, float]] = {"gamma": 1.0, "beta": 0.0}
    replaces_bias = True

    @classmethod
    def problem(cls, spec: RunSpec, block: Block) -> str:
        alone = prod(block.weight[1:]) == 1
        return "needs more than one weight per unit to average over" if alone else ""

    def weight(self, weight: Tensor) -> Tensor:
        dims = tuple(range(1, weight.dim()))
        centred = weight - weight.mean(dims, keepdim=True)
        return centred / (centred.square().sum(dims, keepdim=True) + self.spec.epsilon).sqrt()

    def __call__(self, x: Tensor, parameters: dict[str, Tensor], training: bool) -> Tensor:
        import torch

        return torch.addcmul(
            per_channel(parameters["beta"], x), x, per_channel(parameters["gamma"], x)
        )


def over_batch(x: Tensor) -> tuple[int, ...]:
    """Return all dimensions of x but that of the channels."""
    return (0, *range(2, x.dim()))


def per_channel(values: Tensor, x: Tensor) -> Tensor:
    """Reshape one value per channel so that it broadcasts against x."""
    return values.view(1, -1, *(1 for _ in range(2, x.dim())))


class Noise(Standard):
    """The noise of "noisy" BatchNorm without BatchNorm: the control (2018, Sec. 2.1 and App. A.1).

    At every step each channel j draws a distribution, mu_j ~ U(-n_mu, n_mu) and
    sigma_j ~ U(1, n_sigma). Then each element of the channel draws from that distribution:
    x <- s x + m with s ~ N(sigma_j, r_sigma) and m ~ U(mu_j - r_mu, mu_j + r_mu).
    """

    label = "Standard + noise"

    def __call__(self, x: Tensor, parameters: dict[str, Tensor], training: bool) -> Tensor:
        return self.disturb(x) if training or self.spec.noise_at_test else x

    def disturb(self, x: Tensor) -> Tensor:
        """Return x (batch, *shape) with the noise of this step."""
        import torch

        return torch.addcmul(self.shift[: len(x)], self.scale[: len(x)], x)

    def draw(self, generator: torch.Generator) -> None:
        import torch

        spec, channels = self.spec, (1, self.shape[0], *(1 for _ in self.shape[1:]))
        if not hasattr(self, "scale"):
            # The memory has the channels last, as activations do, yet is contiguous for the
            # generator, which is then far faster.
            count, channel, *size = spec.batch, *self.shape
            self._drawn = torch.empty(
                (2, count, *size, channel), device=self.device, dtype=self.dtype
            )
            self.scale, self.shift = self._drawn.movedim(-1, 2)
        mu = self.scale.new_empty(channels).uniform_(
            -spec.noise_mean, spec.noise_mean, generator=generator
        )
        sigma = self.scale.new_empty(channels).uniform_(1.0, spec.noise_scale, generator=generator)
        spread = spec.noise_mean_spread
        self._drawn[0].normal_(0.0, spec.noise_scale_spread, generator=generator)
        self._drawn[1].uniform_(-spread, spread, generator=generator)
        self.scale += sigma
        self.shift += mu


class NoisyBatchNorm(BatchNorm, Noise):
    """BatchNorm followed by noise whose distribution changes at every step (2018, App. A.1)."""

    label = "Noisy BatchNorm"

    def __call__(self, x: Tensor, parameters: dict[str, Tensor], training: bool) -> Tensor:
        y = BatchNorm.__call__(self, x, parameters, training)
        return Noise.__call__(self, y, parameters, training)


NORMS: dict[str, type[Standard]] = {
    "none": Standard,
    "batch": BatchNorm,
    "noisy": NoisyBatchNorm,
    "noise": Noise,
    "l1": L1Norm,
    "l2": L2Norm,
    "linf": LinfNorm,
    "layer": LayerNorm,
    "group": GroupNorm,
    "instance": InstanceNorm,
    "weight": WeightStandardised,
}
