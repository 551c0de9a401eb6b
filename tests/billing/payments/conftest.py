"""A worker whose Stripe is the fake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from billing.invoices.models import Invoice
from tenants.customers.models import Customer
from tenants.scope.context import scope
from tests.billing.payments.fake_stripe import Serving
from tests.billing.payments.world import ADDRESS, Worker, an_invoice, choose_stripe
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


@pytest.fixture
def paid_invoice(cast: Cast, worker: Worker) -> Invoice:
    """100.00, paid at Stripe."""
    with scope(worker.tenant):
        made = an_invoice(cast.northwind, 10_000)
    worker.collect(made)
    worker.settle()
    worker.stripe.pay(worker.stripe.all("invoice")[0]["id"])
    worker.look()
    return made
