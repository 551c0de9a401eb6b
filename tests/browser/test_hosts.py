"""A host of an organisation's own in a real browser: its look, the way to us and back, and what is there."""

from __future__ import annotations

import os
import shutil
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from deploy.chromium import QUIET
from tenants.domains.domain import Result, Seen
from tenants.domains.services import add_domain, note_look
from tenants.kernel.clock import utc_now
from tenants.people.services import create_organisation, create_person
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.browser.conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
HOST = "portal.meridian.example"
PASSWORD = "correct-horse-9"


def test_from_the_host_to_us_and_back(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    now = utc_now()
    ada = create_person(email="ada@meridian.example", name="Ada", password=PASSWORD)
    tenant = create_organisation(name="Meridian Engines", address="meridian", owner=ada.id, now=now)
    Tenant.objects.filter(id=tenant.id).update(plan="business", brand={"product_name": "Flight Deck"})
    with scope(tenant.id):
        row = add_domain(name=HOST, is_web=True, is_mail=False, by=ada.email, now=now)
        note_look(domain_id=row.id, seen=Seen(Result.RIGHT), by=ada.email, now=now)
    there = f"http://{HOST}:{urlsplit(site).port}"
    path = os.environ.get("OUTTURN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        args = [*QUIET, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=path, args=args)
        page = browser.new_page()
        page.goto(f"{there}/t/meridian/admin/domains/")
        assert page.get_by_text("Flight Deck", exact=True).is_visible()
        assert violations(page) == []
        page.get_by_role("link", name="Sign in at localhost").click()
        assert page.url.startswith(f"{site}/account/login/")
        page.get_by_label("Email").fill(ada.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{there}/t/meridian/admin/domains/")
        assert page.get_by_role("link", name=HOST).is_visible()
        # A form there is taken, and one's account is at our host.
        page.get_by_role("button", name="Your menu").click()
        page.get_by_role("link", name="Your account").click()
        page.wait_for_url(f"{site}/account/")
        page.goto(f"{there}/t/meridian/")
        page.get_by_role("button", name="Your menu").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{there}/enter/**")
        browser.close()
