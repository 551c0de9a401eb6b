"""A real Chromium on a real server, with axe at hand."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tenants.people.models import User
from tests.processes import serving

AXE = Path(settings.BASE_DIR) / "static" / "node_modules" / "axe-core" / "axe.min.js"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser `make test` found or installed; Playwright's own when none is named.

    One for each file: while it lives, Playwright's loop runs in this thread, and no other loop can.
    """
    path = os.environ.get("OUTTURN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    # Playwright's loop is no concern of Django's ORM in the test's own thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The product's web server on this test's database."""
    with serving(tmp_path / "web.log") as url:
        yield url


@pytest.fixture
def open_page(chromium: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens pages as a person, in a theme and a width; errors in the console fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(
        path: str, user: User | None = None, *, theme: Literal["light", "dark"] = "light", width: int = 1440
    ) -> Page:
        context = chromium.new_context(
            base_url=site, color_scheme=theme, viewport={"width": width, "height": 900},
            reduced_motion="reduce",
        )  # fmt: skip
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    refused = re.compile(r"status of 4\d\d")  # the browser's own line about an answer that a test asked for
    assert [error for error in errors if not refused.search(error)] == []


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Fails with what axe finds on a page (WCAG 2.2 A and AA, and its best practices)."""

    def check(page: Page) -> None:
        page.evaluate(AXE.read_text())
        result: dict[str, Any] = page.evaluate("() => axe.run()")
        found = [
            f"{each['id']}: {node['html']} {node.get('failureSummary', '')}"
            for each in result["violations"]
            for node in each["nodes"]
        ]
        assert found == []

    return check
