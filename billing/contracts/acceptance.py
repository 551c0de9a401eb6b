"""Signing: the customer accepts the version of a contract that was offered to them, or declines it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import day_text, utc_text
from billing.contracts.models import Contract, ContractAcceptance, ContractVersion
from billing.contracts.registry import settled_periods, tell_agreed
from billing.contracts.selectors import ContractNotFoundError, acceptance_of, agreement_of, locked_contract, versions
from billing.contracts.wording import text_to_sign
from tenants.kernel.calendars import time_zone
from tenants.kernel.canonical import digest
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, record_audit
from tenants.scope.actors import Actor

ACCEPTANCE, REFUSAL = "contract_acceptance", "contract_refusal"
"""Kinds of entries of the log."""
MOST_LETTERS = 120
MOST_REASON = 500


class NotTheCustomerError(OutturnError):
    """Only a person of the contract's customer may answer for it."""

    code = "acceptance.not_the_customer"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "A contract is accepted or declined by the customer's own people only.", place="contract",
            kept="The version as it was offered.", fix="Ask the customer to answer in their portal.",
        )  # fmt: skip


class ChangedTextError(ConflictError):
    """What the person has read is not what the version says."""

    code = "acceptance.changed"


class AnsweredError(ConflictError):
    """The version waits for no answer: it was answered, needs none, or another took its place."""

    code = "acceptance.not_open"


class SettledError(ConflictError):
    """Periods in which the version would be in force are settled under another."""

    code = "acceptance.settled"


class SignatureError(OutturnError):
    """The name, or the reason, is missing or too long."""

    code = "acceptance.incomplete"
    status = 422


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person was shown of a version before they answer.

    Attributes:
        version: Its number.
        digest: That of its document.
        text_digest: SHA-256 of the plain text.
    """

    version: int
    digest: str
    text_digest: str


def text_digest(text: str) -> str:
    """SHA-256 of a plain text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def accept_version(*, contract: UUID, read: Reading, name: str, by: Actor, now: datetime) -> ContractAcceptance:
    """Accept a version for the customer: from the day that it names it is in force.

    Args:
        contract: The contract.
        read: What the person was shown.
        name: Their name, as they typed it.
        by: Who accepts, a person of the customer.
        now: When.

    Raises:
        ContractNotFoundError: There is no such contract, or it is another customer's.
        NotTheCustomerError: It is nobody of the customer's.
        AnsweredError: The version waits for no answer.
        ChangedTextError: They were shown something else.
        SignatureError: The name is missing or too long.
        SettledError: Some of the time from its first day on has a statement under another version.
    """
    with transaction.atomic():
        version, agreement = _open_version(contract, read, by)
        _refuse_settled(version, agreement, now)
        answer = _answered(version, agreement, name=name, reason=None, by=by, now=now)
        tell_agreed(version.contract_id, by=version.published_by, now=now)
        return answer


def decline_version(
    *, contract: UUID, read: Reading, name: str, reason: str, by: Actor, now: datetime
) -> ContractAcceptance:
    """Decline a version for the customer, and say why; what held before goes on.

    Raises:
        ContractNotFoundError: There is no such contract, or it is another customer's.
        NotTheCustomerError: It is nobody of the customer's.
        AnsweredError: The version waits for no answer.
        ChangedTextError: They were shown something else.
        SignatureError: The name or the reason is missing or too long.
    """
    with transaction.atomic():
        version, agreement = _open_version(contract, read, by)
        return _answered(version, agreement, name=name, reason=reason, by=by, now=now)


def _open_version(contract: UUID, read: Reading, by: Actor) -> tuple[ContractVersion, AgreementDocument]:
    """The version that was read, with the contract locked until all is done."""
    row = locked_contract(contract)
    if by.customer is None or by.user is None:
        raise NotTheCustomerError
    if row.customer_id != by.customer:
        raise ContractNotFoundError
    version = versions(row.id).filter(version=read.version).prefetch_related("answers").first()
    if version is None:
        raise ContractNotFoundError
    _refuse_closed(row, version)
    agreement = agreement_of(version)
    if (version.digest, text_digest(text_to_sign(agreement))) != (read.digest, read.text_digest):
        raise ChangedTextError(
            f"Version {version.version} says something else than what you were shown.", place="digest",
            kept="The version as it was offered. Nothing was accepted.", fix="Read it again, and answer then.",
        )  # fmt: skip
    return version, agreement


def _refuse_closed(contract: Contract, version: ContractVersion) -> None:
    answer = acceptance_of(version)
    if answer is not None:
        raise AnsweredError(
            f"Version {version.version} was {answer} on {utc_text(answer.answered_at)}.", place="version",
            kept="That answer.", fix="Open the contract to see it.",
        )  # fmt: skip
    if not version.needs_acceptance:
        raise AnsweredError(
            f"Version {version.version} needs no acceptance.", place="version", kept="The version as it is.",
            fix="Nothing is to be done.",
        )  # fmt: skip
    if version.version != contract.published:
        raise AnsweredError(
            f"Version {contract.published} was offered in place of version {version.version}.", place="version",
            kept="Both versions.", fix=f"Read version {contract.published}, and answer that.",
        )  # fmt: skip


def _refuse_settled(version: ContractVersion, agreement: AgreementDocument, now: datetime) -> None:
    """Both sides agree from its first day on, but not about what was settled under other terms."""
    found = settled_periods(version.contract_id, version.effective_from, version.effective_to, now)
    others = [period for period in found if period.under != version.version]
    if not others:
        return
    first, zone = day_text(date.fromisoformat(agreement.effective.start)), time_zone(agreement.terms.time_zone)
    count = "One period is" if len(others) == 1 else f"{len(others)} periods are"
    raise SettledError(
        f"{count} settled already, under another version, from {first} on.",
        place="version", kept="The version as it was offered, and the statements.",
        fix=f"Ask for one that takes effect on {day_text(others[-1].end.astimezone(zone).date())} or later.",
    )  # fmt: skip


def _answered(
    version: ContractVersion, agreement: AgreementDocument, *, name: str, reason: str | None, by: Actor, now: datetime
) -> ContractAcceptance:
    """The answer, written once: in the log and in the audit."""
    signed, why = _checked("name", name, MOST_LETTERS), None
    if reason is not None:
        why = _checked("reason", reason, MOST_REASON)
    verdict = "accepted" if why is None else "declined"
    text = text_to_sign(agreement)
    document = {
        "acceptance" if why is None else "refusal": 1,
        "contract": agreement.contract,
        "version": version.version,
        "digest": version.digest,
        "text_digest": text_digest(text),
        f"{verdict}_by": by.name,
        "name": signed,
        **({} if why is None else {"reason": why}),
        f"{verdict}_at": utc_text(now),
        "relies_on": {"contract_version": [version.digest]},
    }
    answer = ContractAcceptance.objects.create(
        id=new_id(), version=version, accepted=why is None, text=text, document=document, digest=digest(document),
        answered_by=by.name, answered_at=now,
    )  # fmt: skip
    record_audit(
        action=f"contract.{verdict}", subject=f"contract/{version.contract_id}", by=by.name, now=now,
        details={"version": version.version, "name": signed, "digest": answer.digest},
    )  # fmt: skip
    append_leaves(entries=[NewEntry(ACCEPTANCE if why is None else REFUSAL, answer.digest)], now=now)
    return answer


def _checked(place: str, text: str, most: int) -> str:
    given = " ".join(text.split()) if place == "name" else text.strip()
    if not 1 <= len(given) <= most:
        raise SignatureError(
            f"The {place} is missing or longer than {most} letters.", place=place,
            kept="The version as it was offered. Nothing was answered.", fix=f"Write it in at most {most} letters.",
        )  # fmt: skip
    return given
