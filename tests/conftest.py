"""What all tests share: one set of servers a run, one database a worker, and a guard on every query."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, TransactionTestCase
from psycopg.sql import SQL, Identifier
from pytest_django.plugin import blocking_manager_key
from rest_framework.test import APIClient

from tenants.customers.services import create_customer
from tenants.edge.context import set_client_address, set_request_id
from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.scope.tables import TenantTable
from tests.emptying import empty_tables

TEMPLATE = "outturn_template"
_OF_DATABASES = {"db", "transactional_db", "django_db_setup"}


def pytest_collection_finish(session: pytest.Session) -> None:
    """The schema is made before the first test, which has a time limit that is not for this."""
    if not session.config.option.collectonly and any(map(_needs_database, session.items)):
        with session.config.stash[blocking_manager_key].unblock():
            _make_template()


def _needs_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(names & _OF_DATABASES)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any, worker_id: str) -> Iterator[None]:
    """A database of this worker's own, copied from one that was migrated once for the run."""
    name = f"outturn_{worker_id}"
    with django_db_blocker.unblock():
        with maintenance() as server:
            server.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
            server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(TEMPLATE)))
        point_at(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables())
        yield
    with django_db_blocker.unblock():
        for alias in connections:
            connections[alias].close()
        with maintenance() as server:
            server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _make_template() -> None:
    """Migrate a database, once for all workers; it has its name when it is whole."""
    draft, known = Identifier(f"{TEMPLATE}_draft"), connection.settings_dict["NAME"]
    with (Path(os.environ["OUTTURN_HOME"]) / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with maintenance() as server:
            if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
                return
            server.execute(SQL("DROP DATABASE IF EXISTS {}").format(draft))
            server.execute(SQL("CREATE DATABASE {}").format(draft))
            point_at(f"{TEMPLATE}_draft")
            call_command("migrate", verbosity=0)
            point_at(known)
            server.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(draft, Identifier(TEMPLATE)))


def maintenance() -> psycopg.Connection[Any]:
    """A connection of the owner, who makes databases and drops them."""
    owner = settings.DATABASES["owner"]
    return psycopg.connect(
        dbname="postgres", user=owner["USER"], password=owner["PASSWORD"], host=owner["HOST"], autocommit=True
    )


def point_at(name: str) -> None:
    """Have Django's connections, and those of the ingest role, lead to a database."""
    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
    settings.INGEST_DATABASE["NAME"] = name


@pytest.fixture(autouse=True)
def _outside_requests() -> None:
    """What a client's request has said of itself in an earlier test does not belong to this one."""
    set_request_id("")
    set_client_address("")


@pytest.fixture(autouse=True)
def _literal_tenant(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail any query of the application on a tenant's table that does not name the tenant (security needs the policy,
    a database split by tenant needs the literal)."""
    if not _OF_DATABASES & set(request.fixturenames):
        yield
        return

    def guard(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        if _lacks_its_tenant(text):
            raise AssertionError(f"a query on a tenant's table without its tenant: {text}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(guard):
        yield


@lru_cache(maxsize=2000)
def _lacks_its_tenant(text: str) -> bool:
    return bool(_tables_of_tenants().search(text)) and not re.search(r'tenant_id"?\s*(=|,|\))', text)


@cache
def _tables_of_tenants() -> re.Pattern[str]:
    tables = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantTable)}
    return re.compile(r"\b(" + "|".join(sorted(tables)) + r")\b")


@pytest.fixture
def tenant(db: None) -> Tenant:
    """Meridian Engines, whose data most tests are about."""
    return Tenant.objects.create(slug="meridian", name="Meridian Engines", plan="enterprise", created_at=utc_now())


@pytest.fixture
def stranger(db: None) -> Tenant:
    """Another organisation, which must never see or touch Meridian's."""
    return Tenant.objects.create(slug="stranger", name="Stranger Pumps", plan="enterprise", created_at=utc_now())


@dataclass(frozen=True)
class Cast:
    """The people of the stories: two organisations, Meridian's roles, and its customer's reader."""

    meridian: Tenant
    stranger: Tenant
    northwind: UUID
    owner: User
    engineer: User
    viewer: User
    reader: User
    outsider: User


@pytest.fixture
def cast(tenant: Tenant, stranger: Tenant) -> Cast:
    """Meridian Engines with an owner, an engineer, a viewer and Northwind's reader; and somebody else's owner."""
    return make_cast(tenant, stranger)


def make_cast(tenant: Tenant, stranger: Tenant) -> Cast:
    """The people of the stories in two organisations that are there."""
    now = utc_now()
    with scope(tenant.id):
        northwind = create_customer(name="Northwind Air", now=now).id
    roles = {"owner": Role.OWNER, "engineer": Role.ENGINEER, "viewer": Role.VIEWER, "reader": Role.CUSTOMER}
    people = {}
    for name, role in roles.items():
        people[name] = User.objects.create_user(f"{name}@meridian.example")
        customer = northwind if role == Role.CUSTOMER else None
        add_member(tenant=tenant.id, user=people[name].id, role=role, customer=customer, now=now)
    people["outsider"] = User.objects.create_user("owner@stranger.example")
    add_member(tenant=stranger.id, user=people["outsider"].id, role=Role.OWNER, now=now)
    return Cast(tenant, stranger, northwind, **people)


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """A browser's session for a person."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def with_key(db: None) -> Callable[[Tenant, Role], APIClient]:
    """A partner's client of the REST API, with a new key of an organisation."""

    def keyed(tenant: Tenant, role: Role) -> APIClient:
        with scope(tenant.id):
            _, token = create_key(name=f"a {role}'s", role=role, now=utc_now())
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.text}")
        return client

    return keyed
