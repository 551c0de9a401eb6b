"""Rate documents whose fields fit and whose parts do not fit together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.contracts.fields import DocumentError
from tenants.kernel.canonical import canonical_json
from tests.billing.outcomes.documents import Json, a_clause, a_document, a_state, rated, read, seen
from tests.billing.outcomes.misfits import (
    CLAUSE,
    COUNTER,
    RATE,
    TIERS,
    WINDOW,
    base,
    changed,
    told,
)


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (
            f"{CLAUSE}/remedies/1/tiers",
            [{"below": "97", "credit": "5"}, {"below": "97.0", "credit": "6"}],
            ("contract.tiers_overlap", f"{CLAUSE}/remedies/1"),
        ),
        (
            "contract/fee",
            {"kind": "metered", "unit": "m3", "mode": "volume", "tiers": [TIERS[0], TIERS[0], TIERS[1]]},
            ("contract.tiers_overlap", "contract/fee"),
        ),
        (
            "contract/fee",
            {"kind": "metered", "unit": "m3", "mode": "volume", "tiers": TIERS[:1]},
            ("contract.tiers_open", "contract/fee"),
        ),
        (
            "contract/fee",
            {"kind": "metered", "unit": "m3", "mode": "volume", "tiers": [TIERS[1], TIERS[1]]},
            ("contract.tiers_open", "contract/fee"),
        ),
        (
            "contract/fee",
            {"kind": "per_asset", "minor": 5, "prorate": "days"},
            ("document.not_allowed", "contract/fee/prorate"),
        ),
        ("contract/clauses/1", a_clause(), ("document.repeated", "contract")),
        (
            f"{CLAUSE}/exclusions",
            [{"category": "planned", "allowance": None}, {"category": "planned", "allowance": "PT1H"}],
            ("document.repeated", CLAUSE),
        ),
        (
            f"{CLAUSE}/gaps",
            {"policy": "carry_forward", "carry": "PT1H", "then": "unknown"},
            ("document.not_allowed", f"{CLAUSE}/gaps/then"),
        ),
        (f"{CLAUSE}/gaps", {"policy": "carry_forward", "then": "up"}, ("document.missing", f"{CLAUSE}/gaps/carry")),
        (f"{CLAUSE}/calendar", {"weekly": []}, ("document.empty", f"{CLAUSE}/calendar/weekly")),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW], "holidays": ["2026-02-29"]},
            ("document.malformed", f"{CLAUSE}/calendar/holidays/0"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"to": "06:00"}]},
            ("contract.window_empty", f"{CLAUSE}/calendar/weekly/0"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"to": "25:00"}]},
            ("document.malformed", f"{CLAUSE}/calendar/weekly/0/to"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"from": "24:00"}]},
            ("contract.window_opens", f"{CLAUSE}/calendar/weekly/0"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"days": ["monday"]}]},
            ("document.not_allowed", f"{CLAUSE}/calendar/weekly/0/days/0"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"days": []}]},
            ("document.empty", f"{CLAUSE}/calendar/weekly/0/days"),
        ),
        (
            f"{CLAUSE}/indicator",
            {"kind": "mean_rate", "interval": "PT0S"},
            ("document.out_of_range", f"{CLAUSE}/indicator/interval"),
        ),
        (
            f"{CLAUSE}/indicator",
            {"kind": "throughput", "unit": "m3", "target": "0", "per": "h", "hours": "committed"},
            ("document.out_of_range", f"{CLAUSE}/indicator/target"),
        ),
        (
            f"{CLAUSE}/indicator",
            {"kind": "throughput", "unit": "m3", "target": "1", "per": "h", "hours": "all"},
            ("document.malformed", f"{CLAUSE}/indicator/hours"),
        ),
        (
            f"{CLAUSE}/indicator",
            {"kind": "throughput", "unit": "m3", "target": "1", "per": "day", "hours": "1"},
            ("document.not_allowed", f"{CLAUSE}/indicator/per"),
        ),
        ("evidence/", seen(), ("document.empty", "evidence/")),
        ("evidence/m1/counters", [COUNTER | {"value": "-1"}], ("document.malformed", "evidence/m1/counters/0/value")),
        ("evidence/m1/counters", [COUNTER | {"value": 1}], ("document.wrong_type", "evidence/m1/counters/0/value")),
        ("evidence/m1/counters", [COUNTER | {"at": "x"}], ("document.malformed", "evidence/m1/counters/0/at")),
        ("evidence/m1/rates", [RATE | {"value": "1.01"}], ("document.out_of_range", "evidence/m1/rates/0/value")),
        ("evidence/m1/rates", [RATE | {"to": RATE["from"]}], ("evidence.reversed", "evidence/m1/rates/0/to")),
    ],
)
def test_parts_that_do_not_fit_together(place: str, value: object, expected: tuple[str, str]) -> None:
    document = base()
    if place == "contract/clauses/1":
        document["contract"]["clauses"].append(value)
    else:
        document = changed(place, value)
    assert told(document) == [expected]


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("period/end", "2026-11-01", ("rate.period", "period/end")),
        ("period/end", "2026-10-01", ("rate.period", "period/end")),
        ("period/end", "2036-12-01", ("rate.period", "period/end")),
        ("evidence/m1/states/0/to", "2026-11-10T04:59", ("evidence.reversed", "evidence/m1/states/0/to")),
        ("evidence/m1/states/0/to", "2026-11-10T05:00", ("evidence.reversed", "evidence/m1/states/0/to")),
        ("evidence/m1/states/0/to", "2026-11-10T03:59:59Z", ("evidence.reversed", "evidence/m1/states/0/to")),
        (
            "evidence/m1/in_service",
            {"from": "2026-11-02", "to": "2026-11-01"},
            ("evidence.reversed", "evidence/m1/in_service/to"),
        ),
        ("exclusions/0/to", "2026-11-02", ("evidence.reversed", "exclusions/0/to")),
        (f"{CLAUSE}/assets", ["m1", "m2"], ("evidence.unknown_asset", f"{CLAUSE}/assets/1")),
        ("exclusions/0/assets", ["m9"], ("evidence.unknown_asset", "exclusions/0/assets/0")),
    ],
)
def test_meaning(place: str, value: object, expected: tuple[str, str]) -> None:
    assert told(changed(place, value)) == [expected]


def test_a_span_reversed_by_the_clocks_needs_its_offset() -> None:
    evidence = {"m1": seen(a_state("2026-10-25T02:50", "2026-10-25T02:10"))}
    period = {"start": "2026-10-01", "end": "2026-11-01"}
    document = a_document(evidence=evidence, period=period, time_zone="Europe/Berlin")
    assert told(document) == [("evidence.reversed", "evidence/m1/states/0/to")]
    evidence["m1"]["states"][0]["to"] = "2026-10-25T02:10+01:00"
    (state,) = read(document).evidence["m1"].states
    assert state.end - state.start == 20 * 60_000


def test_a_span_inside_the_gap_of_the_clocks_is_empty() -> None:
    evidence = {"m1": seen(a_state("2026-03-29T02:00", "2026-03-29T03:00"))}
    period = {"start": "2026-03-01", "end": "2026-04-01"}
    (state,) = read(a_document(evidence=evidence, period=period, time_zone="Europe/Berlin")).evidence["m1"].states
    assert state.start == state.end


def rates_document(*rates: Json) -> Json:
    clause = a_clause(indicator={"kind": "mean_rate", "interval": "PT1H"})
    return a_document(clause, evidence={"m1": seen(rates=list(rates))})


def test_rates_that_contradict_each_other() -> None:
    other = RATE | {"from": "2026-11-02T12:00", "value": "0.25"}
    assert told(rates_document(RATE, other)) == [("evidence.rates_overlap", "evidence/m1/rates/1")]
    read(rates_document(RATE, RATE, other | {"value": "0.50"}))
    read(rates_document(RATE, other | {"received": "2026-11-04"}))
    read(rates_document(RATE, RATE | {"from": "2026-11-03", "to": "2026-11-04", "value": "0"}))


def test_rates_of_parts_of_an_interval() -> None:
    assert told(rates_document(RATE | {"to": "2026-11-02T00:30"})) == [
        ("evidence.rate_interval", "evidence/m1/rates/0")
    ]


def test_counters_have_one_unit() -> None:
    indicator = {"kind": "throughput", "unit": "m3", "target": "1", "per": "h", "hours": "1"}
    clauses = [a_clause(indicator=indicator), a_clause(id="energy", indicator=indicator | {"unit": "kW.h"})]
    expected = [("contract.mixed_units", "contract/clauses/1/indicator/unit")]
    assert told(a_document(*clauses)) == expected
    fee = {"kind": "metered", "unit": "L", "mode": "volume", "tiers": TIERS}
    assert told(a_document(clauses[0], fee=fee)) == [("contract.mixed_units", "contract/clauses/0/indicator/unit")]
    clauses[1]["assets"] = ["m2"]
    read(a_document(*clauses, evidence={"m1": seen(), "m2": seen()}))


def test_all_findings_are_told_at_once() -> None:
    document = base()
    document["contract"]["currency"], document["extra"] = "EURO", 1
    document["evidence"]["m1"]["states"][0]["state"] = "off"
    assert sorted(told(document)) == [
        ("contract.unknown_currency", "contract/currency"),
        ("document.not_allowed", "evidence/m1/states/0/state"),
        ("document.unknown_field", "extra"),
    ]


def test_times_are_local_to_the_contract_unless_they_say_otherwise() -> None:
    document = base()
    document["contract"]["time_zone"] = "Asia/Tokyo"
    document["evidence"]["m1"]["states"][0] |= {"from": "2026-11-10T05:00", "to": "2026-11-10T05:00Z"}
    (state,) = read(document).evidence["m1"].states
    assert state.end - state.start == 9 * 3_600_000
    document["evidence"]["m1"]["states"][0]["to"] = "2026-11-10T05:00-03:30"
    (state,) = read(document).evidence["m1"].states
    assert state.end - state.start == 12.5 * 3_600_000


PIECES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "0", "97", "PT0S", "P1D", "2026-11-05", "2026-11-05T00:00Z", "down", [], {}, "m1"]
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_changed_is_rated_or_told(data: st.DataObject) -> None:
    """Some places of a document replaced or removed: an outcome or findings, and never anything else."""
    document = base()
    for _ in range(data.draw(st.integers(1, 3))):
        part: Any = document
        while True:
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if not isinstance(part[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
                if data.draw(st.booleans()) and isinstance(part, dict):
                    del part[key]
                else:
                    part[key] = data.draw(PIECES)
                break
            part = part[key]
    try:
        rated(document)
    except DocumentError as error:
        told_of = error.findings
    else:
        return
    assert told_of
    canonical_json([finding.as_dict() for finding in told_of])
