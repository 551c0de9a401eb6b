"""Clauses on response and repair time: what an incident is, when its clock runs and stops, and what it comes to."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.billing.outcomes.documents import (
    RECEIVED,
    Json,
    a_clause,
    a_document,
    a_state,
    first,
    rated,
    seen,
)
from tests.billing.outcomes.misfits import told

HOUR = 3_600_000
WORKDAYS = {
    "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}],
    "holidays": [],
}


def repair(within: str = "PT4H", **more: Any) -> Json:
    return a_clause(indicator={"kind": "response", "within": within}, **more)


def response(within: str = "PT4H", **more: Any) -> Json:
    return a_clause(indicator={"kind": "response", "within": within, "of": "on_site"}, **more)


def down(start: str, end: str) -> Json:
    """Down between two times of November 2026, such as ``03T10:00``; the seconds may be written."""
    return a_state(f"2026-11-{start}", f"2026-11-{end}")


def document(*states: Json, clause: Json | None = None, on_site: list[Json] | None = None, **more: Any) -> Json:
    conditions: Json = {} if on_site is None else {"conditions": {"on_site": on_site}}
    outer = {name: more.pop(name) for name in ("exclusions",) if name in more}
    return a_document(clause or repair(), evidence={"m1": seen(*states, **conditions, **more)}, **outer)


def incidents(document: Json) -> list[tuple[Any, ...]]:
    """Of each incident of the first asset: hours on the clock, and how it was judged."""
    found = rated(document)["workings"]["clauses"][0]["assets"][0]["incidents"]
    return [(Fraction(clock, HOUR), verdict) for _, _, clock, verdict in found]


@pytest.mark.parametrize(
    ("end", "expected"),
    [("03T14:00", [(4, "met")]), ("03T14:00:00.001", [(4 + Fraction(1, HOUR), "missed")])],
)
def test_the_clock_is_compared_to_the_millisecond(end: str, expected: Any) -> None:
    assert incidents(document(down("03T10:00", end))) == expected


def test_the_share_of_the_incidents_that_were_answered_in_time() -> None:
    states = [down("03T10:00", "03T11:00"), down("05T10:00", "05T16:00"), down("07T10:00", "07T13:00")]
    found = first(document(*states, clause=repair(remedies=[TIERS])))
    assert (found["ratio"], found["percent"], found["status"], found["amount_minor"]) == (
        "2/3",
        "66.666666",
        "settled",
        -200000,
    )


TIERS: Json = {"kind": "tiers", "tiers": [{"below": "90", "credit": "20"}]}
BONUS: Json = {"kind": "steps", "above": "95", "bonus": "1", "per": "1", "step": "full", "cap": None}


def test_the_clock_runs_only_when_service_is_owed() -> None:
    """From Tuesday 17:00 one hour, three from Wednesday 08:00."""
    clause = repair(calendar=WORKDAYS)
    assert incidents(document(down("03T17:00", "04T11:00"), clause=clause)) == [(4, "met")]
    assert incidents(document(down("03T17:00", "04T11:01"), clause=clause)) == [(4 + Fraction(1, 60), "missed")]


def test_an_outage_with_no_committed_time_is_no_incident() -> None:
    weekend = document(down("06T18:00", "09T08:00"), clause=repair(calendar=WORKDAYS))
    assert incidents(weekend) == []
    assert first(weekend)["ratio"] == "1"


def test_excluded_time_stops_the_clock() -> None:
    claim = {
        "category": "weather",
        "assets": ["m1"],
        "from": "2026-11-03T11:00",
        "to": "2026-11-03T13:00",
        "approved": RECEIVED,
    }
    clause = repair(exclusions=[{"category": "weather", "allowance": None}])
    assert incidents(document(down("03T10:00", "03T16:00"), clause=clause, exclusions=[claim])) == [(4, "met")]
    assert incidents(document(down("03T10:00", "03T16:00"), clause=clause)) == [(6, "missed")]


def test_out_of_service_the_clock_does_not_run() -> None:
    service = {"from": "2026-11-03T12:00", "to": "2026-11-20T00:00"}
    states = [down("03T10:00", "03T16:00"), down("19T23:00", "21T00:00"), down("25T00:00", "26T00:00")]
    assert incidents(document(*states, in_service=service)) == [(4, "met"), (1, "met")]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("30T19:00", [(5, "missed")]),
        ("30T20:00", [(4, "open")]),
        ("30T23:00", [(1, "open")]),
    ],
)
def test_what_is_open_at_the_end_is_missed_or_left_for_the_next_period(start: str, expected: Any) -> None:
    """Also where the evidence tells how it went on."""
    states = [down("03T10:00", "03T11:00"), a_state(f"2026-11-{start}", "2026-12-01T00:00")]
    for end in ("2026-12-01T00:00", "2026-12-02T00:00"):
        states[1]["to"] = end
        assert incidents(document(*states)) == [(1, "met"), *expected]


def test_only_what_is_decided_counts() -> None:
    still = document(down("03T10:00", "03T11:00"), a_state("2026-11-30T22:00", "2026-12-01T00:00"))
    assert first(still)["ratio"] == "1"
    assert rated(still)["workings"]["clauses"][0]["assets"][0]["denominator"] == "1"
    assert first(document(a_state("2026-11-30T22:00", "2026-12-01T00:00")))["ratio"] == "1"


def test_what_is_open_at_the_start_is_measured_from_there() -> None:
    states = [a_state("2026-10-30T00:00", "2026-11-01T04:00")]
    found = rated(document(*states))["workings"]["clauses"][0]["assets"][0]["incidents"]
    begins = 1793491200000  # 2026-11-01T00:00:00Z
    assert found == [[begins, begins + 4 * HOUR, 4 * HOUR, "met"]]


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ({"policy": "as_down"}, [(6, "missed"), (3, "met")]),
        ({"policy": "as_up"}, [(1, "met"), (2, "met")]),
        ({"policy": "exclude"}, [(3, "met")]),
        ({"policy": "carry_forward", "carry": "PT1H", "then": "up"}, [(2, "met"), (2, "met")]),
        ({"policy": "carry_forward", "carry": "PT1H", "then": "down"}, [(6, "missed"), (2, "met")]),
    ],
    ids=["as_down", "as_up", "exclude", "carried", "carried, then down"],
)
def test_unknown_time_is_part_of_an_incident_as_the_gap_rule_says(gaps: Json, expected: Any) -> None:
    """Down for an hour, silent for three, down for two; later silent for three hours after it was up."""
    states = [
        down("03T10:00", "03T11:00"),
        a_state("2026-11-03T11:00", "2026-11-03T14:00", "unknown"),
        down("03T14:00", "03T16:00"),
        a_state("2026-11-10T10:00", "2026-11-10T13:00", "unknown"),
    ]
    assert incidents(document(*states, clause=repair(gaps=gaps))) == expected


def test_silence_that_does_not_count_ends_no_incident() -> None:
    """The clock stands still in it, and nothing says that the asset was back before the month was over."""
    states = [down("20T10:00", "20T13:00"), a_state("2026-11-20T13:00", "2026-12-01T00:00", "unknown")]
    clause = repair(gaps={"policy": "exclude"})
    assert incidents(document(*states, clause=clause)) == [(3, "open")]
    assert incidents(document(down("20T08:00", "20T13:00"), states[1], clause=clause)) == [(5, "missed")]


def test_short_outages_are_no_incidents_and_steps_do_not_matter() -> None:
    clause = repair(outages={"minimum": "PT10M", "quantum": "PT3H"})
    states = [down("03T10:00", "03T10:09:59.999"), down("04T10:00", "04T10:10"), down("05T10:00", "05T15:00")]
    assert incidents(document(*states, clause=clause)) == [(Fraction(1, 6), "met"), (5, "missed")]


def test_an_outage_is_too_short_by_all_of_it() -> None:
    """Also by what of it lies before the period, outside the calendar, or is silence that counts as down."""
    clause = repair(outages={"minimum": "PT1H", "quantum": "PT0S"})
    assert incidents(document(a_state("2026-10-31T23:00", "2026-11-01T00:30"), clause=clause)) == [
        (Fraction(1, 2), "met")
    ]
    off = repair(outages={"minimum": "PT1H", "quantum": "PT0S"}, calendar=WORKDAYS)
    assert incidents(document(down("03T17:30", "03T18:30"), clause=off)) == [(Fraction(1, 2), "met")]
    silent = a_state("2026-11-03T10:30", "2026-11-03T11:00", "unknown")
    assert incidents(document(down("03T10:00", "03T10:30"), silent, clause=clause)) == [(1, "met")]
    assert incidents(document(down("03T10:00", "03T10:30"), clause=clause)) == []


def there(start: str, end: str, state: str = "up") -> Json:
    return a_state(f"2026-11-{start}", f"2026-11-{end}", state)


@pytest.mark.parametrize(
    ("on_site", "expected"),
    [
        ([there("03T14:00", "03T15:00")], (4, "met")),
        ([there("03T14:00:00.001", "03T15:00")], (4 + Fraction(1, HOUR), "missed")),
        ([there("03T09:00", "03T10:30")], (0, "met")),
        ([there("03T11:00", "03T11:01"), there("03T12:00", "03T13:00")], (1, "met")),
        ([there("03T11:00", "03T20:00", "unknown")], (10, "missed")),
        ([there("03T08:00", "03T10:00"), there("03T20:00", "03T21:00")], (10, "missed")),
        ([], (10, "missed")),
    ],
    ids=["in time", "late", "there already", "the first time counts", "not known", "before and after", "never"],
)
def test_a_condition_stops_the_clock_when_it_begins_to_hold(on_site: list[Json], expected: Any) -> None:
    found = document(down("03T10:00", "03T20:00"), clause=response(), on_site=on_site)
    assert incidents(found) == [expected]


def test_an_asset_that_is_back_before_anybody_came_was_answered() -> None:
    states = [down("03T10:00", "03T13:00"), down("05T10:00", "05T15:00")]
    assert incidents(document(*states, clause=response(), on_site=[])) == [(3, "met"), (5, "missed")]


def test_an_answer_decides_an_incident_that_is_still_open_and_one_after_the_period_does_not() -> None:
    open_ = a_state("2026-11-30T22:00", "2026-12-02T00:00")
    came = a_state("2026-11-30T23:00", "2026-12-01T01:00", "up")
    assert incidents(document(open_, clause=response(), on_site=[came])) == [(1, "met")]
    assert incidents(document(open_, clause=response(), on_site=[came | {"from": "2026-12-01T00:00"}])) == [(2, "open")]


def test_somebody_may_come_when_no_service_is_owed() -> None:
    """On Saturday, to what broke on Friday at five."""
    clause = response(calendar=WORKDAYS)
    states, came = down("06T17:00", "10T12:00"), there("07T09:00", "07T10:00")
    assert incidents(document(states, clause=clause, on_site=[came])) == [(1, "met")]


def test_a_month_without_an_incident_is_all_of_it() -> None:
    clause = repair(remedies=[TIERS, BONUS])
    found = first(document(clause=clause))
    assert (found["ratio"], found["percent"], found["status"], found["amount_minor"]) == (
        "1",
        "100.000000",
        "settled",
        50000,
    )
    assert "  no incident is decided: nothing was missed, which is all of it" in rated(document())["trace"].splitlines()


def test_without_committed_time_nothing_is_settled() -> None:
    out = document(down("03T10:00", "03T20:00"), in_service={"from": "2027-01-01", "to": None})
    found = first(out)
    assert (found["ratio"], found["status"], found["amount_minor"]) == (None, "indeterminate", None)


def test_below_the_coverage_gate_nothing_is_settled_without_an_incident_either() -> None:
    silent = a_state("2026-11-01", "2026-11-16", "unknown")
    clause = repair(minimum_coverage="51", gaps={"policy": "as_up"}, remedies=[BONUS])
    found = first(document(silent, clause=clause))
    assert (found["status"], found["coverage_percent"], found["percent"]) == (
        "indeterminate",
        "50.000000",
        "100.000000",
    )


FLEET: Json = {
    "m1": seen(down("03T10:00", "03T11:00"), down("04T10:00", "04T20:00")),
    "m2": seen(down("03T10:00", "03T11:00"), down("04T10:00", "04T11:00"), down("05T10:00", "05T11:00")),
    "m3": seen(),
}


@pytest.mark.parametrize(
    ("aggregate", "ratio", "amount"),
    [("pooled", "4/5", -180000), ("mean", "3/4", -180000), ("worst", "1/2", -180000), ("per_asset", "4/5", -30000)],
)
def test_an_asset_without_an_incident_has_no_say_and_by_itself_is_without_fault(
    aggregate: str, ratio: str, amount: int
) -> None:
    """Each by itself on a third of 9,000.00: 20 % credit for m1, 5 % bonus for each of the others."""
    clause = repair(assets=["m1", "m2", "m3"], aggregate=aggregate, remedies=[TIERS, BONUS])
    found = first(a_document(clause, evidence=FLEET, fee={"kind": "flat", "minor": 900000}))
    assert (found["ratio"], found["amount_minor"]) == (ratio, amount)


def test_the_trace_tells_each_incident_so_that_it_can_be_checked() -> None:
    states = [down("03T10:00", "03T11:00"), down("05T10:00", "05T16:00:00.5")]
    states += [a_state("2026-11-30T22:00", "2026-12-03T00:00")]
    lines = rated(document(*states, clause=response(), on_site=[]))["trace"].splitlines()
    at = lines.index(
        "Clause uptime: incidents with the return or on_site within 14400 s of committed time of m1, pooled."
    )
    still = "to the end of the period, still open"
    told_ = [line for line in lines[at:] if "incident " in line or "decided" in line]
    assert told_ == [
        "    incident 2026-11-03T10:00:00+00:00 to 2026-11-03T11:00:00+00:00: clock 3600 s of 14400 s, met",
        "    incident 2026-11-05T10:00:00+00:00 to 2026-11-05T16:00:00.500+00:00: clock 21600.500 s of 14400 s, missed",
        f"    incident 2026-11-30T22:00:00+00:00 {still}: clock 7200 s of 14400 s, left for the next period",
        "    ratio 1 met / 2 decided = 1/2 = 50.000000 %",
    ]
    assert "incidents with the return within 14400 s" in rated(document())["trace"]


def test_an_outcome_without_response_times_names_no_incidents() -> None:
    (asset,) = rated(a_document())["workings"]["clauses"][0]["assets"]
    assert "incidents" not in asset


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [
        ({"kind": "response"}, ("document.missing", "contract/clauses/0/indicator/within")),
        ({"kind": "response", "within": "PT0S"}, ("document.out_of_range", "contract/clauses/0/indicator/within")),
        ({"kind": "response", "within": "4h"}, ("document.malformed", "contract/clauses/0/indicator/within")),
        (
            {"kind": "response", "within": "PT4H", "of": "nobody"},
            ("evidence.unknown_name", "contract/clauses/0/indicator/of"),
        ),
        (
            {"kind": "response", "within": "PT4H", "of": "volume"},
            ("evidence.unknown_name", "contract/clauses/0/indicator/of"),
        ),
    ],
)
def test_a_clause_that_cannot_be_read_is_told(indicator: Json, expected: tuple[str, str]) -> None:
    known = {"m1": seen(measures={"volume": []}, conditions={"on_site": []})}
    assert told(a_document(a_clause(indicator=indicator), evidence=known)) == [expected]
