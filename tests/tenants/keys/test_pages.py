"""The pages of keys: made once, shown once, narrowed, replaced, revoked by name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.keys.models import ApiKey, ServiceAccount
from tenants.keys.services import create_key
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
KEYS = "/t/meridian/admin/keys/"
ACCOUNTS = f"{KEYS}accounts/"


def secret_in(content: bytes) -> str:
    found = re.search(r'id="secret">(ot_key_[^<]+)<', content.decode())
    assert found
    return found[1]


def account_of(cast: Cast) -> ServiceAccount:
    with scope(cast.meridian.id):
        return ServiceAccount.objects.get()


def test_an_account_is_made_then_its_key_whose_secret_is_shown_once(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    assert b"No API key yet" in client.get(KEYS).content
    assert b"No service account yet" in client.get(ACCOUNTS).content
    assert client.get(f"{ACCOUNTS}new/").status_code == 200
    opened = client.post(f"{ACCOUNTS}new/", {"name": "historian", "role": "engineer"})
    row = account_of(cast)
    assert opened["Location"] == f"{ACCOUNTS}{row.id}/keys/new/"
    assert client.get(opened["Location"]).status_code == 200
    body = {"name": "server", "days": "90", "scopes": ["organisation.read"], "networks": "127.0.0.0/8\n2001:db8::/32"}
    made = client.post(opened["Location"], body)
    assert made.status_code == 200
    assert made["Cache-Control"] == "no-store"
    secret = secret_in(made.content)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert (api.get("/api/v1/jobs/").status_code, api.get("/api/v1/twins/").status_code) == (200, 403)
    shown = client.get(f"{ACCOUNTS}{row.id}/").content.decode()
    assert secret not in shown
    assert f"{secret[:13]}…" in shown
    assert "127.0.0.0/8, 2001:db8::/32" in shown
    listed = client.get(KEYS).content.decode()
    assert "server" in listed
    assert "In force" in listed


def test_what_does_not_fit_is_told_and_nothing_is_lost(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    empty = client.post(f"{ACCOUNTS}new/", {"name": "historian", "role": ""})
    assert empty.status_code == 400
    assert b"it could do nothing" in empty.content
    client.post(f"{ACCOUNTS}new/", {"name": "historian", "role": "viewer"})
    path = f"{ACCOUNTS}{account_of(cast).id}/keys/new/"
    wrong = client.post(path, {"name": "server", "days": "90", "networks": "office"})
    assert wrong.status_code == 400
    assert "“office” is no network" in wrong.content.decode()
    assert b'value="server"' in wrong.content
    with scope(cast.meridian.id):
        assert not ApiKey.objects.exists()


def test_a_new_secret_and_how_long_the_former_goes_on(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    with scope(cast.meridian.id):
        key = create_key(name="server", role=Role.VIEWER, now=utc_now())[0]
    assert client.get(f"{KEYS}{key.id}/rotate/").status_code == 200
    assert client.post(f"{KEYS}{key.id}/rotate/", {"overlap_days": 31}).status_code == 400
    made = client.post(f"{KEYS}{key.id}/rotate/", {"overlap_days": 7})
    assert secret_in(made.content)
    assert b"its former secret" in made.content


def test_a_key_is_revoked_by_its_name(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    with scope(cast.meridian.id):
        key = create_key(name="server", role=Role.VIEWER, now=utc_now())[0]
    path = f"{KEYS}{key.id}/revoke/"
    assert b"cannot be undone" in client.get(path).content
    assert client.post(path, {"typed": "another"}).status_code == 400
    with scope(cast.meridian.id):
        assert ApiKey.objects.get().revoked_at is None
    gone = client.post(path, {"typed": "server"}, follow=True)
    assert b"Revoked" in gone.content
    again = client.post(path, {"typed": "server"}, follow=True)
    assert b"was not in force any more" in again.content


def test_permissions_beside_a_role_are_refused(cast: Cast, sign_in: SignIn) -> None:
    """They would count for nothing, and nobody would say so."""
    both = {"name": "historian", "role": "viewer", "permissions": ["gateways.edit"]}
    answer = sign_in(cast.owner).post(f"{ACCOUNTS}new/", both)
    assert answer.status_code == 400
    assert "Choose “None: permissions of its own”" in answer.content.decode()


def test_an_account_is_changed_disabled_and_enabled(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    client.post(f"{ACCOUNTS}new/", {"name": "historian", "role": "viewer"})
    path = f"{ACCOUNTS}{account_of(cast).id}/"
    assert b"historian" in client.get(f"{path}edit/").content
    client.post(f"{path}edit/", {"name": "archive", "role": "", "permissions": ["twins.read"]})
    assert (account_of(cast).name, account_of(cast).permissions) == ("archive", ["twins.read"])
    assert b"Disabled" in client.post(f"{path}disable/", follow=True).content
    refused = client.post(f"{path}keys/new/", {"name": "server", "days": "90"})
    assert refused.status_code == 400
    assert b"archive is disabled" in refused.content
    assert b"is enabled" in client.post(f"{path}enable/", follow=True).content


def test_the_list_finds_filters_and_exports(cast: Cast, sign_in: SignIn) -> None:
    client, now = sign_in(cast.owner), utc_now()
    with scope(cast.meridian.id):
        for name in ("alpha", "beta"):
            create_key(name=name, role=Role.VIEWER, now=now)
    assert b"beta" not in client.get(f"{KEYS}?q=alph").content
    assert b"Nothing fits" in client.get(f"{KEYS}?state=revoked").content
    rows = client.get(f"{KEYS}?format=csv&sort=name").content.decode().splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["alpha", "beta"]
    accounts = client.get(f"{ACCOUNTS}?format=csv").content.decode().splitlines()
    assert [row.split(",")[:4] for row in accounts[1:]] == [["alpha", "", "Viewer", "1"], ["beta", "", "Viewer", "1"]]


def test_pages_take_few_queries_however_many_keys_there_are(cast: Cast, sign_in: SignIn) -> None:
    client, now = sign_in(cast.owner), utc_now()
    with scope(cast.meridian.id):
        account = create_key(name="a", role=Role.VIEWER, now=now)[0].account_id
        ApiKey.objects.bulk_create(
            [
                ApiKey(account_id=account, name=f"k{n}", prefix="ot_key_x", created_at=now, rotated_at=now)
                for n in range(60)
            ]
        )
    for path in (KEYS, ACCOUNTS, f"{ACCOUNTS}{account}/"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        selects = [each for each in queries.captured_queries if each["sql"].startswith("SELECT")]
        assert len(selects) <= 12, path


@pytest.mark.parametrize("name", ["engineer", "viewer", "reader"])
def test_who_may_not_administer_sees_nothing(cast: Cast, sign_in: SignIn, name: str) -> None:
    client = sign_in(getattr(cast, name))
    for path in (KEYS, ACCOUNTS, f"{ACCOUNTS}new/"):
        assert client.get(path).status_code == 403
