"""Starting an organisation, whatever it is called."""

from __future__ import annotations

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import Membership, Space, User
from tenants.people.services import (
    OrganisationAddressError,
    OrganisationNameError,
    OrganisationTakenError,
    create_organisation,
)
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db


def test_it_begins_on_trial_with_two_spaces_and_an_owner() -> None:
    owner = User.objects.create_user("ada@pumps.example")
    tenant = create_organisation(name="  Ärzte  GmbH ", owner=owner.id, now=utc_now())
    assert (tenant.slug, tenant.name, tenant.state, tenant.plan) == ("arzte-gmbh", "Ärzte GmbH", "trial", "trial")
    assert Membership.objects.get(tenant=tenant).role == "owner"
    with scope(tenant.id):
        assert list(Space.objects.values_list("name", "kind")) == [("Production", "production"), ("Test", "test")]
        assert AuditEntry.objects.get().action == "organisation.created"


@pytest.mark.parametrize("name", ["株式会社日立", "Завод", "شركة الطاقة", "🚀", "Admin"])
def test_a_name_without_latin_letters_needs_an_address(name: str) -> None:
    with pytest.raises(OrganisationAddressError, match="makes no address"):
        create_organisation(name=name, owner=None, now=utc_now())
    tenant = create_organisation(name=name, address="own-address", owner=None, now=utc_now())
    assert (tenant.slug, tenant.name) == ("own-address", name)


@pytest.mark.parametrize("name", ["", "   ", "!!!", "…—", "\u202e", "x" * 121])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(OrganisationNameError):
        create_organisation(name=name, address="own-address", owner=None, now=utc_now())
    assert not Tenant.objects.exists()


def test_120_letters_are_a_name() -> None:
    assert create_organisation(name="ä" * 120, owner=None, now=utc_now()).slug == "a" * 50


@pytest.mark.parametrize("address", ["api", "A b", "-x", "ö", "x", "a" * 51])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(OrganisationAddressError, match="is no address"):
        create_organisation(name="Pumps", address=address, owner=None, now=utc_now())


def test_an_address_is_given_once() -> None:
    create_organisation(name="Pumps", owner=None, now=utc_now())
    with pytest.raises(OrganisationTakenError) as refused:
        create_organisation(name="PUMPS!", owner=None, now=utc_now())
    assert (refused.value.status, refused.value.place) == (409, "address")
    assert Tenant.objects.count() == 1


def test_the_page_suggests_an_address_in_its_field(client: Client) -> None:
    client.force_login(User.objects.create_user("ada@pumps.example"))
    page = client.post("/", {"name": "株式会社日立"})
    assert page.status_code == 400
    assert 'value="株式会社日立"' in page.content.decode()
    assert 'value="organisation-' in page.content.decode()
    made = client.post("/", {"name": "株式会社日立", "address": "hitachi"})
    assert made["Location"] == "/t/hitachi/"
    assert "株式会社日立" in client.get("/t/hitachi/").content.decode()


def test_nobody_tries_out_more_than_five_at_a_time(client: Client) -> None:
    user = User.objects.create_user("ada@pumps.example")
    client.force_login(user)
    made = [client.post("/", {"name": f"Pumps {number}"}).status_code for number in range(6)]
    assert made == [302] * 5 + [400]
    refused = client.post("/", {"name": "Pumps 6"}).content.decode()
    assert "you own 5 organisations on trial already. Choose a plan for one of them, or close and erase one." in refused
    assert Tenant.objects.count() == 5
    Tenant.objects.filter(slug="pumps-0").update(plan="team")
    assert client.post("/", {"name": "Pumps 6"}).status_code == 302
