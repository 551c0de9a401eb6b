from __future__ import annotations

from fractions import Fraction

from billing.contracts.domain import Caps
from billing.outcomes.domain.caps import apply_caps


def test_without_caps_everything_is_granted() -> None:
    found = apply_caps(Caps(None, None), 1000, [70, 0, 30])
    assert (found.granted, found.shares, found.forfeited) == (100, (70, 0, 30), 0)


def test_the_lower_cap_counts() -> None:
    assert apply_caps(Caps(Fraction(5), 80), 1000, [70, 30]).granted == 50
    assert apply_caps(Caps(Fraction(50), 80), 1000, [70, 30]).granted == 80
    assert apply_caps(Caps(Fraction(50), 800), 1000, [70, 30]).shares == (70, 30)


def test_a_cap_is_rounded_down_and_never_exceeded() -> None:
    found = apply_caps(Caps(Fraction("33.333"), None), 1001, [300, 300])
    assert (found.period_limit, found.granted, found.shares) == (333, 333, (167, 166))


def test_a_spent_year_grants_nothing() -> None:
    assert apply_caps(Caps(None, 0), 1000, [70, 30]).shares == (0, 0)


def test_no_clauses() -> None:
    assert apply_caps(Caps(Fraction(20), 0), 1000, []).shares == ()
