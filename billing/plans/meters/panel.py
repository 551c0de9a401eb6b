"""The part about Stripe's meters on the operator's payment settings."""

from __future__ import annotations

from typing import Any

from billing.plans.meters.selectors import is_told, troubles
from billing.plans.selectors import operator
from tenants.scope.context import required_tenant


def panel() -> dict[str, Any] | None:
    """Whether usage is told to Stripe's meters, and how much of it waits for a person; None but for the operator."""
    if operator() != required_tenant("the payment settings"):
        return None
    return {"is_told": is_told(), "troubles": troubles()}
