"""Keys from before there were service accounts get one each, in every organisation, although the policies hold all."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import connections, transaction

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.keys.models import ApiKey
from tenants.scope.context import scope, set_local
from tenants.scope.models import Tenant
from tests.migrating import database_of_its_own, migrate, migrate_all

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
BEFORE, FILLED = "0010_lifecycle", "0011_an_account_for_each_key"
KEY = """
INSERT INTO tenants_apikey (tenant_id, id, name, prefix, role, networks, last_used_from, created_at)
VALUES (%s, %s, %s, 'ot_key_abc', %s, '[]', '', %s)"""


@pytest.fixture
def _before(transactional_db: None) -> Iterator[None]:
    with database_of_its_own(is_empty=True):
        migrate("tenants", BEFORE)
        yield


def keys_of(tenant: Tenant, *roles: str) -> list[UUID]:
    """Keys as they were kept before."""
    ids = [new_id() for _ in roles]
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(set_local(tenant.id))
        for id_, role in zip(ids, roles, strict=True):
            cursor.execute(KEY, [tenant.id, id_, f"{tenant.slug}'s {role}", role, utc_now()])
    return ids


@pytest.mark.usefixtures("_before")
def test_every_key_of_every_organisation_has_an_account_of_its_own(tenant: Tenant, stranger: Tenant) -> None:
    mine, theirs = keys_of(tenant, "viewer", "engineer"), keys_of(stranger, "owner")
    migrate("tenants", FILLED)
    migrate_all("tenants")
    with scope(tenant.id):
        accounts = [(key.account_id, key.account.name, key.account.role) for key in ApiKey.objects.order_by("id")]
        assert accounts == [(mine[0], "meridian's viewer", "viewer"), (mine[1], "meridian's engineer", "engineer")]
    with scope(stranger.id):
        (key,) = ApiKey.objects.select_related("account")
        assert (key.id, key.account.id, key.account.role) == (theirs[0], theirs[0], "owner")


@pytest.mark.usefixtures("_before")
def test_a_migration_that_is_run_again_changes_nothing(tenant: Tenant) -> None:
    (key,) = keys_of(tenant, "viewer")
    migrate("tenants", FILLED)
    migrate("tenants", BEFORE)
    migrate_all("tenants")
    with scope(tenant.id):
        assert ApiKey.objects.get().account_id == key
