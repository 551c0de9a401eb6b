"""A database to migrate to and fro, which is no other test's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from psycopg.sql import SQL, Identifier

from tests.conftest import TEMPLATE, maintenance, point_at


@contextmanager
def database_of_its_own(*, is_empty: bool = False) -> Iterator[None]:
    """A new database, to which Django's connections and those of the ingest role lead meanwhile.

    Args:
        is_empty: Without any table; else with all of them as they are now.
    """
    known = connection.settings_dict["NAME"]
    name = Identifier(f"{known}_migrating")
    with maintenance() as server:
        server.execute(
            SQL("CREATE DATABASE {} TEMPLATE {}").format(name, Identifier("template0" if is_empty else TEMPLATE))
        )
        point_at(f"{known}_migrating")
        try:
            yield
        finally:
            point_at(known)
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def migrate(domain: str, name: str) -> None:
    """Bring a domain to one of its migrations, and all that it stands on, or that stands on it, with it."""
    MigrationExecutor(connections["owner"]).migrate([(domain, name)])


def migrate_all(*domains: str) -> None:
    """Bring domains to their newest, by default all."""
    executor = MigrationExecutor(connections["owner"])
    executor.migrate([leaf for leaf in executor.loader.graph.leaf_nodes() if not domains or leaf[0] in domains])
