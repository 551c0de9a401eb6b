"""Contracts that their customer signs: who signs them, and what they are shown."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from billing.contracts.acceptance import Reading, accept_version, text_digest
from billing.contracts.agreement import AgreementTerms
from billing.contracts.models import Contract, ContractAcceptance, ContractVersion
from billing.contracts.selectors import agreement_of, contract, versions
from billing.contracts.services import edit_contract, publish_contract
from billing.contracts.wording import text_to_sign
from tenants.kernel.ids import new_id
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import required_tenant
from tests.billing.outcomes.documents import Json
from tests.billing.world import BY, SIGNED

READER = "reader@meridian.example"


def person(customer: UUID | None, role: Role = Role.CUSTOMER) -> Actor:
    """Somebody of an end customer, or of Meridian."""
    return Actor(
        tenant=required_tenant("a person"), slug="meridian", role=role, permissions=PERMISSIONS[role], name=READER,
        user=new_id(), customer=customer,
    )  # fmt: skip


def version(of: Contract, number: int = 1) -> ContractVersion:
    """A version of a contract."""
    return versions(of.id).get(version=number)


def shown(of: Contract, number: int = 1) -> Reading:
    """What the page of a version shows."""
    row = version(of, number)
    return Reading(number, row.digest, text_digest(text_to_sign(agreement_of(row))))


def accept(of: Contract, number: int = 1, *, now: datetime = SIGNED) -> ContractAcceptance:
    """The customer accepts a version."""
    row = contract(of.id)
    return accept_version(
        contract=of.id, read=shown(of, number), name="Nora Winter", by=person(row.customer_id), now=now
    )


def amended(of: Contract, wanted: Json, *, now: datetime = SIGNED) -> ContractVersion:
    """The next version of a contract."""
    row = contract(of.id)
    row = edit_contract(contract=of.id, revision=row.revision, wanted=AgreementTerms.read(wanted), by=BY, now=now)
    return publish_contract(contract=of.id, revision=row.revision, by=BY, now=now)
