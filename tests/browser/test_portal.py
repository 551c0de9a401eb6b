"""Every page of the administration and of one's account in a real browser: in both themes, wide and narrow.

The pages are those that are registered, so that a new one is walked without being named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.portal.registry import admin_pages
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.models import Tenant
from tests.browser.conftest import THEMES, WIDTHS, Theme, in_themes, scrolls_sideways, violations
from tests.browser.organisation import Portal, furnished
from tests.emptying import empty_tables
from tests.processes import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # a test is a walk through dozens of pages
SLUG = "meridian-engines"
PARTS = 3
"""Into how many walks the pages are parted, so that none takes long."""
ACCOUNT = ("account", "account_email", "account_change_password", "second-factor", "mfa_index", "mfa_list_webauthn",
           "usersessions_list", "account_logout")  # fmt: skip
INNER = ("invite", "invitations", "new-role", "new-site", "new-customer", "new-domain", "service-accounts",
         "new-service-account", "usage-plans", "erase-organisation", "new-witness")  # fmt: skip
OF_THINGS = {
    "member": ("member", "member-role", "member-places", "member-remove"),
    "role": ("role", "role-remove"),
    "site": ("site", "site-remove"),
    "space": ("space-remove",),
    "customer": ("customer", "customer-edit", "customer-invite", "customer-remove"),
    "domain": ("domain", "domain-edit", "domain-remove"),
    "service-account": ("service-account", "service-account-edit", "new-api-key"),
    "key": ("api-key-rotate", "api-key-revoke"),
    "witness": ("witness-end",),
}
"""The pages of one thing, by the name of the thing."""


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any) -> Iterator[Portal]:
    """One furnished organisation for all the walks."""
    with django_db_blocker.unblock():
        cache.clear()
        yield furnished(utc_now())
        empty_tables()
        for alias in connections:
            connections[alias].close()


@pytest.fixture(scope="module")
def address(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product's web server on it."""
    with serving(tmp_path_factory.mktemp("portal") / "web.log") as url:
        yield url


def _registered(user: User, slug: str) -> list[str]:
    """The addresses of all registered pages of the administration, as an owner sees them."""
    tenant = Tenant.objects.get(slug=slug)
    owner = Actor(tenant.id, slug, Role.OWNER, PERMISSIONS[Role.OWNER], user.email, user=user.id)
    return [reverse(one.view, args=[slug]) for _, pages in admin_pages(owner) for one in pages]


def _of_things(portal: Portal) -> list[str]:
    return [
        reverse(name, kwargs={"slug": SLUG, **portal.things[thing]})
        for thing, names in OF_THINGS.items()
        for name in names
    ]


def _walk(context: BrowserContext, paths: list[str], themes: Sequence[Theme]) -> str:
    """What is wrong with pages: their status, what axe finds, what does not fit, what the console says."""
    wrong: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    for path in paths:
        answer = page.goto(path)
        if answer is None or answer.status != 200:
            wrong.append(f"{path}: {answer and answer.status}")
        for theme in in_themes(page, themes):
            wrong += [f"{path} {theme}: {each}" for each in _found(page)]
    return "\n".join(wrong)


def _found(page: Page) -> list[str]:
    found = [] if page.locator("h1").count() == 1 else ["not one heading"]
    if scrolls_sideways(page):
        found.append("it scrolls sideways")
    return found + violations(page)


def _context(chromium: Browser, address: str, user: User, width: int) -> BrowserContext:
    context = chromium.new_context(base_url=address, viewport={"width": width, "height": 900}, reduced_motion="reduce")
    client = Client()
    client.force_login(user)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])
    return context


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("part", range(PARTS))
def test_each_page_of_a_full_organisation(
    portal: Portal, chromium: Browser, address: str, part: int, width: int
) -> None:
    context = _context(chromium, address, portal.owner, width)
    paths = _registered(portal.owner, SLUG) + [reverse(name) for name in ACCOUNT]
    assert _walk(context, paths[part::PARTS], THEMES) == ""
    context.close()


def test_each_page_of_one_thing(portal: Portal, chromium: Browser, address: str) -> None:
    context = _context(chromium, address, portal.owner, 360)
    paths = [reverse(name, args=[SLUG]) for name in INNER] + _of_things(portal)
    assert _walk(context, paths, ["dark"]) == ""
    context.close()


def test_each_page_of_an_empty_organisation(portal: Portal, chromium: Browser, address: str) -> None:
    context = _context(chromium, address, portal.newcomer, 1440)
    assert _walk(context, _registered(portal.newcomer, "empty-works"), ["light"]) == ""
    context.close()


def test_the_pages_of_an_end_customer(portal: Portal, chromium: Browser, address: str) -> None:
    view = reverse("shared-view", kwargs={"slug": SLUG, **portal.things["shared-view"]})
    context = _context(chromium, address, portal.reader, 360)
    assert _walk(context, [reverse("assets", args=[SLUG]), view], ["dark"]) == ""
    context.close()
