"""Two organisations with one of everything each, and all those who have no business in the first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.test import Client
from rest_framework.test import APIClient

from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key, revoke_key
from tenants.people.models import Membership, User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.services import make_provisioning_token
from tests.conftest import Cast, make_cast
from tests.isolation.asking import Answer, answer_of, as_a_test_does, fingerprint, savepoint
from tests.isolation.places import Place, endpoints, ids_of, pages, telling
from tests.isolation.world import Samples, furnish
from tests.proving import prove
from tests.tenants.domains.nameserver import serving_names

OWN = frozenset({"owner", "key", "provisioning"})
"""Those who may change Meridian; what they do is taken back unseen."""
HELD = frozenset({"viewer's key"})
"""Meridian's keys that may change nothing; that they were used is noted for Meridian, whatever became of it."""


@dataclass(frozen=True)
class House:
    """Meridian Engines and Stranger Pumps, each with one of everything.

    Attributes:
        cast: The people.
        mine: Meridian's things, by the names of the addresses they stand in.
        theirs: The stranger's own.
        clients: Who asks, by what they are to Meridian.
        before: The digest of all that is Meridian's.
        before_but_uses: The same without the notes of which keys were used.
        uses: Which of Meridian's keys a test has used.
    """

    cast: Cast
    mine: Samples
    theirs: Samples
    clients: dict[str, Client]
    before: str
    before_but_uses: str
    uses: set[str]

    @property
    def secrets(self) -> set[str]:
        """What only Meridian's things are called."""
        return telling(self.mine) - telling(self.theirs)

    def pages(self) -> list[Place]:
        """Meridian's pages."""
        return pages(self.mine)

    def endpoints(self) -> list[Place]:
        """The API's addresses with Meridian's things in them."""
        return endpoints(self.mine)

    def ids(self) -> list[UUID]:
        """The ids of Meridian's things."""
        return ids_of(self.mine)

    def ask(
        self, who: str, method: str, path: str, data: Any = None, *, sent: Iterable[UUID | str | int] = (), **extra: Any
    ) -> Answer:
        """Send a request. What it wrote is looked at and taken back, so that the next to ask finds all as it was."""
        if ("/api/" in path or path.startswith("/scim/")) and method != "get":
            data, extra = json.dumps({} if data is None else data), {"content_type": "application/json", **extra}
        self.clients[who].cookies.pop("messages", None)
        self.uses.update(HELD & {who})
        asked = 0

        def count(execute: Any, *rest: Any) -> Any:
            nonlocal asked
            asked += 1
            return execute(*rest)

        with savepoint():
            with connection.execute_wrapper(count):
                response = getattr(self.clients[who], method)(path, data, **extra)
            if who in OWN:
                transaction.set_rollback(True)
            elif response.status_code < 400 and method != "get":
                assert self.is_untouched(), f"{who}: {method} {path}"
                transaction.set_rollback(True)
            return answer_of(response, asked, sent)

    def is_untouched(self) -> bool:
        """Whether all that is Meridian's is as it was; but for their use, when its own keys were used."""
        if self.uses:
            return fingerprint(self.cast.meridian.id, but_uses=True) == self.before_but_uses
        return fingerprint(self.cast.meridian.id) == self.before


@pytest.fixture(scope="module")
def _furnished(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """Furnished once for a file, in a transaction that is never committed."""
    with django_db_blocker.unblock():
        cache.clear()
        with pytest.MonkeyPatch.context() as patch, serving_names() as names, transaction.atomic():
            patch.setattr(settings, "OUTTURN_DNS", [names.address])  # no question leaves this machine
            # A task closes old connections before it begins; this one has a transaction that is to be undone.
            patch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)
            as_a_test_does()
            yield _build()
            transaction.set_rollback(True)
        for alias in connections:
            connections[alias].close()


@pytest.fixture
def house(_furnished: House) -> Iterator[House]:
    """The two organisations; whatever a test did, Meridian's are as they were."""
    cache.clear()
    _furnished.uses.clear()
    with savepoint():
        yield _furnished
        assert _furnished.is_untouched()
        transaction.set_rollback(True)


def _build() -> House:
    now = utc_now()
    meridian, stranger = (
        Tenant.objects.create(slug=slug, name=name, created_at=now, plan="enterprise")
        for slug, name in (("meridian", "Meridian Engines"), ("stranger", "Stranger Pumps"))
    )
    cast = make_cast(meridian, stranger)
    with scope(stranger.id):
        southwind = create_customer(name="Southwind Air", now=now).id
    theirs = furnish(replace(cast, meridian=stranger, stranger=meridian, northwind=southwind, owner=cast.outsider))
    mine = furnish(cast)
    clients = _people(cast) | _keys(cast)
    before, before_but_uses = fingerprint(meridian.id), fingerprint(meridian.id, but_uses=True)
    return House(cast, mine, theirs, clients, before, before_but_uses, set())


def _people(cast: Cast) -> dict[str, Client]:
    now = utc_now()
    with scope(cast.meridian.id):
        other = create_customer(name="Eastwind Air", now=now).id
    eastwind, gone = (User.objects.create_user(f"{name}@meridian.example") for name in ("eastwind", "gone"))
    add_member(tenant=cast.meridian.id, user=eastwind.id, role=Role.CUSTOMER, customer=other, now=now)
    add_member(tenant=cast.meridian.id, user=gone.id, role=Role.OWNER, now=now)
    people = {
        "owner": cast.owner, "viewer": cast.viewer, "customer": cast.reader, "other customer": eastwind,
        "stranger": cast.outsider, "removed": gone,
    }  # fmt: skip
    clients = {"nobody": Client()}
    for name, user in people.items():
        clients[name] = Client()
        clients[name].force_login(user)
        prove(clients[name])  # whoever would be asked again on one page has no session on the next
    Membership.objects.filter(user=gone).delete()
    return clients


def _keys(cast: Cast) -> dict[str, Client]:
    now = utc_now()
    kinds: dict[str, tuple[Tenant, Role]] = {
        "key": (cast.meridian, Role.OWNER), "viewer's key": (cast.meridian, Role.VIEWER),
        "stranger's key": (cast.stranger, Role.OWNER), "expired key": (cast.meridian, Role.OWNER),
        "revoked key": (cast.meridian, Role.OWNER),
    }  # fmt: skip
    clients: dict[str, Client] = {"no key": APIClient()}
    for name, (tenant, role) in kinds.items():
        with scope(tenant.id):
            key, token = create_key(
                name=name, role=role, now=now - timedelta(days=2),
                expires_at=now - timedelta(days=1) if name == "expired key" else None,
            )  # fmt: skip
            if name == "revoked key":
                revoke_key(key=key.id, now=now)
        clients[name] = APIClient(HTTP_AUTHORIZATION=f"Bearer {token.text}")
    for name, tenant in (("provisioning", cast.meridian), ("stranger's provisioning", cast.stranger)):
        with scope(tenant.id):
            text = make_provisioning_token(by="owner", now=now)[1].text
        clients[name] = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")
    clients["mistyped key"] = APIClient(HTTP_AUTHORIZATION=f"Bearer {token.text}x")
    return clients
