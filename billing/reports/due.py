"""Months that settle by themselves once the grace time of their contract is over: found every hour, a job for each.

Nobody is charged by itself on what is not known: a month in which a clause is indeterminate, or that cannot be settled
for another reason, waits for a person. The page of the contract tells why, administrators are mailed once, and it is
tried again every day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.db import transaction
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.utils.translation import gettext as _

from billing.contracts.models import Contract, ContractVersion
from billing.contracts.periods import month
from billing.contracts.selectors import agreed, holds, version_at
from billing.reports.services import Settlement, settle_period
from billing.statements.models import SettlementWait, Statement
from billing.statements.selectors import first_version
from tenants.edge.addresses import address_for
from tenants.edge.formats import month_shown
from tenants.jobs.selectors import jobs_under_way
from tenants.jobs.services import start_job
from tenants.kernel.calendars import parse_duration, time_zone
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.post.registry import LetterKind
from tenants.post.schemas import Occasion, Text
from tenants.post.services import write_letters
from tenants.record.services import record_audit
from tenants.scope.actors import Permission

SETTLE_DUE = "billing.settle_due"
BY = "Outturn"
WAIT = LetterKind("settlement", "billing.reports.due.wait_letter", Permission.ORGANISATION_ADMINISTER)
TRY_AGAIN = timedelta(days=1)
_MONTHS_BACK = 12
"""What nobody has settled for a year is left to people."""
_Month = tuple[str, datetime, datetime]


class UndeterminedError(ConflictError):
    """Too little is known of a month for it to be settled without a person."""

    code = "settlement.undetermined"


@dataclass(frozen=True, slots=True)
class Due:
    """A month of a contract, such as ``2026-11``, that is to settle by itself."""

    contract: UUID
    month: str
    start: datetime


def months_due(now: datetime) -> list[Due]:
    """The months of the tenant in scope whose grace time is over and that have no statement; in two queries.

    Of the last twelve, those that ended after their version was published: what lies before is settled by people.
    """
    settled = defaultdict(set)
    for contract, start in Statement.objects.filter(version=1).values_list("contract_id", "period_start"):
        settled[contract].add(start)
    return [
        Due(contract, text, start)
        for contract, versions in _with_grace().items()
        for text, start, end in _months(_zone(versions[0]), now)
        if start not in settled[contract] and _is_over(versions, start, end, now)
    ]


def start_due(*, now: datetime) -> int:
    """Start a job for each month that is due, is not being settled, and was not tried within a day; how many."""
    tried = set(SettlementWait.objects.filter(looked_at__gt=now - TRY_AGAIN).values_list("contract_id", "period_start"))
    running = jobs_under_way().filter(kind=SETTLE_DUE).values_list("params", flat=True)
    under_way = {(params["contract"], params["month"]) for params in running}
    due = [
        each
        for each in months_due(now)
        if (each.contract, each.start) not in tried and (str(each.contract), each.month) not in under_way
    ]
    for each in due:
        start_job(kind=SETTLE_DUE, params={"contract": str(each.contract), "month": each.month}, by=BY, now=now)
    return len(due)


def settle_unattended(*, contract: UUID, start: datetime, end: datetime, now: datetime) -> Settlement | None:
    """Settle a month without a person; None, and it waits for one, when that cannot be done."""
    try:
        with transaction.atomic():
            was_settled = first_version(contract, start, end) is not None
            done = settle_period(contract=contract, start=start, end=end, by=BY, now=now)
            if not was_settled:
                _refuse_undetermined(done)
            SettlementWait.objects.filter(contract=contract, period_start=start).delete()
    except OutturnError as error:
        _wait(contract, start, error.told, now=now)
        return None
    return done


def waiting_months(contract: Contract) -> list[tuple[str, SettlementWait]]:
    """The months of a contract that did not settle by themselves, with their names, the first first."""
    rows = SettlementWait.objects.filter(contract=contract).order_by("period_start")
    return [(_name(contract, row.period_start), row) for row in rows]


def wait_letter(occasion: Occasion) -> Text | None:
    """That a month did not settle by itself; needless once it was settled, by whomever."""
    row = SettlementWait.objects.filter(id=occasion.about).first()
    if row is None:
        return None
    about = Contract.objects.get(id=UUID(occasion.facts["contract"]))
    name = _name(about, row.period_start)
    body = [
        _("%(month)s of “%(title)s” did not settle by itself:") % {"month": name, "title": about.title},
        row.why,
        _("It is tried again every day.")
        + f"\n{address_for(occasion.tenant.id)}/t/{occasion.tenant.slug}/contracts/{about.slug}/statements/",
    ]
    subject = _("%(organisation)s: %(month)s waits to be settled")
    return Text(
        subject=subject % {"organisation": occasion.tenant.name, "month": name}, body="\n\n".join(body)
    )  # fmt: skip


def _with_grace() -> Mapping[UUID, list[ContractVersion]]:
    """The agreed versions of each contract of which one has a grace time, without their documents but for that."""
    rows = agreed().defer("document").annotate(
        grace=KeyTextTransform("grace", "document"),
        zone=KeyTextTransform("time_zone", KeyTransform("terms", "document")),
    )  # fmt: skip
    graceful = agreed().filter(document__has_key="grace").values("contract_id")
    found: defaultdict[UUID, list[ContractVersion]] = defaultdict(list)
    for row in rows.filter(contract_id__in=graceful).order_by("contract_id", "version"):
        found[row.contract_id].append(row)
    return found


def _zone(version: ContractVersion) -> str:
    return str(version.zone)  # type: ignore[attr-defined] # annotated


@cache
def _month(text: str, zone: str) -> _Month:
    return (text, *month(text, time_zone(zone)))


def _months(zone: str, now: datetime) -> Iterator[_Month]:
    """The last months that are over, the latest first."""
    local = now.astimezone(time_zone(zone))
    for back in range(1, _MONTHS_BACK + 1):
        year, number = divmod(local.year * 12 + local.month - 1 - back, 12)
        yield _month(f"{year:04d}-{number + 1:02d}", zone)


def _is_over(versions: list[ContractVersion], start: datetime, end: datetime, now: datetime) -> bool:
    """Whether the version that holds in a month says that it settles by itself, and its grace time is over."""
    version = version_at(versions, start)
    if version is None or not holds(version, end) or any(start < other.effective_from < end for other in versions):
        return False
    grace: str | None = version.grace  # type: ignore[attr-defined] # annotated
    if grace is None or end <= version.published_at:
        return False
    return end + timedelta(milliseconds=parse_duration(grace)) <= now


def _refuse_undetermined(done: Settlement) -> None:
    clauses = [each["id"] for each in done.statement.document["clauses"] if each["status"] == "indeterminate"]
    if clauses:
        raise UndeterminedError(
            f"Too little is known of this month for {', '.join(clauses)}: nobody is charged by itself.",
            place="month", kept="The readings. Nothing was sealed.",
            fix="Have what is missing sent again, or settle the month by hand: the clause then comes to nothing.",
        )  # fmt: skip


def _wait(contract: UUID, start: datetime, why: str, *, now: datetime) -> None:
    with transaction.atomic():
        row, is_new = SettlementWait.objects.update_or_create(
            contract_id=contract, period_start=start, defaults={"why": why[:1000], "looked_at": now}
        )
        if not is_new:
            return
        record_audit(
            action="settlement.waits", subject=f"contract/{contract}", by=BY, now=now, details={"why": row.why}
        )  # fmt: skip
        write_letters(kind=WAIT.name, about=row.id, facts={"contract": str(contract)}, now=now)


def _name(contract: Contract, start: datetime) -> str:
    """What a month is called, such as ``November 2026``."""
    zone = time_zone(contract.draft["terms"]["time_zone"])
    return month_shown(start.astimezone(zone))
