"""Periods that settle by themselves once the grace time of their contract is over: found every hour, a job for each.

Nobody is charged by itself on what is not known: a period in which a clause is indeterminate, or that cannot be settled
for another reason, waits for a person. The page of the contract tells why, administrators are mailed once, and it is
tried again every day. The hours that the clocks of two zones leave between them are left to people too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from billing.contracts.models import Contract, ContractVersion
from billing.contracts.periods import LONGEST, whole_days
from billing.contracts.selectors import agreed, holding_of, told_of_spans
from billing.contracts.spans import Period, Span, left_open, spans
from billing.reports.services import Settlement, settle_period
from billing.statements.models import SettlementWait, Statement
from billing.statements.periods import period_names, period_params
from billing.statements.selectors import first_version
from tenants.edge.addresses import address_for
from tenants.jobs.selectors import jobs_under_way
from tenants.jobs.services import start_job
from tenants.kernel.calendars import parse_duration
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
_BACK = timedelta(days=366)
"""What nobody has settled for a year is left to people."""
_MONTH = timedelta(days=32)
"""No span is longer."""
_SLIVER = timedelta(days=2)
"""What the clocks of two zones leave between them is shorter."""


class UndeterminedError(ConflictError):
    """Too little is known of a period for it to be settled without a person."""

    code = "settlement.undetermined"


@dataclass(frozen=True, slots=True)
class Due:
    """A period of a contract that is to settle by itself; ``month`` is the one it is, such as ``2026-11``, if any."""

    contract: UUID
    start: datetime
    end: datetime
    month: str | None


def periods_due(now: datetime) -> list[Due]:
    """The periods of the tenant in scope whose grace time is over and that have no statement; in two queries.

    Of those that ended within a year and after their version was published: what lies before is settled by people.
    """
    graceful = _with_grace()
    settled = _settled_since(now - _BACK - _MONTH) if graceful else {}
    return [
        Due(contract, span.start, span.end, span.month)
        for contract, versions in graceful.items()
        for span in _open_spans(versions, settled.get(contract, ()), now)
        if _is_due(versions[span.holding.version], span, now)
    ]


def start_due(*, now: datetime) -> int:
    """Start a job for each period that is due, is not being settled, and was not tried within a day; how many."""
    tried = set(SettlementWait.objects.filter(looked_at__gt=now - TRY_AGAIN).values_list("contract_id", "period_start"))
    running = jobs_under_way().filter(kind=SETTLE_DUE).values_list("params", flat=True)
    under_way = {(params["contract"], params.get("start") or params["month"]) for params in running}
    due = [
        (str(each.contract), each.month, period_params((each.start, each.end)))
        for each in periods_due(now)
        if (each.contract, each.start) not in tried
    ]
    found = [
        {"contract": contract, **params}
        for contract, month, params in due
        if not {(contract, params["start"]), (contract, month)} & under_way
    ]
    for params in found:
        start_job(kind=SETTLE_DUE, params=params, by=BY, now=now)
    return len(found)


def settle_unattended(*, contract: UUID, start: datetime, end: datetime, now: datetime) -> Settlement | None:
    """Settle a period without a person; None, and it waits for one, when that cannot be done."""
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


def waiting_periods(contract: Contract) -> list[tuple[str, SettlementWait]]:
    """The periods of a contract that did not settle by themselves, with their names, the first first."""
    rows = list(_waiting().filter(contract=contract).order_by("period_start"))
    names = _names(contract.id, rows)
    return [(names[row.period_start], row) for row in rows]


def wait_letter(occasion: Occasion) -> Text | None:
    """That a period did not settle by itself; needless once it was settled, by whomever."""
    row = _waiting().filter(id=occasion.about).first()
    if row is None:
        return None
    about = Contract.objects.get(id=UUID(occasion.facts["contract"]))
    name = _names(about.id, [row])[row.period_start]
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


def _with_grace() -> Mapping[UUID, Mapping[int, ContractVersion]]:
    """The agreed versions, by number, of each contract of which one has a grace time."""
    graceful = agreed().filter(document__has_key="grace").values("contract_id")
    found: defaultdict[UUID, dict[int, ContractVersion]] = defaultdict(dict)
    for row in told_of_spans(agreed().filter(contract_id__in=graceful)):
        found[row.contract_id][row.version] = row
    return found


def _settled_since(moment: datetime) -> Mapping[UUID, list[Period]]:
    """The periods of each contract that have a statement and end after a moment."""
    found: defaultdict[UUID, list[Period]] = defaultdict(list)
    rows = Statement.objects.filter(version=1, period_start__gt=moment - LONGEST, period_end__gt=moment)
    for contract, start, end in rows.order_by().values_list("contract_id", "period_start", "period_end"):
        found[contract].append((start, end))
    return found


def _open_spans(versions: Mapping[int, ContractVersion], settled: Sequence[Period], now: datetime) -> list[Span]:
    """The open spans of a contract of the last year, the latest first."""
    found = spans([holding_of(version) for version in versions.values()], now, now - _BACK)
    return left_open(found, settled)[::-1]


def _is_due(version: ContractVersion, span: Span, now: datetime) -> bool:
    """Whether the version of a span says that it settles by itself, and its grace time is over."""
    grace: str | None = version.told["grace"]  # type: ignore[attr-defined] # annotated
    is_sliver = span.end - span.start < _SLIVER and whole_days(span.start, span.end, span.zone) is None
    if grace is None or is_sliver or span.end <= version.published_at:
        return False
    return span.end + timedelta(milliseconds=parse_duration(grace)) <= now


def _waiting() -> QuerySet[SettlementWait]:
    """What still waits for a person: nobody settled it since."""
    since = Statement.objects.filter(
        contract_id=OuterRef("contract_id"), version=1, period_start__lte=OuterRef("period_start"),
        period_end__gt=OuterRef("period_start"),
    )  # fmt: skip
    return SettlementWait.objects.filter(~Exists(since))


def _names(contract: UUID, rows: Sequence[SettlementWait]) -> Mapping[datetime, str]:
    """What the periods that wait are called, by their start; no query for none."""
    starts = [row.period_start for row in rows]
    return period_names(contract, starts, max(row.looked_at for row in rows)) if rows else {}


def _refuse_undetermined(done: Settlement) -> None:
    clauses = [each["id"] for each in done.statement.document["clauses"] if each["status"] == "indeterminate"]
    if clauses:
        raise UndeterminedError(
            f"Too little is known of this period for {', '.join(clauses)}: nobody is charged by itself.",
            place="period", kept="The readings. Nothing was sealed.",
            fix="Have what is missing sent again, or settle the period by hand: the clause then comes to nothing.",
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
