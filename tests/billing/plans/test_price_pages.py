"""The operator's pages of plans and prices: read back, written in a form, looked at, published."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from billing.plans.models import PlanPrice
from billing.plans.services import publish_prices
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.plans.world import BY, SEPTEMBER, Market, opened, prices
from tests.billing.world import at, body
from tests.conftest import Cast

SignIn = Callable[[User], Client]
ROOT = "/t/platform/admin/plan-prices/"
NEW = f"{ROOT}business/new/"
FORM = {
    "monthly": "599.00", "currency": "EUR", "zone": "organisation", "rounding": "half_even", "tax_percent": "0",
    "payment_days": "30", "grace_hours": "24", "valid_from": "2126-01-01T00:00",
    "meters-0-type": "gpu.seconds", "meters-0-name": "GPU time", "meters-0-unit": "h", "meters-0-aggregate": "sum",
    "meters-0-per": "3600", "meters-0-included": "1", "meters-0-mode": "graduated", "meters-0-used": "",
    "meters-0-tiers-0-from": "0", "meters-0-tiers-0-to": "100", "meters-0-tiers-0-price": "2.5",
    "meters-0-tiers-1-from": "", "meters-0-tiers-1-to": "", "meters-0-tiers-1-price": "2",
}  # fmt: skip
"""A monthly fee, and GPU time in two tiers."""
OPEN = "Only the last row has no end, and it must have none: leave “up to” empty there and nowhere else."
NO_NUMBER = "This is no number. Write digits, and a point where it has a fraction: 0.10."
LETTERS = "Write the three capital letters of the currency, such as EUR."


@pytest.fixture
def market(people: Cast, operator: Tenant) -> Market:
    """Meridian on Business, with prices since September."""
    Tenant.objects.filter(id=people.meridian.id).update(plan="business")
    return opened(operator, people.meridian)


@pytest.fixture
def client(market: Market, people: Cast, sign_in: SignIn) -> Client:
    """Who sells."""
    return sign_in(people.owner)


def plain(page: str) -> str:
    """The words of a page."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", page)).split())


def sent(client: Client, deed: str, status: int = 200, /, **changes: str | None) -> str:
    """What the form answers."""
    values = {name: value for name, value in (FORM | changes).items() if value is not None}
    response = client.post(NEW, values | {"do": deed})
    assert response.status_code == status, plain(response.content.decode())
    return response.content.decode()


def faults(page: str) -> list[tuple[str, str]]:
    """The field and the words of each line of the summary."""
    summary = page.partition('class="form-summary"')[2].partition("</div>")[0]
    lines = re.findall(r"<li>(.*?)</li>", summary)
    return [("".join(re.findall('href="#([^"]+)"', line)), plain(line)) for line in lines]


class TestReading:
    def test_every_plan_with_its_price(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            publish_prices(document=prices(monthly_minor=59_900), valid_from=at("2126-01-01"), by=BY, now=SEPTEMBER)
        page = plain(body(client, ROOT))
        assert "499.00 EUR a month, and what is used: Readings stored, Assets, GPU time, Regions, Disk." in page
        assert "To come 599.00 EUR a month" in page
        assert page.count("It costs nothing now.") == 3
        assert "1 organisation · 2 versions" in page

    def test_before_any_price_it_says_how_to_begin(self, people: Cast, sign_in: SignIn) -> None:
        page = body(sign_in(people.owner), ROOT)
        assert "Nobody is charged yet" in page
        assert NEW in page
        page = plain(body(sign_in(people.owner), f"{ROOT}team/"))
        assert "This plan has no price" in page

    def test_a_plan_in_plain_sentences_and_all_its_versions(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            for fee in (59_900, 69_900):
                document = prices(monthly_minor=fee)
                publish_prices(document=document, valid_from=at("2126-01-01"), by="sales@x.example", now=SEPTEMBER)
            digest = PlanPrice.objects.get(version=3).digest
        page = plain(body(client, f"{ROOT}business/"))
        for words in ("499.00 EUR for a whole month", "Included in the fee: 1,000 readings.",
                      "up to 1,000 readings: 0.01 EUR each", "above 1,000 readings: 0.005 EUR each",
                      "One h is 3,600 of what the events count.", "It is made 48 hours after a month.",
                      "Due 14 days after the invoice.", "Each line is rounded once, to 0.01 EUR",
                      "Version 1 In force", "Version 2 Replaced before it began", "Version 3 To come",
                      "sales@x.example", digest[:12]):  # fmt: skip
            assert words in page, words

    def test_a_plan_whose_first_price_is_still_to_come(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            document = prices(plan="team", meters=[])
            publish_prices(document=document, valid_from=at("2126-01-01"), by=BY, now=SEPTEMBER)
        page = plain(body(client, f"{ROOT}team/"))
        for words in (
            "Monthly fee –",
            "In force: nothing",
            "are not charged until its prices begin",
            "Version 1 To come",
        ):
            assert words in page, words

    def test_one_version(self, market: Market, client: Client) -> None:
        page = body(client, f"{ROOT}business/1/")
        with scope(market.operator.id):
            assert PlanPrice.objects.get().digest in page
        assert "Each unit above that costs 2.50 EUR." in page
        assert f"{NEW}?version=1" in page
        for path in ("business/2/", "nonsense/", "nonsense/1/", "nonsense/new/"):
            assert client.get(f"{ROOT}{path}").status_code == 404

    def test_it_takes_few_queries(
        self, market: Market, client: Client, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        body(client, ROOT)
        with django_assert_max_num_queries(16):
            body(client, ROOT)
        with django_assert_max_num_queries(16):
            body(client, f"{ROOT}business/")
        with django_assert_max_num_queries(16):
            body(client, NEW)


class TestForm:
    def test_it_goes_on_from_the_version_in_force(self, client: Client) -> None:
        page = body(client, NEW)
        for name, value in (("monthly", "499.00"), ("currency", "EUR"), ("meters-0-type", "outturn.readings"),
                            ("meters-0-tiers-1-price", "0.005"), ("meters-2-per", "3600")):  # fmt: skip
            (field,) = re.findall(f'<input[^>]* name="{name}"[^>]*>', page)
            assert f'value="{value}"' in field
        assert '<option value="volume" selected>' in page

    def test_or_from_another_or_from_nothing(self, market: Market, client: Client) -> None:
        with scope(market.operator.id):
            other = prices(monthly_minor=77_700, meters=[])
            publish_prices(document=other, valid_from=at("2126-01-01"), by=BY, now=SEPTEMBER)
        assert 'value="777.00"' in body(client, f"{NEW}?version=2")
        assert 'value="499.00"' in body(client, f"{NEW}?version=nonsense")
        empty = body(client, f"{ROOT}team/new/")
        assert 'name="meters-0-type"' not in empty
        assert 'value="EUR"' in empty

    def test_rows_come_and_go_without_a_script_and_nothing_is_lost(self, client: Client) -> None:
        page = sent(client, "add-tier/0", **{"meters-0-tiers-1-to": "500", "monthly": "not yet"})
        assert 'value="not yet"' in page
        assert faults(page) == []
        assert re.search(
            'value="500"[^>]* name="meters-0-tiers-2-from"|name="meters-0-tiers-2-from"[^>]* value="500"', page
        )
        assert re.search('name="meters-0-tiers-2-price"[^>]*autofocus', page)
        page = sent(client, "remove-tier/0/0")
        assert 'name="meters-0-tiers-1-price"' not in page
        assert re.search('value="add-tier/0" autofocus', page)
        page = sent(client, "add-meter", preset="outturn.storage_bytes")
        assert re.search('value="1000000000"', page)
        assert 'name="meters-0-type"' not in sent(client, "remove-meter/0")

    def test_publishing_writes_what_was_entered(self, market: Market, client: Client) -> None:
        response = client.post(NEW, FORM | {"do": "publish"}, follow=True)
        assert response.redirect_chain == [(f"{ROOT}business/", 302)]
        assert "Version 2 is published." in response.content.decode()
        with scope(market.operator.id):
            row = PlanPrice.objects.get(version=2)
            assert (row.valid_from, row.published_by) == (at("2126-01-01"), "owner@meridian.example")
            assert row.document == {
                "prices": 1, "plan": "business", "currency": "EUR", "monthly_minor": 59_900, "rounding": "half_even",
                "tax_percent": "0", "payment_days": 30, "grace_hours": 24, "zone": "organisation",
                "meters": [{
                    "type": "gpu.seconds", "name": "GPU time", "unit": "h", "aggregate": "sum", "per": "3600",
                    "included": "1", "mode": "graduated",
                    "tiers": [{"from": "0", "to": "100", "price": "2.5"}, {"from": "100", "to": None, "price": "2"}],
                }],
            }  # fmt: skip
            assert AuditEntry.objects.filter(action="fee.prices_published", by="owner@meridian.example").exists()

    def test_the_beginning_is_on_the_operators_clocks(self, market: Market, client: Client) -> None:
        Tenant.objects.filter(id=market.operator.id).update(time_zone="Europe/Berlin")
        sent(client, "publish", 302, valid_from="2126-07-01T00:00")
        with scope(market.operator.id):
            assert PlanPrice.objects.get(version=2).valid_from == at("2126-06-30T22:00")
        page = sent(client, "preview", 400, valid_from="2126-03-31T02:30")
        assert [field for field, _words in faults(page)] == ["id_valid_from"]


class TestFindings:
    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"meters-0-tiers-1-from": "200"}, "id_meters-0-tiers-1-from",
             "GPU time, row 2, Above : Nothing says what the units from 100 to 200 cost. Let it begin at 100."),
            ({"meters-0-tiers-1-from": "50"}, "id_meters-0-tiers-1-from",
             "GPU time, row 2, Above : The units from 50 to 100 have two prices. Let it begin at 100."),
            ({"meters-0-tiers-1-to": "300"}, "id_meters-0-tiers-1-to",
             f"GPU time, row 2, Up to : {OPEN}"),
            ({"meters-0-tiers-0-to": ""}, "id_meters-0-tiers-0-to",
             f"GPU time, row 1, Up to : {OPEN}"),
            ({"meters-0-tiers-0-price": "1,50"}, "id_meters-0-tiers-0-price",
             f"GPU time, row 1, Price per unit : {NO_NUMBER}"),
            ({"meters-0-tiers-1-price": ""}, "id_meters-0-tiers-1-price",
             "GPU time, row 2, Price per unit : This field is required."),
            ({"meters-0-per": "0"}, "id_meters-0-per",
             "GPU time, One unit is : This must be more than 0. Write a decimal above 0."),
            ({"meters-0-aggregate": "max"}, "id_meters-0-aggregate",
             "GPU time, A month counts : gpu.seconds is metered as sum elsewhere. Write sum, or meter another type."),
            ({"monthly": "599.001"}, "id_monthly", "Monthly fee : EUR has at most 2 digits behind the point."),
            ({"currency": "XXX"}, "id_currency",
             f"Currency : 'XXX' is not a currency of ISO 4217. {LETTERS}"),
            ({"currency": "USD"}, "id_currency",
             "Currency : Other prices are in EUR; a period has one currency. Write the currency of the other prices."),
            ({"valid_from": "2020-01-01T00:00"}, "id_valid_from",
             "Valid from : Prices never change for a time that has passed. Write a moment that is still to come."),
            ({"grace_hours": "721"}, "id_grace_hours",
             "Bill after : Ensure this value is less than or equal to 720."),
            ({"tax_percent": "101"}, "id_tax_percent",
             "Tax without a legal entity : 101 is more than 100 percent. Write a percentage from 0 to 100."),
        ],
    )  # fmt: skip
    def test_each_at_its_field(
        self, market: Market, client: Client, changes: dict[str, str], field: str, words: str
    ) -> None:
        for deed in ("preview", "publish"):
            page = sent(client, deed, 400, **changes)
            assert faults(page) == [(field, words)]
            assert f'id="{field}_error"' in page
            assert 'value="30"' in page
        with scope(market.operator.id):
            assert PlanPrice.objects.count() == 1

    def test_a_currency_without_minor_units(self, client: Client) -> None:
        page = sent(client, "preview", 400, currency="jpy", monthly="500.5")
        assert faults(page) == [("id_monthly", "Monthly fee : JPY has no digits behind the point.")]

    def test_a_type_that_is_metered_twice(self, client: Client) -> None:
        again = {name.replace("meters-0", "meters-1"): value for name, value in FORM.items() if "meters-0" in name}
        page = sent(client, "publish", 400, **again)
        assert faults(page) == [
            ("id_meters-1-type", "GPU time, Type of the events : gpu.seconds is metered twice. Keep one of the two.")
        ]


class TestPreview:
    def test_what_a_usage_would_cost_beside_the_prices_of_today(self, market: Market, client: Client) -> None:
        page = plain(sent(client, "preview", **{"meters-0-used": "201"}).partition('id="preview"')[2])
        for words in ("Monthly fee 599.00 EUR 499.00 EUR",
                      "GPU time: 201 h, 1 included 450.00 EUR 500.00 EUR",  # 100 at 2.50 and 100 at 2; 200 at 2.50
                      "Sum without tax 1,049.00 EUR 999.00 EUR",
                      "No longer charged: Readings stored, Assets, Regions, Disk.",
                      "January 2126 for 1 organisation (UTC)", "up to 100 h: 2.50 EUR each"):  # fmt: skip
            assert words in page, words
        with scope(market.operator.id):
            assert PlanPrice.objects.count() == 1

    def test_for_a_plan_that_nobody_is_on(self, client: Client) -> None:
        values = {name: value for name, value in FORM.items() if not name.startswith("meters")}
        response = client.post(f"{ROOT}team/new/", values | {"do": "preview"})
        page = plain(response.content.decode())
        assert "No organisation is on this plan yet" in page
        assert "Nothing is metered: the fee is all." in page
        assert "At today’s" not in page


class TestWhoSees:
    PATHS = ("", "business/", "business/1/", "business/new/")

    def test_nobody_elsewhere_has_these_pages(self, client: Client) -> None:
        for path in self.PATHS:
            assert client.get(f"/t/meridian/admin/plan-prices/{path}").status_code == 404
        assert client.post("/t/meridian/admin/plan-prices/business/new/", FORM | {"do": "publish"}).status_code == 404
        assert "plan-prices" not in body(client, "/t/meridian/admin/legal-entities/")
        assert ROOT in body(client, "/t/platform/admin/legal-entities/")

    def test_without_an_operator_there_are_none(self, client: Client, settings: Any) -> None:
        settings.OUTTURN_OPERATOR = ""
        assert client.get(ROOT).status_code == 404

    def test_who_only_looks_on_publishes_nothing(self, market: Market, people: Cast, sign_in: SignIn) -> None:
        viewer = sign_in(people.viewer)
        for path in self.PATHS[:3]:
            assert NEW not in body(viewer, f"{ROOT}{path}")
        assert viewer.get(NEW).status_code == 403
        assert viewer.post(NEW, FORM | {"do": "publish"}).status_code == 403
        with scope(market.operator.id):
            assert PlanPrice.objects.count() == 1

    def test_strangers_find_nothing(self, market: Market, people: Cast, sign_in: SignIn) -> None:
        for path in self.PATHS:
            assert sign_in(people.outsider).get(f"{ROOT}{path}").status_code == 404
