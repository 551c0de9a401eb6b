"""The pages of contracts, as the people of the story see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract, ContractVersion
from billing.contracts.services import create_contract
from tenants.customers.models import Customer
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.world import BY, SIGNED, Fleet, House, agreement, body
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_the_way_from_nothing_to_a_published_contract(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    assert "No contract yet" in body(client, "/t/meridian/contracts/")
    assert "No twin is published yet" in body(client, "/t/meridian/contracts/new/")
    with scope(cast.meridian.id):
        fleet = Fleet(*published_fleet(2))
    assert "Northwind fleet" in body(client, "/t/meridian/contracts/new/")
    form = {
        "title": "Power by the hour", "customer": "", "new_customer": "Southwind Air", "twin": str(fleet.twin),
        "effective_from": "2026-09-01", "currency": "eur", "time_zone": "Europe/Berlin", "fee_per_hour": "350.00",
        "guarantee": "97", "credit": "5", "second": "95", "second_credit": "10", "third": "", "third_credit": "",
        "allowance_days": "5", "tax_percent": "19", "payment_days": "14",
    }  # fmt: skip
    response = client.post("/t/meridian/contracts/new/", form)
    assert (response.status_code, response["Location"]) == (302, "/t/meridian/contracts/power-by-the-hour/")
    page = body(client, "/t/meridian/contracts/power-by-the-hour/")
    for words in (
        "Meridian Engines guarantees Southwind Air the outcome of 2 assets of Northwind fleet.",
        "The fee is 350 EUR for each hour that the counters of the assets show.",
        "below 95 % the customer is credited 10 % of the fee",
        "Publish version 1",
        "Engine 081, Engine 082",
    ):
        assert words in page, words
    client.post("/t/meridian/contracts/power-by-the-hour/publish/", {"revision": "1"})
    page = body(client, "/t/meridian/contracts/power-by-the-hour/")
    assert "Version 1 is published. It is in the log and never changes." in page
    assert "Publish version" not in page
    with scope(cast.meridian.id):
        assert ContractVersion.objects.get().digest in page
        assert Customer.objects.filter(name="Southwind Air").count() == 1
    assert "Version 1" in body(client, "/t/meridian/contracts/?q=power")
    assert "Nothing fits" in body(client, "/t/meridian/contracts/?q=nothing")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"customer": "", "new_customer": ""}, "Choose a customer, or name a new one."),
        ({"second_credit": ""}, "Give a threshold and a credit, or neither."),
        ({"time_zone": "Mars/Olympus"}, "is not a time zone of the IANA database"),
        ({"currency": "XXX"}, "is not a currency of ISO 4217"),
        ({"second": "97"}, "is there twice"),
        ({"fee_per_hour": "-1"}, "greater than or equal to"),
        ({"twin": "01a1fbb7-0000-7000-8000-000000000000"}, "not one of the available choices"),
    ],
)
def test_a_form_that_does_not_fit_keeps_what_was_entered(
    cast: Cast, sign_in: SignIn, change: dict[str, str], words: str
) -> None:
    with scope(cast.meridian.id):
        fleet = Fleet(*published_fleet(1))
    form = {
        "title": "Mine", "customer": str(cast.northwind), "new_customer": "", "twin": str(fleet.twin),
        "effective_from": "2026-09-01", "currency": "EUR", "time_zone": "UTC", "fee_per_hour": "350",
        "guarantee": "97", "credit": "5", "second": "95", "second_credit": "10", "third": "", "third_credit": "",
        "allowance_days": "5", "tax_percent": "0", "payment_days": "30",
    } | change  # fmt: skip
    response = sign_in(cast.owner).post("/t/meridian/contracts/new/", form)
    assert response.status_code == 400
    page = response.content.decode()
    assert words in page
    assert 'value="Mine"' in page
    with scope(cast.meridian.id):
        assert not Contract.objects.exists()


def test_a_draft_is_deleted_and_a_published_contract_is_not(cast: Cast, house: House, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    client.post("/t/meridian/contracts/uptime/delete/")
    assert "The contract has version 1, which stays." in body(client, "/t/meridian/contracts/uptime/")
    with scope(cast.meridian.id):
        draft = create_contract(wanted=AgreementTerms.read(agreement(house.fleet, title="Draft")), by=BY, now=SIGNED)
    assert "Delete the draft" in body(client, f"/t/meridian/contracts/{draft.slug}/")
    client.post(f"/t/meridian/contracts/{draft.slug}/delete/")
    body(client, f"/t/meridian/contracts/{draft.slug}/", 404)


def test_publishing_what_somebody_else_changed_is_refused(cast: Cast, house: House, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    for revision in ("7", "", "one", "9" * 40):
        client.post("/t/meridian/contracts/uptime/publish/", {"revision": revision})
        assert "The draft is at revision 1, not" in body(client, "/t/meridian/contracts/uptime/")


def test_who_may_not_edit_sees_and_changes_nothing(cast: Cast, house: House, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    assert "Publish version" not in body(client, "/t/meridian/contracts/uptime/")
    body(client, "/t/meridian/contracts/new/", 403)
    for path in ("publish/", "delete/", "settle/", f"exclusions/{house.claim}/decide/"):
        assert client.post(f"/t/meridian/contracts/uptime/{path}").status_code == 403
