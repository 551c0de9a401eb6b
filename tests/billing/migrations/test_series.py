"""Numbers of invoices from before there were legal entities go on without a gap."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections, transaction

from billing.invoices.models import InvoiceSeries
from tenants.kernel.ids import new_id
from tenants.scope.context import scope, set_local
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, a_seller, billed_at
from tests.billing.invoices.test_services import issue, seal
from tests.billing.world import agreement, customer, e01, published
from tests.migrating import database_of_its_own, migrate, migrate_all

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def _before(transactional_db: None) -> Iterator[None]:
    with database_of_its_own():
        migrate("billing", "0004_lists")
        yield


@pytest.mark.usefixtures("_before")
def test_the_series_of_a_tenant_goes_on_with_and_without_a_legal_entity(tenant: Tenant) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(set_local(tenant.id))
        cursor.execute(
            "INSERT INTO billing_invoiceseries (tenant_id, id, kind, year, prefix, last)"
            " VALUES (%s, %s, 'invoice', 2026, 'MERI', 41)",
            [tenant.id, new_id()],
        )
    migrate_all()
    with scope(tenant.id):
        fleet, contract = e01()
        assert issue(seal(contract)).number == "MERI-2026-0042"
        seller = a_seller()
        billed_at(customer().id, AT_HOME)
        assert issue(seal(published(agreement(fleet, title="Next")))).number == "MERI-2026-0043"
        assert InvoiceSeries.objects.get().entity == seller
