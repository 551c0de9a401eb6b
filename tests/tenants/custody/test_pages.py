"""The pages of the organisation's data and of the trash."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from tenants.custody.archive import ARCHIVE
from tenants.custody.exporting import ask_export, write_export
from tenants.custody.models import Erasure, Export, RetentionPolicy, TrashItem
from tenants.custody.storage import ArchiveStore
from tenants.customers.models import Customer
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import Membership, User
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.custody.conftest import BY, Reporting

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


def test_a_person_is_erased_with_their_address_typed(cast: Cast, owner: Client) -> None:
    wrong = owner.post(f"{DATA}people/erase/", {"person": "viewer@meridian.example", "typed": "viewer"})
    assert wrong.status_code == 400
    assert Membership.objects.filter(user=cast.viewer).exists()
    done = owner.post(f"{DATA}people/erase/", {"person": "viewer@meridian.example", "typed": "viewer@meridian.example"})
    assert not Membership.objects.filter(user=cast.viewer).exists()
    document = json.loads(owner.get(done["Location"]).content)
    assert document["subject"] == f"person/{cast.viewer.id}"
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


def test_a_certificate_needs_a_token_of_ours() -> None:
    assert Client().get("/certificates/nonsense/").status_code == 404
