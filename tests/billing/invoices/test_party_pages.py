"""Legal entities, billing data and credit notes on pages and over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from billing.invoices.credit_pages import minor_of
from billing.invoices.crediting import CreditAmountError
from billing.invoices.models import Invoice, LegalEntity
from billing.invoices.selectors import profile_of
from billing.reports.services import settle_period
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, IN_FRANCE, MERIDIAN, a_seller, billed_at
from tests.billing.invoices.test_services import seal
from tests.billing.world import BY, NOVEMBER, House, agreement, at, body, published
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
ENTITIES = "/t/meridian/admin/legal-entities/"
FIELDS = {name: getattr(MERIDIAN, name) for name in MERIDIAN.__slots__}


@pytest.fixture
def sold(cast: Cast, house: House) -> Invoice:
    """An invoice of Meridian's legal entity to Northwind in France."""
    with scope(cast.meridian.id):
        a_seller()
        billed_at(cast.northwind, IN_FRANCE)
        contract = published(agreement(house.fleet, title="Abroad") | {"customer": str(cast.northwind)})
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-06"))
    assert done.invoice is not None
    return done.invoice


def test_a_legal_entity_is_made_changed_and_given_a_rate(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    assert "No legal entity yet" in body(client, ENTITIES)
    assert 'value="ME"' in body(client, f"{ENTITIES}new/")
    refused = client.post(f"{ENTITIES}new/", FIELDS | {"vat_id": "DE12"})
    assert refused.status_code == 400
    assert "DE12 is no VAT identifier of DE" in refused.content.decode()
    made = client.post(f"{ENTITIES}new/", FIELDS)
    path = made["Location"]
    page = body(client, path)
    for words in ("Meridian Engines GmbH", "22525 Hamburg", "DE123456789", "HRB 12345", "wait until the rate"):
        assert words in page, words
    assert client.post(f"{path}rate/", {"percent": "0", "valid_from": "2021-01-01"}).status_code == 400
    assert client.post(f"{path}rate/", {"percent": "19", "valid_from": "2021-01-01"}).status_code == 302
    assert "2021-01-01" in body(client, path)
    assert "19 %" in body(client, path)
    assert client.post(f"{path}edit/", FIELDS | {"city": "Bremen"}).status_code == 302
    assert "22525 Bremen" in body(client, path)
    assert "Bremen" in body(client, ENTITIES)


def test_billing_data_are_entered_on_the_page_of_the_customer(cast: Cast, sign_in: SignIn) -> None:
    client, path = sign_in(cast.owner), f"/t/meridian/admin/customers/{cast.northwind}/"
    assert "Billing data" in body(client, path)
    fields = {"street": "1 rue du Vol", "city": "Toulouse", "country": "fr", "vat_id": "FR 12 345678901"}
    refused = client.post(f"{path}billing/", fields | {"treatment": "exempt"})
    assert refused.status_code == 400
    assert "A stated tax needs a reason." in refused.content.decode()
    assert client.post(f"{path}billing/", fields).status_code == 302
    page = body(client, path)
    for words in ("FR12345678901", "Toulouse", "As the rules say"):
        assert words in page, words
    assert 'value="Toulouse"' in body(client, f"{path}billing/")
    with scope(cast.meridian.id):
        found = profile_of(cast.northwind)
        assert found is not None
        assert (found.country, found.treatment, found.changed_by) == ("FR", "rule", cast.owner.email)


def test_an_invoice_shows_both_parties_and_why_there_is_no_tax(cast: Cast, sold: Invoice, sign_in: SignIn) -> None:
    page = body(sign_in(cast.reader), f"/t/meridian/invoices/{sold.id}/")
    for words in (
        "Meridian Engines GmbH", "Werftstraße 5", "22525 Hamburg", "DE123456789", "HRB 12345", "1 rue du Vol",
        "31000 Toulouse", "FR12345678901", "Tax 0 %", "category AE", "Reverse charge: the customer accounts",
    ):  # fmt: skip
        assert words in page, words
    assert "/credit/" not in page


def test_a_part_is_credited_from_the_page(cast: Cast, sold: Invoice, sign_in: SignIn) -> None:
    client, path = sign_in(cast.owner), f"/t/meridian/invoices/{sold.id}/"
    assert f"{path}credit/" in body(client, path)
    assert "10,800.00 USD net are left" in body(client, f"{path}credit/")
    for amount in ("1.005", "x", "10801", "NaN"):
        refused = client.post(f"{path}credit/", {"minor": amount, "reason": "Late visit"})
        assert refused.status_code == 400, amount
        assert 'value="Late visit"' in refused.content.decode()
    made = client.post(f"{path}credit/", {"minor": "1,000.50", "reason": "Late visit"})
    note = body(client, made["Location"])
    for words in ("Credit note ME-CN-2026-0001", "ME-2026-0002", "Late visit", "-1,000.50 USD", "category AE"):
        assert words in note, words
    page = body(client, path)
    assert "ME-CN-2026-0001" in page
    assert "9,799.50 USD after credit notes" in page
    assert "ME-CN-2026-0001" in body(client, "/t/meridian/invoices/?period=2026-11")
    assert "9,799.50 USD net are left" in body(client, f"{path}credit/")
    assert client.post(f"{path}credit/", {"minor": "", "reason": "The rest"}).status_code == 302
    assert f"{path}credit/" not in body(client, path)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("3,008,000", "JPY", 3_008_000), ("1.234", "KWD", 1_234), ("1.2", "KWD", 1_200), (" 5 ", "EUR", 500)],
)
def test_amounts_have_the_digits_of_their_currency(text: str, currency: str, minor: int) -> None:
    assert minor_of(text, currency) == minor
    assert minor_of("  ", currency) is None


@pytest.mark.parametrize(
    ("text", "currency", "fix"),
    [
        ("10.5", "JPY", "Write a number with no decimals."),
        ("1.2345", "KWD", "Write a number with at most 3 decimals."),
        ("0.001", "EUR", "Write a number with at most 2 decimals."),
        *(
            (text, "EUR", "Write a number with at most 2 decimals.")
            for text in ("Infinity", "12,50", "1,00", "1,0000", "1e5", "1e999999", "1e5000", "-5", "1.", "٣")
        ),
    ],
)
def test_a_currency_has_no_more_digits_than_it_has(text: str, currency: str, fix: str) -> None:
    with pytest.raises(CreditAmountError) as error:
        minor_of(text, currency)
    assert (error.value.place, error.value.fix) == ("minor", fix)
    assert text in error.value.message


class TestApi:
    def test_legal_entities(self, cast: Cast, with_key: WithKey) -> None:
        client, path = with_key(cast.meridian, Role.OWNER), "/api/v1/legal-entities/"
        made = client.post(path, FIELDS)
        assert made.status_code == 201
        one = f"{path}{made.json()['id']}/"
        rate = client.post(f"{one}rates/", {"percent": "19", "valid_from": "2021-01-01"})
        assert (rate.status_code, rate.json()["percent"]) == (201, "19")
        assert client.put(one, FIELDS | {"city": "Bremen"}).json()["city"] == "Bremen"
        listed = client.get(path).json()["results"]
        assert [(row["prefix"], row["rates"][0]["valid_from"]) for row in listed] == [("ME", "2021-01-01")]
        wrong = client.post(path, FIELDS | {"prefix": "M E", "country": "ZZ"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "billing_data.invalid")
        assert client.post(path, FIELDS).json()["code"] == "entity.taken"
        with scope(cast.meridian.id):
            assert LegalEntity.objects.count() == 1

    def test_billing_data(self, cast: Cast, with_key: WithKey) -> None:
        client, path = with_key(cast.meridian, Role.OWNER), f"/api/v1/customers/{cast.northwind}/billing/"
        empty = client.get(path).json()
        assert (empty["country"], empty["treatment"], empty["entity"]) == ("", "rule", None)
        wanted: dict[str, Any] = {"country": "DE", "street": "Rollfeld 1", "city": "München", "vat_id": "DE987654321"}
        assert client.put(path, wanted).json() == empty | wanted
        assert client.get(path).json() == empty | wanted
        wrong = client.put(path, {"treatment": "zero"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "billing_data.invalid")

    def test_credits(self, cast: Cast, house: House, with_key: WithKey) -> None:
        assert house.done.invoice is not None
        client, path = with_key(cast.meridian, Role.OWNER), f"/api/v1/invoices/{house.done.invoice.id}/"
        made = client.post(f"{path}credit/", {"minor": 5, "reason": "Late"}, headers={"Idempotency-Key": "c1"})
        again = client.post(f"{path}credit/", {"minor": 5, "reason": "Late"}, headers={"Idempotency-Key": "c1"})
        assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])
        assert (made.json()["credits"], made.json()["statement"]) == (str(house.done.invoice.id), None)
        assert [leg["minor"] for leg in made.json()["ledger"]] == [-5, 5]
        assert client.post(f"{path}credit/", {"reason": "All"}).json()["net_minor"] == -1_079_995
        over = client.post(f"{path}credit/", {"reason": "More"})
        assert (over.status_code, over.json()["code"]) == (409, "credit.nothing_left")

    def test_settling_waits_for_what_is_missing(self, cast: Cast, house: House, with_key: WithKey) -> None:
        with scope(cast.meridian.id):
            a_seller()
            contract = published(agreement(house.fleet, title="Waits") | {"customer": str(cast.northwind)})
            statement = seal(contract)
        client = with_key(cast.meridian, Role.OWNER)
        told = client.post("/api/v1/invoices/", {"statement": str(statement.id)})
        assert (told.status_code, told.json()["code"]) == (422, "tax.undecided")
        assert "customer/country" in told.content.decode()
        with scope(cast.meridian.id):
            billed_at(cast.northwind, AT_HOME)
        made = client.post("/api/v1/invoices/", {"statement": str(statement.id)})
        assert (made.status_code, made.json()["tax_minor"]) == (201, 205_200)


class TestEInvoice:
    def test_it_is_offered_on_the_page_and_over_the_api(
        self, cast: Cast, sold: Invoice, sign_in: SignIn, with_key: WithKey
    ) -> None:
        path = f"/t/meridian/invoices/{sold.id}/"
        client = sign_in(cast.reader)
        assert f'href="{path}invoice.xml"' in body(client, path)
        answer = client.get(f"{path}invoice.xml")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
        assert answer["Content-Disposition"] == 'attachment; filename="ME-2026-0002.xml"'
        assert b"<cbc:TaxExemptionReasonCode>VATEX-EU-AE</cbc:TaxExemptionReasonCode>" in answer.content
        told = with_key(cast.meridian, Role.VIEWER).get(f"/api/v1/invoices/{sold.id}/ubl/")
        assert (told.status_code, told.content) == (200, answer.content)

    def test_what_was_issued_without_a_legal_entity_is_not_offered(
        self, cast: Cast, house: House, sign_in: SignIn, with_key: WithKey
    ) -> None:
        assert house.done.invoice is not None
        path = f"/t/meridian/invoices/{house.done.invoice.id}/"
        client = sign_in(cast.owner)
        assert "invoice.xml" not in body(client, path)
        assert client.get(f"{path}invoice.xml")["Location"] == path
        assert "issued before there was a legal entity" in body(client, path)
        told = with_key(cast.meridian, Role.VIEWER).get(f"/api/v1/invoices/{house.done.invoice.id}/ubl/")
        assert (told.status_code, told.json()["code"]) == (422, "einvoice.not_offered")
