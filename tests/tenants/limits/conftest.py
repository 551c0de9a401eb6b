"""Meridian on the smallest plan."""

from __future__ import annotations

import pytest

from tenants.kernel.clock import utc_now
from tenants.scope.models import Tenant


@pytest.fixture
def tenant(db: None) -> Tenant:
    """Meridian Engines, which has just begun."""
    return Tenant.objects.create(slug="meridian", name="Meridian Engines", plan="trial", created_at=utc_now())
