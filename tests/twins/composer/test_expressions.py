"""Expressions of bindings: what they give, in which unit, and everything that is wrong with one, at its place."""

from __future__ import annotations

import numpy as np
import pytest

from twins.composer.domain.binding import misfits
from twins.composer.domain.expressions import LONGEST, read_expression, values_of
from twins.composer.schemas import Binding
from twins.language.tree import FormulaError

GATEWAY = "00000000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("text", "unit", "signal_unit", "given_unit", "values"),
    [
        ("(value - 4) / 16 * 10", None, "bar", "bar", [-2.5, 0.0, 10.0]),
        ("(value - 4) / 16 * 10", "kPa", "bar", "kPa", [-2.5, 0.0, 10.0]),
        ("value * 100 kPa", None, "bar", "bar", [0.0, 4.0, 20.0]),
        ("value * 1 K", None, "Cel", "Cel", [-273.15, -269.15, -253.15]),
        ("value / 2", None, "%", "%", [0.0, 2.0, 10.0]),
        ("if value > 4 then value else 4", None, "1", "1", [4.0, 4.0, 20.0]),
        ("clamp(value, 0, 10)", None, "1", "1", [0.0, 4.0, 10.0]),
        ("8 / value", None, "1", "1", [np.nan, 2.0, 0.4]),
    ],
)
def test_what_an_expression_gives(
    text: str, unit: str | None, signal_unit: str, given_unit: str, values: list[float]
) -> None:
    found = read_expression(text, unit, signal_unit)
    assert found.unit == given_unit
    np.testing.assert_allclose(values_of(found.formula, np.array([0.0, 4.0, 20.0])), values, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "code", "span", "message"),
    [
        ("value +", None, "formula.not_read", (7, 7), None),
        ("2 * valu", None, "formula.unknown_name", (4, 8), "There is no signal, property or state 'valu' here."),
        ("avg(value, 1 h)", None, "formula.window", (4, 9), "Nothing in this changes with time."),
        ("value > 3", None, "formula.type", (0, 9), "This gives a truth; a number is wanted."),
        ("value * 1 m", None, "formula.units", (0, 11), "This gives a value in 'm', which is no 'bar'."),
        ("value * 1 kPa", "bar", "formula.two_units", (0, 0), "It gives a value in 'kPa' by itself."),
        ("value / 0", None, "formula.no_number", (0, 0), "It gives no number, whatever is sent."),
        ("2 + 3", None, "formula.without_value", (0, 0), "It does not speak of what was sent."),
        ("value" + " + 1" * LONGEST, None, "formula.too_long", (0, 0), f"It is longer than {LONGEST} characters."),
    ],
)
def test_everything_wrong_is_told_at_its_place(
    text: str, unit: str | None, code: str, span: tuple[int, int], message: str | None
) -> None:
    with pytest.raises(FormulaError) as caught:
        read_expression(text, unit, "bar")
    (problem,) = caught.value.problems
    assert (problem.code, (problem.span.start, problem.span.end)) == (code, span)
    assert message is None or problem.message == message
    assert problem.fix


def test_a_binding_tells_where_its_expression_is_wrong() -> None:
    binding = Binding.model_validate({"gateway": GATEWAY, "key": "k", "expression": "2 * valu", "scale": "2"})
    found = [(one.code, one.place, one.severity) for one in misfits("bindings/A/x", binding, "bar")]
    assert found == [
        ("twin.expression_and_scale", "bindings/A/x/expression", "error"),
        ("formula.unknown_name", "bindings/A/x/expression:4-8", "error"),
    ]
    sound = Binding.model_validate({"gateway": GATEWAY, "key": "k", "expression": "sqrt(value)", "unit": "kPa"})
    assert list(misfits("bindings/A/x", sound, "bar")) == []
    misfit = Binding.model_validate({"gateway": GATEWAY, "key": "k", "expression": "sqrt(value)", "unit": "m"})
    assert [one.code for one in misfits("bindings/A/x", misfit, "bar")] == ["twin.unit_not_convertible"]
