"""Bills: a month that is over becomes one, once, and carries what earlier months come to more since theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.contracts.periods import month as month_bounds
from billing.contracts.periods import period_text
from billing.invoices.bills import Bill, issue_bill
from billing.invoices.earlier import Corrected
from billing.plans.accounts import BY
from billing.plans.domain.months import month_of, months_from
from billing.plans.domain.prices import Held, Line, differences, priced, rate_period
from billing.plans.models import PlanAccount, PlanBill, PlanPrice
from billing.plans.schemas import PlanPricesDocument
from billing.plans.selectors import PriceList, bills_of, counted_all
from tenants.kernel.calendars import time_zone
from tenants.kernel.canonical import digest
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.kernel.money import LARGEST_MINOR
from tenants.record.services import record_audit

LOOK_BACK = 14
"""How many bills back late events still change what is charged; none older is taken (`domain.events.BACK`)."""


class BillTooLargeError(OutturnError):
    """A month comes to more than can be written exactly."""

    code = "plan.too_large"


@dataclass(frozen=True, slots=True)
class Rated:
    """A period of an account, rated with all that is known.

    Attributes:
        month: Its name, such as ``2026-09``.
        start: Its first moment.
        end: The first moment after it.
        held: The plans in it.
        prices: The versions of their prices.
        counted: What each type of event came to.
        lines: What it comes to.
    """

    month: str
    start: datetime
    end: datetime
    held: Sequence[Held]
    prices: Sequence[PlanPrice]
    counted: Mapping[str, Fraction]
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What an earlier period comes to more, or less, than was charged: its line there, and the line that charges it."""

    period: Rated
    key: str
    line: Mapping[str, Any]


def rated(account: PlanAccount, month: str, known: PriceList) -> Rated:
    """What a month of an account comes to; the fee of a month in which it began is shared by the time left."""
    return rated_all([(account, month)], known)[account.id]


def rated_all(wanted: Sequence[tuple[PlanAccount, str]], known: PriceList) -> dict[UUID, Rated]:
    """What a month of each of some accounts comes to, by their ids; asks the same of the database however many."""
    bounds = {account.id: month_bounds(month, time_zone(account.time_zone)) for account, month in wanted}
    used, made = counted_all(bounds, known.aggregates()), {}
    for account, month in wanted:
        start, end = bounds[account.id]
        found = known.held(account, start, end)
        held = [each for each, _ in found]
        lines = rate_period(start, end, held, used[account.id])
        prices = [row for _, row in found if row is not None]
        made[account.id] = Rated(month, start, end, held, prices, used[account.id], lines)
    return made


def close_due(account: PlanAccount, *, now: datetime) -> list[PlanBill]:
    """Make the bills that are due of an account, the oldest first; what is in the way of one is told on the account.

    Asked again, by whoever and after whatever, it makes none twice: the account is held meanwhile.
    """
    made: list[PlanBill] = []
    for _ in range(LOOK_BACK):
        why, place = "", ""
        try:
            with transaction.atomic():
                bill = _close_next(account, now)
        except OutturnError as error:
            bill, why, place = None, error.told[:1000], error.place[:120]
        PlanAccount.objects.filter(id=account.id).update(why=why, why_place=place, looked_at=now)
        account.why, account.why_place = why, place
        if bill is None:
            break
        made.append(bill)
    return made


def _close_next(account: PlanAccount, now: datetime) -> PlanBill | None:
    """The bill of the first month without one, if it is over and its time of grace too."""
    PlanAccount.objects.select_for_update().get(id=account.id)
    known = PriceList()
    period, terms, due = next_bill(account, known)
    return None if now < due else _sealed(account, period, known, terms, now)


def next_bill(account: PlanAccount, known: PriceList) -> tuple[Rated, PlanPricesDocument, datetime]:
    """The first month without a bill as it is rated now, the document it is invoiced by, and when its bill is made."""
    done = set(bills_of(account).values_list("month", flat=True))
    month = next(each for each in months_from(first_month(account)) if each not in done)
    period = rated(account, month, known)
    terms = _terms(account, period, known)
    return period, terms, period.end + timedelta(hours=terms.grace_hours)


def first_month(account: PlanAccount) -> str:
    """The month in which an account began."""
    return month_of(account.since, time_zone(account.time_zone))


def _terms(account: PlanAccount, period: Rated, known: PriceList) -> PlanPricesDocument:
    """The document that says how a period is invoiced: of its last plan with prices, else of the last one before it."""
    if period.prices:
        return known.document(period.prices[-1])
    plans = account.terms.filter(since__lt=period.end).values_list("plan", flat=True)
    earlier = [row for plan in plans if (row := known.at(plan, period.end)) is not None]
    return known.document(earlier[-1])  # an account is opened on a plan with prices


def _sealed(
    account: PlanAccount, period: Rated, known: PriceList, terms: PlanPricesDocument, now: datetime
) -> PlanBill:
    bill_id, adjustments = new_id(), list(_adjustments(account, known))
    document = _document(bill_id, account, period, adjustments, terms.currency, now)
    lines, total = document["lines"], document["total_minor"]
    _refuse_large([total, *(line["minor"] for line in lines)], period)
    sealed = digest(document)
    invoice = None
    if any(line["minor"] for line in lines):
        corrected = _corrected(account, known, adjustments)
        wanted = Bill(
            id=bill_id, digest=sealed, customer=account.customer_id, text=_text(period), currency=terms.currency,
            lines=lines, total_minor=total, start=period.start, end=period.end, zone=account.time_zone,
            tax_percent=terms.tax_percent, rounding=terms.rounding, days=terms.payment_days,
            corrects=[None for _ in period.lines] + [corrected[each.period.month] for each in adjustments],
        )  # fmt: skip
        invoice = issue_bill(wanted, by=BY, now=now)
    bill = PlanBill.objects.create(
        id=bill_id, account=account, month=period.month, period_start=period.start, period_end=period.end,
        currency=terms.currency, total_minor=total, document=document, digest=sealed, invoice=invoice, sealed_at=now,
    )  # fmt: skip
    record_audit(
        action="fee.billed", subject=f"plan-account/{account.id}", by=BY, now=now,
        details={"month": period.month, "total_minor": total, "number": invoice.number if invoice else None},
    )  # fmt: skip
    return bill


def _refuse_large(minors: Sequence[int], period: Rated) -> None:
    """An amount that is not exact in JSON, with tax on it, comes of usage in a wrong unit."""
    if max(map(abs, minors)) > LARGEST_MINOR // 2:
        raise BillTooLargeError(
            f"{period.month} comes to more than can be billed.", place=f"months/{period.month}",
            kept="The usage; nothing was billed.", fix="Look for usage in a wrong unit, and send what corrects it.",
        )  # fmt: skip


def _corrected(account: PlanAccount, known: PriceList, adjustments: Sequence[Adjustment]) -> dict[str, Corrected]:
    """What tells the tax of each month that is corrected: where it was first charged for, and the percent of then."""
    first: dict[str, tuple[UUID, str]] = {}
    invoiced = bills_of(account).filter(invoice__isnull=False).order_by("month") if adjustments else ()
    for bill in invoiced:
        for line in bill.document["lines"]:
            month = line["clause"].split("/")[1] if line["kind"] == "adjustment" else bill.month
            first.setdefault(month, (bill.id, line["clause"]))
    return {
        month: Corrected(period.end, _terms(account, period, known).tax_percent, *first.get(month, (None, "")))
        for month, period in {each.period.month: each.period for each in adjustments}.items()
    }


def _document(
    bill: UUID,
    account: PlanAccount,
    period: Rated,
    adjustments: Sequence[Adjustment],
    currency: str,
    now: datetime,
) -> dict[str, Any]:
    """A bill: its lines, and under `amounts` what it charges for which month, which later bills reckon from."""
    own = [{"kind": "fee", "clause": line.key, "text": line.text, "minor": line.minor} for line in period.lines]
    lines = [*own, *(dict(each.line) for each in adjustments)]
    amounts: dict[str, dict[str, int]] = defaultdict(dict)
    amounts[period.month] = {line.key: line.minor for line in period.lines}
    for each in adjustments:
        amounts[each.period.month][each.key] = each.line["minor"]
    return {
        "bill": str(bill), "organisation": str(account.organisation), "month": period.month,
        "period": {"start": isoformat(period.start), "end": isoformat(period.end), "time_zone": account.time_zone},
        "prices": _named(period.prices),
        "counted": {kind: str(value) for kind, value in sorted(period.counted.items())},
        "lines": lines, "amounts": dict(amounts), "currency": currency,
        "total_minor": sum(line["minor"] for line in lines), "sealed_at": isoformat(now),
    }  # fmt: skip


def _named(rows: Sequence[PlanPrice]) -> list[dict[str, Any]]:
    return [{"plan": row.plan, "version": row.version, "digest": row.digest} for row in dict.fromkeys(rows)]


def _text(period: Rated) -> str:
    last = priced(period.held)
    return f"Plan {last.name}" if last is not None else "Plan"


def charged(account: PlanAccount) -> dict[str, dict[str, int]]:
    """What was charged for each month so far, by line: its own bill with all adjustments in later ones."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for document in bills_of(account).values_list("document", flat=True):
        for month, amounts in document["amounts"].items():
            for key, minor in amounts.items():
                found[month][key] += minor
    return found


def _adjustments(account: PlanAccount, known: PriceList) -> Iterator[Adjustment]:
    """What earlier months come to more, or less, than was charged: the whole month anew, one line for each line."""
    before, zone = charged(account), time_zone(account.time_zone)
    for month in sorted(before)[-LOOK_BACK:]:
        period = rated(account, month, known)
        named = {line.key: line.text for line in period.lines}
        for key, minor in differences(period.lines, before[month]).items():
            text = f"{period_text(period.start, period.end, zone)}: {named.get(key, 'no longer charged')}"
            clause = f"adjustment/{month}/{key}"
            line = {"kind": "adjustment", "clause": clause, "text": text, "minor": minor}
            yield Adjustment(period, key, line)


def adjustments_now(account: PlanAccount, known: PriceList) -> list[Mapping[str, Any]]:
    """The lines that the next bill would carry for earlier months, as things stand."""
    return [each.line for each in _adjustments(account, known)]
