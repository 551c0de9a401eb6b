"""Passkeys in a real browser, with an authenticator that Chromium plays; and the pages of people on any screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from tenants.kernel.clock import utc_now
from tenants.people.models import Invitation, Membership, User
from tenants.scope.context import scope
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
Accessible = Callable[[Page], None]
PASSWORD = "uncommon-gearbox-42"
LOOKS = [("light", 1440), ("dark", 360)]
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def owner(cast: Cast) -> User:
    """Meridian's owner, with a password and a proven address."""
    cache.clear()
    cast.owner.set_password(PASSWORD)
    cast.owner.save()
    cast.owner.emailaddress_set.create(email=cast.owner.email, verified=True, primary=True)  # type: ignore[attr-defined]
    return cast.owner


def test_a_passkey_signs_in_without_a_password(owner: User, open_page: OpenPage, accessible: Accessible) -> None:
    page = open_page("/account/2fa/webauthn/add/", owner)
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_label("Sign in with it alone")).to_be_checked()
    accessible(page)
    page.get_by_label("What to call it").fill("My laptop")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    accessible(page)
    page.goto("/account/")
    expect(page.get_by_text("My laptop")).to_be_visible()
    page.get_by_role("link", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/login/")
    accessible(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/t/meridian/")
    page.goto("/account/2fa/webauthn/")
    accessible(page)
    page.get_by_role("link", name="Remove My laptop").click()
    page.get_by_role("button", name="Use your passkey").or_(page.get_by_label("Password")).first.wait_for()


def test_a_passkey_that_fails_says_what_to_do(owner: User, open_page: OpenPage) -> None:
    page = open_page("/account/login/")
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {**AUTHENTICATOR, "isUserVerified": False}})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Try again, or choose another way")


def test_the_address_follows_the_name_until_it_is_typed(owner: User, open_page: OpenPage) -> None:
    page = open_page("/?choose", owner)
    name, address = page.get_by_label("Name of the organisation"), page.get_by_label("Its address")
    name.fill("Söhne & Co.")
    expect(address).to_have_value("sohne-co")
    address.fill("mine")
    name.fill("Another")
    expect(address).to_have_value("mine")


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_pages_of_people_read_well(
    cast: Cast, owner: User, open_page: OpenPage, accessible: Accessible, theme: str, width: int
) -> None:
    now = utc_now()
    with scope(cast.meridian.id):
        Invitation.objects.create(
            email="grace@pumps.example", role="viewer", invited_by=owner.email, created_at=now, sent_at=now,
            expires_at=now + timedelta(days=7),
        )  # fmt: skip
    member = Membership.objects.get(user=cast.engineer).id
    people = "/t/meridian/admin/people"
    paths = [
        f"{people}/", f"{people}/invitations/", f"{people}/invite/", f"{people}/{member}/", f"{people}/{member}/role/",
        f"{people}/{member}/places/", f"{people}/{member}/remove/", "/t/meridian/admin/security/",
        "/account/organisations/meridian/leave/", "/account/second-factor/", "/account/sessions/", "/account/email/",
        "/account/2fa/", "/account/password/change/", "/invitations/",
    ]  # fmt: skip
    page = open_page(paths[0], owner, theme=theme, width=width)
    for path in paths:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
