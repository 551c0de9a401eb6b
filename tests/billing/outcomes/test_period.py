"""Calendars, exclusions, outages and gaps working together on whole documents."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.billing.outcomes.documents import DAYS, Json, a_clause, a_document, a_state, first, outcome_of, seen

HOUR = 3600


def shifts(opens: str, closes: str, *days: str, holidays: tuple[str, ...] = ()) -> Json:
    return {"weekly": [{"days": list(days or DAYS), "from": opens, "to": closes}], "holidays": list(holidays)}


def claim(start: str, end: str, category: str = "planned", approved: str | None = "2026-01-01T00:00:00Z") -> Json:
    return {"category": category, "assets": ["m1"], "from": start, "to": end, "approved": approved}


@pytest.mark.parametrize(
    ("zone", "start", "end", "hours"),
    [
        ("Europe/Berlin", "2026-03-01", "2026-04-01", 743),
        ("Europe/Berlin", "2026-10-01", "2026-11-01", 745),
        ("America/New_York", "2026-03-01", "2026-04-01", 743),
        ("America/New_York", "2026-11-01", "2026-12-01", 721),
        ("Australia/Lord_Howe", "2026-10-01", "2026-11-01", 743.5),
        ("Australia/Lord_Howe", "2026-04-01", "2026-05-01", 720.5),
        ("Pacific/Apia", "2011-12-01", "2012-01-01", 720),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-05", 23),
        ("UTC", "2026-02-01", "2026-03-01", 672),
    ],
)
def test_a_period_is_as_long_as_it_lasts(zone: str, start: str, end: str, hours: float) -> None:
    document = a_document(period={"start": start, "end": end}, time_zone=zone)
    assert first(document)["period_s"] == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "opens", "closes", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", "00:00", "24:00", 23),
        ("Europe/Berlin", "2026-03-29", "02:00", "03:00", 0),
        ("Europe/Berlin", "2026-03-29", "02:30", "06:00", 3),
        ("Europe/Berlin", "2026-10-25", "02:30", "06:00", 4.5),
        ("Europe/Berlin", "2026-10-25", "01:00", "02:30", 1.5),
        ("America/New_York", "2026-03-08", "01:30", "03:30", 1),
        ("America/New_York", "2026-11-01", "01:30", "03:30", 3),
        ("Australia/Lord_Howe", "2026-10-04", "01:00", "04:00", 2.5),
        ("Australia/Lord_Howe", "2026-04-05", "01:00", "04:00", 3.5),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "04:00", 2.75),
        ("Pacific/Apia", "2011-12-30", "06:00", "22:00", 0),
        ("Pacific/Apia", "2011-12-29", "22:00", "06:00", 2),
        ("America/Sao_Paulo", "2018-11-04", "00:00", "06:00", 5),
    ],
)
def test_windows_follow_the_clocks(zone: str, day: str, opens: str, closes: str, hours: float) -> None:
    on = date.fromisoformat(day)
    only = shifts(opens, closes, DAYS[on.weekday()])
    period = {"start": (on - timedelta(days=2)).isoformat(), "end": (on + timedelta(days=3)).isoformat()}
    assert first(a_document(a_clause(calendar=only), period=period, time_zone=zone))["committed_s"] == hours * HOUR


def committed_hours(calendar: Json, start: str, end: str) -> float:
    seconds: int = first(a_document(a_clause(calendar=calendar), period={"start": start, "end": end}))["committed_s"]
    return seconds / HOUR


def test_a_night_shift_belongs_to_the_day_on_which_it_starts() -> None:
    night = shifts("22:00", "06:00", "fri")
    assert committed_hours(night, "2026-11-06", "2026-11-07") == 2
    assert committed_hours(night, "2026-11-07", "2026-11-08") == 6
    assert committed_hours(shifts("22:00", "06:00", "fri", holidays=("2026-11-07",)), "2026-11-06", "2026-11-08") == 8
    assert committed_hours(shifts("22:00", "06:00", "fri", holidays=("2026-11-06",)), "2026-11-06", "2026-11-08") == 0


def test_holidays_and_overlapping_windows() -> None:
    assert committed_hours(shifts("06:00", "22:00", holidays=("2026-11-02",)), "2026-11-02", "2026-11-04") == 16
    twice = {"weekly": shifts("06:00", "14:00")["weekly"] + shifts("12:00", "22:00")["weekly"]}
    assert committed_hours(twice, "2026-11-02", "2026-11-03") == 16


def test_outages_are_whole_before_calendar_and_exclusions() -> None:
    """Down for 2 h 10 min around the end of a shift: only 5 min of it in service, and yet a long outage."""
    clause = a_clause(
        calendar=shifts("06:00", "22:00"),
        outages={"minimum": "PT2H", "quantum": "PT0S"},
        exclusions=[{"category": "planned", "allowance": None}],
    )
    evidence = {"m1": seen(a_state("2026-11-10T21:50", "2026-11-11T00:00"))}
    document = a_document(clause, evidence=evidence, exclusions=[claim("2026-11-10T21:55", "2026-11-10T23:00")])
    assert first(document)["down_s"] == 300
    evidence["m1"]["states"][0]["to"] = "2026-11-10T23:49"
    assert first(document)["down_s"] == 0


def test_a_quantum_cuts_the_end_of_the_outage_not_of_its_part_in_service() -> None:
    clause = a_clause(calendar=shifts("06:00", "22:00"), outages={"minimum": "PT0S", "quantum": "PT1H"})
    evidence = {"m1": seen(a_state("2026-11-10T04:30", "2026-11-10T07:00"))}
    assert first(a_document(clause, evidence=evidence))["down_s"] == 1800


def test_an_outage_that_began_before_the_period_is_whole() -> None:
    clause = a_clause(outages={"minimum": "PT2H", "quantum": "PT0S"})
    assert (
        first(a_document(clause, evidence={"m1": seen(a_state("2026-10-31T23:00", "2026-11-01T01:00"))}))["down_s"]
        == HOUR
    )


def test_in_service_limits_committed_time() -> None:
    evidence = {"m1": seen(a_state("2026-11-01", "2026-11-12"), in_service={"from": "2026-11-11", "to": "2026-11-21"})}
    found = first(a_document(evidence=evidence))
    assert (found["committed_s"], found["down_s"], found["percent"]) == (864000, 86400, "90.000000")


@pytest.mark.parametrize(
    ("approved", "excluded"), [("2027-02-01T00:00:00Z", 3600), ("2027-02-01T00:00:00.001Z", 0), (None, 0)]
)
def test_an_exclusion_counts_when_approved_by_as_of(approved: str | None, excluded: int) -> None:
    clause = a_clause(exclusions=[{"category": "planned", "allowance": None}])
    document = a_document(clause, exclusions=[claim("2026-11-10T00:00", "2026-11-10T01:00", approved=approved)])
    assert first(document)["excluded_s"] == excluded
    assert len(outcome_of(document).unrated) == (not excluded)


def test_each_asset_has_its_own_allowance() -> None:
    clause = a_clause(assets=["m1", "m2"], exclusions=[{"category": "planned", "allowance": "PT1H"}])
    exclusion = claim("2026-11-10T00:00", "2026-11-10T03:00") | {"assets": ["m1", "m2"]}
    found = first(a_document(clause, evidence={"m1": seen(), "m2": seen()}, exclusions=[exclusion]))
    assert (found["excluded_s"], found["period_s"], found["committed_s"]) == (7200, 2592000, 5176800)


@pytest.mark.parametrize("received", ["2026-12-06T00:00:00Z", "2026-12-06T00:00:00.001Z"])
def test_evidence_at_the_limit_of_the_correction_window_is_in_time(received: str) -> None:
    evidence = {"m1": seen(a_state("2026-11-10T00:00", "2026-11-10T01:00", received=received))}
    found = first(a_document(evidence=evidence, correction_window="P5D"))
    assert found["down_s"] == (3600 if received.endswith("00Z") else 0)


def test_seconds_keep_their_milliseconds() -> None:
    evidence = {"m1": seen(a_state("2026-11-10T00:00:00Z", "2026-11-10T00:00:01.250Z"))}
    found = first(a_document(evidence=evidence))
    assert (found["down_s"], found["committed_s"]) == (1.25, 2592000)


@pytest.mark.parametrize(
    ("evidence", "calendar"),
    [
        ({"in_service": {"from": None, "to": "2026-11-01"}}, None),
        ({}, shifts("06:00", "07:00", "mon", holidays=tuple(f"2026-11-{day:02d}" for day in (2, 9, 16, 23, 30)))),
    ],
    ids=["never in service", "only holidays"],
)
@pytest.mark.parametrize(
    "indicator",
    [
        {"kind": "availability"},
        {"kind": "mean_rate", "interval": "PT5M"},
        {"kind": "throughput", "unit": "m3", "target": "1", "per": "h", "hours": "committed"},
        {"kind": "throughput", "unit": "m3", "target": "1", "per": "h", "hours": "10"},
    ],
    ids=lambda value: value["kind"],
)
def test_where_nothing_was_committed_nothing_is_settled(evidence: Json, calendar: Any, indicator: Json) -> None:
    remedy = {"kind": "tiers", "tiers": [{"below": "100", "credit": "100"}]}
    clause = a_clause(indicator=indicator, calendar=calendar, remedies=[remedy], minimum_coverage="90")
    found = first(a_document(clause, evidence={"m1": seen(**evidence)}))
    assert (found["status"], found["ratio"], found["percent"], found["coverage_percent"]) == (
        "indeterminate",
        None,
        None,
        None,
    )
    assert (found["committed_s"], found["amount_minor"]) == (0, None)


def test_a_gap_that_is_not_counted_at_all_leaves_nothing_to_settle() -> None:
    found = first(a_document(a_clause(gaps={"policy": "exclude"}), evidence={"m1": seen(initial=None)}))
    assert (found["status"], found["ratio"], found["coverage_percent"]) == ("indeterminate", None, "0.000000")
