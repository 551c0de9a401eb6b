"""What an organisation is shown: its running month as a sheet, and its invoices; reckoned in the operator's scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from billing.invoices.models import Invoice
from billing.payments.selectors import at_provider, standings_of
from billing.plans.closing import Rated, adjustments_now, rated
from billing.plans.domain.months import forecast, month_of
from billing.plans.domain.prices import Metered, Prices, meter_line, number_text, priced
from billing.plans.models import PlanAccount
from billing.plans.schemas import InvoiceSeen
from billing.plans.selectors import PriceList, bills_of, by_day
from tenants.kernel.calendars import time_zone
from tenants.kernel.clock import isoformat

MOST_INVOICES = 24
"""How many of the newest bills an organisation's copy is renewed of; older copies stay as they are."""


def sheet_of(account: PlanAccount, *, now: datetime) -> dict[str, Any] | None:
    """What the running month comes to so far, by meter and day, and to its end if it goes on so.

    None when no plan of the month has prices.
    """
    known, zone = PriceList(), time_zone(account.time_zone)
    period = rated(account, month_of(now, zone), known)
    last = priced(period.held)
    if last is None or last.prices is None:
        return None
    since = max(period.start, account.since)
    days = _days(account, period, zone)
    meters = [_meter(meter, last.prices, period, days.get(meter.type, {}), since, now) for meter in last.prices.meters]
    fees = [{"text": line.text, "minor": line.minor} for line in period.lines if line.key.startswith("fee/")]
    adjustments = [{"text": each["text"], "minor": each["minor"]} for each in adjustments_now(account, known)]
    fixed = sum(each["minor"] for each in (*fees, *adjustments))
    expected = [each["forecast_minor"] for each in meters]
    return {
        "as_of": isoformat(now), "plan": last.plan, "plan_name": last.name, "currency": last.prices.currency,
        "month": period.month,
        "period": {"start": isoformat(period.start), "end": isoformat(period.end), "time_zone": account.time_zone},
        "fees": fees, "meters": meters, "adjustments": adjustments,
        "total_minor": fixed + sum(each["minor"] for each in meters),
        "forecast_minor": None if None in expected else fixed + sum(expected),
    }  # fmt: skip


def _days(account: PlanAccount, period: Rated, zone: ZoneInfo) -> Mapping[str, Mapping[date, Mapping[str, Any]]]:
    found: dict[str, dict[date, Mapping[str, Any]]] = defaultdict(dict)
    for row in by_day(account, period.start, period.end, zone):
        found[row["type"]][row["day"]] = row
    return found


def _meter(
    meter: Metered,
    prices: Prices,
    period: Rated,
    days: Mapping[date, Mapping[str, Any]],
    since: datetime,
    now: datetime,
) -> dict[str, Any]:
    """A meter as the sheet has it; numbers are texts, in its unit."""
    counted = period.counted.get(meter.type, Fraction(0))
    line = meter_line(meter, prices, {meter.type: counted})
    ahead = forecast(counted, since, period.end, now, grows=meter.aggregate == "sum")
    expected = None if ahead is None else meter_line(meter, prices, {meter.type: ahead})
    how = "max" if meter.aggregate == "last" else meter.aggregate
    return {
        "type": meter.type, "name": meter.name, "unit": meter.unit, "aggregate": meter.aggregate,
        "used": number_text(meter.units(counted)), "included": number_text(meter.included), "minor": line.minor,
        "over": meter.units(counted) > meter.included > 0,
        "share_percent": _share(meter.units(counted), meter.included),
        "forecast": None if expected is None else _about(expected.used or Fraction(0)),
        "forecast_minor": None if expected is None else expected.minor,
        "days": [
            {"day": day.isoformat(), "used": number_text(meter.units(Fraction(row[how] or 0)))}
            for day, row in sorted(days.items())
        ],
    }  # fmt: skip


def _share(used: Fraction, included: Fraction) -> int | None:
    """Of what is included, how much is used: percent, rounded down; None where nothing is, or all and more."""
    return None if included == 0 or used > included else int(used * 100 / included)


def _about(number: Fraction) -> str:
    """An amount that is only expected: whole from a thousand on, where the rest would claim too much."""
    return number_text(Fraction(round(number)) if number >= 1000 else number)


def invoices_for(account: PlanAccount) -> list[InvoiceSeen]:
    """The newest invoices and credit notes of an account, with what is open of each and where it is paid."""
    bills = {bill.invoice_id: bill.document for bill in bills_of(account)[:MOST_INVOICES] if bill.invoice_id}
    rows = list(Invoice.objects.filter(id__in=bills))
    rows += Invoice.objects.filter(credits__in=[row.id for row in rows])
    standings = standings_of(rows)
    return [_seen(row, standings[row.id].open, bills.get(row.id, {})) for row in rows]


def _seen(row: Invoice, left: int, bill: Mapping[str, Any]) -> InvoiceSeen:
    there = at_provider(row)
    return InvoiceSeen(
        id=row.id, number=row.number, kind=row.kind, currency=row.currency, gross_minor=row.gross_minor,
        open_minor=left, issued_on=row.issued_on, due_on=row.due_on,
        pay_url=there.pay_url if there is not None and left > 0 else "", document=row.document, bill=bill,
    )  # fmt: skip
