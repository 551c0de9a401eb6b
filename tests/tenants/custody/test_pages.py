"""The pages of the organisation's data and of the trash."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from tenants.custody.archive import ARCHIVE
from tenants.custody.exporting import ask_export, write_export
from tenants.custody.holds import holds
from tenants.custody.models import Erasure, Export, RetentionPolicy, TrashItem
from tenants.custody.storage import ArchiveStore
from tenants.customers.models import Customer
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import CustomRole, Membership, User
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.isolation.world import furnish
from tests.tenants.custody.conftest import BY, Reporting
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
DATA = "/t/meridian/admin/data/"
TRASH = "/t/meridian/admin/trash/"


@pytest.fixture
def owner(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.owner)


def an_archive(cast: Cast) -> tuple[Export, bytes]:
    with scope(cast.meridian.id):
        row = ask_export(by=BY, now=utc_now())
    write_export(Reporting(cast.meridian.id), {"export": str(row.id)})
    store = ArchiveStore(cast.meridian.id, row.id)
    with scope(cast.meridian.id):
        row.refresh_from_db()
    return row, b"".join(store.pieces(ARCHIVE, 0, store.size(ARCHIVE)))


def test_the_page_tells_what_there_is(cast: Cast, owner: Client) -> None:
    page = owner.get(DATA).content.decode()
    assert "Empty: everything the organisation has" in page
    assert "Raw readings" in owner.get(f"{DATA}retention/drops/").content.decode()
    assert "Erase the organisation" in page
    row, _ = an_archive(cast)
    assert f"{DATA}exports/{row.id}/archive/" in owner.get(DATA).content.decode()


def test_an_export_is_asked_for_fetched_and_removed(cast: Cast, owner: Client) -> None:
    assert owner.post(f"{DATA}exports/new/", {"subject": ""}).status_code == 302
    with scope(cast.meridian.id):
        row = Export.objects.get()
    assert owner.get(f"{DATA}exports/{row.id}/archive/").status_code == 302  # not ready
    write_export(Reporting(cast.meridian.id), {"export": str(row.id)})
    answer = owner.get(f"{DATA}exports/{row.id}/archive/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert len(answer.getvalue()) == int(answer["Content-Length"])
    assert owner.post(f"{DATA}exports/{row.id}/remove/").status_code == 302
    assert owner.get(f"{DATA}exports/{row.id}/archive/").status_code == 404
    assert owner.post(f"{DATA}exports/new/", {"subject": "owner@stranger.example"}).status_code == 400


def test_who_may_not_read_everything_has_no_archive(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        role = CustomRole.objects.create(
            name="Desk", permissions=["organisation.administer", "organisation.read"], created_at=utc_now()
        )
    Membership.objects.filter(user=cast.viewer).update(role=str(role.id))
    answer = sign_in(cast.viewer).post("/t/meridian/admin/data/exports/new/", {"subject": ""}, follow=True)
    assert "An archive holds what you may not read" in answer.content.decode()
    with scope(cast.meridian.id):
        assert not Export.objects.exists()


def test_a_download_is_resumed(cast: Cast, owner: Client) -> None:
    row, content = an_archive(cast)
    address = f"{DATA}exports/{row.id}/archive/"
    whole = owner.get(address)
    assert whole.getvalue() == content
    rest = owner.get(address, headers={"Range": "bytes=100-", "If-Range": whole["ETag"]})
    assert (rest.status_code, rest["Content-Range"]) == (206, f"bytes 100-{row.size - 1}/{row.size}")
    assert rest.getvalue() == content[100:]
    assert owner.get(address, headers={"Range": "bytes=5-9"}).getvalue() == content[5:10]
    assert owner.get(address, headers={"Range": "bytes=-7"}).getvalue() == content[-7:]
    changed = owner.get(address, headers={"Range": "bytes=100-", "If-Range": '"another"'})
    assert (changed.status_code, changed.getvalue()) == (200, content)
    beyond = owner.get(address, headers={"Range": f"bytes={row.size}-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{row.size}")
    for odd in ("bytes=1-2,4-5", "lines=1-", "bytes=-", "bytes=x-"):
        answer = owner.get(address, headers={"Range": odd})
        assert (answer.status_code, answer.getvalue()) == (200, content), odd


@pytest.mark.parametrize("person", ["engineer", "viewer", "reader"])
def test_only_administrators_see_it(cast: Cast, sign_in: SignIn, person: str) -> None:
    client = sign_in(getattr(cast, person))
    assert client.get(DATA).status_code == 403
    assert client.post(f"{DATA}exports/new/").status_code == 403
    assert client.get(f"{DATA}erase/").status_code == 403


def test_retention(cast: Cast, owner: Client) -> None:
    wanted = {"readings": "400", "set_aside": "30", "jobs": "", "audit": "", "answers": "7"}
    assert owner.post(f"{DATA}retention/", wanted).status_code == 302
    with scope(cast.meridian.id):
        row = RetentionPolicy.objects.get()
    assert (row.readings, row.set_aside, row.jobs, row.audit, row.answers) == (400, 30, None, None, 7)
    refused = owner.post(f"{DATA}retention/", wanted | {"readings": "5"})
    assert refused.status_code == 400
    assert "greater than or equal to 30" in refused.content.decode()


def test_retention_beyond_the_plan_is_refused_and_says_who_can_raise_it(cast: Cast, owner: Client) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(plan="team")
    wanted = {"readings": "401", "set_aside": "30", "jobs": "", "audit": "", "answers": "7"}
    refused = owner.post(f"{DATA}retention/", wanted)
    text = refused.content.decode()
    assert refused.status_code == 409
    assert "The plan Team keeps readings for up to 400 days." in text
    assert "An owner, an administrator or finance can choose a larger plan" in text
    assert "Empty: as long as the plan Team allows, 400 days." in text
    assert owner.post(f"{DATA}retention/", wanted | {"readings": "400"}).status_code == 302
    with scope(cast.meridian.id):
        assert RetentionPolicy.objects.get().readings == 400


def test_what_is_held_back_and_until_when_stands_on_the_page(cast: Cast, owner: Client) -> None:
    furnish(cast)
    with scope(cast.meridian.id):
        hold = holds(now=utc_now())[0]
    page = owner.get(f"{DATA}retention/drops/").content.decode()
    assert "Held back" in page
    assert hold.reason in page
    assert f"{hold.since:%Y-%m-%dT%H:%M}" in page


def test_a_grace_stands_on_the_page_and_above_the_others(cast: Cast, owner: Client, sign_in: SignIn) -> None:
    until = utc_now() + timedelta(days=12)
    with scope(cast.meridian.id):
        RetentionPolicy.objects.create(allowed_days=1_100, plan_days=400, grace_until=until)
    assert "The plan keeps readings for 400 days." in owner.get(DATA).content.decode()
    above = f"Readings older than 400 days go on {until:%Y-%m-%d}."
    assert above in owner.get(TRASH).content.decode()
    assert above not in sign_in(cast.engineer).get(TRASH).content.decode()


def test_a_person_is_erased_with_their_address_typed(cast: Cast, owner: Client) -> None:
    wrong = owner.post(f"{DATA}people/erase/", {"person": "viewer@meridian.example", "typed": "viewer"})
    assert wrong.status_code == 400
    assert Membership.objects.filter(user=cast.viewer).exists()
    typed = {"person": "viewer@meridian.example", "typed": "viewer@meridian.example"}
    done = owner.post(f"{DATA}people/erase/", typed, follow=True).content.decode()
    assert not Membership.objects.filter(user=cast.viewer).exists()
    (certificate,) = re.findall(rf"{DATA}certificates/[0-9a-f-]{{36}}/", done)
    document = json.loads(owner.get(certificate).content)
    assert document["subject"] == f"person/{cast.viewer.id}"
    assert f"Done: they are “{document['name']}” now." in done
    last = owner.post(f"{DATA}people/erase/", {"person": BY, "typed": BY}, follow=True)
    assert "They are the last owner." in last.content.decode()


def test_the_organisation_is_closed_with_its_name_typed_and_opened_again(cast: Cast, owner: Client) -> None:
    assert "Type “Meridian Engines” to go on" in owner.get(f"{DATA}erase/").content.decode()
    assert owner.post(f"{DATA}erase/", {"typed": "Meridian"}).status_code == 400
    assert Tenant.objects.get(slug="meridian").state == "active"
    owner.post(f"{DATA}erase/", {"typed": "Meridian Engines"})
    assert Tenant.objects.get(slug="meridian").state == "closed"
    with scope(cast.meridian.id):
        assert Erasure.objects.get().due_at > utc_now() + timedelta(days=29)


def test_the_trash(cast: Cast, owner: Client, sign_in: SignIn) -> None:
    assert "The trash is empty" in owner.get(TRASH).content.decode()
    assert owner.post(f"{TRASH}customer/{cast.northwind}/put/").status_code == 302
    page = owner.get(TRASH).content.decode()
    assert "Northwind Air" in page
    assert "Restore" in page
    assert owner.post(f"{TRASH}customer/{new_id()}/put/").status_code == 404
    assert owner.post(f"{TRASH}planet/{new_id()}/put/").status_code == 404
    with scope(cast.meridian.id):
        item = TrashItem.objects.get()
        assert not Customer.objects.exists()
    assert "Restore" not in sign_in(cast.engineer).get(TRASH).content.decode()
    owner.post(f"{TRASH}{item.id}/restore/")
    assert owner.post(f"{TRASH}{item.id}/restore/").status_code == 404
    with scope(cast.meridian.id):
        assert Customer.objects.get().name == "Northwind Air"


def test_what_does_not_come_back_is_said(cast: Cast, owner: Client) -> None:
    with scope(cast.meridian.id):
        gateway, _ = create_gateway(name="Hangar", now=utc_now())
    there = owner.post(f"{TRASH}gateway/{gateway.id}/put/", follow=True).content.decode()
    assert "lies in the trash and can be restored for 30 days. The token it had is refused for good" in there
    with scope(cast.meridian.id):
        item = TrashItem.objects.get().id
    back = owner.post(f"{TRASH}{item}/restore/", follow=True).content.decode()
    assert "“Hangar” is back. The token it had is refused for good" in back


def test_a_certificate_needs_a_token_of_ours() -> None:
    assert Client().get("/certificates/nonsense/").status_code == 404
