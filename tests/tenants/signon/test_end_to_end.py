"""The whole way over real HTTP: a browser, our web server, a real provider."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core.cache import cache

from tenants.kernel.clock import utc_now
from tenants.scope.models import Tenant
from tests.conftest import make_cast
from tests.processes import serving
from tests.tenants.signon.conftest import PASSWORD, RULES, Connect, providing


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_from_a_link_to_the_page_behind_it(tmp_path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTTURN_ALLOW_PRIVATE_HOSTS", "127.0.0.1")
    tenant, stranger = (
        Tenant.objects.create(slug=slug, name=slug.title(), created_at=utc_now()) for slug in ("meridian", "stranger")
    )
    make_cast(tenant, stranger)
    home = tmp_path / "provider"
    home.mkdir()
    with (
        serving(tmp_path / "web.log") as site,
        providing(home, [f"{site}/sso/meridian/callback/"]) as provider,
        httpx.Client(follow_redirects=True, timeout=30) as browser,
    ):
        connect(tenant, provider.issuer, rules=RULES)
        cache.clear()
        found = browser.get(
            f"{site}/sso/", params={"organisation": "ada@meridian.example", "next": "/t/meridian/search/"}
        )
        door = re.search(r'href="(/sso/meridian/[^"]*)"', found.text)
        assert door
        at_work = browser.get(f"{site}{door[1]}")
        assert str(at_work.url).startswith(f"{provider.issuer}/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', at_work.text)
        assert token
        form = {"login": "ada@meridian.example", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        arrived = browser.post(str(at_work.url), data=form, headers={"Referer": str(at_work.url)})
        assert (arrived.status_code, str(arrived.url)) == (200, f"{site}/t/meridian/search/")
        asked = [parse_qs(urlsplit(str(each.url)).query) for each in arrived.history]
        assert ["S256"] in [each.get("code_challenge_method") for each in asked]
        assert browser.get(f"{site}/account/email/").status_code == 403
        assert browser.get(f"{site}/t/stranger/").status_code == 404
