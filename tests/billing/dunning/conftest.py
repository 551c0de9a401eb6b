"""What tests of dunning share."""

from __future__ import annotations

import pytest

from billing.invoices.models import Invoice
from tenants.scope.context import scope
from tests.billing.dunning.world import turn_on
from tests.billing.payments.world import an_invoice
from tests.conftest import Cast


@pytest.fixture
def invoice(cast: Cast) -> Invoice:
    """100.00 USD net, 119.00 gross, due on 4 January 2027; reminders are on."""
    with scope(cast.meridian.id):
        turn_on()
        return an_invoice(cast.northwind, 10_000, tax=1_900)
