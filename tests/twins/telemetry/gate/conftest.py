"""An organisation on the smallest plan, its gate, and its gateway at the route."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from django.conf import settings

from tenants.kernel.clock import utc_now
from tenants.scope.models import Tenant
from tests.ingest import ingesting
from tests.twins.conftest import Fleet
from twins.telemetry.gate import Gate


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    """Meridian Engines, on the smallest plan."""
    return Tenant.objects.create(slug="meridian", name="Meridian Engines", plan="trial", created_at=utc_now())


@pytest.fixture
async def gate(transactional_db: None) -> AsyncIterator[Gate]:
    made = Gate(settings.REDIS_URL)
    yield made
    await made.close()


@pytest.fixture
async def client(transactional_db: None, fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway of the fleet, at the route with its writer at work."""
    async with ingesting(fleet.token) as made:
        yield made
