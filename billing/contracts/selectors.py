"""Contracts to read: drafts, published versions, and the one in force for a period."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from billing.contracts.agreement import AgreementDocument
from billing.contracts.models import Contract, ContractAcceptance, ContractVersion
from billing.contracts.periods import PeriodError
from billing.contracts.spans import Holding
from tenants.edge.lists import choices_of
from tenants.kernel.calendars import time_zone
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import ConflictError, NotFoundError

_ANSWERS = ContractAcceptance.objects.filter(version=OuterRef("id"))
_AGREED = Q(needs_acceptance=False) | Exists(_ANSWERS.filter(accepted=True))
_OFFERED = ~Exists(_ANSWERS) & Q(needs_acceptance=True, version=F("contract__published"))


class ContractNotFoundError(NotFoundError):
    """The tenant has no such contract."""

    code = "contract.not_found"

    def __init__(self) -> None:
        super().__init__("There is no such contract.", place="contract", fix="Choose one from the list of contracts.")


class NotInForceError(ConflictError):
    """No published version of the contract holds throughout the period."""

    code = "contract.not_in_force"


def contracts() -> QuerySet[Contract]:
    """The contracts of the tenant in scope, by title; the newest version of one `waits` or is `declined`."""
    offered = ContractVersion.objects.filter(
        contract=OuterRef("pk"), version=OuterRef("published"), needs_acceptance=True
    )
    return Contract.objects.select_related("customer", "twin").annotate(
        waits=Exists(offered.filter(answers=None)), declined=Exists(offered.filter(answers__accepted=False))
    )


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
    """The published versions of a contract, newest first, whether they are agreed (`is_agreed`) or not."""
    return versions_of([contract_id])


def versions_of(contract_ids: Collection[UUID]) -> QuerySet[ContractVersion]:
    """The published versions of some contracts, newest first, whether they are agreed (`is_agreed`) or not."""
    return _told(ContractVersion.objects.filter(contract__in=contract_ids))


def agreed() -> QuerySet[ContractVersion]:
    """The versions that both sides are bound by: those that need no acceptance, and those that were accepted.

    What holds when is decided among these, and by `version_at` alone.
    """
    return ContractVersion.objects.filter(_AGREED)


def offered() -> QuerySet[ContractVersion]:
    """The versions that wait for their customer: the newest of each contract, where nothing was said of it yet."""
    return ContractVersion.objects.filter(_OFFERED)


def agreed_or_offered() -> QuerySet[ContractVersion]:
    """The versions that hold, and those that would once they are accepted; `is_agreed` tells them apart."""
    return _told(ContractVersion.objects.filter(_AGREED | _OFFERED))


def is_agreed(version: ContractVersion) -> bool:
    """Whether both sides are bound by a version, as `versions` and `agreed_or_offered` found it."""
    return bool(version.is_agreed)  # type: ignore[attr-defined] # annotated


def _told(rows: QuerySet[ContractVersion]) -> QuerySet[ContractVersion]:
    return rows.annotate(is_agreed=ExpressionWrapper(_AGREED, BooleanField()))


def agreed_versions(contract_id: UUID) -> QuerySet[ContractVersion]:
    """The versions of a contract that both sides are bound by, newest first."""
    return agreed().filter(contract_id=contract_id)


def agreement_of(row: ContractVersion) -> AgreementDocument:
    """The document of a version."""
    return AgreementDocument.read(row.document)


def first_day(contract_id: UUID) -> date | None:
    """The first day on which a contract held, on the clocks of its zone; None while no version is agreed."""
    first = agreed_versions(contract_id).order_by("version").values_list("document__effective__from", flat=True)
    day = first.first()
    return None if day is None else date.fromisoformat(day)


def version_in_force(contract_id: UUID, start: datetime, end: datetime) -> ContractVersion:
    """The version that holds throughout ``[start, end)``.

    Raises:
        NotInForceError: There is none.
        PeriodError: A later version takes effect within the period, which then has to be billed in two parts.
    """
    known = list(agreed_versions(contract_id))
    later = [version.effective_from for version in known if start < version.effective_from < end]
    holding = version_at(known, start)
    if holding is not None and later:
        raise PeriodError(
            f"A later version takes effect at {isoformat(min(later))}, within the period.", place="end",
            fix="Settle up to that moment, and from it on.",
        )  # fmt: skip
    if holding is None or not holds(holding, end):
        raise _not_in_force(contract_id, start, end)
    return holding


def _not_in_force(contract_id: UUID, start: datetime, end: datetime) -> NotInForceError:
    waiting = offered().filter(contract_id=contract_id, effective_from__lte=start).first()
    if waiting is not None and holds(waiting, end):
        return NotInForceError(
            f"Version {waiting.version} waits for the customer's acceptance, and no other holds from "
            f"{isoformat(start)} to {isoformat(end)}.", place="contract", kept="The version as it was offered.",
            fix="Ask the customer to accept it in their portal, or publish another version.",
        )  # fmt: skip
    return NotInForceError(
        f"No published version holds from {isoformat(start)} to {isoformat(end)}.", place="contract",
        fix="Publish a version that does, or choose another period.",
    )  # fmt: skip


def version_at(known: Iterable[ContractVersion], moment: datetime) -> ContractVersion | None:
    """The one of some `agreed` versions that is in force at a moment: the newest that has taken effect by then.

    So of two from the same day the newer holds, and the older for no day.
    """
    begun = [version for version in known if version.effective_from <= moment]
    newest = max(begun, key=lambda version: version.version, default=None)
    if newest is None or (newest.effective_to is not None and newest.effective_to <= moment):
        return None
    return newest


def holding_from(contract_id: UUID, moment: datetime) -> list[ContractVersion]:
    """The agreed versions of a contract that hold at some time from a moment on, the first first."""
    known = list(agreed_versions(contract_id))
    later = sorted({version.effective_from for version in known if version.effective_from > moment})
    found = (version_at(known, begins) for begins in (moment, *later))
    return [version for version in found if version is not None]


def holds(version: ContractVersion, end: datetime) -> bool:
    """Whether a version that has taken effect holds up to a moment."""
    return version.effective_to is None or end <= version.effective_to


def told_of_spans(rows: QuerySet[ContractVersion]) -> QuerySet[ContractVersion]:
    """Versions by number, each with what is ``told`` of its document, taken out by the database, for `holding_of`.

    ``told`` has the ``grace`` too, by which what it holds for settles by itself.
    """
    told = JSONObject(
        day="document__effective__from", zone="document__terms__time_zone", fee="document__terms__fee",
        year_cap="document__year_cap_minor", grace="document__grace",
    )  # fmt: skip
    return rows.defer("document").annotate(told=told).order_by("contract_id", "version")


def holding_of(version: ContractVersion) -> Holding:
    """What a version, as `told_of_spans` found it, says of the spans it is settled by."""
    told: dict[str, Any] = version.told  # type: ignore[attr-defined] # annotated
    return Holding(
        version.version, version.effective_from, version.effective_to, date.fromisoformat(told["day"]),
        time_zone(told["zone"]), told["year_cap"] is not None, _is_whole(told["fee"]),
    )  # fmt: skip


def holdings(contract_id: UUID) -> list[Holding]:
    """What the agreed versions of a contract say of the spans it is settled by, the first version first."""
    return [holding_of(version) for version in told_of_spans(agreed_versions(contract_id))]


def _is_whole(fee: dict[str, Any]) -> bool:
    """Whether a fee, or the least it comes to, does not grow with the length of the period."""
    if fee["kind"] == "metered":
        return fee.get("minimum_minor") is not None
    return fee.get("prorate") is None


def contracts_about(assets: Collection[str], start: datetime, end: datetime) -> list[ContractVersion]:
    """The newest agreed version of each contract that is about all of some assets and holds at some time of a span.

    The database reads the assets of each and gives only what is found: documents are large, and contracts many.
    """
    newest = agreed().filter(effective_from__lt=end).order_by("contract_id", "-version").distinct("contract_id")
    holding = ContractVersion.objects.filter(
        Q(effective_to=None) | Q(effective_to__gt=start), id__in=newest.values("id")
    )
    return list(holding.filter(document__assets__has_keys=sorted(assets)).order_by("contract_id"))


def version_by_digest(digests: Collection[str]) -> QuerySet[ContractVersion]:
    """The versions with these digests."""
    return ContractVersion.objects.filter(digest__in=digests)


def acceptances_by_digest(digests: Collection[str]) -> dict[str, Any]:
    """The documents of acceptances with these digests."""
    return dict(ContractAcceptance.objects.filter(digest__in=digests).values_list("digest", "document"))


def answer_text(digest: str) -> str | None:
    """The text that was shown to who gave the answer with a digest; None where there is no such answer."""
    return ContractAcceptance.objects.filter(digest=digest).values_list("text", flat=True).first()


def acceptance_of(version: ContractVersion) -> ContractAcceptance | None:
    """What the customer said of a version; None while nothing was said."""
    return next(iter(version.answers.all()), None)
