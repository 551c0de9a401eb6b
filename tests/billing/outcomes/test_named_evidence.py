"""Clauses and fees on measures and conditions that they name: volume, hours, shares of time, one by another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.billing.outcomes.documents import RECEIVED, Json, a_clause, a_document, a_state, rated
from tests.billing.outcomes.misfits import told

VOLUME: Json = {"kind": "throughput", "unit": "t", "target": "50", "per": "h", "hours": "committed", "of": "volume"}
RATIO: Json = {"kind": "ratio", "of": "energy", "per": "volume", "unit": "kWh/t", "target": "2", "better": "lower"}
HOURS: Json = {"kind": "metered", "unit": "h", "mode": "graduated", "tiers": [{"to": None, "price": "12.50"}]}


def a_reading(at: str, value: str, received: str = RECEIVED, name: str = "volume") -> Json:
    return {"id": f"m1/{name}/{at}", "at": at, "value": value, "received": received}


def evidence(**more: Any) -> Json:
    return {
        "m1": {
            "initial": "up",
            "measures": {
                "volume": [a_reading("2026-11-01", "100"), a_reading("2026-11-20T12:00", "36100")],
                "energy": [
                    a_reading("2026-11-01", "5", name="energy"),
                    a_reading("2026-11-10", "60005", name="energy"),
                    a_reading("2026-11-20", "30000", name="energy"),
                ],
            },
            "conditions": {
                "cold": [
                    a_state("2026-11-01", "2026-11-16", "up"),
                    a_state("2026-11-16", "2026-11-19", "down"),
                    a_state("2026-11-19", "2026-12-01", "up"),
                ]
            },
        }
        | more
    }


def only(document: Json) -> Json:
    (clause,) = rated(document)["clauses"]
    assert isinstance(clause, dict)
    return clause


def test_the_volume_of_a_named_measure() -> None:
    """36,000 t in 720 h are 50 t/h."""
    clause = only(a_document(a_clause(indicator=VOLUME), evidence=evidence()))
    assert (clause["ratio"], clause["percent"], clause["status"]) == ("1", "100.000000", "settled")


def test_a_fee_on_a_named_measure_and_on_the_hours_of_a_condition() -> None:
    fee = HOURS | {"unit": "t", "of": "volume", "tiers": [{"to": "30000", "price": "1.20"}, {"to": None, "price": "1"}]}
    assert rated(a_document(evidence=evidence(), fee=fee))["fee_minor"] == 30_000 * 120 + 6_000 * 100
    # 27 of 30 days are 648 h.
    assert rated(a_document(evidence=evidence(), fee=HOURS | {"of": "cold"}))["fee_minor"] == 648 * 1250


def test_only_hours_in_service_are_hours() -> None:
    service = {"from": "2026-11-15", "to": "2026-11-18"}
    answer = rated(a_document(evidence=evidence(in_service=service), fee=HOURS | {"of": "cold"}))
    assert answer["fee_minor"] == 24 * 1250


def test_the_share_of_time_of_a_condition_is_reckoned_as_availability_is() -> None:
    """Three of thirty days outside the limits, of which one is excluded: 27 of 29 days."""
    clause = a_clause(
        indicator={"kind": "availability", "of": "cold"}, exclusions=[{"category": "planned", "allowance": None}]
    )
    claim = {"category": "planned", "assets": ["m1"], "from": "2026-11-16", "to": "2026-11-17", "approved": RECEIVED}
    found = only(a_document(clause, evidence=evidence(), exclusions=[claim]))
    assert (found["ratio"], found["down_s"], found["excluded_s"]) == ("27/29", 2 * 86400, 86400)


def test_what_is_unknown_of_a_condition_is_a_gap() -> None:
    known = evidence(conditions={"cold": [a_state("2026-11-01", "2026-11-16", "up")]})
    clause = a_clause(indicator={"kind": "availability", "of": "cold"}, minimum_coverage="98")
    found = only(a_document(clause, evidence=known))
    assert (found["status"], found["unknown_s"], found["coverage_percent"]) == (
        "indeterminate",
        15 * 86400,
        "50.000000",
    )


@pytest.mark.parametrize(("better", "ratio"), [("lower", "4/5"), ("higher", "5/4")])
def test_one_measure_by_another_against_a_target(better: str, ratio: str) -> None:
    """60,000 kWh, and 30,000 after the meter began anew, for 36,000 t: 2.5 kWh/t, where 2 are the target."""
    found = only(a_document(a_clause(indicator=RATIO | {"better": better}), evidence=evidence()))
    assert (found["ratio"], found["status"]) == (ratio, "settled")


def test_a_ratio_with_nothing_to_divide_by_is_none() -> None:
    none = evidence(measures={"volume": [], "energy": []})
    found = only(a_document(a_clause(indicator=RATIO), evidence=none))
    assert (found["ratio"], found["status"], found["amount_minor"]) == (None, "indeterminate", None)
    out = only(a_document(a_clause(indicator=RATIO), evidence=evidence(in_service={"from": "2027-01-01", "to": None})))
    assert (out["ratio"], out["committed_s"]) == (None, 0)


def test_pooled_ratios_add_what_was_measured() -> None:
    both = evidence() | {"m2": evidence()["m1"] | {"measures": {"volume": [], "energy": []}}}
    both["m2"]["measures"]["energy"] = [a_reading("2026-11-02", "0"), a_reading("2026-11-03", "18000", name="e")]
    found = only(a_document(a_clause(indicator=RATIO, assets=["m1", "m2"]), evidence=both))
    assert found["ratio"] == "2/3"  # 72,000 kWh at the target, 108,000 used


def test_what_comes_too_late_is_told_with_its_name() -> None:
    late = "2028-01-01T00:00:00Z"
    known = evidence()
    known["m1"]["measures"]["volume"].append(a_reading("2026-11-21", "99999", received=late))
    known["m1"]["conditions"]["cold"].append(a_state("2026-11-01", "2026-11-30", "down", received=late))
    answer = rated(a_document(a_clause(indicator=VOLUME), evidence=known, as_of="2028-02-01T00:00:00Z"))
    assert answer["clauses"][0]["ratio"] == "1"
    assert [one["content"] for one in answer["workings"]["unrated"]] == ["m1/volume/2026-11-21 at 99999", "cold down"]


def test_the_trace_tells_names_and_the_workings_hold_them() -> None:
    answer = rated(a_document(a_clause(indicator=RATIO), evidence=evidence(), fee=HOURS | {"of": "cold"}))
    lines = answer["trace"].splitlines()
    assert "  volume 36000" in lines
    assert "  energy 90000" in lines
    outside = "2026-11-16T00:00:00+00:00 to 2026-11-19T00:00:00+00:00 does not hold"
    assert f"  cold: {outside} (received 2026-12-01T00:00:00+00:00)" in lines
    assert "  cold held 648 h in service" in lines
    assert f"Clause {a_clause()['id']}: energy by volume against 2 kWh/t, lower is better of m1, pooled." in lines
    assert "    ratio 72000 / 90000 = 4/5 = 80.000000 %" in lines
    (asset,) = answer["workings"]["assets"]
    assert (asset["measures"]["volume"]["total"], asset["conditions"]["cold"][1][2]) == ("36000", "down")


def test_an_outcome_without_names_is_printed_as_it_always_was() -> None:
    (asset,) = rated(a_document())["workings"]["assets"]
    assert sorted(asset) == ["asset", "present", "states", "volume"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"indicator": VOLUME | {"of": "weight"}}, ("evidence.unknown_name", "contract/clauses/0/indicator/of")),
        ({"indicator": RATIO | {"per": "weight"}}, ("evidence.unknown_name", "contract/clauses/0/indicator/per")),
        (
            {"indicator": {"kind": "availability", "of": "volume"}},
            ("evidence.unknown_name", "contract/clauses/0/indicator/of"),
        ),
        ({"indicator": RATIO | {"per": "energy"}}, ("contract.ratio_of_itself", "contract/clauses/0/indicator")),
        (
            {"indicator": VOLUME | {"of": "cold"}},
            ("contract.mixed_units", "contract/clauses/0/indicator/unit"),
        ),
    ],
)
def test_a_clause_that_names_what_is_not_there(changes: Json, expected: tuple[str, str]) -> None:
    assert told(a_document(a_clause(**changes), evidence=evidence())) == [expected]


def test_a_fee_that_names_what_is_not_there_or_is_no_hours() -> None:
    assert told(a_document(evidence=evidence(), fee=HOURS | {"of": "weight"})) == [
        ("evidence.unknown_name", "contract/fee/of")
    ]
    assert told(a_document(evidence=evidence(), fee=HOURS | {"of": "cold", "unit": "t"})) == [
        ("contract.mixed_units", "contract/fee/unit")
    ]
    clause = a_clause(indicator=VOLUME | {"unit": "m3"})
    assert told(a_document(clause, evidence=evidence(), fee=HOURS | {"of": "volume", "unit": "t"})) == [
        ("contract.mixed_units", "contract/clauses/0/indicator/unit")
    ]


def test_a_name_that_is_both_a_measure_and_a_condition() -> None:
    both = evidence(conditions={"volume": []})
    assert told(a_document(evidence=both)) == [("evidence.ambiguous_name", "evidence/m1/conditions/volume")]


def test_bad_readings_of_a_name_are_told_with_their_place() -> None:
    wrong = evidence(measures={"volume": [a_reading("2026-11-31", "1")]})
    assert told(a_document(evidence=wrong)) == [("document.malformed", "evidence/m1/measures/volume/0/at")]
    turned = evidence(conditions={"cold": [a_state("2026-11-03", "2026-11-02")]})
    assert told(a_document(evidence=turned)) == [("evidence.reversed", "evidence/m1/conditions/cold/0/to")]
