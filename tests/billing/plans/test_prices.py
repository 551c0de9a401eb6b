"""Prices: exact, and the same as those of somebody who pays unit by unit."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.contracts.fields import DocumentError
from billing.plans.domain.months import following, forecast, month_of
from billing.plans.domain.prices import Held, Tier, differences, number_text, price_of, rate_period
from billing.plans.schemas import PlanPricesDocument
from tenants.kernel.calendars import time_zone
from tests.billing.plans.world import PRICES, prices
from tests.billing.world import at

TIERS = [Tier(Fraction(0), Fraction(10), Fraction(2)), Tier(Fraction(10), Fraction(30), Fraction(1)),
         Tier(Fraction(30), None, Fraction("0.5"))]  # fmt: skip
START, END = at("2026-09-01"), at("2026-10-01")


def document(**changes: Any) -> PlanPricesDocument:
    return PlanPricesDocument.read(prices(**changes))


def meter(*tiers: tuple[str, str | None, str], **changes: Any) -> dict[str, Any]:
    told = [{"from": low, "to": high, "price": price} for low, high, price in tiers]
    return {"type": "a", "name": "A", "unit": "a", "aggregate": "sum", "included": "0", "mode": "graduated",
            "tiers": told} | changes  # fmt: skip


@given(units=st.integers(0, 60))
def test_graduated_is_what_unit_by_unit_comes_to(units: int) -> None:
    one_by_one = sum(
        next(tier.price for tier in TIERS if tier.high is None or number <= tier.high) for number in range(1, units + 1)
    )
    assert price_of(Fraction(units), TIERS, "graduated") == one_by_one


@given(amount=st.fractions(0, 100), more=st.fractions(0, 100))
def test_graduated_never_costs_less_for_more(amount: Fraction, more: Fraction) -> None:
    assert price_of(amount + more, TIERS, "graduated") >= price_of(amount, TIERS, "graduated")


@pytest.mark.parametrize(
    ("amount", "graduated", "volume"),
    [("0", "0", "0"), ("10", "20", "20"), ("10.5", "20.5", "10.5"), ("31", "40.5", "15.5")],
)  # fmt: skip
def test_tiers_include_their_end(amount: str, graduated: str, volume: str) -> None:
    assert price_of(Fraction(amount), TIERS, "graduated") == Fraction(graduated)
    assert price_of(Fraction(amount), TIERS, "volume") == Fraction(volume)


def held(start: str, end: str, **changes: Any) -> Held:
    return Held("business", "Business", at(start), at(end), document(**changes).terms())


def test_a_whole_month() -> None:
    counted = {"outturn.readings": Fraction(2500), "outturn.assets": Fraction(12), "gpu.seconds": Fraction(9001),
               "regions": Fraction(3)}  # fmt: skip
    lines = rate_period(START, END, [held("2026-09-01", "2026-10-01")], counted)
    # 1,000 at 0.01 and 500 at 0.005; 12 at 1.5; (9001/3600 - 1) x 2.5 = 3.750694…; two regions beyond the first
    assert [(line.text, line.minor) for line in lines] == [
        ("Business, monthly fee", 49_900),
        ("Readings stored: 2,500 readings, 1,000 included", 1_250),
        ("Assets: 12 assets, 0 included", 1_800),
        ("GPU time: 2.501 h, 1 included", 375),
        ("Regions: 3 regions, 1 included", 2_000),
        ("Disk: 0 GB, 0 included", 0),
    ]


def test_fees_are_shared_by_time_and_meters_charged_once_by_the_last_plan() -> None:
    free = Held("trial", "Trial", at("2026-09-01"), at("2026-09-11"), None)
    first = held("2026-09-11", "2026-09-21")
    last = held("2026-09-21", "2026-10-01", monthly_minor=100_000, meters=[PRICES["meters"][1]])
    lines = rate_period(START, END, [free, first, last], {"outturn.assets": Fraction(2)})
    assert [(line.key, line.minor) for line in lines] == [
        ("fee/2/business", 16_633), ("fee/3/business", 33_333), ("meter/outturn.assets", 400),
    ]  # fmt: skip
    assert rate_period(START, END, [free], {"outturn.assets": Fraction(2)}) == []


def test_corrections_never_make_a_meter_owe() -> None:
    lines = rate_period(START, END, [held("2026-09-01", "2026-10-01")], {"gpu.seconds": Fraction(-5)})
    assert {line.minor for line in lines[1:]} == {0}


def test_differences_are_of_each_line() -> None:
    lines = rate_period(START, END, [held("2026-09-01", "2026-10-01")], {"regions": Fraction(3)})
    before = {line.key: line.minor for line in lines}
    assert differences(lines, before) == {}
    assert differences(lines, before | {"meter/regions": 500, "meter/gone": 70}) == {
        "meter/regions": 1_500, "meter/gone": -70,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"meters": [meter(("0", "5", "1"), ("6", None, "1"))]}, [("plan.tiers_hole", "meters/0/tiers/1/from")]),
        ({"meters": [meter(("0", "5", "1"), ("4", None, "1"))]}, [("plan.tiers_overlap", "meters/0/tiers/1/from")]),
        ({"meters": [meter(("1", None, "1"))]}, [("plan.tiers_hole", "meters/0/tiers/0/from")]),
        ({"meters": [meter(("0", "5", "1"))]}, [("plan.tiers_open", "meters/0/tiers/0/to")]),
        ({"meters": [meter(("0", None, "1"), ("5", None, "1"))]}, [("plan.tiers_open", "meters/0/tiers/0/to")]),
        ({"meters": [meter(("0", "5", "1"), ("5", "5", "1"), ("5", None, "1"))]},
         [("plan.tiers_overlap", "meters/0/tiers/1/to")]),
        ({"meters": [meter(("0", None, "1")), meter(("0", None, "1"))]}, [("plan.meter_twice", "meters/1/type")]),
    ],
)  # fmt: skip
def test_holes_and_overlaps_are_found(changes: dict[str, Any], told: list[tuple[str, str]]) -> None:
    found = list(document(**changes).faults())
    assert [(each.code, each.place) for each in found] == told


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"plan": "gold"}, "plan.unknown", ""), ({"currency": "EUX"}, "contract.unknown_currency", "currency"),
        ({"monthly_minor": "1"}, "document.wrong_type", "monthly_minor"),
        ({"meters": [meter()]}, "document.empty", "meters/0/tiers"),
        ({"meters": [meter(("0", None, "1e2"))]}, "document.malformed", "meters/0/tiers/0/price"),
        ({"colour": "red"}, "document.unknown_field", "colour"),
        ({"grace_hours": 721}, "document.out_of_range", "grace_hours"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(changes: dict[str, Any], code: str, place: str) -> None:
    with pytest.raises(DocumentError) as caught:
        document(**changes)
    assert [(each.code, each.place) for each in caught.value.findings] == [(code, place)]


def test_months() -> None:
    assert following("2026-12") == "2027-01"
    assert month_of(at("2026-09-30T22:30"), time_zone("Europe/Berlin")) == "2026-10"


def test_a_forecast_goes_on_at_the_pace_so_far() -> None:
    now = at("2026-09-11")
    assert forecast(Fraction(100), START, END, now, grows=True) == 300
    assert forecast(Fraction(100), START, END, now, grows=False) == 100
    assert forecast(Fraction(100), START, END, at("2026-09-01T23:00"), grows=True) is None


@pytest.mark.parametrize(("number", "text"), [("1234567", "1,234,567"), ("2.5", "2.5"), ("1/3", "0.334"), ("0", "0")])
def test_numbers_for_people(number: str, text: str) -> None:
    assert number_text(Fraction(number)) == text
