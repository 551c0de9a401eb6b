"""A newcomer: creates an account, proves the address, starts an organisation, comes back another day."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tenants.people.models import Membership, User
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db
PASSWORD = "uncommon-gearbox-42"


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests() -> None:
    cache.clear()


def test_from_the_first_page_to_an_organisation(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/account/login/?next=/"
    account = {"email": "Ada@Example.com", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/account/signup/", account).headers["Location"] == "/account/confirm-email/"
    (message,) = mail.outbox
    assert message.to == ["ada@example.com"]
    (link,) = re.findall(r"http://testserver(/account/confirm-email/[^/\s]+/)", str(message.body))
    client.post(link)
    signed_in = client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert signed_in.headers["Location"] == "/"
    assert b"Start your organisation" in client.get("/").content
    started = client.post("/", {"name": "Ada Pumps"})
    assert started.headers["Location"] == "/t/ada-pumps/"
    assert client.get("/").headers["Location"] == "/t/ada-pumps/"
    assert b"No job has run yet" in client.get("/t/ada-pumps/").content
    (membership,) = Membership.objects.select_related("user", "tenant")
    assert (membership.user.email, membership.tenant.slug, membership.role) == ("ada@example.com", "ada-pumps", "owner")


def test_an_unproven_address_does_not_get_in(client: Client) -> None:
    client.post("/account/signup/", {"email": "ada@example.com", "password1": PASSWORD, "password2": PASSWORD})
    client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert client.get("/").status_code == 302


def test_wrong_passwords_are_throttled(client: Client) -> None:
    User.objects.create_user("ada@example.com", PASSWORD)
    pages = [
        client.post("/account/login/", {"login": "ada@example.com", "password": "wrong"}).content for _ in range(6)
    ]
    assert b"not correct" in pages[0]
    assert b"Too many failed login attempts" in pages[-1]


@pytest.mark.parametrize(
    ("name", "words"), [("!!!", "makes no address"), ("Meridian Engines", "at “meridian-engines” already")]
)
def test_a_name_that_makes_no_address_says_so_and_keeps_what_was_typed(client: Client, name: str, words: str) -> None:
    Tenant.objects.create(slug="meridian-engines", name="Meridian Engines", created_at="2026-01-01T00:00Z")
    client.force_login(User.objects.create_user("ada@example.com"))
    response = client.post("/", {"name": name})
    assert response.status_code == 400
    page = response.content.decode()
    assert words in page
    assert f'value="{name}"' in page
