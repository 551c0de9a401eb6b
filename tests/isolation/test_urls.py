"""Every address, tried by people and keys who have no business there: they see nothing, and nothing changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient

from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.scope.tables import TenantTable
from tests.conftest import Cast
from tests.isolation.world import Samples, furnish

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")
SignIn = Callable[[User], Client]


def routes(under: str) -> Iterator[URLPattern]:
    """Every route below a prefix."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[URLPattern]:
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern).lstrip("^")
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, route)
            elif route.startswith(under):
                yield pattern

    yield from walk(get_resolver(), "")


def pages_of(slug: str, samples: Samples) -> list[str]:
    """The addresses of all pages below an organisation, with Meridian's things in them."""
    return [
        reverse(name, kwargs={"slug": slug, **_arguments(pattern, name, samples)})
        for pattern in routes("t/<slug:slug>/")
        if (name := str(pattern.name))
    ]


def endpoints(samples: Samples) -> list[str]:
    """The addresses of the REST API, with Meridian's things in them."""
    return [
        reverse(name, kwargs=_arguments(pattern, name, samples))
        for pattern in routes("api/v1/")
        if (name := f"api:{pattern.name}") != "api:schema"
    ]


def _arguments(pattern: URLPattern, name: str, samples: Samples) -> dict[str, Any]:
    wanted = (set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)) - {"slug", "format"}
    arguments = samples.get(name, {})
    assert wanted <= set(arguments), f"{name}: add a sample of Meridian's to tests/isolation/world.py"
    return {key: arguments[key] for key in wanted}


def telling(samples: Samples) -> set[str]:
    """What only Meridian's things are called: an id, an address; no mere number."""
    return {str(value) for arguments in samples.values() for value in arguments.values() if not isinstance(value, int)}


def fingerprint(*tenants: Tenant) -> str:
    """A digest of every row of tenants."""
    seal = hashlib.sha256()
    tables = sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, TenantTable))
    for tenant in tenants:
        for table in tables:
            with scope(tenant.id), connection.cursor() as cursor:
                cursor.execute(f'SELECT t::text FROM "{table}" t WHERE tenant_id = %s ORDER BY 1', [tenant.id])
                seal.update(repr((table, cursor.fetchall())).encode())
    return seal.hexdigest()


class TestPages:
    @pytest.fixture
    def pages(self, cast: Cast) -> Samples:
        return furnish(cast)

    def test_a_stranger_finds_nothing_under_meridian(self, cast: Cast, pages: Samples, sign_in: SignIn) -> None:
        before, client = fingerprint(cast.meridian), sign_in(cast.outsider)
        for path in pages_of("meridian", pages):
            for method in METHODS:
                response = getattr(client, method)(path)
                assert response.status_code == 404, f"{method} {path}"
                assert b"Meridian" not in response.content
        assert fingerprint(cast.meridian) == before

    def test_meridians_things_do_not_exist_in_the_strangers_own_house(
        self, cast: Cast, pages: Samples, sign_in: SignIn
    ) -> None:
        before, client = fingerprint(cast.meridian), sign_in(cast.outsider)
        ids = telling(pages)
        for path in pages_of("stranger", pages):
            if not any(each in path for each in ids):
                continue
            for method in METHODS:
                response = getattr(client, method)(path)
                assert response.status_code in (302, 404, 405), f"{method} {path}"
                assert not any(each in response.content.decode(errors="replace") for each in ids if each not in path)
        assert fingerprint(cast.meridian) == before

    def test_nobody_is_sent_to_sign_in(self, cast: Cast, pages: Samples) -> None:
        before = fingerprint(cast.meridian)
        for path in pages_of("meridian", pages):
            for method in METHODS:
                response = getattr(Client(), method)(path)
                assert response.status_code == 302, f"{method} {path}"
                assert response["Location"].startswith("/account/login/")
        assert fingerprint(cast.meridian) == before

    def test_a_viewer_changes_nothing(self, cast: Cast, pages: Samples, sign_in: SignIn) -> None:
        before, client = fingerprint(cast.meridian), sign_in(cast.viewer)
        for path in pages_of("meridian", pages):
            for method in METHODS[1:]:
                assert getattr(client, method)(path).status_code in (403, 405), f"{method} {path}"
        assert fingerprint(cast.meridian) == before


class TestApi:
    def test_a_strangers_key_finds_nothing_of_meridians(
        self, cast: Cast, with_key: Callable[[Tenant, Role], APIClient]
    ) -> None:
        samples, client = furnish(cast), with_key(cast.stranger, Role.OWNER)
        before = fingerprint(cast.meridian)
        ids = telling(samples)
        for path in endpoints(samples):
            for method in METHODS:
                response = getattr(client, method)(path, {} if method != "get" else None)
                assert response.status_code < 500, f"{method} {path}"
                text = response.content.decode(errors="replace")
                assert not any(each in text for each in ids if each not in path), f"{method} {path}"
                if any(each in path for each in ids):
                    assert response.status_code in (400, 404, 405), f"{method} {path}"
        assert fingerprint(cast.meridian) == before

    def test_a_viewers_key_changes_nothing(self, cast: Cast, with_key: Callable[[Tenant, Role], APIClient]) -> None:
        samples, client = furnish(cast), with_key(cast.meridian, Role.VIEWER)
        before = fingerprint(cast.meridian)
        for path in endpoints(samples):
            for method in METHODS[1:]:
                assert getattr(client, method)(path, {}).status_code in (403, 405), f"{method} {path}"
        assert fingerprint(cast.meridian) == before
