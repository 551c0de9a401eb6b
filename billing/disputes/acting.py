"""Who acts in a dispute: a customer's people for the customer, the organisation's own for the provider."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from billing.disputes.domain.steps import Side
from tenants.scope.actors import Actor, Permission


def side_of(actor: Actor) -> Side | None:
    """For whom somebody speaks; None for those of the organisation who only read."""
    if actor.customer is not None:
        return "customer"
    speaks = (Permission.CONTRACTS_OPERATE, Permission.CONTRACTS_APPROVE)
    return "provider" if any(actor.may(one) for one in speaks) else None


def required_side(actor: Actor) -> Side:
    """For whom somebody speaks.

    Raises:
        PermissionDenied: They only read.
    """
    side = side_of(actor)
    if side is None:
        raise PermissionDenied
    return side


def may_decide(actor: Actor) -> bool:
    """Whether somebody decides for the organisation about what counts."""
    return actor.customer is None and actor.may(Permission.CONTRACTS_APPROVE)
