from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from billing.contracts.schemas import MeteredFeeDocument
from billing.outcomes.domain.fees import taken
from tests.billing.outcomes.documents import Json, a_clause, a_document, rated, seen

HALF = {"from": "2026-11-16", "to": None}
"""In service for half of November."""

FULL_CREDIT = {"kind": "tiers", "tiers": [{"below": "100", "credit": "100"}]}


def metered(mode: str, *tiers: tuple[str | None, str]) -> Json:
    return {"kind": "metered", "unit": "m3", "mode": mode, "tiers": [{"to": to, "price": price} for to, price in tiers]}


def consumed(volume: str) -> Json:
    readings = [("a", "2026-11-01", "0"), ("b", "2026-12-01", volume)]
    return seen(
        counters=[{"id": name, "at": at, "value": value, "received": "2026-12-01"} for name, at, value in readings]
    )


def fee(evidence: Json, **terms: Any) -> int:
    minor: int = rated(a_document(evidence=evidence, **terms))["fee_minor"]
    return minor


def test_per_asset_counts_those_in_service_at_any_moment() -> None:
    gone = {"from": None, "to": "2026-11-01"}
    evidence = {"m1": seen(), "m2": seen(in_service=HALF), "m3": seen(in_service=gone)}
    assert fee(evidence, fee={"kind": "per_asset", "minor": 1001, "prorate": None}) == 2002
    assert fee(evidence, fee={"kind": "per_asset", "minor": 1001, "prorate": "seconds"}) == 1502
    assert fee(evidence, fee={"kind": "per_asset", "minor": 1001, "prorate": "seconds"}, rounding="down") == 1501


@pytest.mark.parametrize(
    ("volume", "graduated", "all_at_one"),
    [("0", 0, 0), ("100", 12000, 12000), ("100.5", 12050, 10050), ("200", 22000, 20000), ("300", 31000, 27000)],
)
def test_metered_tiers_include_their_end(volume: str, graduated: int, all_at_one: int) -> None:
    tiers = (("100", "1.20"), ("200", "1"), (None, "0.9"))
    assert fee({"m1": consumed(volume)}, fee=metered("graduated", *tiers)) == graduated
    assert fee({"m1": consumed(volume)}, fee=metered("volume", *tiers)) == all_at_one


@pytest.mark.parametrize(("volume", "expected"), [("0", 10_001), ("83.34", 10_001), ("83.345", 10_001), ("84", 10_080)])
def test_a_metered_fee_is_at_least_what_was_committed(volume: str, expected: int) -> None:
    committed = metered("graduated", (None, "1.2")) | {"minimum_minor": 10_001}
    assert fee({"m1": consumed(volume)}, fee=committed) == expected


def test_what_lacks_to_the_minimum_is_a_part_of_its_own() -> None:
    committed = metered("graduated", (None, "1.2")) | {"minimum_minor": 10_001}
    answer = rated(a_document(evidence={"m1": consumed("50.5")}, fee=committed))
    assert answer["workings"]["fee"]["parts"] == [
        {"name": "above 0", "quantity": "101/2", "price": "120"},
        {"name": "up to the minimum", "quantity": "1", "price": "3941"},
    ]
    assert taken(answer["workings"]["fee"]["parts"]) == Fraction(101, 2)
    assert "  up to the minimum: 1 x 3941 = 3941\n  sum 10001, rounded half_even to 10001" in answer["trace"]


def test_a_fee_without_a_minimum_is_written_as_before() -> None:
    plain = metered("graduated", (None, "1"))
    assert MeteredFeeDocument.model_validate(plain).model_dump() == plain
    told = plain | {"minimum_minor": 0}
    assert MeteredFeeDocument.model_validate(told).model_dump() == told


def test_a_minimum_without_volume_is_shared_by_time_in_service() -> None:
    committed = metered("graduated", (None, "1")) | {"minimum_minor": 30_000}
    evidence = {"m1": seen(initial="down"), "m2": seen(in_service=HALF)}
    assert amounts_of_full_credit(evidence, fee=committed) == -20_000


def test_metered_counts_all_assets_together_and_rounds_once() -> None:
    evidence = {"m1": consumed("60.1"), "m2": consumed("60.1")}
    assert fee(evidence, fee=metered("graduated", ("100", "1.201"), (None, "1.001"))) == 14032
    assert fee(evidence, fee=metered("volume", ("100", "1.201"), (None, "1.001")), currency="JPY") == 120
    assert fee(evidence, fee=metered("volume", ("100", "1.201"), (None, "1.001")), currency="KWD") == 120320


def amounts_of_full_credit(evidence: Json, **terms: Any) -> int:
    """What a clause credits that gives all of its own share of the fee for an asset that was not up all the time."""
    clause = a_clause(aggregate="per_asset", assets=sorted(evidence), remedies=[FULL_CREDIT])
    amount: int = rated(a_document(clause, evidence=evidence, **terms))["clauses"][0]["amount_minor"]
    return amount


def test_a_flat_fee_is_shared_by_time_in_service() -> None:
    evidence = {"m1": seen(initial="down"), "m2": seen(), "m3": seen(in_service=HALF)}
    assert amounts_of_full_credit(evidence) == -400000
    assert amounts_of_full_credit({"m1": seen(initial="down"), "m2": seen(), "m3": seen()}) == -333333


def test_a_fee_per_asset_is_its_own_share() -> None:
    evidence = {"m1": seen(initial="down", in_service=HALF), "m2": seen()}
    terms = {"kind": "per_asset", "minor": 500}
    assert amounts_of_full_credit(evidence, fee=terms | {"prorate": "seconds"}) == -250
    assert amounts_of_full_credit(evidence, fee=terms | {"prorate": None}) == -500


def test_a_metered_charge_is_shared_by_volume() -> None:
    evidence = {"m1": consumed("30") | {"initial": "down"}, "m2": consumed("90")}
    terms = metered("graduated", ("100", "1"), (None, "0.5"))
    assert fee(evidence, fee=terms) == 11000
    assert amounts_of_full_credit(evidence, fee=terms) == -2750
    nothing = {"m1": seen(initial="down"), "m2": seen()}
    assert amounts_of_full_credit(nothing, fee=terms) == 0


def test_remedies_of_assets_are_rounded_once_together() -> None:
    evidence = {f"m{number}": seen(initial="down") for number in range(1, 4)}
    tenth = {"kind": "tiers", "tiers": [{"below": "100", "credit": "10"}]}
    clause = a_clause(aggregate="per_asset", assets=sorted(evidence), remedies=[tenth])
    answer = rated(a_document(clause, evidence=evidence, fee={"kind": "flat", "minor": 100}))
    assert answer["clauses"][0]["amount_minor"] == -10
