"""A real Chromium on a real server, with axe at hand."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from deploy.chromium import QUIET
from tenants.people.models import User
from tests.processes import LONG_S, serving
from tests.twins.gateways.plant import wait_for

AXE = Path(settings.BASE_DIR) / "static" / "node_modules" / "axe-core" / "axe.min.js"
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = (1440, 360)
expect.set_options(timeout=LONG_S * 1000 / 2)  # what does not come at all is told before the test is over


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser `make test` found or installed; Playwright's own when none is named.

    One for each file: while it lives, Playwright's loop runs in this thread, and no other loop can.
    """
    path = os.environ.get("OUTTURN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    # Playwright's loop is no concern of Django's ORM in the test's own thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product's web server on this worker's database: one for each file, for it takes two seconds to start."""
    with serving(tmp_path_factory.mktemp("site") / "web.log") as url:
        yield url


@pytest.fixture
def open_page(transactional_db: None, chromium: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens pages as a person, in a theme and a width; errors in the console fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(path: str, user: User | None = None, *, theme: Theme = "light", width: int = 1440) -> Page:
        context = chromium.new_context(
            base_url=site, color_scheme=theme, viewport={"width": width, "height": 900},
            reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(LONG_S * 1000 / 2)
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
    # The tables are emptied next, and the server may be at the answer to a page that has just been closed.
    wait_for(_is_idle)
    # The lines of the browser and of htmx about an answer that a test asked for, and a network that it took away.
    refused = r"(status of|Error Code|response code:) 4\d\d"
    wanted = re.compile(rf"{refused}|ERR_INTERNET_DISCONNECTED|htmx:(sendError|afterRequest)")
    assert [error for error in errors if not wanted.search(error)] == []


def _is_idle() -> bool:
    """Whether the database has answered all that the server asked, and was asked nothing for a while."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
            "AND pid <> pg_backend_pid() AND (state <> 'idle' OR state_change > clock_timestamp() - interval '50 ms')"
        )
        return bool(cursor.fetchone() == (0,))


def violations(page: Page) -> list[str]:
    """What axe finds on a page (WCAG 2.2 A and AA, and its best practices)."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    # What passed is not told: carrying it over takes longer than finding it.
    found: list[dict[str, Any]] = page.evaluate(
        "() => axe.run({resultTypes: ['violations'], preload: false}).then(found => found.violations)"
    )
    return [
        f"{each['id']}: {node['html']} {node.get('failureSummary', '')}" for each in found for node in each["nodes"]
    ]


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def scrolls_sideways(page: Page) -> bool:
    """Whether it is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


_UNTIL_DRAWN = """async () => {
    if (!document.adoptedStyleSheets.length) {
        const still = new CSSStyleSheet()
        still.replaceSync('*, ::before, ::after { transition: none !important }')
        document.adoptedStyleSheets = [still]
    }
    await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))
}"""
"""A colour that changes by a transition, however short, is handed down by one element a frame, which takes minutes in
a long table: without transitions it is there with the next."""


def in_themes(page: Page, themes: Iterable[Theme] = THEMES) -> Iterator[Theme]:
    """Show the page as it is in one theme after the other: a theme is nothing but colours of the style sheet."""
    page.evaluate(_UNTIL_DRAWN)
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        page.evaluate(_UNTIL_DRAWN)
        yield theme


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Fails with what axe finds on a page."""

    def check(page: Page) -> None:
        assert violations(page) == []

    return check


@pytest.fixture
def reads_well() -> Callable[[Page], None]:
    """Fails with what axe finds on a page in either theme, and when it is wider than its window."""

    def check(page: Page) -> None:
        for theme in in_themes(page):
            assert violations(page) == [], f"{page.url} {theme}"
            assert not scrolls_sideways(page), f"{page.url} {theme}"

    return check
