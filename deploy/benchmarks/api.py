"""How fast the portal's pages and the API's lists answer, and how often each asks the database at any length of a list.

The addresses are those of the product's own URL table that need nothing but an organisation, so a new page is measured
without a word here. Queries are counted in this process, answers are timed at the real server, and its processor time
is told beside them, which depends less on what else the machine does. Each address is asked once before it is timed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import psutil
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from deploy.benchmarks import Limits, Progress
from deploy.stage import Stage, own_database, product
from tenants.customers.models import Customer
from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key
from tenants.people.models import User
from tenants.people.services import add_member, create_organisation
from tenants.record.services import record_audit
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer.services import create_twin
from twins.gateways.services import create_gateway

DATA = None
MOST_QUERIES = 12
TARGETS: dict[str, Limits] = {"queries_most": {"at_most": MOST_QUERIES}, "growing": {"at_most": 0}}
_ORGANISATION, _API = "t/<slug:slug>/", "api/v1/"
_SLUG = "measured"


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is measured."""

    lengths: tuple[int, int] = (10, 1000)
    clients: int = 8
    rounds: int = 3


_TOY = _Size(lengths=(3, 30), clients=2, rounds=1)


@dataclass(slots=True)
class _Route:
    """An address, and what was measured of it."""

    path: str
    queries: list[int] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """The figures."""
        return {
            "requests_per_s": round(statistics.median(self.per_s), 1) if self.per_s else None,
            "p99_ms": round(float(np.quantile(self.latencies_s, 0.99)) * 1000, 1) if self.latencies_s else None,
            "cpu_ms": round(statistics.median(self.cpu_s) * 1000, 1) if self.cpu_s else None,
            "queries": self.queries,
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which addresses."""
    parser.add_argument("--only", default="", help="measure addresses that contain this text")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Count and time in a database of its own."""
    size = _TOY if options.toy else _Size()
    with own_database() as database:
        owner = User.objects.create_user("owner@measured.example")
        tenant = create_organisation(name=_SLUG, owner=owner.id, now=utc_now())
        Tenant.objects.filter(id=tenant.id).update(plan="enterprise")
        with scope(tenant.id):
            key = create_key(name="measured", role=Role.OWNER, now=utc_now())[1].text
        client = Client(HTTP_HOST="localhost")
        client.force_login(owner)
        _prove(client)
        found = [_Route(path) for path in _paths() if options.only in path]
        routes = [route for route in found if _answers(client, route.path, key)]
        filled = 0
        for number, length in enumerate(size.lengths):
            progress(0.1 + 0.2 * number, f"queries at {length} rows")
            _fill(tenant.id, range(filled, length))
            filled = length
            for route in routes:
                route.queries.append(_queries(client, route.path, key))
        with product(database) as stage:
            session = client.cookies["sessionid"].value
            seconds = 0.05 if options.toy else max(0.3, options.seconds / len(routes))
            asker = _Asker(stage, session, key, size.clients, seconds)
            asyncio.run(asker.time(routes, size.rounds, progress))
    return _told(routes)


def _prove(client: Client) -> None:
    """Have the session say, for as long as the measuring lasts, that its person has just given their password.

    Without it, a page that asks who they are would end the session, and no page after it would be measured.
    """
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() + 86_400}]
    session.save()


def _told(routes: Sequence[_Route]) -> dict[str, Any]:
    most = max((max(route.queries), route.path) for route in routes)
    return {
        "targets": TARGETS,
        "queries_most": most[0],
        "queries_most_at": most[1],
        "growing": sum(route.queries[-1] > route.queries[0] for route in routes),
        "requests_per_s": round(statistics.median(value for route in routes for value in route.per_s), 1),
        "p99_ms": round(max(float(np.quantile(route.latencies_s, 0.99)) for route in routes) * 1000, 1),
        "cpu_ms": round(statistics.median(value for route in routes for value in route.cpu_s) * 1000, 1),
        "routes": {route.path: route.told() for route in routes},
    }


def _paths() -> list[str]:
    """The pages of an organisation and the endpoints of the API that need nothing but the organisation."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, route)
            elif isinstance(pattern, URLPattern):
                yield route

    routes = [each for each in walk(get_resolver(), "") if each.startswith((_ORGANISATION, _API))]
    plain = [each.replace(_ORGANISATION, f"t/{_SLUG}/") for each in routes]
    return [f"/{each}" for each in dict.fromkeys(plain) if "<" not in each and "schema/" not in each]


def _get(client: Client, path: str, key: str) -> int:
    headers = {"authorization": f"Bearer {key}"} if path.startswith(f"/{_API}") else None
    response = client.get(path, headers=headers)
    if response.streaming:
        b"".join(response)
    return response.status_code


def _answers(client: Client, path: str, key: str) -> bool:
    """Whether it can be read; the first answer also compiles its templates."""
    return _get(client, path, key) == 200


def _queries(client: Client, path: str, key: str) -> int:
    """How many statements one request sends."""
    sent = 0

    def count(execute: Any, *rest: Any) -> Any:
        nonlocal sent
        sent += 1
        return execute(*rest)

    with connection.execute_wrapper(count):
        _get(client, path, key)
    return sent


def _fill(tenant: UUID, numbers: range) -> None:
    """More of everything that is listed."""
    now = utc_now()
    people = User.objects.bulk_create(User(email=f"person{number}@measured.example") for number in numbers)
    for person in people:
        with scope(tenant):
            add_member(tenant=tenant, user=person.id, role=Role.VIEWER, now=now)
    with scope(tenant):
        Customer.objects.bulk_create(Customer(name=f"Customer {number}", created_at=now) for number in numbers)
        Job.objects.bulk_create(Job(kind="health.train", created_at=now) for _ in numbers)
        for number in numbers:
            create_key(name=f"Key {number}", role=Role.VIEWER, now=now)
            create_twin(name=f"Twin {number}", now=now)
            create_gateway(name=f"Gateway {number}", now=now)
            record_audit(action="measured.filled", subject=f"row/{number}", by="measured", now=now)


@dataclass(frozen=True, slots=True)
class _Asker:
    """Clients of the real server.

    Attributes:
        stage: Where it is.
        session: What pages are asked with.
        key: What the API is asked with.
        clients: How many ask at once.
        seconds: How long each address is asked in a round.
    """

    stage: Stage
    session: str
    key: str
    clients: int
    seconds: float

    async def time(self, routes: Sequence[_Route], rounds: int, progress: Progress) -> None:
        """Ask every address in turn, in some rounds."""
        async with httpx.AsyncClient(base_url=self.stage.url, timeout=60) as http:
            for route in routes:
                await self._ask(http, route.path)
            for number in range(rounds):
                for place, route in enumerate(routes):
                    progress(0.5 + 0.5 * (number + place / len(routes)) / rounds, "timing")
                    await self._time(http, route)

    async def _time(self, http: httpx.AsyncClient, route: _Route) -> None:
        latencies: list[float] = []
        server = psutil.Process(self.stage.web)
        before, begun = server.cpu_times(), time.perf_counter()
        until = begun + self.seconds

        async def client() -> None:
            while not latencies or time.perf_counter() < until:
                latencies.append(await self._ask(http, route.path))

        await asyncio.gather(*(client() for _ in range(self.clients)))
        took, after = time.perf_counter() - begun, server.cpu_times()
        route.latencies_s += latencies
        route.per_s.append(len(latencies) / took)
        route.cpu_s.append((after.user + after.system - before.user - before.system) / len(latencies))

    async def _ask(self, http: httpx.AsyncClient, path: str) -> float:
        is_api = path.startswith(f"/{_API}")
        headers = {"Authorization": f"Bearer {self.key}"} if is_api else {"Cookie": f"sessionid={self.session}"}
        begun = time.perf_counter()
        (await http.get(path, headers=headers)).raise_for_status()
        return time.perf_counter() - begun
