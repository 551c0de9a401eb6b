from __future__ import annotations

import pytest

from tests.twins.language.formulas import VOCABULARY
from twins.language.checking import MOST_COST, check
from twins.language.parsing import DEEPEST, LONGEST, MOST_PARTS
from twins.language.tree import FormulaError
from twins.language.typed import Known, Role, Sort


def problems(text: str, *, unit: str | None = None, sort: Sort | None = None) -> list[tuple[str, str, str, str]]:
    """What is wrong with a formula: reason, the part of the text, message and fix."""
    with pytest.raises(FormulaError) as caught:
        check(text, VOCABULARY, unit=unit, sort=sort)
    found = caught.value.problems
    return [
        (one.code.removeprefix("formula."), text[one.span.start : one.span.end], one.message, one.fix) for one in found
    ]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("flow * pressure", "kW"), ("flow / rated_flow", "%"), ("temperature - 20 Cel", "K"),
        ("temperature - 68 [degF]", "K"), ("temperature + 5 K", "Cel"), ("5 K + temperature", "[degF]"),
        ("temperature - (temperature - 3 Cel)", "Cel"), ("speed * 2", "{rpm}"), ("speed / 1 {rpm}", "1"),
        ("integral(flow, 1h)", "m3"), ("rate(temperature)", "K/min"), ("delta(temperature, 1h)", "K"),
        ("sqrt(flow * flow)", "l/s"), ("pow(flow, 2)", "m6/h2"), ("pow(flow, -1) * flow", "1"), ("age(flow)", "min"),
        ("max(flow, 0)", "m3/h"), ("max(0, flow)", "m3/h"), ("if flow > 0 then 0 else flow", "m3/h"),
        ("clamp(temperature, 0 Cel, 100 [degF])", "K"), ("avg(temperature, 1h)", "Cel"), ("round(flow, 1 l/s)", "m3/h"),
        ("count(flow > 3 l/s, 1h)", "1"), ("exp(flow / other_flow)", "1"), ("2 * 3 bar", "Pa"), ("-5 m3/h", "m3/h"),
        ("min(age(flow), 5min)", "s"), ("100 %", "1"),
    ],
)  # fmt: skip
def test_units_are_worked_out(text: str, unit: str) -> None:
    assert check(text, VOCABULARY, unit=unit).type.measure.code == unit


@pytest.mark.parametrize(
    ("text", "code", "part", "fix"),
    [
        ("sped > 3 {rpm}", "unknown_name", "sped", "Did you mean speed?"),
        ("zzz + 1", "unknown_name", "zzz", "Use a signal, a property or a state of this type."),
        ("avg > 3", "unknown_name", "avg", "Write avg(x, 5min)."),
        ("average(flow, 1h)", "unknown_function", "average(flow, 1h)", "Did you mean avg"),
        ("average(floww, 1h)", "unknown_name", "floww", "Did you mean flow"),
        ("xyz(1)", "unknown_function", "xyz(1)", "There are abs, age,"),
        ("avg()", "arguments", "avg()", "Write avg(x, 5min)."),
        ("min()", "arguments", "min()", "Write min(a, b, ...)"),
        ("sqr(flow)", "unknown_function", "sqr(flow)", "Did you mean sqrt?"),
        ("speed > 50", "units", "50", "Write 50 {rpm}."),
        ("flow + pressure", "units", "pressure", "Use values of the same kind"),
        ("flow + 1", "units", "1", "Write 1 m3/h."),
        ("flow > speed", "units", "speed", "Use values of the same kind"),
        ("max(flow, pressure)", "units", "pressure", "Use values of the same kind"),
        ("2 flow", "unknown_unit", "2 flow", "To multiply, write 2 * flow."),
        ("5 rpm", "unknown_unit", "5 rpm", "Write '{rpm}'."),
        ("log(flow)", "units", "flow", "Divide it by a value of the same kind."),
        ("pow(flow, ratio)", "units", "ratio", "Write the exponent as a number"),
        ("pow(flow, 99)", "units", "99", "Take one from -12 to 12."),
        ("temperature * 2", "temperature", "temperature", "Take the difference"),
        ("sum(temperature, 1h)", "temperature", "temperature", "Take the difference"),
        ("-temperature", "temperature", "temperature", "Take the difference"),
        ("temperature + temperature", "temperature", "temperature + temperature", "Give both signals the same unit"),
        ("5 K - temperature", "temperature", "5 K - temperature", "Give both signals the same unit"),
        ("delta(temperature, 1h) > 5 Cel", "temperature", "5 Cel", "Write the difference in K."),
        ("not flow", "type", "flow", "Compare it, as in x > 0."),
        ("flow and true", "type", "flow", "Compare it, as in x > 0."),
        ("not mode", "type", "mode", 'Compare it, as in mode = "eco".'),
        ("true + 1", "type", "true", "Use a number here."),
        ("is_spare = true", "type", "is_spare", "Use a number here."),
        ('mode < "b"', "type", 'mode < "b"', "Write = or !=."),
        ("mode = 3", "type", "mode", "Use a number here."),
        ("if true then 1 else mode", "type", "mode", "Use values of one sort."),
        ('count(if flow > 0 then "a" else mode, 1h)', "type", 'if flow > 0 then "a" else mode', "Compare it with"),
        ("count(mode, 1h)", "window", "mode", "Look at a signal"),
        ("avg(flow)", "arguments", "avg(flow)", "Write avg(x, 5min)."),
        ("min(flow)", "arguments", "min(flow)", "Write min(a, b, ...) or min(x, 1h)."),
        ("sqrt(flow, 2)", "arguments", "sqrt(flow, 2)", "Write sqrt(x)."),
        ("round(flow)", "arguments", "round(flow)", "Write round(x, 1 m3/h)."),
        ("avg(flow, 5)", "window", "5", "Write avg(x, 5min)."),
        ("avg(flow, 5 bar)", "window", "5 bar", "Write avg(x, 5min)."),
        ("avg(flow, flow)", "window", "flow", "Write avg(x, 5min)."),
        ("avg(flow, 0 s)", "window", "0 s", "Take another one."),
        ("avg(flow, 32 d)", "window", "32 d", "Take another one."),
        ("avg(rated_flow, 1h)", "window", "rated_flow", "Look at a signal"),
        ("a b", "not_read", "b", "Put an operator between"),
        ("flow +", "not_read", "", "Write a name"),
        ("flow + * 2", "not_read", "*", "Write what is missing"),
        ("(flow", "not_read", "(flow", "Write ) where it ends."),
        ("avg(flow, 1h", "not_read", "(flow, 1h", "Write ) where it ends."),
        ("flow)", "not_read", ")", "Take it out"),
        ("1 < 2 < 3", "not_read", "<", "Write a < b and b < c."),
        ("if flow > 0 then 1", "not_read", "if flow > 0 then 1", "Write if ... then ... else ..."),
        ("if flow > 0", "not_read", "if flow > 0", "Write if ... then ... else ..."),
        ("flow ^ 2", "strange_sign", "^", "Write pow(x, 2)."),
        ("flow && true", "strange_sign", "&", "Write and, or, not."),
        ("flow {rpm}", "strange_sign", "{", "Write for example 50 {rpm}."),
        ('mode = "eco', "strange_sign", '"', "Write it between two quotation marks"),
        ("flow; drop", "strange_sign", ";", "Take it out."),
        ("", "not_read", "", "Write a name"),
        (".5", "strange_sign", ".", "Take it out."),
        ("__import__('os')", "strange_sign", "'", "Take it out."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(text: str, code: str, part: str, fix: str) -> None:
    found = problems(text)
    assert found[0][:2] == (code, part)
    assert fix in found[0][3]


def test_every_problem_is_told() -> None:
    assert [one[1] for one in problems("sped + floww > presure")] == ["sped", "floww", "presure"]


def test_what_a_formula_shall_give_is_checked() -> None:
    assert problems("flow * pressure", unit="m3")[0][:3] == (
        "units", "flow * pressure", "This gives a value in 'm3/h.bar', which is no 'm3'.",
    )  # fmt: skip
    assert problems("flow > 0", unit="m3/h")[0][2] == "This gives a truth; a number is wanted."
    assert problems("flow", sort=Sort.TRUTH)[0][2] == "This gives a number; a truth is wanted."
    assert problems("temperature - 5 Cel", unit="Cel")[0][2] == "This is a difference, which is no Cel."
    assert problems("flow", unit="bananas")[0][0] == "unknown_unit"
    assert problems("speed", unit="1")[0][0] == "units"


def test_size_depth_and_cost_are_bounded() -> None:
    assert problems("1 + " * (LONGEST // 4) + "1")[0][0] == "too_long"
    assert problems("(" * DEEPEST + "1" + ")" * DEEPEST)[0][0] == "too_deep"
    assert problems("-" * DEEPEST + "1")[0][0] == "too_deep"
    assert problems("+".join(["1"] * MOST_PARTS))[0][0] == "too_large"
    every_second = {"flow": Known(Role.SIGNAL, unit="m3/h", every_s=1.0)}
    assert check("avg(flow, 11 d)", every_second).cost == pytest.approx(11 * 86_400, rel=1e-5)
    assert check("avg(flow, 11 d)", every_second).cost < MOST_COST
    with pytest.raises(FormulaError) as caught:
        check("avg(flow, 12 d)", every_second)
    assert caught.value.problems[0].code == "formula.too_costly"


def test_a_problem_becomes_a_finding_at_its_place() -> None:
    with pytest.raises(FormulaError) as caught:
        check("flow * sped", VOCABULARY)
    finding = caught.value.problems[0].finding("derived/power/formula")
    assert (finding.code, finding.place) == ("formula.unknown_name", "derived/power/formula:7-11")
