"""Disputes to read: for the organisation's own people all of them, for a customer's people their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, QuerySet, Subquery

from billing.contracts.agreement import AgreementDocument
from billing.contracts.selectors import agreement_of
from billing.contracts.shown import hours_shown
from billing.disputes.domain.steps import LIVING, Side, State, Verdict, state_after, verdicts_leading_to
from billing.disputes.models import Dispute, DisputeDecision, DisputeFile, DisputeMessage
from billing.statements.models import Statement
from tenants.kernel.calendars import epoch_ms, from_epoch_ms, time_zone
from tenants.kernel.errors import NotFoundError
from twins.evidence.selectors import sealed_documents


class DisputeNotFoundError(NotFoundError):
    """The tenant has no such dispute, or it is another customer's."""

    code = "dispute.not_found"


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of a conversation: the opening, a message or a step."""

    side: Side
    by: str
    at: datetime
    text: str
    verdict: str = ""
    effect: dict[str, Any] | None = None
    consent: dict[str, Any] | None = None
    files: list[DisputeFile] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Counted:
    """A span of an asset within a dispute: what the statement counted it as, or what a report said and when it came."""

    asset: str
    start: datetime
    end: datetime
    state: str
    received: datetime | None = None

    @property
    def hours(self) -> str:
        """How long it is, in hours with two digits."""
        return hours_shown(epoch_ms(self.end) - epoch_ms(self.start))


def disputes(customer: UUID | None) -> QuerySet[Dispute]:
    """The disputes of one end customer, or of all of them, the latest first, each with its `verdict` so far.

    Args:
        customer: The end customer whose person asks; None for the organisation's own people.
    """
    found = Dispute.objects.select_related(
        "statement__contract", "statement__contract_version", "statement__run", "customer"
    ).annotate(verdict=_newest_verdict())
    return found if customer is None else found.filter(customer_id=customer)


def disputes_listed(customer: UUID | None) -> QuerySet[Dispute]:
    """The same for a list: without the documents that they rest on."""
    found = Dispute.objects.select_related("statement__contract", "customer").annotate(verdict=_newest_verdict())
    found = found.defer("statement__document", "statement__contract__draft")
    return found if customer is None else found.filter(customer_id=customer)


def dispute(dispute_id: UUID, customer: UUID | None) -> Dispute:
    """One dispute.

    Raises:
        DisputeNotFoundError: There is none, or it is another customer's.
    """
    found = disputes(customer).filter(id=dispute_id).first()
    if found is None:
        raise DisputeNotFoundError(
            "There is no such dispute.", place="dispute", fix="Choose one from the list of disputes."
        )
    return found


def in_state(rows: QuerySet[Dispute], state: str) -> QuerySet[Dispute]:
    """Those of some disputes, with their `verdict`, that are in a state."""
    asked = cast("State", state)
    found = Q(verdict__in=verdicts_leading_to(asked))
    return rows.filter(found | Q(verdict=None) if asked == "open" else found)


def living(rows: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Those of some disputes, with their `verdict`, that are not over."""
    ended = [verdict for state in ("settled", "upheld", "declined", "withdrawn") for verdict in _leading_to(state)]
    return rows.filter(Q(verdict=None) | ~Q(verdict__in=ended))


def verdicts_of(row: Dispute) -> list[Verdict]:
    """What was decided about a dispute, in order."""
    return [cast("Verdict", one) for one in decisions_of(row).values_list("verdict", flat=True)]


def decisions_of(row: Dispute) -> QuerySet[DisputeDecision]:
    """The steps of a dispute, in order."""
    return DisputeDecision.objects.filter(dispute=row).order_by("number")


def state_of(row: Any) -> State:
    """The state of a dispute that has its `verdict`."""
    return state_after([row.verdict] if row.verdict else [])


def is_living(row: Any) -> bool:
    """Whether both sides of a dispute, with its `verdict`, still talk."""
    return state_of(row) in LIVING


def offer_of(row: Dispute) -> DisputeDecision | None:
    """The offer that waits for the customer's answer."""
    newest = decisions_of(row).last()
    return newest if newest is not None and newest.verdict == "offered" else None


def conversation(row: Dispute) -> list[Said]:
    """All that was said, attached and decided, in the order of time."""
    files: dict[UUID | None, list[DisputeFile]] = {}
    for one in DisputeFile.objects.filter(dispute=row).defer("content").order_by("id"):
        files.setdefault(one.message_id, []).append(one)
    opening = Said(_side(row.side), row.opened_by, row.opened_at, row.document["reason"], files=files.get(None, []))
    messages = (
        Said(_side(one.side), one.said_by, one.said_at, one.document["text"], files=files.get(one.id, []))
        for one in DisputeMessage.objects.filter(dispute=row)
    )
    decisions = (
        Said(
            _side(one.side),
            one.decided_by,
            one.decided_at,
            one.document["why"],
            one.verdict,
            one.effect,
            one.document.get("consent"),
        )
        for one in decisions_of(row)
    )
    return [opening, *sorted([*messages, *decisions], key=lambda one: one.at)]


def file_of(row: Dispute, file_id: UUID) -> DisputeFile | None:
    """A file of a dispute, with its bytes."""
    return DisputeFile.objects.filter(dispute=row, id=file_id).first()


def about_statements(statements: Iterable[UUID]) -> list[Dispute]:
    """The disputes about some statement versions, with their `verdict`, the latest first."""
    return list(disputes_listed(None).filter(statement__in=list(statements)))


def about_period(row: Statement) -> list[Dispute]:
    """The disputes about a period, whichever version of its statement they point to."""
    found = disputes_listed(None)
    return list(found.filter(contract=row.contract_id, statement__period_start=row.period_start))


def agreement_about(row: Dispute) -> AgreementDocument:
    """The version of the contract under which a dispute stands."""
    return agreement_of(row.statement.contract_version)


def zone_of(row: Dispute) -> ZoneInfo:
    """The zone of the contract."""
    return time_zone(agreement_about(row).terms.time_zone)


def categories(agreement: AgreementDocument, clause: str, assets: Sequence[str]) -> list[str]:
    """The categories as which time of some assets can be excluded, by name: of one clause, or of all about them."""
    about = (
        one for one in agreement.terms.clauses
        if (one.id == clause if clause else not set(one.assets).isdisjoint(assets))
    )  # fmt: skip
    return sorted({rule.category for one in about for rule in one.exclusions})


def counted(row: Dispute) -> Iterator[Counted]:
    """What the disputed statement counted the interval as, asset by asset, under the clause in question."""
    start, end = epoch_ms(row.start), epoch_ms(row.end)
    clauses = row.statement.run.document["outcome"]["workings"]["clauses"]
    about = set(row.document["assets"])
    for clause in clauses:
        if row.clause and clause["id"] != row.clause:
            continue
        for one in clause["assets"]:
            if one["asset"] not in about:
                continue
            about.discard(one["asset"])
            for begins, ends, category, _ in one["segments"]:
                if begins < end and start < ends:
                    first, after = from_epoch_ms(max(begins, start)), from_epoch_ms(min(ends, end))
                    yield Counted(one["asset"], first, after, category)


def reported(row: Dispute) -> Iterator[Counted]:
    """What the evidence of the disputed statement says of the interval: each report, in the order it came in."""
    twin = UUID(agreement_about(row).twin)
    names = row.document["relies_on"]["evidence_segment"]
    sealed = sealed_documents(twin, row.statement.period_start, row.statement.period_end, names)
    condition = row.document["of"]
    for document in sealed.values():
        told = document.get("states", ()) if condition is None else document.get("conditions", {}).get(condition, ())
        found = [
            Counted(document["asset"], _moment(one["from"]), _moment(one["to"]), one["state"], _moment(one["received"]))
            for one in told
        ]
        yield from (one for one in sorted(found, key=_received) if one.start < row.end and row.start < one.end)


def _received(one: Counted) -> tuple[datetime, datetime]:
    assert one.received is not None
    return one.received, one.start


def _newest_verdict() -> Subquery:
    newest = DisputeDecision.objects.filter(dispute=OuterRef("id")).order_by("-number")
    return Subquery(newest.values("verdict")[:1])


def _leading_to(state: str) -> list[Verdict]:
    return verdicts_leading_to(cast("State", state))


def _side(text: str) -> Side:
    return cast("Side", text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
