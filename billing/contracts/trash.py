"""Contracts in the trash, and what contracts have against customers and twins going there."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.contracts.models import Contract
from tenants.custody.kinds import TrashKind
from tenants.custody.schemas import Objection
from tenants.scope.actors import Permission

CONTRACT = TrashKind(
    key="contract", label=_("Contract"), model=Contract, needs=Permission.CONTRACTS_EDIT, unique="slug",
    unique_label=_("address"),
)  # fmt: skip


def published(contract: Contract) -> Objection | None:
    """A contract that has a published version stays."""
    if not contract.published:
        return None
    return Objection(
        f"The contract has version {contract.published}, which stays.",
        "Publish a version that ends: nothing is billed after it.",
    )


def under_contract(party: Any) -> Objection | None:
    """A twin or a customer that a contract is about stays; one that lies in the trash counts too, for it may return."""
    column = "twin" if party._meta.model_name == "twin" else "customer"
    found = Contract.everything.filter(**{column: party.id}).order_by("trashed_at").first()
    if found is None:
        return None
    where = "the trash has a contract" if found.trashed_at else "there is a contract"
    return Objection(
        f"It cannot go, because {where} about it: “{found.title}”.", "Let the contract go for good first, or keep it."
    )
