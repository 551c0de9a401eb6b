"""The pages of contracts, as the people of the story see them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client

from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract, ContractVersion
from billing.contracts.selectors import draft_of
from billing.contracts.services import create_contract
from tenants.customers.models import Customer
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.world import BY, SIGNED, Fleet, House, agreement, body
from tests.conftest import Cast
from tests.twins.evidence.fleet import published_fleet
from tests.twins.evidence.pit import published_pit
from twins.catalog.models import Template

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


NEW = "/t/meridian/contracts/new/"
FORM = {
    "title": "Hours", "customer": "", "new_customer": "Southwind Air", "effective_from": "2026-09-01",
    "currency": "eur", "time_zone": "Europe/Berlin", "price": "350.00",
}  # fmt: skip


def test_the_way_from_nothing_to_a_published_contract(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    assert "No contract yet" in body(client, "/t/meridian/contracts/")
    assert "No twin is published yet" in body(client, NEW)
    with scope(cast.meridian.id):
        fleet = Fleet(*published_fleet(2))
    page = body(client, NEW)
    for words in (
        "What is guaranteed of Northwind fleet", "Power by the hour", "About 2 assets.",
        "No type of its assets counts good pieces.",
        f"?twin={fleet.twin}&amp;template=uptime#begin",
    ):  # fmt: skip
        assert words in page, words
    assert "Write the draft" not in page
    chosen = f"{NEW}?twin={fleet.twin}&template=power-by-the-hour"
    assert "Price for each hour" in body(client, chosen)
    response = client.post(chosen, FORM)
    assert (response.status_code, response["Location"]) == (302, "/t/meridian/contracts/hours/edit/")
    page = body(client, "/t/meridian/contracts/hours/")
    for words in (
        "Meridian Engines guarantees Southwind Air the outcome of 2 assets of Northwind fleet.",
        "The fee is 350.00 EUR for each hour that the counters of the assets show.",
        "below 95 % the customer is credited 10 % of the fee",
        "Publish version 1",
        "Engine 081, Engine 082",
        "/t/meridian/contracts/hours/edit/",
    ):
        assert words in page, words
    client.post("/t/meridian/contracts/hours/publish/", {"revision": "1"})
    page = body(client, "/t/meridian/contracts/hours/")
    assert "Version 1 is published. It is in the log and never changes." in page
    assert "Publish version" not in page
    assert "Amend" in page
    with scope(cast.meridian.id):
        assert ContractVersion.objects.get().digest in page
        assert Customer.objects.filter(name="Southwind Air").count() == 1
    assert "Version 1" in body(client, "/t/meridian/contracts/?q=hours")
    assert "Nothing fits" in body(client, "/t/meridian/contracts/?q=nothing")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"customer": "", "new_customer": ""}, "Choose a customer, or name a new one."),
        ({"time_zone": "Mars/Olympus"}, "is not a time zone of the IANA database"),
        ({"currency": "XXX"}, "is not a currency of ISO 4217"),
        ({"price": "-1"}, "This is not a decimal."),
        ({"price": "0"}, "This must be more than 0."),
        ({"effective_from": "1800-01-01"}, "This is not a date of the years 1900 to 2199."),
        ({"title": ""}, "This field is required."),
    ],
)
def test_a_form_that_does_not_fit_keeps_what_was_entered(
    cast: Cast, sign_in: SignIn, change: dict[str, str], words: str
) -> None:
    with scope(cast.meridian.id):
        published_fleet(1)
    response = sign_in(cast.owner).post(f"{NEW}?template=power-by-the-hour", FORM | change)
    assert response.status_code == 400
    page = response.content.decode()
    assert words in page
    assert change.get("new_customer", 'value="Southwind Air"') in page
    with scope(cast.meridian.id):
        assert not Contract.objects.exists()
        assert not Customer.objects.filter(name="Southwind Air").exists()


def test_a_target_is_asked_for_where_an_amount_is_guaranteed(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        twin, _ = published_pit(1, now=SIGNED)
        published_fleet(1)
    client = sign_in(cast.owner)
    assert "Choose the twin" in body(client, NEW)
    assert "What is guaranteed of" not in body(client, NEW)
    assert "What is guaranteed of" not in body(client, f"{NEW}?twin=nobody")
    path = f"{NEW}?twin={twin}&template=volume-per-hour"
    assert "Guaranteed t per hour" in body(client, path)
    assert "This field is required." in client.post(path, FORM).content.decode()
    client.post(path, FORM | {"target": "400"})
    with scope(cast.meridian.id):
        (clause,) = draft_of(Contract.objects.get()).terms.clauses
        assert clause.indicator.model_dump()["target"] == "400"


def test_a_template_that_does_not_fit_has_no_form(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        published_fleet(1)
    for template in ("oee", "whim"):
        assert "Write the draft" not in body(sign_in(cast.owner), f"{NEW}?template={template}")
        sign_in(cast.owner).post(f"{NEW}?template={template}", FORM)
    with scope(cast.meridian.id):
        assert not Contract.objects.exists()


def test_a_template_of_the_organisation_suggests_its_figures(cast: Cast, sign_in: SignIn) -> None:
    figures = {"fee_per_hour": "95", "currency": "USD", "tiers": [{"below": "98", "credit": "4"}]}
    with scope(cast.meridian.id):
        published_fleet(1)
        Template.objects.create(
            kind="contract", key="pit", name="Pit hours", document=figures, made_by=BY, made_at=SIGNED
        )
    for template in ("pit", "own:pit"):
        page = body(sign_in(cast.owner), f"{NEW}?template={template}")
        assert 'value="95"' in page
        assert 'value="USD"' in page
        assert 'value="Pit hours"' in page


def test_the_editor_knows_what_can_be_chosen(cast: Cast, house: House, sign_in: SignIn) -> None:
    page = body(sign_in(cast.owner), "/t/meridian/contracts/uptime/edit/")
    block = page.partition('<script id="contract_config" type="application/json">')[2].partition("</script>")[0]
    config = json.loads(block)
    assert config["contract"] == str(house.contract.id)
    assert config["twins"] == [[str(house.fleet.twin), "Northwind fleet"]]
    assert [str(cast.northwind), "Northwind Air"] in config["customers"]
    assert (config["currencies"]["EUR"], config["currencies"]["JPY"], config["currencies"]["KWD"]) == (2, 0, 3)
    assert "Europe/Berlin" in config["zones"]
    assert (config["api"], config["url"]) == ("/t/meridian/api/v1", "/t/meridian/contracts/uptime/")
    assert config["can_publish"] is True
    body(sign_in(cast.owner), "/t/meridian/contracts/nothing/edit/", 404)


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
    for path in ("new/", "uptime/edit/"):
        body(client, f"/t/meridian/contracts/{path}", 403)
    for path in ("publish/", "delete/", "settle/", f"exclusions/{house.claim}/decide/"):
        assert client.post(f"/t/meridian/contracts/uptime/{path}").status_code == 403
