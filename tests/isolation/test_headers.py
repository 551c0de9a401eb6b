"""What browsers are told to enforce, and that a request somebody else's page makes is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from tests.isolation.conftest import House
from tests.isolation.places import METHODS, outside

POLICY = {
    "default-src": {"'self'"}, "img-src": {"'self'", "data:"}, "object-src": {"'none'"}, "base-uri": {"'none'"},
    "form-action": {"'self'"}, "frame-ancestors": {"'none'"},
}  # fmt: skip
SEALED = {"default-src": {"'none'"}, "sandbox": set[str]()}
"""What somebody else's file is sent with: it can do nothing at all."""
HEADERS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip
INLINE = re.compile(r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|<script(?![^>]*\bsrc=)", re.IGNORECASE)
DATA_SCRIPT = re.compile(r'<script\b[^>]*type="application/json"')
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


def directives(policy: str) -> dict[str, set[str]]:
    parts = [each.split() for each in policy.split(";")]
    return {name: set(sources) for name, *sources in parts}


class TestHeaders:
    def test_every_page_sends_them(self, house: House) -> None:
        asked = [("owner", place.path("meridian")) for place in house.pages()]
        asked += [
            ("nobody", "/account/login/"),
            ("nobody", "/nowhere"),
            ("key", "/api/v1/jobs/"),
            ("owner", "/account/"),
        ]
        for who, path in asked:
            headers = dict(house.ask(who, "get", path).headers)
            assert directives(headers["Content-Security-Policy"]) == (SEALED if "/files/" in path else POLICY), path
            assert {name: headers.get(name) for name in HEADERS} == HEADERS, path

    def test_nothing_inline_is_allowed(self) -> None:
        from tenants.edge.middleware import SecurityHeadersMiddleware

        assert "unsafe" not in SecurityHeadersMiddleware.POLICY
        assert directives(SecurityHeadersMiddleware.POLICY) == POLICY

    @pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
    def test_no_template_has_anything_inline(self, template: Path) -> None:
        if "mail" in template.parts:
            return  # a letter is no page of ours
        text = DATA_SCRIPT.sub("", template.read_text(encoding="utf-8"))
        assert INLINE.findall(text) == []

    def test_no_page_has_anything_inline(self, house: House) -> None:
        for place in house.pages():
            answer = house.ask("owner", "get", place.path("meridian"))
            if dict(answer.headers).get("Content-Type", "").startswith("text/html"):
                assert INLINE.findall(DATA_SCRIPT.sub("", answer.text)) == [], place.name

    def test_under_https_browsers_stay_there(self, house: House) -> None:
        with override_settings(SECURE_HSTS_SECONDS=31_536_000):
            response = Client().get("/account/login/", secure=True)
        assert response["Strict-Transport-Security"] == "max-age=31536000"

    def test_cookies_are_kept_from_scripts_and_from_other_sites(self, house: House) -> None:
        assert settings.SESSION_COOKIE_HTTPONLY
        assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
        assert (settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE) == (settings._SECURE,) * 2


class TestForgedRequests:
    """Every address that takes a browser's cookie refuses a write without the token of our own pages."""

    @pytest.fixture
    def forger(self, house: House) -> Client:
        client = Client(enforce_csrf_checks=True)
        client.force_login(house.cast.owner)
        return client

    def _refused(self, client: Client, method: str, path: str, **extra: Any) -> None:
        response = getattr(client, method)(path, **extra)
        assert response.status_code in (403, 405), f"{method} {path}: {response.status_code}"

    def test_pages(self, house: House, forger: Client) -> None:
        for place in house.pages():
            for method in METHODS[1:]:
                self._refused(forger, method, place.path("meridian"))

    def test_the_api_by_a_session(self, house: House, forger: Client) -> None:
        for place in house.endpoints():
            for method in METHODS[1:]:
                self._refused(forger, method, place.path("meridian"), data="{}", content_type="application/json")

    def test_signing_in_and_all_around_it(self, house: House, forger: Client) -> None:
        tried = 0
        for route, pattern in outside():
            names = re.search(r"<|\(\?P", route)
            if getattr(pattern.callback, "csrf_exempt", False):
                assert route.startswith(tuple(EXEMPT)), (
                    f"{route} takes writes without a token: list it with the reason, or protect it"
                )
                continue
            if names or pattern.name is None:
                continue
            self._refused(forger, "post", reverse(pattern.name))
            tried += 1
        assert tried >= 5

    def test_a_token_from_elsewhere_is_no_help(self, house: House, forger: Client) -> None:
        forger.cookies["csrftoken"] = "a" * 32
        response = forger.post("/", {"name": "Forged", "csrfmiddlewaretoken": "b" * 32})
        assert response.status_code == 403
        assert b"Meridian" not in response.content


EXEMPT = {
    "scim/v2/": "Knows its caller by a provisioning token, never by a cookie.",
    "webhooks/stripe/": "Knows its caller by a signature over the body, never by a cookie.",
}
"""Where writes outside organisations need no token against forgery, and why."""
