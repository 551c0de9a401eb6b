"""Formulas and readings for tests, any of them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from twins.language.tree import Call, Choice, Infix, Name, Number, Prefix, Text, Tree, Truth
from twins.language.typed import Known, Role, Sort

VOCABULARY = {
    "flow": Known(Role.SIGNAL, unit="m3/h", every_s=10.0),
    "other_flow": Known(Role.SIGNAL, unit="l/s", every_s=10.0),
    "pressure": Known(Role.SIGNAL, unit="bar"),
    "speed": Known(Role.SIGNAL, unit="{rpm}"),
    "temperature": Known(Role.SIGNAL, unit="Cel"),
    "ratio": Known(Role.SIGNAL, unit="1"),
    "rated_flow": Known(Role.PROPERTY, unit="m3/h"),
    "mode": Known(Role.PROPERTY, Sort.TEXT),
    "is_spare": Known(Role.PROPERTY, Sort.TRUTH),
}
"""What the formulas of tests speak of."""

UNITS = ("1", "m3/h", "bar", "{rpm}", "Cel", "min", "h", "%", "kW.h", "m.s-2", "[psi]", "k[ft_i]", "m3/{stroke}")
numbers = st.builds(Number, st.decimals(0, 10**6, places=3), st.sampled_from(UNITS))
leaves = st.one_of(
    numbers,
    st.builds(Text, st.text("abc d{}-+*/()", max_size=5)),
    st.builds(Truth, st.booleans()),
    st.builds(Name, st.sampled_from(sorted(VOCABULARY))),
)


def _composed(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    operators = st.sampled_from(["+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or"])
    return st.one_of(
        st.builds(Prefix, st.sampled_from(["-", "not"]), inner),
        st.builds(Infix, operators, inner, inner),
        st.builds(Choice, inner, inner, inner),
        st.builds(Call, st.sampled_from(["avg", "min", "f"]), st.lists(inner, max_size=3).map(tuple)),
    )


trees: st.SearchStrategy[Tree] = st.recursive(leaves, _composed, max_leaves=12)
"""Any tree, whether it means something or not."""


def _quantities(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Flows made of flows."""
    windows = st.sampled_from([Number(Decimal(30), "s"), Number(Decimal("1.5"), "min"), Number(Decimal(1), "h")])
    factors = st.builds(Number, st.decimals(0, 20, places=1))
    return st.one_of(
        st.builds(Infix, st.sampled_from(["+", "-"]), inner, inner),
        st.builds(Infix, st.sampled_from(["*", "/"]), inner, factors),
        st.builds(lambda one: Prefix("-", one), inner),
        st.builds(Choice, _conditions(inner), inner, inner),
        st.builds(lambda name, one, two: Call(name, (one, two)), st.sampled_from(["min", "max"]), inner, inner),
        st.builds(lambda one: Call("abs", (one,)), inner),
        st.builds(lambda one, low, high: Call("clamp", (one, low, high)), inner, inner, inner),
        st.builds(
            lambda name, one, window: Call(name, (one, window)),
            st.sampled_from(["avg", "min", "max", "sum", "last", "previous", "delta"]), changing(inner), windows,
        ),
        st.builds(
            lambda one, window: Infix("/", Call("integral", (one, window)), Number(Decimal(10), "s")),
            changing(inner), windows,
        ),
        st.builds(
            lambda one: Infix("*", Call("rate", (one,)), Number(Decimal(10), "s")), changing(inner),
        ),
    )  # fmt: skip


def changing(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """What speaks of a signal, as a function over time wants it."""
    return st.builds(lambda one: Infix("+", Name("flow"), one), inner) | st.just(Name("other_flow"))


def _negated(number: Number, sign: int) -> Tree:
    return Prefix("-", number) if sign < 0 else number


def _conditions(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    # Against a number that nothing comes to exactly: what is equal in one unit may differ in its last bit in another.
    limits = st.integers(-20, 20).map(lambda whole: _negated(Number(abs(whole) + Decimal("0.03731913"), "m3/h"), whole))
    compared = st.builds(Infix, st.sampled_from(["<", "<=", ">", ">="]), inner, limits)
    return st.one_of(
        compared,
        st.builds(Infix, st.sampled_from(["and", "or"]), compared, compared),
        st.builds(lambda one: Prefix("not", one), compared),
        st.builds(
            lambda one: Infix(">", Call("count", (one, Number(Decimal(1), "min"))), Number(Decimal(3))), changing(inner)
        ),
    )


flows: st.SearchStrategy[Tree] = st.recursive(
    st.one_of(
        st.just(Name("flow")),
        st.just(Name("other_flow")),
        st.builds(Number, st.decimals(0, 50, places=1), st.sampled_from(["m3/h", "l/s", "l/min"])),
    ),
    _quantities,
    max_leaves=6,
)
"""Formulas that give a flow."""

readings = st.lists(
    st.tuples(st.integers(0, 400), st.one_of(st.integers(-20, 20).map(float), st.just(float("nan")))),
    max_size=12,
    unique_by=lambda one: one[0],
).map(sorted)
"""Seconds and values of one signal."""
