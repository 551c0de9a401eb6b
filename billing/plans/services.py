"""Writes of the operator: prices that are published, and usage events that are taken once for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from billing.contracts.fields import DocumentError
from billing.plans.domain.events import Usage, read_event
from billing.plans.domain.prices import Aggregate
from billing.plans.models import PlanAccount, PlanPrice, UsageEvent
from billing.plans.schemas import OWN_SOURCES, PREFIX, PlanPricesDocument
from billing.plans.selectors import PriceList, accounts_with_end, require_operator
from tenants.kernel.canonical import digest
from tenants.kernel.errors import Finding, OutturnError
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.locks import hold

MOST = 1000
"""How many events a request may bring."""

Kind = Literal["accepted", "duplicate", "conflict", "refused"]


class TooManyEventsError(OutturnError):
    """A request brings more events than are taken at once."""

    code = "usage.too_many"
    status = 413


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one event.

    Attributes:
        index: Its place in the request.
        kind: Taken now; known, and the same; known with other content, of which the first stays; or not taken.
        source: As it was sent, if it was.
        id: As it was sent, if it was.
        findings: What was wrong, with its place in the event.
    """

    index: int
    kind: Kind
    source: str
    id: str
    findings: Sequence[Finding] = field(default=())


def publish_prices(*, document: object, valid_from: datetime, by: str, now: datetime) -> PlanPrice:
    """Publish what a plan costs from a moment on, which must not have passed: no period changes its prices.

    Raises:
        NotOperatorError: The tenant in scope does not run the platform.
        DocumentError: The document does not fit, leaves a hole or an overlap, or contradicts other prices.
    """
    require_operator()
    with transaction.atomic():
        hold(f"plan-prices/{required_tenant('prices')}")
        wanted = check_prices(document=document, valid_from=valid_from, now=now)
        version = PlanPrice.objects.filter(plan=wanted.plan).count() + 1
        value = wanted.as_json()
        row = PlanPrice.objects.create(
            plan=wanted.plan, version=version, document=value, digest=digest(value), valid_from=valid_from,
            published_by=by, published_at=now,
        )  # fmt: skip
        record_audit(
            action="fee.prices_published", subject=f"plan-price/{row.id}", by=by, now=now,
            details={"plan": row.plan, "version": version, "valid_from": valid_from.isoformat()},
        )  # fmt: skip
    return row


def check_prices(*, document: object, valid_from: datetime, now: datetime) -> PlanPricesDocument:
    """What `publish_prices` would publish; nothing is written.

    Raises:
        DocumentError: The document does not fit, leaves a hole or an overlap, or contradicts other prices.
    """
    wanted = PlanPricesDocument.read(document)
    faults = [*wanted.faults(), *_contradictions(wanted)]
    if valid_from < now:
        message = "Prices never change for a time that has passed."
        faults.append(Finding("plan.valid_from", "valid_from", message, "Write a moment that is still to come."))
    if faults:
        raise DocumentError(faults)
    return wanted


def _contradictions(wanted: PlanPricesDocument) -> Sequence[Finding]:
    """Where prices would make what was metered mean something else: one currency, one meaning of each type."""
    known = PriceList()
    faults = []
    others = {known.document(row).currency for row in PlanPrice.objects.all()} - {wanted.currency}
    if others:
        message = f"Other prices are in {', '.join(sorted(others))}; a period has one currency."
        faults.append(Finding("plan.currency", "currency", message, "Write the currency of the other prices."))
    means = known.aggregates()
    for number, meter in enumerate(wanted.meters):
        before = means.get(meter.type, meter.aggregate)
        if before != meter.aggregate:
            message = f"{meter.type} is metered as {before} elsewhere."
            place, fix = f"meters/{number}/aggregate", f"Write {before}, or meter another type."
            faults.append(Finding("plan.meter_changed", place, message, fix))
    return faults


def take_events(*, given: Sequence[Any], by: str, now: datetime) -> list[Answer]:
    """Take usage events that were sent from outside; each gets its own answer, and none hinders another.

    Raises:
        NotOperatorError: The tenant in scope does not run the platform.
        TooManyEventsError: They are more than are taken at once.
    """
    require_operator()
    if len(given) > MOST:
        raise TooManyEventsError(
            f"{len(given):,} events are more than are taken at once.", place="events", kept="None of them was taken.",
            fix=f"Send at most {MOST:,} at a time; what was sent before may be sent again.",
        )  # fmt: skip
    means, owners = PriceList().aggregates(), _Owners()
    answers: dict[int, Answer] = {}
    wanted: list[tuple[int, PlanAccount, Usage]] = []
    for index, each in enumerate(given):
        read = read_event(each, now)
        faults = read if isinstance(read, list) else _misfits(read, means, owners)
        if isinstance(read, list) or faults:
            answers[index] = Answer(index, "refused", _text(each, "source"), _text(each, "id"), faults)
        else:
            wanted.append((index, owners.of(read.subject), read))
    kinds = keep_events([(account, usage) for _, account, usage in wanted], by=by, now=now)
    for (index, _, usage), kind in zip(wanted, kinds, strict=True):
        answers[index] = Answer(index, kind, usage.source, usage.id, _conflict() if kind == "conflict" else ())
    return [answers[index] for index in range(len(given))]


def keep_events(wanted: Sequence[tuple[PlanAccount, Usage]], *, by: str, now: datetime) -> list[Kind]:
    """Write events that are not there yet; the first of an identity stays, whoever else sends it at the same moment.

    The database decides: the constraint on source and id lets one row be, for ever.
    """
    rows = [
        UsageEvent(
            source=usage.source, event_id=usage.id, account=account, type=usage.type, at=usage.at, value=usage.value,
            item=usage.item, digest=usage.digest_for(account.organisation), received_by=by, received_at=now,
        )
        for account, usage in wanted
    ]  # fmt: skip
    # In one order, so that of two requests with the same events neither waits for the other in a ring.
    UsageEvent.objects.bulk_create(sorted(rows, key=lambda row: (row.source, row.event_id)), ignore_conflicts=True)
    known = {
        (row.source, row.event_id): row
        for row in UsageEvent.objects.filter(
            source__in={row.source for row in rows}, event_id__in={row.event_id for row in rows}
        )
    }
    return [_kind(row, known[row.source, row.event_id]) for row in rows]


def _kind(row: UsageEvent, kept: UsageEvent) -> Kind:
    if kept.id == row.id:
        return "accepted"
    return "duplicate" if kept.digest == row.digest else "conflict"


class _Owners:
    """The accounts by what events may call their organisations: ids, and names in addresses."""

    def __init__(self) -> None:
        rows = list(accounts_with_end())
        # The name of one that is gone may be another's by now.
        self._by_name: Mapping[str, Any] = {row.slug: row for row in rows if row.ended_at is None} | {
            str(row.organisation): row for row in rows
        }

    def get(self, subject: str) -> Any:
        """The account of a subject, if it has one."""
        return self._by_name.get(subject)

    def of(self, subject: str) -> PlanAccount:
        """The account of a subject that was found to have one."""
        found: PlanAccount = self._by_name[subject]
        return found


def _misfits(usage: Usage, means: Mapping[str, Aggregate], owners: _Owners) -> list[Finding]:
    """Why a well-formed event cannot be metered: what is taken is charged, so what cannot be is not taken."""
    how, account = means.get(usage.type), owners.get(usage.subject)
    if usage.type.startswith(PREFIX):
        fix = "Send types of your own; what the platform counts it tells by itself."
        return [Finding("usage.type_reserved", "type", f"{usage.type} is counted by the platform.", fix)]
    if usage.source.startswith(OWN_SOURCES):
        fix = "Name what has measured it in another way."
        return [Finding("usage.source_reserved", "source", f"{OWN_SOURCES} is the platform's own.", fix)]
    if how is None:
        fix = "Publish prices that name it first, or mend its spelling."
        return [Finding("usage.type_unknown", "type", f"No plan meters {usage.type}.", fix)]
    if account is None:
        fix = "Send the id or the name in addresses of an organisation on a plan with prices."
        return [Finding("usage.subject_unknown", "subject", f"{usage.subject} is not charged.", fix)]
    return _wrong_time(usage, account) or _wrong_data(usage, how)


def _wrong_time(usage: Usage, account: Any) -> list[Finding]:
    if usage.at < account.since:
        fix = "Settle what was used before in another way; it is never charged by the plan."
        return [Finding("usage.before_plan", "time", "The organisation was on no plan with prices then.", fix)]
    if account.ended_at is not None and usage.at >= account.ended_at:
        fix = "Settle it in another way; what was used before is taken."
        return [Finding("usage.after_plan", "time", "The organisation was gone then.", fix)]
    return []


def _wrong_data(usage: Usage, how: Aggregate) -> list[Finding]:
    if (how == "unique") != (usage.value is None):
        fix = 'Send {"item": "…"}.' if how == "unique" else 'Send {"value": "…"}.'
        return [Finding("usage.data", "data", f"{usage.type} is metered as {how}.", fix)]
    if how != "sum" and usage.value is not None and usage.value < Decimal(0):
        fix = "Send a level of nought or more."
        return [Finding("usage.value", "data/value", "A level cannot be negative.", fix)]
    return []


def _conflict() -> Sequence[Finding]:
    message = "An event of this source and id was taken with other content; that one stays."
    fix = "Send what was really used with an id of its own; a sum is corrected by a negative value."
    return (Finding("usage.conflict", "id", message, fix),)


def _text(given: Any, name: str) -> str:
    found = given.get(name) if isinstance(given, Mapping) else None
    return found[:255] if isinstance(found, str) else ""


def organisations_of(answers: Sequence[Answer], given: Sequence[Any]) -> set[UUID]:
    """The organisations of which something was taken."""
    owners = _Owners()
    taken = (given[each.index] for each in answers if each.kind == "accepted")
    return {account.organisation for each in taken if (account := owners.get(each["subject"])) is not None}
