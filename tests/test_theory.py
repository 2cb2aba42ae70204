"""Section 4 (2018): checks against explicit matrices, misprints, and the page's numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from bnviz.analysis import theory as theory_numbers
from bnviz.analysis.rows import newest
from bnviz.figures.style import Time
from bnviz.figures.theory import SIGNS, conditions, deviations, lemma, theorem
from bnviz.training.loop import Moment, Training, execute
from bnviz.training.norms import NORMS
from bnviz.training.objective import Objective
from bnviz.training.probes import Row, theory
from tests import oracle
from tests.conftest import tiny_spec
from tests.test_probes import assert_same_bits, final_state, frame, moment

DLN = {
    "model": "dln",
    "data": "gaussian",
    "batch": 100,
    "norm_output": True,
    "width": 1.0,
    "lr": 1e-5,
}
NETS: dict[str, dict[str, object]] = {
    "mlp": {
        "model": "mlp",
        "data": "mnist-sample",
        "batch": 60,
        "width": 0.2,
        "pixels": "binary",
        "init": "gaussian",
    },
    "vgg11": {"model": "vgg11", "batch": 16},
    "dln": DLN | {"depth": 6},
    "deep dln": DLN | {"depth": 25},
}


def rows_of(net: str, **changed: object) -> pd.DataFrame:
    """Return the probe's rows at the third step of a small training, with run columns."""
    at = moment(**NETS[net] | {"norm": "batch", "theory_units": 3} | changed)
    return frame(theory.measure(at)).assign(
        run=net, norm=at.spec.norm, lr=at.spec.lr, seed=at.spec.seed
    )


def wide(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a table with a row for each unit and a column for each metric."""
    return rows[rows.unit.notna()].pivot(index=["layer", "unit"], columns="metric", values="value")


# Which statements hold


@pytest.mark.parametrize("net", NETS)
def test_both_sides_of_every_equality_agree(net):
    rows = rows_of(net)
    for statement in ("theorem_4_1", "theorem_4_2", "lemma_4_5"):
        checks = theory_numbers.checks(rows, statement)
        assert len(checks) >= 3 * rows.layer.nunique()
        deviation = (checks.left - checks.exact).abs() / checks.scale
        assert deviation.max() < 1e-9, statement


@pytest.mark.parametrize("net", NETS)
def test_the_corrected_bounds_are_never_exceeded(net):
    rows = rows_of(net)
    for statement in ("theorem_4_1", "theorem_4_4"):
        checks = theory_numbers.checks(rows, statement)
        assert (checks.left <= checks.right + 1e-12 * checks.scale).all(), statement


@pytest.mark.parametrize("net", NETS)
def test_theorem_4_1_as_printed_fails_in_every_unit(net):
    """It is an equality with 1/m, so 1/√m subtracts too much unless ⟨g, ŷ⟩ is zero."""
    checks = theory_numbers.checks(rows_of(net), "theorem_4_1")
    assert (checks.left > checks.printed).all()
    assert (checks.printed < 0).any() == net.endswith("dln")  # the error grows with m


def test_theorem_4_4_as_printed_fails():
    checks = theory_numbers.checks(rows_of("mlp"), "theorem_4_4")
    assert (checks.left > checks.printed).mean() > 0.9


@pytest.mark.parametrize(("factor", "share"), [(0.5, 0.0), (1e-6, 1.0)])
def test_whether_theorem_4_4_as_printed_fails_depends_on_the_unit_of_the_loss(factor, share):
    checks = theory_numbers.checks(rows_of("dln", loss_factor=factor, lr=1e-7), "theorem_4_4")
    assert (checks.left > checks.printed).mean() == share


def test_theorem_4_4_also_fails_with_one_power_less():
    """γ²/s² (G − mμ² − λ²⟨g, ŷ⟩²) has the right dimension, but its last term lacks 1/m."""
    values = wide(rows_of("mlp"))
    squared_lambda = values.theorem_4_4_scale / values.theorem_4_1_scale
    taken = values.theorem_4_1_gain**2 * squared_lambda * values.theorem_4_2_inner**2
    bound = values.theorem_4_4_scale - taken  # without mμ²
    assert (values.theorem_4_4_left > bound).any()


# Observation 4.3, which no run measures


def standard_as_batchnorm(at: Moment, objective: Objective) -> Tensor:
    """Return parameters of a BatchNorm network with the standard network's activations on a batch.

    `objective` is the BatchNorm network's, `at` a step of the standard network. In every unit γ is
    s = √(σ² + ε) and β is μ plus the bias.
    """
    views, theta = at.objective.views(at.theta), at.theta.new_zeros(objective.size)
    copies, seen = objective.views(theta), {}
    at.objective.outputs(
        views, at.batch.inputs, tap=lambda block, x, y, z: seen.update({block.name: y})
    )
    for block in objective.blocks:
        layer = copies[block.name]
        layer["weight"].copy_(views[block.name]["weight"])
        if block.normalised:
            y = theory.by_unit(seen[block.name])
            layer["gamma"].copy_((y.var(1, correction=0) + at.spec.epsilon).sqrt())
            layer["beta"].copy_(y.mean(1))
        else:
            layer["bias"].copy_(views[block.name]["bias"])
    return theta


@pytest.mark.parametrize("net", NETS)
def test_some_gamma_and_beta_give_batchnorm_the_activations_of_the_standard_network(net):
    at = moment(**NETS[net] | {"norm": "none"})
    objective = Objective(at.spec.model_copy(update={"norm": "batch"}), at.objective.task)
    theta = standard_as_batchnorm(at, objective)
    seen: dict[str, list[Tensor]] = {}
    for network, parameters in ((at.objective, at.theta), (objective, theta)):
        network.outputs(
            network.views(parameters),
            at.batch.inputs,
            tap=lambda block, x, y, z: seen.setdefault(block.name, []).append(z),
        )
    for standard, batch in seen.values():
        torch.testing.assert_close(batch, standard, rtol=1e-9, atol=1e-9)


def test_batchnorm_keeps_a_minimum_of_the_standard_network():
    rng = np.random.default_rng(0)
    x, targets = rng.normal(size=(40, 6)), rng.normal(size=(40, 3))
    solution = np.linalg.lstsq(np.c_[x, np.ones(40)], targets, rcond=None)[0]
    weight, bias = (
        torch.tensor(part, requires_grad=True) for part in (solution[:-1].T, solution[-1])
    )
    inputs, wanted = torch.tensor(x), torch.tensor(targets)
    y = inputs @ weight.T
    gamma, beta = (
        part.detach().clone().requires_grad_()
        for part in ((y.var(0, correction=0) + 1e-5).sqrt(), y.mean(0) + bias)
    )
    norm = NORMS["batch"](tiny_spec(norm="batch"), (3,), torch.device("cpu"), torch.float64)
    z = norm(y, {"gamma": gamma, "beta": beta}, training=True)
    loss, standard = ((out - wanted).square().sum() for out in (z, y + bias))
    assert loss.item() == pytest.approx(standard.item(), rel=1e-12) and loss > 1
    for gradient in torch.autograd.grad(loss, (weight, gamma, beta)):
        assert gradient.abs().max() < 1e-4  # not 0: γ is √(σ² + ε), and ε is 1e-5


# Checks against explicit matrices


def by_hand(at: Moment, layer: str, unit: int) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return the loss of an MLP as a function of one unit's y, and of its z.

    All other units keep their values. It uses none of bnviz's forward pass.
    """
    views, cut = at.objective.views(at.theta), {}

    def forward(given: Tensor, where: str) -> Tensor:
        x = at.batch.inputs.flatten(1)
        for name in ("fc1", "fc2", "fc3"):
            p = views[name]
            y = x @ p["weight"].T
            if (name, where) == (layer, "y"):
                y = replaced(y, given)
            centred = y - y.mean(0)
            z = (
                p["gamma"] * centred / (centred.square().mean(0) + at.spec.epsilon).sqrt()
                + p["beta"]
            )
            if name == layer:
                cut.update(x=x, y=y, z=z)
            if (name, where) == (layer, "z"):
                z = replaced(z, given)
            x = 1 / (1 + torch.exp(-z))
        logits = x @ views["fc4"]["weight"].T + views["fc4"]["bias"]
        return (logits.logsumexp(1) - logits[torch.arange(len(logits)), at.batch.targets]).mean()

    def replaced(values: Tensor, given: Tensor) -> Tensor:
        return torch.cat([values[:, :unit], given[:, None], values[:, unit + 1 :]], 1)

    forward(torch.zeros(at.spec.batch, dtype=torch.float64), "")
    return {
        "y": lambda y: forward(y, "y"),
        "z": lambda z: forward(z, "z"),
        **{f"at {key}": cut[key] for key in cut},
    }


@pytest.mark.parametrize("layer", ["fc1", "fc2", "fc3"])
def test_every_number_of_an_mlp_agrees_with_explicit_matrices(layer):
    at = moment(
        **NETS["mlp"] | {"width": 0.05, "batch": 12},
        norm="batch",
        l2=1e-3,
        theory_units=2,
        epsilon=1e-2,
    )
    ours = wide(frame(theory.measure(at))).loc[layer]
    for unit in map(int, ours.index):
        loss = by_hand(at, layer, unit)
        x, y, z = loss["at x"].numpy(), loss["at y"][:, unit].clone(), loss["at z"][:, unit].clone()
        v, g = (
            torch.autograd.functional.jacobian(loss[place], value).numpy()
            for place, value in (("y", y), ("z", z))
        )
        curved, bent = (
            torch.autograd.functional.hessian(loss[p], value).numpy()
            for p, value in (("y", y), ("z", z))
        )
        m, gamma, y = len(v), float(at.objective.views(at.theta)[layer]["gamma"][unit]), y.numpy()
        s = np.sqrt(y.var() + 1e-2)
        y_hat = (y - y.mean()) / s
        jacobian = (np.eye(m) - 1 / m - np.outer(y_hat, y_hat) / m) / s  # Fact C.2
        np.testing.assert_allclose(v, gamma * jacobian @ g, rtol=1e-9, atol=1e-15)
        spectral, tangent = np.linalg.norm(x, 2), jacobian @ v
        mean, inner, gain = g.sum() ** 2 / m, g @ y_hat, gamma / s
        pull, a = gamma / (m * s**2) * inner, y_hat @ v
        expected = {
            "theorem_4_1_left": v @ v,
            "theorem_4_1_exact": v @ v,
            "theorem_4_1_right": gain**2 * (g @ g - mean - inner**2 / m),
            "theorem_4_1_printed": gain**2 * (g @ g - mean - inner**2 / np.sqrt(m)),
            "theorem_4_1_scale": gain**2 * g @ g,
            "theorem_4_1_gain": gain,
            "theorem_4_2_left": v @ curved @ v,
            "theorem_4_2_exact": v @ curved @ v,
            "theorem_4_2_printed": gain**2 * v @ bent @ v - pull * v @ v,
            "theorem_4_2_scale": abs(gamma**2 * tangent @ bent @ tangent)
            + abs(pull * (v @ v - a**2 / m))
            + abs(2 * a * v @ v / (s * m)),
            "theorem_4_2_inner": inner,
            "theorem_4_4_left": (x.T @ v) @ (x.T @ v),
            "theorem_4_4_right": gain**2 * spectral**2 * (g @ g - mean - inner**2 / m),
            "theorem_4_4_printed": gain**2
            * (spectral**4 * (g @ g) ** 2 - mean - spectral**2 * inner**2),
            "theorem_4_4_scale": gain**2 * spectral**2 * g @ g,
        }
        theirs = ours.loc[unit]
        assert {name for name in theirs.index if name.startswith("theorem")} == set(expected)
        for name, value in expected.items():
            assert theirs[name] == pytest.approx(
                value, rel=1e-8, abs=1e-12 * expected["theorem_4_2_scale"]
            ), name


@pytest.mark.parametrize("layer", ["conv1", "conv4"])
def test_the_curvature_of_a_channel_agrees_with_finite_differences_of_torch(layer):
    """Compare with (v(y + tv) − v(y − tv)) · v / 2t, before and after BatchNorm.

    For a channel, m is batch × height × width.
    """
    at = moment(norm="batch", theory_units=1)
    ours = wide(frame(theory.measure(at))).loc[layer]
    unit, values = int(ours.index[0]), ours.iloc[0]
    model = oracle.network(at.objective, at.theta)
    number = [i for i, module in enumerate(model) if isinstance(module, torch.nn.Conv2d)][
        int(layer[-1]) - 1
    ]
    y = model[: number + 1](at.batch.inputs).detach()
    z = model[: number + 2](at.batch.inputs).detach()

    def gradient(start: int, place: Tensor, moved: Tensor) -> Tensor:
        place = place.clone()
        place[:, unit] += moved
        place.requires_grad_()
        loss = torch.nn.functional.cross_entropy(model[start:](place), at.batch.targets)
        return torch.autograd.grad(loss, place)[0][:, unit]

    v = gradient(number + 1, y, torch.zeros_like(y[:, unit]))
    step = 1e-6 * y[:, unit].norm() / v.norm()
    for start, place, name in ((number + 1, y, "theorem_4_2_left"), (number + 2, z, "straight")):
        change = (gradient(start, place, step * v) - gradient(start, place, -step * v)) / (2 * step)
        curvature = float((change * v).sum())
        if name == "straight":
            curvature = curvature * values.theorem_4_1_gain**2 - pull(values, y[:, unit], at)
            name = "theorem_4_2_printed"
        assert values[name] == pytest.approx(curvature, rel=1e-5)
    assert values.theorem_4_1_left == pytest.approx(float(v.square().sum()))


def pull(values: pd.Series, y: Tensor, at: Moment) -> float:
    """γ/(ms²) ⟨g, ŷ⟩ ‖v‖²."""
    s = float((y.var(correction=0) + at.spec.epsilon).sqrt())
    return (
        values.theorem_4_1_gain
        / (y.numel() * s)
        * values.theorem_4_2_inner
        * values.theorem_4_1_left
    )


@pytest.mark.parametrize(
    "net",
    [
        NETS["vgg11"],
        NETS["dln"],
        {"model": "lenetr", "data": "mnist-sample", "width": 0.5},
        {"model": "resnet20", "width": 0.25},
    ],
    ids=str,
)
def test_patches_times_the_weight_are_the_input_of_the_normalisation(net):
    at = moment(**net, norm="batch")
    seen: list[tuple[object, Tensor, Tensor, Tensor]] = []
    at.objective.outputs(
        at.objective.views(at.theta), at.batch.inputs, tap=lambda *what: seen.append(what)
    )
    for block, x, y, _ in seen:
        if block.normalised:
            weight = at.objective.views(at.theta)[block.name]["weight"].flatten(1)
            matrix = theory.patches(block, x)
            found = matrix @ weight.T
            torch.testing.assert_close(found, y.movedim(1, -1).flatten(0, -2))
            assert theory.spectral_norm(matrix) == pytest.approx(
                float(torch.linalg.matrix_norm(matrix, 2))
            )


# Lemma 4.5


@pytest.mark.parametrize("norm", ["none", "batch", "noisy"])
def test_lemma_4_5_is_checked_for_rows_and_layers_of_every_network(norm):
    at = moment(norm=norm, theory_units=2)
    rows = frame(theory.measure(at))
    rows = rows[rows.metric.str.startswith("lemma")]
    normalised = [block.name for block in at.objective.blocks if block.normalised]
    assert list(rows.layer.unique()) == normalised
    first, now = (at.objective.views(theta) for theta in (Training(at.spec).theta, at.theta))
    for (layer, unit), group in rows.groupby(["layer", "unit"], dropna=False):
        of = group.set_index("metric").value
        w0, w = (views[layer]["weight"].numpy() for views in (first, now))
        w0, w = (
            weight.ravel() if np.isnan(unit) else weight[int(unit)].ravel() for weight in (w0, w)
        )
        k = w @ w0 / (w @ w)
        assert of["lemma_4_5_inner"] == pytest.approx(w @ w0)
        assert of["lemma_4_5_left"] == pytest.approx(((w0 - k * w) ** 2).sum())
        assert of["lemma_4_5_distance"] == pytest.approx(((w0 - w) ** 2).sum())
        bound = ((w0 - w) ** 2).sum() - (w @ w - w @ w0) ** 2 / (w @ w)
        assert of["lemma_4_5_right"] == pytest.approx(bound)


def test_lemma_4_5_says_nothing_if_the_weights_have_turned_round():
    start = torch.tensor([1.0, 2.0], dtype=torch.float64)
    for end, inner in ((-start, -5.0), (0 * start, 0.0)):
        terms = theory.distances(start, end).tolist()
        assert list(theory.rows_of_lemma(3, "fc1", None, terms)) == [
            Row(3, "lemma_4_5_inner", "fc1", None, None, inner)
        ]


@pytest.mark.parametrize("net", ["mlp", "vgg11"])
def test_batchnorm_is_invariant_to_rescaled_weights(net):
    """With BatchNorm kW* has the same loss as W*, for a k of each unit or of the layer.

    Without BatchNorm it has not.
    """
    changed = {}
    for norm in ("batch", "none"):
        at = moment(**NETS[net] | {"norm": norm, "epsilon": 1e-30})
        first, theta = at.objective.views(at.objective.initial()), at.theta.clone()
        for block in at.objective.blocks:
            if block.normalised:
                w0, w = (
                    first[block.name]["weight"].flatten(1),
                    at.objective.views(theta)[block.name]["weight"],
                )
                flat = w.flatten(1)
                k = (flat * w0).sum(1) / flat.square().sum(1)
                assert (k > 0).all()
                w *= k.view(-1, *(1 for _ in w.shape[1:])) * 1.7  # 1.7 is the factor of the layer
        before, after = (
            at.objective.outputs(at.objective.views(where), at.batch.inputs)
            for where in (at.theta, theta)
        )
        changed[norm] = float((before - after).abs().max() / before.abs().max())
    assert changed["batch"] < 1e-9 < 1e-3 < changed["none"]


# The probe


def test_the_probe_leaves_no_trace_behind_batchnorm():
    with_probe, without = (final_state(measured, norm="batch") for measured in ({"theory": 2}, {}))
    assert_same_bits(with_probe, without)


def test_the_units_are_the_same_at_every_step_and_for_every_network():
    spec = {"probes": {"theory": 2}, "theory_units": 3}
    units = {}
    for norm in ("none", "batch", "noisy"):
        rows = frame(execute(tiny_spec(norm=norm, **spec)))
        rows = rows[rows.unit.notna()]
        units[norm] = {
            step: {layer: sorted(set(group.unit)) for layer, group in of_step.groupby("layer")}
            for step, of_step in rows.groupby("step")
        }
        assert rows.metric.str.startswith("theorem").any() == (norm == "batch")
    assert units["none"] == units["batch"] == units["noisy"]
    assert units["batch"][0] == units["batch"][2]
    # conv1 has only two channels.
    assert [len(chosen) for chosen in units["batch"][0].values()] == [
        2,
        3,
        3,
        3,
        3,
        3,
        3,
        3,
    ]


def test_a_unit_without_gradient_has_zeros_and_does_not_count_as_a_check():
    at = moment(norm="batch", theory_units=2)
    theta = at.theta.clone()
    unit, other = theory.chosen_units(at, at.objective.blocks[1])
    at.objective.views(theta)["conv2"]["beta"][unit] = -100  # its ReLU never opens
    at = Moment(**vars(at) | {"theta": theta, "evaluation": at.objective.evaluate(theta, at.batch)})
    rows = frame(theory.measure(at)).assign(run="", norm="batch", lr=0.1, seed=0)
    dead = rows[
        (rows.layer == "conv2") & (rows.unit == unit) & rows.metric.str.startswith("theorem")
    ]
    assert len(dead) == 15
    assert (dead[dead.metric != "theorem_4_1_gain"].value == 0).all()
    for statement in ("theorem_4_1", "theorem_4_2", "theorem_4_4"):
        checks = theory_numbers.checks(rows, statement)
        assert list(checks[checks.layer == "conv2"].unit) == [other]


# The page's numbers


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Return the rows of two complete trainings of a small MLP."""
    torch.set_num_threads(1)
    settings = NETS["mlp"] | {
        "steps": 21,
        "probes": {"accuracy": 1, "theory": 10},
        "precision": "float64",
        "theory_units": 4,
    }
    parts = [
        frame(execute(tiny_spec(**settings, norm=norm))).assign(run=norm, norm=norm, lr=0.1, seed=0)
        for norm in ("none", "batch")
    ]
    return pd.concat(parts, ignore_index=True)


def test_the_verdict_counts_every_check_of_every_step(rows):
    numbers = theory_numbers.verdicts(rows)
    checks = numbers.groupby(["run", "statement"]).checks.sum()
    units, steps, layers = 4, 3, 3
    assert checks["batch", "theorem_4_1"] == units * layers * steps
    # At step 0 the weights have not moved.
    assert checks["none", "lemma_4_5"] == (units + 1) * layers * (steps - 1)
    assert numbers.broken.sum() == 0
    assert numbers[numbers.statement == "theorem_4_1"].fails.sum() == units * layers * steps
    assert numbers.deviation.max() < 1e-12


def test_the_verdict_in_words(rows):
    numbers = theory_numbers.verdicts(rows)
    lines = theory_numbers.verdict(numbers).splitlines()
    assert [line.split("**")[1] for line in lines] == list(theory_numbers.STATEMENTS.values())
    assert lines[0].startswith("- **Theorem 4.1**: 36 checks. The squared gradient ‖v‖² ")
    assert "With 1/m the two are equal, to within" in lines[0] and "· 10⁻¹" in lines[0]
    assert "The corrected bound holds in all of them." in lines[0]
    assert "‖v‖² is larger in all of them" in lines[0]
    assert theory_numbers.verdict(numbers[numbers.norm == "none"]).startswith(
        "- **Lemma 4.5**: 30 checks."
    )
    exceeded = numbers.assign(broken=(numbers.statement == "theorem_4_4") * 6)
    assert "**is exceeded in 50%**" in theory_numbers.verdict(exceeded)


def test_rounding_in_single_precision_is_not_a_failure():
    rows = rows_of("vgg11", precision="float32", theory_units=8)
    numbers = theory_numbers.verdicts(rows)
    assert 1e-9 < numbers.deviation.max() < 1e-4
    assert numbers.broken.sum() == 0


def test_a_half_written_measurement_does_not_count_as_a_check(rows):
    half = rows.iloc[: -40 * 8]
    assert set(half.metric) == set(rows.metric)
    assert len(theory_numbers.checks(half, "theorem_4_1")) < len(
        theory_numbers.checks(rows, "theorem_4_1")
    )
    complete = theory_numbers.checks(half, "theorem_4_1")
    assert complete[["left", "exact", "right", "printed", "scale", "gain"]].notna().all(axis=None)


def test_an_overflow_does_not_count_as_a_check(rows):
    first = rows.index[(rows.metric == "theorem_4_1_left")][0]
    overflowed = rows.assign(value=rows.value.where(rows.index != first, np.inf))
    assert (
        len(theory_numbers.checks(overflowed, "theorem_4_1"))
        == len(theory_numbers.checks(rows, "theorem_4_1")) - 1
    )


@pytest.mark.parametrize(
    ("statement", "true"),
    [("theorem_4_1", "exact"), ("theorem_4_2", "exact"), ("theorem_4_4", "right")],
)
def test_the_sides_of_a_bound_come_from_the_newest_step(rows, statement, true):
    sides = newest(theory_numbers.sides(rows, statement), 19)
    drawn = sides.set_index(["version", "layer", "unit"])
    values = wide(rows[(rows.step == 10) & (rows.run == "batch")])
    assert set(drawn.step) == {10}
    for version, side in (("true", true), ("printed", "printed")):
        assert drawn.loc[version].bound.to_dict() == values[f"{statement}_{side}"].to_dict()
        assert drawn.loc[version].left.to_dict() == values[f"{statement}_left"].to_dict()


def test_conditions_are_given_as_shares_of_the_units(rows):
    shares = theory_numbers.conditions(rows).set_index(["condition", "step"]).value
    for step in (0, 10, 20):
        values = wide(rows[(rows.step == step) & (rows.run == "batch")])
        assert shares["inner", step] == (values.theorem_4_2_inner >= 0).mean()
        assert shares["gain", step] == pytest.approx(values.theorem_4_1_gain.median())
        removed = 1 - values.theorem_4_1_left / values.theorem_4_1_scale
        assert shares["removed", step] == pytest.approx(removed.median())
        squared = values.theorem_4_1_scale / values.theorem_4_1_gain**2
        assert shares["smaller", step] == (values.theorem_4_1_left < squared).mean()
    said = theory_numbers.asked(theory_numbers.conditions(rows))
    assert f"**‖v‖ < ‖g‖ in {100 * shares['smaller'].mean():.0f}% of the units**" in said
    assert theory_numbers.asked(theory_numbers.conditions(rows[:0])) == ""


def test_distances_are_for_whole_layers_at_the_newest_step(rows):
    drawn = newest(theory_numbers.distances(rows), 15)
    assert set(drawn.step) == {10}
    assert list(drawn[drawn.run == "none"].layer) == ["fc1", "fc2", "fc3"]
    assert (drawn.scaled <= drawn.plain).all() and (drawn.scaled > 0).all()


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 9, "none of them"),
        (9, 9, "all of them"),
        (1, 1000, "less than 1%"),
        (999, 1000, "more than 99%"),
        (1, 4, "25%"),
    ],
)
def test_a_share_in_words(part, whole, words):
    assert theory_numbers.share(part, whole) == words


def test_powers_of_ten_in_words():
    assert theory_numbers.power(3.2e-13) == "3 · 10⁻¹³"
    assert (
        theory_numbers.power(0.0) == "0"
        and theory_numbers.power(float("nan")) == "an unknown number"
    )


TIME = Time(20, 20)
TITLES = {"true": "with 1/m", "printed": "as printed"}
FIGURES = {
    "deviations": lambda rows: deviations(theory_numbers.verdicts(rows), TIME),
    "theorem": lambda rows: theorem(theory_numbers.sides(rows, "theorem_4_1"), TITLES),
    "conditions": lambda rows: conditions(theory_numbers.conditions(rows), TIME),
    "lemma": lambda rows: lemma(theory_numbers.distances(rows)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_full_and_empty_frames(name, rows):
    assert len(FIGURES[name](rows).data) > 1
    for none in (rows[:0], rows[rows.metric == "train_loss"]):
        empty = FIGURES[name](none)
        assert "nothing measured yet" in [note.text for note in empty.layout.annotations]
        assert theory_numbers.verdict(theory_numbers.verdicts(none)) == ""


def test_values_below_zero_are_drawn_at_the_edge_and_counted():
    frame = pd.DataFrame(
        {
            "run": "r",
            "layer": [f"fc{n}" for n in range(1, 7)],
            "unit": 0.0,
            "version": "printed",
            "bound": [1.0, 2.0, -3.0, -4.0, -5.0, 6.0],
            "left": [1.0, 3.0, 2.0, 2.0, -5.0, -1.0],
        }
    )
    fig = theorem(frame, TITLES)
    drawn = {
        trace.name: trace
        for trace in fig.data
        if trace.mode == "markers" and trace.showlegend is False
    }
    assert {name: trace.marker.symbol for name, trace in drawn.items()} == SIGNS
    in_legend = [
        trace for trace in fig.data if trace.mode == "markers" and trace.showlegend is None
    ]
    assert {trace.name: trace.marker.symbol for trace in in_legend} == SIGNS
    assert list(drawn["both above zero"].x) == [1, 2]
    edge = pytest.approx(0.1)
    assert list(drawn["bound below zero"].x) == [edge, edge]
    assert list(drawn["bound below zero"].y) == [2, 2]
    assert (list(drawn["both below zero"].x), list(drawn["both below zero"].y)) == ([5], [5])
    assert list(drawn["measured below zero"].y) == [edge]
    assert [axis.title.text for axis in fig.select_xaxes()] == [
        "Bound",
        "Bound<br>3 of 6 below zero",
    ]
    # No annotation covers the points.
    assert {note.text for note in fig.layout.annotations} == {
        "with 1/m",
        "as printed",
    }
    assert all(trace.marker.coloraxis == "coloraxis" for trace in drawn.values())
