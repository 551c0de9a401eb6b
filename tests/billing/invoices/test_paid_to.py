"""The bank account of a legal entity: entered, named by what is issued from then on, and told to those who pay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from billing.invoices.crediting import credit_invoice
from billing.invoices.models import LegalEntity
from billing.invoices.parties import change_entity
from billing.invoices.schemas import BillingDataError
from billing.reports.services import Settlement, settle_period
from tenants.kernel.canonical import digest
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import IN_FRANCE, MERIDIAN, PAID_TO, a_seller, billed_at
from tests.billing.world import BY, NOVEMBER, SIGNED, House, agreement, at, body, published
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
ENTITIES = "/t/meridian/admin/legal-entities/"
FIELDS = {name: getattr(MERIDIAN, name) for name in MERIDIAN.__slots__}
IBAN = "DE89370400440532013000"
SHOWN = "DE89 3704 0044 0532 0130 00"
MOVED = replace(PAID_TO, account="GB29NWBK60161331926819", bank="")


def settled(cast: Cast, house: House, title: str) -> Settlement:
    """November of a contract with Northwind, in the scope of Meridian."""
    contract = published(agreement(house.fleet, title=title) | {"customer": str(cast.northwind)})
    return settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-06"))


@pytest.fixture
def sold(cast: Cast, house: House) -> Settlement:
    """Settled while Meridian's legal entity had an account; it has another since."""
    with scope(cast.meridian.id):
        seller = a_seller(PAID_TO)
        billed_at(cast.northwind, IN_FRANCE)
        done = settled(cast, house, "Abroad")
        change_entity(entity_id=seller.id, details=MOVED, by=BY, now=SIGNED)
    return done


@pytest.mark.parametrize(
    ("account", "bank", "code", "place", "message", "fix"),
    [
        ("DE89 3704", "", "entity.account", "account", "'DE893704' begins like an IBAN and is none.",
         "Write two letters, two digits and the account: 15 to 34 letters and digits in all."),
        ("DEO9370400440532013000", "", "entity.account", "account",
         "'DEO9370400440532013000' begins like an IBAN and is none.",
         "Write two letters, two digits and the account: 15 to 34 letters and digits in all."),
        ("DE89370400440532013001", "", "entity.account", "account",
         "The check digits of DE89370400440532013001 do not fit the rest of it.",
         "Compare it with what your bank has told you, character by character."),
        ("12-3140-0171323-50", "", "entity.account", "account", "'12-3140-0171323-50' is no number of an account.",
         "Write up to 34 letters and digits, without hyphens or other signs."),
        ("1234ß", "", "entity.account", "account", "'1234ß' is no number of an account.",
         "Write up to 34 letters and digits, without hyphens or other signs."),
        ("1" * 35, "", "entity.account", "account", f"'{'1' * 35}' is no number of an account.",
         "Write up to 34 letters and digits, without hyphens or other signs."),
        ("", "COBADEFFXXX", "entity.bank_alone", "bank", "A bank is named, and no account.",
         "Enter the account too, or leave the bank empty."),
        (IBAN, "COBADEFFX", "entity.bank", "bank", "'COBADEFFX' is neither a BIC nor a routing code.",
         "Write a BIC of 8 or 11 characters, such as COBADEFFXXX, or the digits of a routing code."),
        ("1234567890", "12--34", "entity.bank", "bank", "'12--34' is neither a BIC nor a routing code.",
         "Write a BIC of 8 or 11 characters, such as COBADEFFXXX, or the digits of a routing code."),
    ],
)  # fmt: skip
def test_what_is_no_account_is_refused_with_its_place_and_how_to_fix_it(
    account: str, bank: str, code: str, place: str, message: str, fix: str
) -> None:
    with pytest.raises(BillingDataError) as error:
        replace(MERIDIAN, account=account, bank=bank).read()
    (found,) = error.value.findings
    assert (found.code, found.place, found.message, found.fix) == (code, place, message, fix)
    assert (error.value.code, error.value.status, error.value.place) == ("billing_data.invalid", 422, place)
    assert error.value.kept == "What was there before."


@pytest.mark.parametrize(
    ("account", "bank", "kept"),
    [
        (f" {SHOWN.lower()} ", "coba de ff xxx", (IBAN, "COBADEFFXXX")), (IBAN, "", (IBAN, "")),
        ("12 34567890", "02 1000 021", ("1234567890", "021000021")), (" ", " ", ("", "")),
        ("0532013000", "12-34-56", ("0532013000", "12-34-56")),
    ],
)  # fmt: skip
def test_spaces_and_case_are_taken_away(account: str, bank: str, kept: tuple[str, str]) -> None:
    found = replace(MERIDIAN, account=account, bank=bank).read()
    assert (found.account, found.bank) == kept


class TestEntering:
    def test_on_the_page(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        path = client.post(f"{ENTITIES}new/", FIELDS)["Location"]
        assert "Invoices say that you have told the account." in body(client, path)
        refused = client.post(f"{path}edit/", FIELDS | {"account": IBAN[:-1] + "1", "bank": "COBA"})
        assert refused.status_code == 400
        told = refused.content.decode()
        for words in ("do not fit the rest of it. Compare it", "is neither a BIC nor a routing code. Write a BIC"):
            assert words in told, words
        assert 'value="COBA"' in told
        assert client.post(f"{path}edit/", FIELDS | {"account": SHOWN, "bank": "cobadeffxxx"}).status_code == 302
        page = body(client, path)
        for words in (SHOWN, "COBADEFFXXX"):
            assert words in page, words
        assert "no IBAN" not in page
        assert f'value="{SHOWN}"' in body(client, f"{path}edit/")
        assert client.post(f"{path}edit/", FIELDS | {"account": "0123456789", "bank": "12-34-56"}).status_code == 302
        page = body(client, path)
        for words in ("0123456789", "(no IBAN)", "12-34-56"):
            assert words in page, words

    def test_over_the_api(self, cast: Cast, with_key: WithKey) -> None:
        client, path = with_key(cast.meridian, Role.OWNER), "/api/v1/legal-entities/"
        made = client.post(path, FIELDS | {"account": SHOWN, "bank": "COBADEFFXXX"}).json()
        assert (made["account"], made["bank"]) == (IBAN, "COBADEFFXXX")
        one = f"{path}{made['id']}/"
        wrong = client.put(one, FIELDS | {"account": "DE88370400440532013000", "bank": "COBADEFFXXX"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "billing_data.invalid")
        assert client.get(one).json()["account"] == IBAN
        told = {name: FIELDS[name] for name in FIELDS if name not in ("account", "bank")}
        kept = client.put(one, told).json()
        assert (kept["account"], kept["bank"]) == ("", "")

    def test_it_is_on_record_that_another_account_is_paid_to(self, cast: Cast) -> None:
        with scope(cast.meridian.id):
            seller = a_seller(PAID_TO)
            for details in (replace(PAID_TO, city="Bremen"), MOVED):
                change_entity(entity_id=seller.id, details=details, by=BY, now=SIGNED)
            told = AuditEntry.objects.filter(action="entity.changed").order_by("id")
            assert [entry.details for entry in told] == [
                {"name": "Meridian Engines GmbH"},
                {"name": "Meridian Engines GmbH", "account": "GB29NWBK60161331926819", "before": IBAN},
            ]


class TestIssued:
    def test_what_is_issued_names_the_account_of_its_time(self, cast: Cast, house: House, sold: Settlement) -> None:
        made = sold.invoice
        assert made is not None
        assert made.document["seller"] == {
            "name": "Meridian Engines GmbH", "street": "Werftstraße 5", "postcode": "22525", "city": "Hamburg",
            "country": "DE", "vat_id": "DE123456789", "registration": "HRB 12345", "account": IBAN,
            "bank": "COBADEFFXXX",
        }  # fmt: skip
        assert made.digest == digest(made.document)
        with scope(cast.meridian.id):
            later = settled(cast, house, "Later").invoice
            assert later is not None
            assert later.document["seller"]["account"] == "GB29NWBK60161331926819"
            assert "bank" not in later.document["seller"]
            assert "account" not in later.document["buyer"]

    def test_a_credit_note_names_the_seller_of_its_invoice(self, cast: Cast, sold: Settlement) -> None:
        assert sold.invoice is not None
        with scope(cast.meridian.id):
            note = credit_invoice(invoice=sold.invoice.id, minor=None, reason="Agreed", by=BY, now=at("2026-12-08"))
        assert note.document["seller"] == sold.invoice.document["seller"]

    def test_the_electronic_invoice_names_it(self, cast: Cast, sold: Settlement, sign_in: SignIn) -> None:
        assert sold.invoice is not None
        told = sign_in(cast.reader).get(f"/t/meridian/invoices/{sold.invoice.id}/invoice.xml")
        for words in (
            "<cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>",
            f"<cbc:PaymentID>{sold.invoice.number}</cbc:PaymentID>",
            f"<cbc:ID>{IBAN}</cbc:ID>",
        ):
            assert words in told.content.decode(), words


class TestPaying:
    def test_the_account_of_the_invoice_is_told_and_nobody_asks_for_that_of_today(
        self, cast: Cast, sold: Settlement, sign_in: SignIn
    ) -> None:
        assert sold.invoice is not None
        told = (
            f"By bank transfer until 5 January 2027 to {SHOWN} (COBADEFFXXX), with the reference {sold.invoice.number}."
        )
        client = sign_in(cast.reader)
        for path in (f"invoices/{sold.invoice.id}/", f"reports/{sold.report.id}/"):
            with CaptureQueriesContext(connection) as asked:
                page = body(client, f"/t/meridian/{path}")
            assert told in page, path
            table = LegalEntity._meta.db_table
            assert [each["sql"] for each in asked if table in each["sql"]] == [], path

    def test_without_a_bank_the_account_stands_alone(
        self, cast: Cast, house: House, sold: Settlement, sign_in: SignIn
    ) -> None:
        with scope(cast.meridian.id):
            later = settled(cast, house, "Later").invoice
        assert later is not None
        told = f"until 5 January 2027 to GB29 NWBK 6016 1331 9268 19, with the reference {later.number}."
        assert told in body(sign_in(cast.reader), f"/t/meridian/invoices/{later.id}/")

    def test_an_invoice_that_names_none_says_what_it_said(
        self, cast: Cast, house: House, sold: Settlement, sign_in: SignIn
    ) -> None:
        """The legal entity has an account today; this was issued before there was one."""
        assert house.done.invoice is not None
        told = "By bank transfer until 4 January 2027, to the account that the sender of the invoice has told you, with"
        client = sign_in(cast.reader)
        for path in (f"invoices/{house.done.invoice.id}/", f"reports/{house.done.report.id}/"):
            assert told in body(client, f"/t/meridian/{path}"), path
