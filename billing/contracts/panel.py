"""The contracts of an end customer, as a part of its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from billing.contracts.selectors import contracts
from tenants.scope.actors import Actor, Permission


def panel(actor: Actor, customer: UUID) -> Mapping[str, Any]:
    """What a customer's page tells of its contracts."""
    return {
        "contracts": contracts().filter(customer=customer),
        "can_edit": actor.may(Permission.CONTRACTS_EDIT),
    }
