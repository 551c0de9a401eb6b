"""What is told of a contract's versions: which hold, which wait for the customer, and what each changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import QuerySet

from billing.contracts.agreement import AgreementDocument
from billing.contracts.models import Contract, ContractAcceptance, ContractVersion
from billing.contracts.selectors import (
    ContractNotFoundError,
    acceptance_of,
    agreed_versions,
    agreement_of,
    contracts,
    draft_of,
    is_agreed,
    version_at,
    versions,
    versions_of,
)
from billing.contracts.wording import replacement, text_of
from tenants.scope.actors import Actor, Permission

State = Literal["in_force", "to_come", "past", "waits", "declined", "superseded"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one version.

    Attributes:
        row: The version.
        state: What holds of it; ``waits`` for its customer, ``superseded`` while it waited.
        answer: What the customer said of it.
        before: The agreed version that it takes the place of, or would.
    """

    row: ContractVersion
    state: State
    answer: ContractAcceptance | None
    before: ContractVersion | None

    @property
    def replaces(self) -> str | None:
        """What it does to the version before it, in a sentence."""
        return None if self.before is None else replacement(agreement_of(self.row), agreement_of(self.before))


@dataclass(frozen=True, slots=True)
class Change:
    """A sentence that a version says and the one before it does not, or the other way round."""

    text: str
    is_new: bool


def standings(contract_id: UUID, now: datetime) -> list[Standing]:
    """How it stands with the versions of a contract, the newest first."""
    return _standings(list(versions(contract_id).prefetch_related("answers")), now)


def standings_of(wanted: Collection[UUID], now: datetime) -> dict[UUID, list[Standing]]:
    """How it stands with the versions of some contracts, the newest first."""
    found: dict[UUID, list[ContractVersion]] = {each: [] for each in wanted}
    for row in versions_of(wanted).prefetch_related("answers"):
        found[row.contract_id].append(row)
    return {contract: _standings(rows, now) for contract, rows in found.items()}


def _standings(rows: list[ContractVersion], now: datetime) -> list[Standing]:
    agreed = [row for row in rows if is_agreed(row)]
    holding = version_at(agreed, now)
    return [
        Standing(
            row=row,
            state=_state(row, holding, now) if is_agreed(row) else _offer_state(row, rows[0]),
            answer=acceptance_of(row),
            before=next((one for one in agreed if one.version < row.version), None),
        )
        for row in rows
    ]


def _state(row: ContractVersion, holding: ContractVersion | None, now: datetime) -> State:
    if row == holding:
        return "in_force"
    return "to_come" if row.effective_from > now else "past"


def _offer_state(row: ContractVersion, newest: ContractVersion) -> State:
    if acceptance_of(row) is not None:
        return "declined"
    return "waits" if row == newest else "superseded"


def replaced_by(version: ContractVersion) -> str | None:
    """What a version does, or would do, to the agreed one before it, in a sentence; None when there is none."""
    before = agreed_versions(version.contract_id).filter(version__lt=version.version).first()
    return None if before is None else replacement(agreement_of(version), agreement_of(before))


def draft_replaces(row: Contract) -> str | None:
    """What the draft would do to the version that both sides are bound by, in a sentence; None when there is none."""
    before = agreed_versions(row.id).first()
    return None if before is None else replacement(draft_of(row), agreement_of(before))


def changes(agreement: AgreementDocument, before: AgreementDocument) -> list[Change]:
    """The sentences that a version adds to the one before it, and those that it takes away, in their order."""
    new, old = text_of(agreement).split("\n")[2:], text_of(before).split("\n")[2:]
    return [*_only_in(old, new, is_new=False), *_only_in(new, old, is_new=True)]


def _only_in(lines: list[str], others: list[str], *, is_new: bool) -> Iterator[Change]:
    return (Change(line, is_new) for line in lines if line not in others)


def contracts_seen_by(actor: Actor) -> QuerySet[Contract]:
    """The published contracts that somebody may read as their text: a customer's people those of their own company."""
    found = contracts().filter(published__gt=0)
    if actor.customer is not None:
        return found.filter(customer=actor.customer)
    return found if actor.may(Permission.CONTRACTS_READ) else found.none()


def contract_seen_by(actor: Actor, contract_id: UUID) -> Contract:
    """One such contract.

    Raises:
        ContractNotFoundError: There is none that they may read.
    """
    found = contracts_seen_by(actor).filter(id=contract_id).first()
    if found is None:
        raise ContractNotFoundError
    return found
