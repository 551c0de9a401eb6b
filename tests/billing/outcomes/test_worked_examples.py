"""The worked examples of the contract tables, to the minor unit and the last digit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.billing.outcomes.documents import AWS_TIERS, Json, a_clause, a_document, a_state, first, rated, seen

E09_TIERS: Json = {
    "kind": "tiers",
    "tiers": [
        {"below": "99.0", "credit": "5"},
        {"below": "97.0", "credit": "10"},
        {"below": "95.0", "credit": "25"},
    ],
}


@pytest.mark.parametrize(
    ("end", "percent", "down_s"),
    [("2026-11-10T00:50:00Z", "99.884259", 3000), ("2026-11-10T00:43:13Z", "99.899961", 2593)],
    ids=["E01a", "E01c: 99.90 when rounded, and still a miss"],
)
def test_e01_aws_table(end: str, percent: str, down_s: int) -> None:
    document = a_document(
        a_clause(remedies=[AWS_TIERS]),
        evidence={"m1": seen(a_state("2026-11-10T00:00:00Z", end))},
        currency="USD",
        fee={"kind": "flat", "minor": 1200000},
    )
    answer = rated(document)
    assert (answer["clauses"][0]["percent"], answer["clauses"][0]["down_s"]) == (percent, down_s)
    assert (answer["clauses"][0]["amount_minor"], answer["total_minor"]) == (-120000, 1080000)


@pytest.mark.parametrize(
    ("rounding", "credit", "invoice"), [("half_even", 8512, 25538), ("half_up", 8513, 25537)], ids=str
)
def test_e02_mean_of_error_rates_and_a_tie(rounding: str, credit: int, invoice: int) -> None:
    rates = [
        {"from": "2026-11-01T00:00:00Z", "to": "2026-11-01T05:00:00Z", "value": "1"},
        {"from": "2026-11-01T05:00:00Z", "to": "2026-11-01T15:00:00Z", "value": "0.25"},
    ]
    document = a_document(
        a_clause(indicator={"kind": "mean_rate", "interval": "PT5M"}, remedies=[AWS_TIERS]),
        evidence={"m1": seen(rates=rates)},
        currency="USD",
        rounding=rounding,
        fee={"kind": "flat", "minor": 34050},
    )
    answer = rated(document)
    clause = answer["clauses"][0]
    assert (clause["ratio"], clause["percent"]) == ("95/96", "98.958333")
    assert (clause["amount_minor"], answer["total_minor"]) == (-credit, invoice)


def test_e05_month_with_a_change_of_the_clocks() -> None:
    def claim(category: str, start: str, end: str, approved: str) -> Json:
        return {"category": category, "assets": ["m1"], "from": start, "to": end, "approved": approved}

    document = a_document(
        a_clause(
            exclusions=[{"category": "planned", "allowance": None}, {"category": "weather", "allowance": None}],
            remedies=[
                {"kind": "steps", "above": "98.5", "bonus": "1", "per": "0.1", "step": "full", "cap": "5"},
                {"kind": "tiers", "tiers": [{"below": "97.0", "credit": "10"}]},
            ],
        ),
        period={"start": "2026-03-01", "end": "2026-04-01"},
        as_of="2026-04-05T00:00:00Z",
        correction_window="P35D",
        time_zone="Europe/Berlin",
        fee={"kind": "flat", "minor": 5000000},
        evidence={
            "m1": seen(
                a_state("2026-03-29T05:00", "2026-03-29T12:00", received="2026-03-29T12:01:00Z"),
                a_state("2026-03-15T08:00", "2026-03-15T14:30", received="2026-03-15T14:31:00Z"),
                in_service=None,
            )
        },
        exclusions=[
            claim("planned", "2026-03-29T00:00", "2026-03-29T06:00", "2026-03-20T00:00:00Z"),
            claim("weather", "2026-03-29T04:00", "2026-03-29T10:00", "2026-03-31T00:00:00Z"),
        ],
    )
    answer = rated(document)
    assert (answer["currency"], answer["fee_minor"], answer["total_minor"]) == ("EUR", 5000000, 5150000)
    assert answer["clauses"] == [
        {
            "id": "uptime",
            "status": "settled",
            "ratio": "1451/1468",
            "percent": "98.841961",
            "period_s": 2674800,
            "excluded_s": 32400,
            "committed_s": 2642400,
            "down_s": 30600,
            "unknown_s": 0,
            "coverage_percent": "100.000000",
            "amount_minor": 150000,
        }
    ]


def test_e07_shifts_and_started_steps_in_yen() -> None:
    week = {"days": ["mon", "tue", "wed", "thu", "fri", "sat"], "from": "06:00", "to": "22:00"}
    document = a_document(
        a_clause(
            calendar={"weekly": [week], "holidays": []},
            remedies=[{"kind": "steps", "below": "99.0", "credit": "2", "per": "0.1", "step": "started", "cap": "15"}],
        ),
        evidence={"m1": seen(a_state("2026-11-03T20:00", "2026-11-04T09:00"))},
        currency="JPY",
        time_zone="Asia/Tokyo",
        fee={"kind": "flat", "minor": 3200000},
    )
    answer = rated(document)
    clause = answer["clauses"][0]
    assert (clause["committed_s"], clause["down_s"], clause["percent"]) == (1440000, 18000, "98.750000")
    assert (clause["amount_minor"], answer["total_minor"]) == (-192000, 3008000)


@pytest.mark.parametrize(
    ("mode", "charge", "malus"), [("graduated", 17297500, 691900), ("volume", 14297500, 571900)], ids=str
)
def test_e08_a_counter_with_a_duplicate_a_reset_and_no_order(mode: str, charge: int, malus: int) -> None:
    readings = [
        ("e1", "2026-11-01T00:00:00Z", "1000.0"),
        ("e2", "2026-11-05T04:00:00Z", "61000.0"),
        ("e2", "2026-11-05T04:00:00Z", "61000.0"),
        ("e4", "2026-11-13T12:00:00Z", "90500.0"),
        ("e3", "2026-11-09T08:00:00Z", "500.0"),
    ]
    counters = [{"id": name, "at": at, "value": value, "received": at} for name, at, value in readings]
    indicator = {"kind": "throughput", "unit": "m3", "target": "400", "per": "h", "hours": "395"}
    steps = {"kind": "steps", "below": "100", "credit": "1", "per": "1", "step": "full", "cap": None}
    prices = [
        {"to": "100000", "price": "1.20"},
        {"to": "150000", "price": "1.05"},
        {"to": None, "price": "0.95"},
    ]
    document = a_document(
        a_clause(id="volume", indicator=indicator, remedies=[steps]),
        fee={"kind": "metered", "unit": "m3", "mode": mode, "tiers": prices},
        evidence={"m1": seen(counters=counters)},
    )
    answer = rated(document)
    assert answer["clauses"][0]["percent"] == "95.253164"
    assert answer["workings"]["assets"][0]["volume"]["total"] == "150500"
    assert (answer["fee_minor"], answer["clauses"][0]["amount_minor"]) == (charge, -malus)
    assert answer["total_minor"] == charge - malus


def e09(gaps: Json, minimum_coverage: str | None = None) -> Json:
    unknown = [
        a_state(start, end, "unknown")
        for start, end in [
            ("2026-11-02T00:00:00Z", "2026-11-02T20:00:00Z"),
            ("2026-11-03T06:00:00Z", "2026-11-03T07:00:00Z"),
            ("2026-11-03T16:00:00Z", "2026-11-03T17:00:00Z"),
            ("2026-11-04T02:00:00Z", "2026-11-04T03:00:00Z"),
            ("2026-11-04T12:00:00Z", "2026-11-04T13:00:00Z"),
        ]
    ]
    down = a_state("2026-11-06T04:00:00Z", "2026-11-06T10:00:00Z")
    clause = a_clause(gaps=gaps, minimum_coverage=minimum_coverage, remedies=[E09_TIERS])
    return a_document(clause, evidence={"m1": seen(*unknown, down)})


@pytest.mark.parametrize(
    ("gaps", "percent", "credit"),
    [
        ({"policy": "as_up"}, "99.166666", 0),
        ({"policy": "as_down"}, "95.833333", 100000),
        ({"policy": "exclude"}, "99.137931", 0),
        ({"policy": "carry_forward", "carry": "PT1H", "then": "down"}, "96.527777", 100000),
    ],
    ids=lambda value: value["policy"] if isinstance(value, dict) else "",
)
def test_e09_gap_policies(gaps: Json, percent: str, credit: int) -> None:
    answer = rated(e09(gaps))
    clause = answer["clauses"][0]
    assert (clause["percent"], clause["amount_minor"], answer["total_minor"]) == (percent, -credit, 1000000 - credit)
    assert (clause["down_s"], clause["unknown_s"], clause["coverage_percent"]) == (21600, 86400, "96.666666")


def test_e09_coverage_gate() -> None:
    answer = rated(e09({"policy": "as_up"}, "98"))
    clause = answer["clauses"][0]
    assert (clause["status"], clause["coverage_percent"], clause["amount_minor"]) == (
        "indeterminate",
        "96.666666",
        None,
    )
    assert answer["total_minor"] == 1000000


def e10(as_of: str, received: str) -> Json:
    return a_document(
        a_clause(remedies=[AWS_TIERS]),
        currency="USD",
        as_of=as_of,
        correction_window="P35D",
        fee={"kind": "flat", "minor": 1200000},
        evidence={
            "m1": seen(
                a_state("2026-11-10T00:00:00Z", "2026-11-10T00:50:00Z", received="2026-11-10T00:51:00Z"),
                a_state("2026-11-10T00:20:00Z", "2026-11-10T00:50:00Z", "up", received),
            )
        },
    )


@pytest.mark.parametrize(
    ("as_of", "received", "percent", "amount", "reason"),
    [
        ("2026-12-05T00:00:00Z", "2026-12-20T00:00:00Z", "99.884259", -120000, "received after as_of"),
        ("2026-12-25T00:00:00Z", "2026-12-20T00:00:00Z", "99.953703", 0, None),
        ("2027-02-01T00:00:00Z", "2027-01-10T00:00:00Z", "99.884259", -120000, "received after the correction window"),
    ],
    ids=["v1", "v2", "too late"],
)
def test_e10_late_evidence(as_of: str, received: str, percent: str, amount: int, reason: str | None) -> None:
    answer = rated(e10(as_of, received))
    clause = answer["clauses"][0]
    assert (clause["percent"], clause["amount_minor"], answer["total_minor"]) == (percent, amount, 1200000 + amount)
    assert [one["reason"] for one in answer["workings"]["unrated"]] == ([reason] if reason else [])
    assert ("not rated\n" in answer["trace"]) == bool(reason)


def test_e12_two_caps_and_the_largest_remainder() -> None:
    def credit(name: str, percent: str) -> Json:
        return a_clause(id=name, remedies=[{"kind": "tiers", "tiers": [{"below": "100", "credit": percent}]}])

    document = a_document(
        credit("one", "15"),
        credit("two", "10"),
        caps={"period_percent": "20", "year_remaining_minor": 100001},
        evidence={"m1": seen(a_state("2026-11-10T00:00:00Z", "2026-11-10T01:00:00Z"))},
    )
    answer = rated(document)
    assert [clause["amount_minor"] for clause in answer["clauses"]] == [-60001, -40000]
    assert answer["workings"]["caps"] == {
        "asked": 250000,
        "period_limit": 200000,
        "year_limit": 100001,
        "granted": 100001,
        "shares": [60001, 40000],
        "forfeited": 149999,
    }
    assert answer["total_minor"] == 899999


def test_all_figures_of_a_clause_are_of_the_form() -> None:
    clause: dict[str, Any] = first(a_document())
    assert list(clause) == [
        "id",
        "status",
        "ratio",
        "percent",
        "period_s",
        "excluded_s",
        "committed_s",
        "down_s",
        "unknown_s",
        "coverage_percent",
        "amount_minor",
    ]
    assert (clause["ratio"], clause["percent"]) == ("1", "100.000000")
