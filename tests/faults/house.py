"""A house to break things in: PostgreSQL and Redis of its own, which the product's keeper has back when they die.

The product's own processes, web server, broker and consumer, are those of `Plant`. While the house stands, Django's
connections of this process lead there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.embedded import servers
from deploy.embedded.places import Home
from deploy.embedded.postgres import binary_folder
from deploy.embedded.private import read_json
from tenants.kernel.clock import utc_now
from tenants.limits.domain.plans import Meter
from tenants.limits.services import raise_limit
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import TEMPLATE
from tests.servers import short_folder
from tests.twins.conftest import Fleet, make_fleet, stored
from tests.twins.gateways.plant import wait_for
from twins.gateways.services import create_gateway
from twins.telemetry.models import SetAside

ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_INGEST_URL", "REDIS_URL")
_ROLES = {"default": "DATABASE_URL", "owner": "DATABASE_OWNER_URL"}


class House:
    """The servers of a home, and two organisations in it.

    Attributes:
        ours: The engines of one.
        theirs: The engine of another, which suffers nothing.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        now = utc_now()
        tenants = [
            Tenant.objects.create(slug=slug, name=slug.title(), plan="business", created_at=now)
            for slug in ("meridian", "stranger")
        ]
        self.ours, self.theirs = make_fleet(tenants[0]), make_fleet(tenants[1], count=1)

    def another_gateway(self, name: str) -> Fleet:
        """Another gateway of ours, to which nothing is bound."""
        with at_home(self.ours):
            row, token = create_gateway(name=name, now=utc_now())
        return replace(self.ours, gateway=row.id, token=token.text)

    def limit(self, meter: Meter, value: int | None) -> None:
        """Give us another limit than the plan's."""
        with at_home(self.ours):
            raise_limit(meter=meter, value=value, until=None, reason="", by="support", now=utc_now())

    def set_aside(self) -> Counter[str]:
        """How often something of ours was set aside, by the reason."""
        with at_home(self.ours):
            return Counter(SetAside.objects.values_list("code", flat=True))

    def pid(self, server: str) -> int:
        """The number of a server's process; 0 while it has none."""
        return int(read_json(self.home.endpoints)["servers"].get(server, {}).get("pid") or 0)

    def kill(self, server: str) -> None:
        """End a server with SIGKILL; nobody but its keeper has it back."""
        os.kill(self.pid(server), signal.SIGKILL)

    @contextmanager
    def away(self, server: str) -> Iterator[None]:
        """End a server with SIGKILL, and have its keeper notice when the block is over: not before all others have."""
        keeper = int(read_json(self.home.endpoints)["keeper"])
        os.kill(keeper, signal.SIGSTOP)
        try:
            self.kill(server)
            yield
        finally:
            os.kill(keeper, signal.SIGCONT)

    def log(self, server: str) -> str:
        """What a server has printed."""
        return self.home.log(server).read_text()

    def connection(self) -> psycopg.Connection[Any]:
        """A connection of the ingest role, once the database accepts one."""
        address = read_json(self.home.endpoints)["environment"]["DATABASE_INGEST_URL"]

        def connected() -> psycopg.Connection[Any] | None:
            try:
                return psycopg.connect(address, autocommit=True, options="-c TimeZone=UTC")
            except psycopg.OperationalError:
                return None

        made: psycopg.Connection[Any] = wait_for(connected)
        return made

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the ingest role sees."""
        with self.connection() as connection:
            return connection.execute(query, parameters).fetchall()

    def readings(self, fleet: Fleet) -> dict[tuple[str, int], float]:
        """What is stored of a fleet: key and second since 1970 to value; nothing twice, and nothing counted twice."""
        with self.connection() as connection:
            rows = stored(connection, fleet.tenant)
        keys = {number: key for key, number in fleet.signals.items()}
        found = {(keys[signal], int(at.timestamp())): value for signal, at, value, _, _ in rows}
        kept = "SELECT coalesce(sum(count), 0) FROM twins_readinglog WHERE tenant_id = %s"
        used = (
            "SELECT coalesce(sum(amount), 0) FROM tenants_usageday "
            "WHERE tenant_id = %s AND meter = 'readings_per_day' AND part = '00000000-0000-0000-0000-000000000000'"
        )
        for query in (kept, used):
            assert int(self.rows(query, fleet.tenant)[0][0]) == len(rows) == len(found), query
        return found


@contextmanager
def at_home(fleet: Fleet) -> Iterator[None]:
    """The scope of a fleet's organisation, on a new connection of this thread."""
    close_connections()
    try:
        with scope(fleet.tenant):
            yield
    finally:
        close_connections()


@contextmanager
def house_built() -> Iterator[House]:
    """Build a house, and have Django live there."""
    shared = make_conninfo(os.environ["DATABASE_OWNER_URL"], dbname=TEMPLATE)
    with short_folder() as path, pytest.MonkeyPatch.context() as patch:
        for name in ADDRESSES:
            patch.delenv(name)
        patch.setenv("OUTTURN_HOME", str(path))
        with servers(path, want=("postgres", "redis")):
            _move_connections(patch)
            _copy_schema(shared, os.environ["DATABASE_OWNER_URL"])
            patch.setattr(settings, "REDIS_URL", os.environ["REDIS_URL"])
            yield House(Home.named(path))
            close_connections()
    close_connections()


def _move_connections(patch: pytest.MonkeyPatch) -> None:
    """Have Django's connections, and those of the ingest role, lead to what the environment names."""
    close_connections()
    for alias, variable in _ROLES.items():
        _point(patch, connections[alias].settings_dict, os.environ[variable])
    _point(patch, settings.INGEST_DATABASE, os.environ["DATABASE_INGEST_URL"])


def _point(patch: pytest.MonkeyPatch, known: dict[str, Any], address: str) -> None:
    told = conninfo_to_dict(address)
    for name, part in {
        "NAME": "dbname",
        "USER": "user",
        "PASSWORD": "password",
        "HOST": "host",
        "PORT": "port",
    }.items():
        patch.setitem(known, name, str(told.get(part) or ""))


def close_connections() -> None:
    """Have Django connect anew: its connections may have ended with their server."""
    for alias in connections:
        connections[alias].close()


def _copy_schema(source: str, target: str) -> None:
    """As the run's template has it: to migrate anew would take ten times as long.

    The owner sees no row of a tenant, and the template has none.
    """
    programs = binary_folder()
    dump = [str(programs / "pg_dump"), "--enable-row-security", "-d", source]
    dumped = subprocess.run(dump, capture_output=True, check=True)
    load = [str(programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-d", target]
    subprocess.run(load, input=dumped.stdout, capture_output=True, check=True)


async def until(condition: Callable[[], Any], *, seconds: float = 60) -> Any:
    """What the condition gives, once it is true; the loop goes on meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := condition()):  # noqa: ASYNC110 (what is waited for is in other processes)
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise AssertionError(f"not within {seconds} s") from error
    return found
