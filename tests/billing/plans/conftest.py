"""An operator for tests of the platform's own plans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.models import Tenant
from tests.billing.payments.fake_stripe import Serving
from tests.billing.plans.metering import Teller
from tests.billing.plans.world import SEPTEMBER, Market, opened
from tests.conftest import Cast


@pytest.fixture
def operator(db: None, settings: Any) -> Tenant:
    """The organisation that runs the platform."""
    settings.OUTTURN_OPERATOR = "platform"
    return Tenant.objects.create(slug="platform", name="Outturn Cloud", plan="enterprise", created_at=SEPTEMBER)


@pytest.fixture
def people(cast: Cast, operator: Tenant) -> Cast:
    """The owner works for the operator too, and the viewer looks on there."""
    add_member(tenant=operator.id, user=cast.owner.id, role=Role.OWNER, now=SEPTEMBER)
    add_member(tenant=operator.id, user=cast.viewer.id, role=Role.VIEWER, now=SEPTEMBER)
    return cast


@pytest.fixture
def market(operator: Tenant, tenant: Tenant) -> Market:
    """Meridian on Business since 1 September 2026."""
    Tenant.objects.filter(id=tenant.id).update(plan="business")
    tenant.plan = "business"
    return opened(operator, tenant)


@pytest.fixture
def teller(market: Market, settings: Any) -> Iterator[Teller]:
    """The operator has Meridian's usage told to Stripe's meters, from 25 September 2026 on."""
    serving = Serving()
    settings.OUTTURN_STRIPE_URL, settings.OUTTURN_STRIPE_SECONDS = serving.url, 5
    made = Teller(market.operator.id, market.organisation, serving)
    made.begin()
    yield made
    serving.stop()
