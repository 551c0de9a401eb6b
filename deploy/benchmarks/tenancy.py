"""What it costs to keep tenants apart by row, against a schema for each, and against not keeping them apart.

Among many tenants more are onboarded by the real service, in turn with django-tenants making schemas. The same list
page is asked for with its policies, and with the policies off and no tenant told to PostgreSQL (the condition on the
tenant stays: every program for many tenants has one). Connections send equally many reads for few and for many tenants,
and their server processes are weighed. Clients with keys of many tenants read all at once from the real server, whose
connections are pooled.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

import httpx
from django.db import connection
from django.test import Client
from psycopg.sql import SQL, Identifier

from deploy.benchmarks import Limits, Progress
from deploy.schemas import Schemas, schemas
from deploy.stage import empty_database, own_database, owner_connection, product
from tenants.customers.models import Customer
from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key
from tenants.people.models import User
from tenants.people.services import create_organisation
from tenants.scope.actors import Role
from tenants.scope.backend import base
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.scope.verification import classes

DATA = None
TARGETS: dict[str, Limits] = {
    "create_ms": {"at_most": 50.0},
    "create_ratio_schema": {"at_least": 15.0},
    "request_ratio": {"at_most": 1.25},
    "connection_growth": {"at_most": 1.25},
    "leaks": {"at_most": 0},
}
_EACH = 3
"""Customers of each seeded tenant."""
_POOL = 4
"""Connections of the web server while many tenants read."""


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is measured."""

    onboarded: int = 200
    by_schema: int = 8
    listed: int = 200
    requests: int = 60
    rounds: int = 5
    touched: tuple[int, ...] = (10, 100, 1000)
    readers: int = 50
    clients: int = 16


_TOY = _Size(onboarded=6, by_schema=1, listed=10, requests=3, rounds=3, touched=(2, 4, 8), readers=4, clients=4)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many tenants there are."""
    parser.add_argument("--tenants", type=int, default=10_000, help="how many tenants are there before one is added")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Measure in databases of its own."""
    size = _TOY if options.toy else _Size()
    tenants = min(options.tenants, 30) if options.toy else max(options.tenants, *size.touched)
    with own_database() as database, empty_database() as other:
        progress(0.0, f"seeding {tenants} tenants")
        seeded = _seed(tenants)
        count = sum(kind == "tenant" for kind in classes(connection).values())
        with schemas(other, tables=count) as peer:
            progress(0.3, "onboarding")
            created, by_schema = _onboard(size, peer)
        progress(0.5, "a page with and without isolation")
        isolated, bare = _pages(database, size)
        progress(0.7, "connections that serve few and many tenants")
        weights = _weights(seeded, size.touched)
        progress(0.8, "reading for many tenants at once")
        read, leaks = _leaks(database, size, 1 if options.toy else options.seconds)
    return {
        "targets": TARGETS,
        "tenants": tenants,
        "tables": count,
        "create_ms": round(statistics.median(created) * 1000, 2),
        "create_schema_ms": round(statistics.median(by_schema) * 1000, 1) if by_schema else None,
        "create_ratio_schema": round(statistics.median(by_schema) / statistics.median(created), 1)
        if by_schema
        else None,
        "request_ms": round(statistics.median(isolated) * 1000, 2),
        "request_ratio": round(statistics.median(a / b for a, b in zip(isolated, bare, strict=True)), 3),
        "connection_kb": dict(zip(map(str, size.touched), weights, strict=True)) if weights else None,
        "connection_growth": round(weights[-1] / weights[0], 3) if weights else None,
        "read": read,
        "leaks": leaks,
    }


def _seed(tenants: int) -> list[UUID]:
    """Tenants with a few rows each, in bulk; the rows in a transaction for each, as the policies want it."""
    now = utc_now()
    rows = [Tenant(slug=f"seeded-{number}", name=f"Seeded {number}", created_at=now) for number in range(tenants)]
    Tenant.objects.bulk_create(rows, batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    for row in rows:
        with scope(row.id):
            Customer.objects.bulk_create(
                Customer(name=f"{row.slug} customer {number}", created_at=now) for number in range(_EACH)
            )
    connection.close()
    return [row.id for row in rows]


def _tenant(name: str, owner: User | None, customers: Sequence[str]) -> Tenant:
    """A tenant on the largest plan with customers of these names."""
    now = utc_now()
    tenant = create_organisation(name=name, owner=owner.id if owner else None, now=now)
    Tenant.objects.filter(id=tenant.id).update(plan="enterprise")
    with scope(tenant.id):
        for each in customers:
            create_customer(name=each, now=now)
    return tenant


def _onboard(size: _Size, peer: Schemas | None) -> tuple[list[float], list[float]]:
    """Seconds of each onboarding by our service, and by schema, in turn."""
    owner = User.objects.create_user("owner@measured.example")
    created, by_schema = [], []
    every = max(1, size.onboarded // size.by_schema)
    for number in range(size.onboarded):
        if peer is not None and number % every == 0:
            by_schema.append(peer.create())
        begun = time.perf_counter()
        create_organisation(name=f"Measured {number}", owner=owner.id, now=utc_now())
        created.append(time.perf_counter() - begun)
    return created, by_schema


def _pages(database: str, size: _Size) -> tuple[list[float], list[float]]:
    """Median seconds of a list page in each round: with isolation, and without."""
    owner = User.objects.create_user("reader@measured.example")
    _tenant("Listed", owner, [f"Customer {number}" for number in range(size.listed)])
    client = Client(HTTP_HOST="localhost")
    client.force_login(owner)
    pages = ("/t/listed/admin/customers/", "/t/listed/api/v1/customers/")
    for page in pages:
        _timed(client, page, 5)  # templates are compiled once
    isolated, bare = [], []
    for _ in range(size.rounds):
        for page in pages:
            isolated.append(_timed(client, page, size.requests))
            with _not_isolated(database):
                bare.append(_timed(client, page, size.requests))
    return isolated, bare


def _timed(client: Client, page: str, times: int) -> float:
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        response = client.get(page)
        seconds.append(time.perf_counter() - begun)
        assert response.status_code == 200, f"{page}: {response.status_code}"
    return statistics.median(seconds)


@contextmanager
def _not_isolated(database: str) -> Iterator[None]:
    """Policies off on all tables, and a plain BEGIN."""
    tables = [name for name, kind in classes(connection).items() if kind == "tenant"]

    def switch(how: str) -> None:
        with owner_connection(database) as owner:
            for table in tables:
                owner.execute(SQL("ALTER TABLE {} " + how + " ROW LEVEL SECURITY").format(Identifier(table)))

    switch("DISABLE")
    try:
        with mock.patch.object(base, "current_tenant", return_value=None):
            yield
    finally:
        switch("ENABLE")


def _weights(tenants: Sequence[UUID], touched: Sequence[int]) -> list[int] | None:
    """Memory of a new connection's server process, in kB, for each number of tenants; None where it cannot be seen.

    Each connection sends equally many statements, so that nothing but the number of tenants differs.
    """
    reads = max(touched)
    try:
        return [_weight(tenants[:number], reads) for number in touched]
    except OSError:
        return None


def _weight(tenants: Sequence[UUID], reads: int) -> int:
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (process,) = cursor.fetchone()
    for tenant in islice(cycle(tenants), reads):
        with scope(tenant):
            list(Customer.objects.order_by("name"))
    return own_kb(Path(f"/proc/{process}/smaps").read_text(encoding="utf-8"))


def own_kb(smaps: str) -> int:
    """What of a process's memory is its own, in kB, by Linux's list of its mappings (proc_pid_smaps(5)).

    Mappings that are shared do not count. Linux calls their pages private too as long as no other process has touched
    them, and in PostgreSQL these are pages of the cache that all connections have in common.
    """
    own, is_shared = 0, False
    for line in smaps.splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            is_shared = rest[0].endswith("s")
        elif first.startswith("Private_") and not is_shared:
            own += int(rest[0])
    return own


def _leaks(database: str, size: _Size, seconds: float) -> tuple[int, int]:
    """How many answers clients of many tenants read at once, and how many rows in them were another tenant's."""
    readers = []
    for number in range(size.readers):
        tenant = _tenant(f"Reader {number}", None, [f"reader-{number} customer {each}" for each in range(_EACH)])
        with scope(tenant.id):
            readers.append((tenant.slug, create_key(name="reader", role=Role.OWNER, now=utc_now())[1].text))
    with mock.patch.dict(os.environ, OUTTURN_DATABASE_POOL=str(_POOL)), product(database) as stage:
        return asyncio.run(_read(stage.url, readers, size.clients, seconds))


async def _read(url: str, readers: Sequence[tuple[str, str]], clients: int, seconds: float) -> tuple[int, int]:
    until, read, wrong = time.monotonic() + seconds, 0, 0

    async def client(seed: int) -> None:
        nonlocal read, wrong
        chance = random.Random(seed)  # noqa: S311 (whose turn it is)
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            while time.monotonic() < until:
                slug, key = chance.choice(readers)
                response = await http.get("/api/v1/customers/", headers={"Authorization": f"Bearer {key}"})
                response.raise_for_status()
                names = [row["name"] for row in response.json()["results"]]
                wrong += abs(len(names) - _EACH) + sum(not name.startswith(f"{slug} ") for name in names)
                read += 1

    await asyncio.gather(*(client(seed) for seed in range(clients)))
    return read, wrong
