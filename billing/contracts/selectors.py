"""Contracts to read: drafts, published versions, and the one in force for a period."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from billing.contracts.agreement import AgreementDocument
from billing.contracts.models import Contract, ContractVersion
from billing.contracts.periods import PeriodError
from tenants.edge.lists import choices_of
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import ConflictError, NotFoundError


class ContractNotFoundError(NotFoundError):
    """The tenant has no such contract."""

    code = "contract.not_found"

    def __init__(self) -> None:
        super().__init__("There is no such contract.", place="contract", fix="Choose one from the list of contracts.")


class NotInForceError(ConflictError):
    """No published version of the contract holds throughout the period."""

    code = "contract.not_in_force"


def contracts() -> QuerySet[Contract]:
    """The contracts of the tenant in scope, by title."""
    return Contract.objects.select_related("customer", "twin")


def contract_choices() -> list[tuple[str, str]]:
    """The contracts as what a list is narrowed by."""
    return choices_of(Contract.objects.all(), "title")


def contracts_counted() -> dict[UUID, int]:
    """How many contracts each end customer has; one without any is not in it."""
    return dict(Contract.objects.values_list("customer").annotate(number=Count("id")).order_by())


def contract(contract_id: UUID) -> Contract:
    """One contract.

    Raises:
        ContractNotFoundError: The tenant has no such contract.
    """
    found = contracts().filter(id=contract_id).first()
    if found is None:
        raise ContractNotFoundError
    return found


def locked_contract(contract_id: UUID) -> Contract:
    """One contract, held until the transaction ends: what is billed of it is decided by one at a time.

    Raises:
        ContractNotFoundError: The tenant has no such contract.
    """
    found = Contract.objects.select_for_update().filter(id=contract_id).first()
    if found is None:
        raise ContractNotFoundError
    return found


def contract_by_slug(slug: str) -> Contract | None:
    """One contract by its name in addresses."""
    return contracts().filter(slug=slug).first()


def draft_of(row: Contract) -> AgreementDocument:
    """The draft in a contract's row."""
    return AgreementDocument.read(row.draft)


def versions(contract_id: UUID) -> QuerySet[ContractVersion]:
    """The published versions of a contract, newest first."""
    return ContractVersion.objects.filter(contract_id=contract_id)


def agreement_of(row: ContractVersion) -> AgreementDocument:
    """The document of a version."""
    return AgreementDocument.read(row.document)


def version_in_force(contract_id: UUID, start: datetime, end: datetime) -> ContractVersion:
    """The version that holds throughout ``[start, end)``.

    Raises:
        NotInForceError: There is none.
        PeriodError: A later version takes effect within the period, which then has to be billed in two parts.
    """
    published = list(versions(contract_id))
    later = [version.effective_from for version in published if start < version.effective_from < end]
    holding = version_at(published, start)
    if holding is not None and later:
        raise PeriodError(
            f"A later version takes effect at {isoformat(min(later))}, within the period.", place="end",
            fix="Settle up to that moment, and from it on.",
        )  # fmt: skip
    if holding is None or not holds(holding, end):
        raise NotInForceError(
            f"No published version holds from {isoformat(start)} to {isoformat(end)}.", place="contract",
            fix="Publish a version that does, or choose another period.",
        )  # fmt: skip
    return holding


def version_at(published: Iterable[ContractVersion], moment: datetime) -> ContractVersion | None:
    """The version in force at a moment: the newest that has taken effect, whatever an older one says."""
    begun = [version for version in published if version.effective_from <= moment]
    newest = max(begun, key=lambda version: version.version, default=None)
    if newest is None or (newest.effective_to is not None and newest.effective_to <= moment):
        return None
    return newest


def holds(version: ContractVersion, end: datetime) -> bool:
    """Whether a version that has taken effect holds up to a moment."""
    return version.effective_to is None or end <= version.effective_to


def contracts_about(assets: Collection[str], start: datetime, end: datetime) -> list[ContractVersion]:
    """The newest version of each contract that is about all of some assets and holds at some time of a span."""
    begun = ContractVersion.objects.filter(effective_from__lt=end)
    return [
        version
        for version in begun.order_by("contract_id", "-version").distinct("contract_id")
        if (version.effective_to is None or start < version.effective_to)
        and set(assets) <= version.document["assets"].keys()
    ]


def version_by_digest(digests: Collection[str]) -> QuerySet[ContractVersion]:
    """The versions with these digests."""
    return ContractVersion.objects.filter(digest__in=digests)
