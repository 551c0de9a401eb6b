"""Prices are read back in sentences that leave nothing out, and versions say which of them holds when."""

from __future__ import annotations

from typing import Any

from billing.plans.models import PlanPrice
from billing.plans.price_rows import Entered, MeterRow, changed, entered, entered_of, major
from billing.plans.schemas import PlanPricesDocument
from billing.plans.versions import first_months, in_force, to_come, tried, versions
from billing.plans.wording import in_short, meters_told, price_shown, terms_told
from tenants.kernel.calendars import time_zone
from tenants.kernel.ids import new_id
from tenants.scope.context import acting_for
from tests.billing.plans.world import prices
from tests.billing.world import at

BECAME = "became a customer."
LATER = "What comes in later is charged, or given back, by the next one."


def document(**changes: Any) -> PlanPricesDocument:
    return PlanPricesDocument.read(prices(**changes))


class TestSentences:
    def test_what_holds_for_the_whole_plan(self) -> None:
        assert terms_told(document(tax_percent="7.5")) == [
            ("Monthly fee", "499.00 EUR for a whole month; who holds the plan for a part of it pays that share."),
            ("Months", f"A month begins at midnight in the time zone that the organisation had when it {BECAME}"),
            ("Rounding", "Each line is rounded once, to 0.01 EUR: a half goes to the even digit."),
            ("Bill", f"It is made 48 hours after a month. {LATER}"),
            ("Payment", "Due 14 days after the invoice."),
            ("Tax", "That of your legal entity; while there is none, 7.5 % of the sum."),
        ]  # fmt: skip

    def test_what_is_nothing_is_said_too(self) -> None:
        free = document(monthly_minor=0, grace_hours=0, payment_days=0, zone="operator", rounding="up", currency="JPY")
        told = dict(terms_told(free))
        assert told["Monthly fee"] == "There is none."
        assert told["Bill"].startswith("It is made when a month ends. ")
        assert told["Payment"] == "Due on the day the invoice is issued."
        assert told["Months"].startswith("A month begins at midnight in the time zone that you had")
        assert told["Rounding"] == "Each line is rounded once, to 1 JPY: always up."
        assert "1 day after" in dict(terms_told(document(payment_days=1)))["Payment"]

    def test_each_meter_with_its_tiers(self) -> None:
        found = {meter.type: meter for meter in meters_told(document())}
        readings = found["outturn.readings"]
        assert readings.sentences == [
            "What is used in a month is added up.", "Included in the fee: 1,000 readings.",
            "Of what is above, each unit has the price of the tier that it lies in:",
        ]  # fmt: skip
        assert readings.tiers == ["up to 1,000 readings: 0.01 EUR each", "above 1,000 readings: 0.005 EUR each"]
        assert found["outturn.assets"].sentences == [
            "The highest amount of a month counts.", "Nothing is included in the fee.",
            "All of it has the price of the tier that it reaches:",
        ]  # fmt: skip
        assert found["gpu.seconds"].sentences[1] == "One h is 3,600 of what the events count."
        assert found["gpu.seconds"].tiers == ["Each unit above that costs 2.50 EUR."]
        assert found["regions"].sentences[0] == "Each different item of a month counts once."
        assert found["disk"].tiers == ["Each unit costs 0.10 EUR."]
        assert found["disk"].sentences[0] == "The latest amount of a month counts."

    def test_a_tier_in_the_middle_says_both_ends(self) -> None:
        tiers = [{"from": "0", "to": "10", "price": "3"}, {"from": "10", "to": "99.5", "price": "2"},
                 {"from": "99.5", "to": None, "price": "1"}]  # fmt: skip
        meter = {"type": "a", "name": "A", "unit": "a", "aggregate": "sum", "included": "0", "mode": "volume"}
        (told,) = meters_told(document(meters=[meter | {"tiers": tiers}]))
        assert told.tiers == ["up to 10 a: 3.00 EUR each", "above 10, up to 99.5 a: 2.00 EUR each",
                              "above 99.5 a: 1.00 EUR each"]  # fmt: skip

    def test_in_one_sentence(self) -> None:
        assert in_short(document(meters=[])) == "499.00 EUR a month."
        assert in_short(document()).endswith("what is used: Readings stored, Assets, GPU time, Regions, Disk.")

    def test_a_price_has_the_digits_of_its_currency_and_all_of_its_own(self) -> None:
        assert [price_shown(text, "EUR") for text in ("2", "0.1", "0.00005", "1234.50")] == [
            "2.00 EUR", "0.10 EUR", "0.00005 EUR", "1,234.50 EUR",
        ]  # fmt: skip
        assert [price_shown("2", "JPY"), price_shown("2.5", "KWD")] == ["2 JPY", "2.500 KWD"]


class TestRows:
    def test_a_version_becomes_rows_and_back(self) -> None:
        given = entered_of(document(), at("2026-11-30T23:00"), time_zone("Europe/Berlin"))
        assert (given.values["monthly"], given.values["valid_from"]) == ("499.00", "2026-12-01T00:00")
        flat = given.flat()
        assert (flat["meters-0-tiers-1-from"], flat["meters-0-tiers-1-to"]) == ("1000", "")
        again = entered(flat, list(given.values))
        assert (again.flat(), again.values) == (flat, given.values)

    def test_rows_that_were_left_out_are_closed_up(self) -> None:
        data = {"meters-7-name": "B", "meters-2-name": "A", "meters-7-tiers-9-price": "2", "meters-9-nonsense": "x",
                "meters-7-tiers-3-price": "1", "meters-1-tiers-0-price": "5"}  # fmt: skip
        given = entered(data, [])
        assert [meter.values["name"] for meter in given.meters] == ["A", "B"]
        assert given.meters[0].tiers == [{}]
        assert [tier["price"] for tier in given.meters[1].tiers] == ["1", "2"]

    def test_rows_come_and_go_and_say_where_to_go_on(self) -> None:
        given = Entered({}, [])
        assert changed(given, "add-meter", "outturn.storage_bytes") == "meters-0-included"
        assert given.meters[0].values["per"] == "1000000000"
        assert changed(given, "add-meter") == "meters-1-type"
        assert changed(given, "add-tier/1") == "meters-1-tiers-0-to"
        given.meters[1].tiers[1]["to"] = "50"
        assert changed(given, "add-tier/1") == "meters-1-tiers-2-price"
        assert given.meters[1].tiers[2] == {"from": "50"}
        assert changed(given, "remove-tier/1/0") == "add-tier/1"
        assert changed(given, "remove-meter/0") == "add-meter"
        assert [len(meter.tiers) for meter in given.meters] == [2]

    def test_what_no_button_sends_changes_nothing(self) -> None:
        given = Entered({}, [MeterRow({}, [{}])])
        for deed in ("", "remove-tier/0/0", "remove-tier/0/5", "remove-meter/1", "add-tier", "add-tier/4", "drop/0"):
            assert changed(given, deed) == ""
        assert given == Entered({}, [MeterRow({}, [{}])])

    def test_there_is_an_end_to_rows(self) -> None:
        given = Entered({}, [])
        assert sum(bool(changed(given, "add-meter")) for _ in range(30)) == 20
        assert sum(bool(changed(given, "add-tier/0")) for _ in range(30)) == 11

    def test_minor_units_as_they_are_written(self) -> None:
        assert [major(49_900, "EUR"), major(5, "EUR"), major(500, "JPY"), major(1_234, "KWD"), major(0, "EUR")] == [
            "499.00", "0.05", "500", "1.234", "0.00",
        ]  # fmt: skip


def price(version: int, begins: str, **changes: Any) -> PlanPrice:
    value = document(**changes).as_json()
    with acting_for(new_id()):
        return PlanPrice(plan="business", version=version, document=value, valid_from=at(begins))


class TestVersions:
    def test_each_holds_until_the_next_begins(self) -> None:
        rows = [price(1, "2026-09-01"), price(2, "2026-10-01"), price(3, "2027-01-01"), price(4, "2026-10-01"),
                price(5, "2026-12-01")]  # fmt: skip
        found = versions(rows, at("2026-11-15"))
        assert [(each.row.version, each.state, each.until) for each in found] == [
            (3, "planned", None), (5, "planned", at("2027-01-01")), (4, "in_force", at("2026-12-01")),
            (2, "replaced", at("2026-10-01")), (1, "expired", at("2026-10-01")),
        ]  # fmt: skip
        holds = in_force(found)
        assert holds is not None
        assert holds.row.version == 4
        assert [each.row.version for each in to_come(found)] == [5, 3]

    def test_without_prices_nothing_holds(self) -> None:
        assert versions([], at("2026-11-15")) == []
        assert in_force(versions([price(1, "2026-12-01")], at("2026-11-15"))) is None

    def test_a_month_has_the_prices_of_its_first_moment_on_its_own_clocks(self) -> None:
        zones = {"Europe/Berlin": 3, "UTC": 1, "Asia/Tokyo": 2, "America/Chicago": 1}
        assert first_months(zones, at("2026-11-30T23:00")) == [
            ("2026-12", 5, ["America/Chicago", "Europe/Berlin", "UTC"]), ("2027-01", 2, ["Asia/Tokyo"]),
        ]  # fmt: skip

    def test_trying_a_usage_beside_the_prices_before(self) -> None:
        wanted = document(meters=[*prices()["meters"][:1], prices()["meters"][2] | {"type": "new", "per": "60"}])
        found = tried(wanted.terms(), ["2500", "4"], document().terms())
        assert [(each.minor, each.before) for each in found] == [(1_000 + 250, 1_250), (750, None)]
        assert [each.text for each in found] == [
            "Readings stored: 2,500 readings, 1,000 included", "GPU time: 4 h, 1 included",
        ]  # fmt: skip
        assert [each.minor for each in tried(wanted.terms(), ["", ""], None)] == [0, 0]
