"""The printed outcome: its workings account for its figures, and its trace can be followed by hand."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings

from billing.outcomes.domain.figures import exact_text, moment_text, percent_text, seconds_text
from billing.outcomes.domain.settling import AmountTooLargeError
from tenants.kernel.calendars import time_zone
from tests.billing.outcomes.documents import (
    Json,
    a_clause,
    a_document,
    a_state,
    outcome_of,
    rate_documents,
    rated,
    seen,
)

TOLD = """
state of m1, 2026-11-13T00:00:00+00:00 to 2026-11-13T03:00:00+00:00, down: received after as_of \
(2027-02-02T00:00:00+00:00), not rated
exclusion of m1, 2026-11-20T01:30:00+00:00 to 2026-11-20T04:00:00+00:00, planned: not approved, not rated
2026-11-10T00:00:00+00:00 to 2026-11-10T02:00:30+00:00 down (received 2026-12-01T00:00:00+00:00)
exclusion planned: claimed 9000 s, used 3600 s, allowance 3600 s
outage 2026-11-10T00:00:00+00:00 to 2026-11-10T02:00:30+00:00: 7230 s, of which 7200 s count
outage 2026-11-11T00:00:00+00:00 to 2026-11-11T00:04:00+00:00: 240 s, of which 0 s count
gap 2026-11-12T00:00:00+00:00 to 2026-11-12T03:00:00+00:00: counted as up until 2026-11-12T01:00:00+00:00, \
then counted as down
2026-11-10T00:00:00+00:00 to 2026-11-10T01:30:00+00:00 down, 5400 s
2026-11-10T01:30:00+00:00 to 2026-11-10T02:30:00+00:00 excluded, planned, 3600 s
2026-11-12T00:00:00+00:00 to 2026-11-12T01:00:00+00:00 unknown, counted as up, 3600 s
2026-11-12T01:00:00+00:00 to 2026-11-12T03:00:00+00:00 unknown, counted as down, 7200 s
ratio 2575800000 ms / 2588400000 ms = 1431/1438 = 99.513212 %
coverage 99.582753 % of committed time is known, minimum 90 %
tiers below 99.9 % 10 %, below 90 % 50 %: below 99.9 % holds, credit 10 %
steps below 100 % by 0.486787 (350/719) points: 5 started steps of 0.1 x 1 % = 5 %, cap 3 %, credit 3 %
credit 130000 rounded half_even to 130000, granted 50000
amount 0 - 50000 = -50000
Caps: credits 130000, cap of the period 50000, left of the year's cap none: granted 50000, forfeited 80000.
Total: 1000000 -50000 = 950000 minor units of EUR.
"""


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (Fraction(1), "100.000000"),
        (Fraction(0), "0.000000"),
        (Fraction(2, 3), "66.666666"),
        (Fraction(99_999_999_999, 100_000_000_000), "99.999999"),
        (Fraction(999, 1000), "99.900000"),
        (Fraction(5, 4), "125.000000"),
    ],
)
def test_percentages_are_rounded_down(ratio: Fraction, text: str) -> None:
    assert percent_text(ratio) == text


def test_figures_for_people() -> None:
    assert (exact_text(Fraction(5, 2)), exact_text(Fraction(100)), exact_text(Fraction(1, 3))) == (
        "2.5",
        "100",
        "0.333333 (1/3)",
    )
    assert (exact_text(Fraction(7, 64)), exact_text(Fraction(1, 128))) == ("0.109375", "0.007812 (1/128)")
    assert (exact_text(Fraction(-1, 2)), exact_text(Fraction(-4, 3))) == ("-0.5", "-1.333334 (-4/3)")
    assert (seconds_text(5000), seconds_text(1001)) == ("5 s", "1.001 s")
    assert moment_text(-2_000_000_000_500, time_zone("UTC")) == "1906-08-16T20:26:39.500+00:00"
    assert moment_text(1774746000000, time_zone("Europe/Berlin")) == "2026-03-29T03:00:00+02:00"
    assert moment_text(1774745999999, time_zone("Europe/Berlin")) == "2026-03-29T01:59:59.999+01:00"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rate_documents())
def test_the_workings_account_for_the_figures(document: Json) -> None:
    answer = rated(document)
    for clause, workings in zip(answer["clauses"], answer["workings"]["clauses"], strict=True):
        excluded = sum(
            end - start
            for one in workings["assets"]
            for start, end, category, _ in one["segments"]
            if category == "excluded"
        )
        assert Fraction(excluded, 1000) == Fraction(clause["excluded_s"])
        credit = sum((Fraction(one["credit"]) for one in workings["judgements"]), Fraction(0))
        assert abs(credit - workings["credit_minor"]) < 1
        if clause["amount_minor"] is not None:
            assert clause["amount_minor"] == workings["bonus_minor"] - workings["granted_minor"]
    fee = answer["workings"]["fee"]
    assert abs(Fraction(fee["exact"]) - answer["fee_minor"]) < 1
    if fee["parts"]:
        parts = sum((Fraction(one["quantity"]) * Fraction(one["price"]) for one in fee["parts"]), Fraction(0))
        assert str(parts) == fee["exact"]


def test_the_trace_tells_everything_that_went_into_a_figure() -> None:
    document = a_document(
        a_clause(
            indicator={"kind": "availability"},
            gaps={"policy": "carry_forward", "carry": "PT1H", "then": "down"},
            outages={"minimum": "PT5M", "quantum": "PT1M"},
            exclusions=[{"category": "planned", "allowance": "PT1H"}],
            minimum_coverage="90",
            remedies=[
                {"kind": "tiers", "tiers": [{"below": "99.9", "credit": "10"}, {"below": "90", "credit": "50"}]},
                {"kind": "steps", "below": "100", "credit": "1", "per": "0.1", "step": "started", "cap": "3"},
            ],
        ),
        evidence={
            "m1": seen(
                a_state("2026-11-10T00:00:00Z", "2026-11-10T02:00:30Z"),
                a_state("2026-11-11T00:00:00Z", "2026-11-11T00:04:00Z"),
                a_state("2026-11-12T00:00:00Z", "2026-11-12T03:00:00Z", "unknown"),
                a_state("2026-11-13T00:00:00Z", "2026-11-13T03:00:00Z", received="2027-02-02T00:00:00Z"),
            )
        },
        exclusions=[
            {
                "category": "planned",
                "assets": ["m1"],
                "from": "2026-11-10T01:30:00Z",
                "to": "2026-11-10T04:00:00Z",
                "approved": "2026-11-09T00:00:00Z",
            },
            {
                "category": "planned",
                "assets": ["m1"],
                "from": "2026-11-20T01:30:00Z",
                "to": "2026-11-20T04:00:00Z",
                "approved": None,
            },
        ],
        caps={"period_percent": "5", "year_remaining_minor": None},
    )
    lines = [line.strip() for line in rated(document)["trace"].split("\n")]
    for line in TOLD.strip().split("\n"):
        assert line in lines


def test_every_time_in_a_trace_is_local_with_its_offset() -> None:
    document = a_document(
        period={"start": "2026-03-28", "end": "2026-03-30"}, time_zone="Europe/Berlin", as_of="2026-04-05T00:00:00Z"
    )
    trace = rated(document)["trace"]
    assert "Period: 2026-03-28T00:00:00+01:00 to 2026-03-30T00:00:00+02:00, 169200 s in Europe/Berlin." in trace
    assert not re.search(r"T\d\d:\d\d:\d\d(?![+.])", trace)


@pytest.mark.parametrize(
    "terms",
    [
        {"fee": {"kind": "per_asset", "minor": 2**53 - 1}, "evidence": {"m1": seen(), "m2": seen()}},
        {"fee": {"kind": "flat", "minor": 2**53 - 1}},
    ],
    ids=["fee", "bonus"],
)
def test_amounts_beyond_what_json_carries_are_refused(terms: Json) -> None:
    bonus = {"kind": "steps", "above": "0", "bonus": "1", "per": "1", "step": "full"}
    with pytest.raises(AmountTooLargeError) as refused:
        outcome_of(a_document(a_clause(remedies=[bonus]), **terms))
    assert (refused.value.code, refused.value.place) == ("rate.amount_too_large", "contract")
