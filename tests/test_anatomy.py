"""The page "BatchNorm, taken apart": its numbers, its figures and its URL parameters."""

from __future__ import annotations

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bnviz.figures import anatomy, formulas
from bnviz.papers import algorithm1
from bnviz.paths import PROJECT
from bnviz.runs.store import Store
from bnviz.ui import anatomy_controls as ui
from bnviz.ui import controls, link, widgets
from tests.pages import cells, plots, value

BATCH, TARGETS = [-1.5, 0.2, 3.0, 4.9, -5.0], [1.0, -2.0, 0.3, -3.0, 2.0]
SET = {f"x{i}": str(value) for i, value in enumerate(BATCH, 1)} | {
    "gamma": "-2.5",
    "beta": "0.7",
    "eps": "0.01",
}
FIGURES = {"forward": 1, "backward": 2, "inference": 1, "scale": 2}


def page(**address: str) -> AppTest:
    """Open the page by a link with these URL parameters."""
    opened = AppTest.from_file(
        str(PROJECT / "pages" / "classics" / "batchnorm.py"), default_timeout=60
    )
    for parameter, text in address.items():
        opened.query_params[parameter] = text
    return opened.run()


def told(opened: AppTest, heading: str) -> str:
    """Return the text under a heading."""
    return next(
        shown.value for shown in opened.markdown if shown.value.startswith(f"#### {heading}")
    )


def table(opened: AppTest, heading: str) -> list[list[float | str]]:
    """Return the rows of the table under a heading, without the table's header."""
    return [[value(cell) for cell in row] for row in cells(told(opened, heading))]


def line() -> algorithm1.Forward:
    return algorithm1.forward(BATCH, -2.5, 0.7, 0.01)


@pytest.mark.parametrize(("part", "figures"), FIGURES.items())
def test_every_part_opens_and_starts_no_run(part, figures):
    opened = page(part=part)
    assert not opened.exception
    assert not opened.warning
    assert len(plots(opened)) == figures
    assert all(
        plot["alt"] and "**" not in plot["alt"] and plot["figure"]["data"] for plot in plots(opened)
    )
    assert len(opened.get("download_button")) == figures
    assert Store().runs() == []


def test_the_forward_numbers_come_from_the_module():
    opened = page(**SET)
    rows = np.array([row[1:] for row in table(opened, "All numbers")], dtype=float)
    columns = [line().x, line().centred, line().normalised, line().y]
    assert rows[:5] == pytest.approx(np.array(columns).T, abs=5.01e-4)
    assert rows[5] == pytest.approx([column.mean() for column in columns], abs=5.01e-4)
    assert rows[6] == pytest.approx([column.var() for column in columns], abs=5.01e-4)
    lines = told(opened, "Algorithm 1, line by line")
    assert rf"\tfrac15\,(-1.5 + 0.2 + 3 + 4.9 - 5) = {line().mean:.3f}$" in lines
    assert f"= {line().variance:.3f}$" in lines
    assert r"y_i = \gamma\,\hat x_i + \beta = -2.5\,\hat x_i + 0.7$" in lines


def test_sliders_change_the_numbers_and_the_address():
    opened = page()
    opened.slider(key="x3").set_value(-4.2).run()
    moved = algorithm1.forward([0, 1, -4.2, 3, 4], 1.5, -1.0)
    assert table(opened, "All numbers")[2][1:] == pytest.approx(
        [-4.2, moved.centred[2], moved.normalised[2], moved.y[2]], abs=5.01e-4
    )
    assert opened.query_params["x3"] in ("-4.2", ["-4.2"])
    opened.slider(key="x3").set_value(2.0).run()
    assert "x3" not in opened.query_params


def test_the_backward_numbers_come_from_the_module():
    opened = page(
        part="backward", example="4", **SET, **{f"t{i}": str(t) for i, t in enumerate(TARGETS, 1)}
    )
    gradient = algorithm1.backward(line(), line().y - TARGETS)
    columns = [line().y, np.array(TARGETS), gradient.dy, gradient.dnormalised, gradient.dx]
    rows = table(opened, "All numbers")
    assert np.array([row[1:] for row in rows[:5]], dtype=float) == pytest.approx(
        np.array(columns).T, abs=5.01e-4
    )
    assert rows[5][3:] == pytest.approx([column.sum() for column in columns[2:]], abs=5.01e-4)

    alone, all_three = table(opened, "What BatchNorm takes out")
    normalised = line().normalised
    assert alone[1:] == pytest.approx(
        [gradient.direct.sum(), np.sum(gradient.direct * normalised)], abs=5.01e-4
    )
    assert all_three[1] == pytest.approx(0, abs=1e-12)
    assert all_three[2] == pytest.approx(np.sum(gradient.dx * normalised), abs=5.01e-4)

    (_, slope), (_, analytic), (_, difference) = table(opened, "The derivative with respect to x₄")
    assert analytic == pytest.approx(gradient.dx[3], abs=1e-7)
    assert slope == pytest.approx(gradient.dx[3], abs=1e-5)
    assert abs(difference) < 1e-5
    equations = told(opened, "The chain rule")
    for number in (
        gradient.dvariance,
        gradient.dmean,
        gradient.dgamma,
        gradient.dbeta,
        gradient.dx[3],
    ):
        assert f"= {number:.3f}$" in equations


def test_the_population_statistics_come_from_the_module():
    opened = page(part="inference", others="3", draw="7", example="2", **SET)
    batches = np.vstack([BATCH, algorithm1.drawn_batches(7, 3, 5)])
    over = algorithm1.population(batches)
    rows = table(opened, "Algorithm 2")
    assert [row[0] for row in rows] == ["yours", "no. 2", "no. 3", "no. 4", "average"]
    shown = np.array([row[1:] for row in rows[:4]], dtype=float)
    assert shown == pytest.approx(np.column_stack([batches.mean(1), batches.var(1)]), abs=5.01e-4)
    assert f"= {over.variance:.3f}$" in told(opened, "Algorithm 2")
    (_, *training), (_, *inference) = table(opened, "The same x₂, twice")
    assert training == pytest.approx([line().normalised[1], line().y[1]], abs=5.01e-4)
    expected = algorithm1.inference(0.2, over, -2.5, 0.7, 0.01)
    assert inference[1] == pytest.approx(float(expected), abs=5.01e-4)
    said = " ".join(text.value for text in opened.markdown)
    assert f"**{formulas.words(expected)}**" in said


def test_the_table_of_larger_weights_shows_measured_gradients():
    opened = page(part="scale", a="5", eps="0.1", draw="7")
    weights, inputs = algorithm1.drawn_layer(7, 5)
    found = algorithm1.invariance(weights, inputs, 5.0, 0.1)
    by_inputs, by_weights = table(opened, "A gradient in inverse proportion")
    assert by_inputs[3:] == pytest.approx([found.by_inputs, 1], abs=5.01e-5)
    assert by_weights[3:] == pytest.approx([found.by_weights, 0.2], abs=5.01e-5)
    rows = np.array([row[1:3] for row in table(opened, "The same outputs")], dtype=float)
    plain, scaled = (
        algorithm1.layer(weights, inputs, 0.1).y,
        algorithm1.layer(5 * weights, inputs, 0.1).y,
    )
    assert rows == pytest.approx(np.column_stack([plain[:, 0], scaled[:, 0]]), abs=5.01e-6)


@pytest.mark.parametrize("part", FIGURES)
def test_equal_numbers_show_no_nan_and_name_epsilon_as_the_reason(part):
    opened = page(part=part)
    if part == "scale":
        opened = page(part=part, eps="1")
    else:
        opened.button(key="batch-All the same").click().run()
        assert "Only ε saves it" in opened.info[0].value
    assert not opened.exception
    assert not any(re.search(r"\b(nan|inf)\b", shown.value) for shown in opened.markdown)


def test_presets_and_reset():
    opened = page(part="backward", gamma="2")
    opened.button(key="batch-One outlier").click().run()
    assert [opened.slider(key=name).value for name in ui.X] == ui.BATCHES["One outlier"]
    opened.button(key="targets-line").click().run()
    assert [opened.slider(key=name).value for name in ui.T] == [0.0, 0.5, 1.0, 1.5, 6.0]
    assert [row[5] for row in table(opened, "All numbers")] == pytest.approx([0.0] * 6, abs=1e-3)
    opened.button(key="targets-mixed").click().run()
    assert [opened.slider(key=name).value for name in ui.T] == ui.MIXED
    opened.button(key="reset").click().run()
    assert dict(opened.query_params) in ({"part": "backward"}, {"part": ["backward"]})
    assert [opened.slider(key=name).value for name in ui.X] == ui.BATCHES["Evenly spread"]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ({"x1": "9"}, "from -5 to 5 in steps of 0.1"),
        ({"x1": "nan"}, "from -5 to 5 in steps of 0.1"),
        ({"x2": "0.123"}, "from -5 to 5 in steps of 0.1"),
        ({"gamma": "big"}, "from -3 to 3 in steps of 0.1"),
        ({"eps": "0"}, "one of 1e-05, 0.0001, 0.001, 0.01, 0.1, 1"),
        ({"part": "sideways"}, "one of forward, backward, inference, scale"),
        ({"part": "scale", "a": "1e9"}, "one of 0.1, 0.13"),
        ({"part": "inference", "others": "2.0"}, "that must be a whole number"),
        ({"part": "inference", "draw": "-1"}, "from 0 to 999 in steps of 1"),
        ({"part": "backward", "example": "6"}, "one of 1, 2, 3, 4, 5"),
        ({"lr": "0.1"}, "no choice on this page"),
        ({"t1": "![x](http://example.org/x.png)"}, "from -6 to 6 in steps of 0.1"),
    ],
)
def test_nonsense_in_a_link_gives_a_one_sentence_error_and_gives_the_default(address, says):
    opened = page(**address)
    assert not opened.exception
    assert len(opened.warning) == 1
    assert says in opened.warning[0].value
    assert "![" not in opened.warning[0].value
    (name,) = set(address) - {"part"} or {"part"}
    assert name == "lr" or opened.session_state[name] == ui.DEFAULTS[name]


def test_a_link_may_spell_out_every_default():
    for name, default in ui.DEFAULTS.items():
        assert ui.problem(name, link.write(default)) == ""
        assert link.parse(link.write(default), default) == default
    assert all(
        ui.problem(name, link.write(option)) == ""
        for name in ui.OPTIONS
        for option in ui.OPTIONS[name]
    )
    assert all(ui.problem("x1", link.write(round(k / 10, 1))) == "" for k in range(-50, 51))


def test_url_parameters_differ_from_all_settings_and_other_pages():
    settings = {name for names in widgets.GROUPS.values() for name in names}
    assert not set(ui.DEFAULTS) & (settings | {"preset", *controls.PAGE_PARAMETERS})


def test_a_value_that_another_page_keeps_under_our_name_does_no_harm():
    def arrived() -> None:
        import runpy

        from bnviz.paths import PROJECT
        from bnviz.ui import link

        link.arrive("batchnorm")
        runpy.run_path(str(PROJECT / "pages" / "classics" / "batchnorm.py"))

    opened = AppTest.from_function(arrived, default_timeout=60)
    opened.session_state["page"], opened.session_state["settings"] = "another", {"a", "x1", "gamma"}
    opened.session_state["a"], opened.session_state["x1"], opened.session_state["gamma"] = (
        "all",
        [1],
        7.0,
    )
    opened.run()
    assert not opened.exception
    assert opened.slider(key="x1").value == 0.0 and opened.slider(key="gamma").value == 1.5


# Figures


def test_the_dots_show_the_numbers_and_do_not_overlap():
    made = algorithm1.forward([2.0, 2.0, 2.05, -1.0, 2.0], 1.5, -1.0)
    dots = [
        trace for trace in anatomy.moves(anatomy.forward_table(made)).data if trace.text is not None
    ]
    for place, trace in enumerate(dots):
        assert list(trace.x) == [
            made.x[place],
            made.centred[place],
            made.normalised[place],
            made.y[place],
        ]
    for row in range(4):
        places = [(trace.x[row], trace.y[row]) for trace in dots]
        assert all(
            abs(x - u) > 0.5 or abs(y - v) > 0.15
            for i, (x, y) in enumerate(places)
            for u, v in places[i + 1 :]
        )


def test_the_tangent_touches_the_loss_at_the_chosen_value():
    targets = np.array(TARGETS)
    loss = algorithm1.loss(line().y, targets)
    slope = float(algorithm1.backward(line(), line().y - targets).dx[1])
    rows = anatomy.slice_table(line(), targets, 2)
    curve, tangent, dot = anatomy.tangent(rows, BATCH[1], slope, 2).data
    assert (dot.x[0], dot.y[0]) == (BATCH[1], pytest.approx(loss))
    assert np.interp(BATCH[1], tangent.x, tangent.y) == pytest.approx(loss)
    place = list(curve.x).index(BATCH[1])
    around = [(curve.y[i] - loss) / (curve.x[i] - BATCH[1]) for i in (place - 1, place + 1)]
    assert np.mean(around) == pytest.approx(slope, rel=0.05)


def test_the_shared_example_is_in_every_batch_and_has_one_output_at_inference():
    batches = np.vstack([BATCH, algorithm1.drawn_batches(0, 3, 5)])
    rows = anatomy.company_table(batches, 3, algorithm1.population(batches), -2.5, 0.7, 0.01)
    guests = rows[rows.guest]
    assert guests.batch.tolist() == [1, 2, 3, 4]
    assert set(guests.x) == {3.0}
    assert guests.inference.nunique() == 1 and guests.training.nunique() == 4
    assert guests.training.iloc[0] == line().y[2]
    drawn = {trace.name: trace for trace in anatomy.company(rows).data if trace.name}
    assert list(drawn["in training"].x) == guests.training.tolist()
    assert set(drawn["at inference"].x) == set(guests.inference)


def test_the_gradient_lies_on_one_over_a_unless_epsilon_is_large():
    weights, inputs = algorithm1.drawn_layer(0, 5)
    small, large = (anatomy.scale_table(weights, inputs, epsilon, 2.0) for epsilon in (1e-5, 1.0))
    assert small.by_weights.to_numpy() == pytest.approx(1 / small.a.to_numpy(), rel=1e-3)
    assert large.by_weights.iloc[0] < 0.5 / large.a.iloc[0]
    assert 2.0 in set(small.a)
    off = anatomy.breach(anatomy.breach_table(small), 2.0)
    shown = np.concatenate([np.asarray(trace.y, dtype=float) for trace in off.data])
    assert np.nanmin(shown) > 0


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0.0, "0.000"),
        (-2.0, "-2.000"),
        (1e-16, r"{1.0\cdot 10^{-16}}"),
        (-4e-4, r"{-4.0\cdot 10^{-4}}"),
        (5e-4, "0.001"),
    ],
)
def test_a_small_number_is_not_shown_as_zero(number, shown):
    assert formulas.tex(number) == shown


@pytest.mark.parametrize(
    ("number", "digits", "shown"),
    [(-0.0, 3, "0.000"), (-1.5, 1, "−1.5"), (-1e-16, 3, "−1.0·10⁻¹⁶"), (2e6, 3, "2.0·10⁶")],
)
def test_a_number_in_plain_text(number, digits, shown):
    assert formulas.words(number, digits) == shown


def test_a_rounding_error_keeps_its_table_column_intact():
    assert formulas.cell(-4e-17) == "0.000"
