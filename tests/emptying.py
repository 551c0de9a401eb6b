"""A database as it was migrated, after a test that committed."""

from __future__ import annotations

import psycopg
from django.db import connections

from deploy.embedded.addresses import database_address
from deploy.embedded.places import Home

_HOME = Home.named()  # a test may name another for what it starts
_EMPTY = """
DO $$
DECLARE one regclass;
BEGIN
    FOR one IN SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
    LOOP EXECUTE format('DELETE FROM %s', one);
    END LOOP;
END $$"""


def empty_tables() -> None:
    """Take out all rows but those of the migrations.

    Django's own way leaves the tables that have no model, so that whoever goes through all tenants meets those of every
    test before. To truncate so many tables takes a second, to delete the few rows some 20 ms; the superuser is held up
    neither by references, nor by policies, nor by what can only be added to.
    """
    name = connections["owner"].settings_dict["NAME"]
    with psycopg.connect(database_address(_HOME, name, "postgres")) as server:
        server.execute("SET session_replication_role = replica")
        server.execute(_EMPTY)
