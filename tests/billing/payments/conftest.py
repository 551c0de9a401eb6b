"""A worker whose Stripe is the fake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tenants.customers.models import Customer
from tenants.scope.context import scope
from tests.billing.payments.fake_stripe import Serving
from tests.billing.payments.world import ADDRESS, Worker, choose_stripe
from tests.conftest import Cast


@pytest.fixture
def serving(settings: Any) -> Iterator[Serving]:
    """The fake behind an address."""
    served = Serving()
    settings.OUTTURN_STRIPE_URL, settings.OUTTURN_STRIPE_SECONDS = served.url, 5
    yield served
    served.stop()


@pytest.fixture
def worker(cast: Cast, serving: Serving) -> Worker:
    """Meridian's worker; Meridian has chosen Stripe, and knows where Northwind is reached."""
    with scope(cast.meridian.id):
        Customer.objects.filter(id=cast.northwind).update(contact_email=ADDRESS)
        choose_stripe()
    made = Worker(cast.meridian.id, serving)
    made.pass_time()
    return made
