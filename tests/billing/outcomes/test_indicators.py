from __future__ import annotations

from typing import Any

import pytest

from tests.billing.outcomes.documents import Json, a_clause, a_document, a_state, first, rated, seen

RATE_EVIDENCE: Json = {"from": "2026-11-10T00:00:00Z", "to": "2026-11-13T00:00:00Z", "value": "0.5"}


def down(days: int, **more: Any) -> Json:
    return seen(a_state("2026-11-01", f"2026-11-{1 + days:02d}"), **more)


@pytest.mark.parametrize(
    ("aggregate", "ratio"),
    [("pooled", "4/5"), ("mean", "4/5"), ("worst", "7/10"), ("per_asset", "4/5")],
)
def test_aggregates_of_equal_assets(aggregate: str, ratio: str) -> None:
    clause = a_clause(assets=["m1", "m2"], aggregate=aggregate)
    assert first(a_document(clause, evidence={"m1": down(9), "m2": down(3)}))["ratio"] == ratio


@pytest.mark.parametrize(("aggregate", "ratio"), [("pooled", "31/40"), ("mean", "13/20"), ("worst", "2/5")])
def test_pooling_weighs_by_committed_time_and_the_mean_does_not(aggregate: str, ratio: str) -> None:
    """27 of 30 days, 4 of 10, and an asset that was never in service and has no say."""
    evidence = {
        "m1": down(3),
        "m2": down(6, in_service={"from": None, "to": "2026-11-11"}),
        "m3": down(9, in_service={"from": None, "to": "2026-11-01"}),
    }
    clause = a_clause(assets=["m1", "m2", "m3"], aggregate=aggregate)
    assert first(a_document(clause, evidence=evidence))["ratio"] == ratio


def throughput(hours: str, **more: Any) -> Json:
    indicator = {"kind": "throughput", "unit": "m3", "target": "2", "per": "h", "hours": hours}
    return a_clause(indicator=indicator, **more)


def pumped(volume: str, **more: Any) -> Json:
    readings = [("a", "2026-11-01", "0"), ("b", "2026-12-01", volume)]
    counters = [{"id": name, "at": at, "value": value, "received": "2026-12-01"} for name, at, value in readings]
    return seen(counters=counters, **more)


def test_throughput_over_committed_hours() -> None:
    assert first(a_document(throughput("committed"), evidence={"m1": pumped("1440")}))["ratio"] == "1"
    half = {"weekly": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "12:00"}]}
    document = a_document(throughput("committed", calendar=half), evidence={"m1": pumped("1440")})
    assert (first(document)["ratio"], first(document)["percent"]) == ("2", "200.000000")


def test_throughput_pools_volumes_and_hours() -> None:
    clause = throughput("100", assets=["m1", "m2"])
    assert first(a_document(clause, evidence={"m1": pumped("150"), "m2": pumped("50")}))["ratio"] == "1/2"


def test_throughput_without_readings_is_none_at_all() -> None:
    assert first(a_document(throughput("100")))["ratio"] == "0"


def mean_rate(*rates: Json, **more: Any) -> Json:
    clause = a_clause(indicator={"kind": "mean_rate", "interval": "PT1H"}, **more)
    return a_document(clause, evidence={"m1": seen(rates=list(rates))})


def test_mean_rate_counts_intervals_that_are_not_listed_as_free_of_errors() -> None:
    assert first(mean_rate())["ratio"] == "1"
    assert first(mean_rate(RATE_EVIDENCE))["ratio"] == "19/20"


def test_mean_rate_is_over_committed_time() -> None:
    week = {"weekly": [{"days": ["tue"], "from": "00:00", "to": "24:00"}]}
    assert first(mean_rate(RATE_EVIDENCE, calendar=week))["ratio"] == "7/8"
    assert (
        first(mean_rate(RATE_EVIDENCE | {"from": "2026-10-20T00:00:00Z", "to": "2026-11-04T00:00:00Z"}))["ratio"]
        == "19/20"
    )


def test_a_rate_received_later_replaces_the_other() -> None:
    better = RATE_EVIDENCE | {"value": "0", "received": "2026-12-02T00:00:00Z"}
    assert first(mean_rate(better, RATE_EVIDENCE))["ratio"] == "1"
    late = better | {"received": "2027-03-01T00:00:00Z"}
    answer = rated(mean_rate(RATE_EVIDENCE, late))
    assert answer["clauses"][0]["ratio"] == "19/20"
    assert answer["workings"]["unrated"][0]["reason"] == "received after as_of"


@pytest.mark.parametrize(("minimum", "status"), [("90", "settled"), ("90.000001", "indeterminate")])
def test_the_coverage_gate_is_exact(minimum: str, status: str) -> None:
    evidence = {"m1": seen(a_state("2026-11-01", "2026-11-04", "unknown"))}
    found = first(a_document(a_clause(minimum_coverage=minimum), evidence=evidence))
    assert (found["status"], found["coverage_percent"], found["percent"]) == (status, "90.000000", "90.000000")


def test_bonuses_are_not_netted_with_capped_credits() -> None:
    good = {"kind": "steps", "above": "50", "bonus": "1", "per": "1", "step": "full", "cap": "30"}
    bad = {"kind": "tiers", "tiers": [{"below": "100", "credit": "40"}]}
    document = a_document(
        a_clause(remedies=[good, bad]),
        evidence={"m1": down(3)},
        caps={"period_percent": "10", "year_remaining_minor": None},
    )
    answer = rated(document)
    assert (answer["clauses"][0]["amount_minor"], answer["total_minor"]) == (200000, 1200000)


def test_an_indeterminate_clause_takes_no_part_in_the_caps() -> None:
    tier = {"kind": "tiers", "tiers": [{"below": "100", "credit": "30"}]}
    document = a_document(
        a_clause(id="known", remedies=[tier]),
        a_clause(id="unknown", assets=["m2"], remedies=[tier], minimum_coverage="50"),
        evidence={"m1": down(3), "m2": seen(initial=None)},
        caps={"period_percent": "20", "year_remaining_minor": None},
    )
    answer = rated(document)
    assert [clause["amount_minor"] for clause in answer["clauses"]] == [-200000, None]
    assert answer["total_minor"] == 800000
