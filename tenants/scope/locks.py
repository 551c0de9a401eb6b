"""Locks in the database that have a name and no row: what only one of a tenant may do at a time."""

from __future__ import annotations

from django.db import connection


def hold(name: str) -> None:
    """Wait until nobody else holds a name, and hold it until the transaction ends.

    Args:
        name: What is held. It names the tenant: names are those of the whole database.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
