"""That Stripe has refused usage after it took it: each report is read from Stripe, and what it names told again."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from stripe import StripeClient

from billing.payments.backoff import LEASE, pause
from billing.payments.stripe_calls import Blocked, Later
from billing.plans.domain.meters import Told
from billing.plans.meters.calls import Refusal, Report, read_report
from billing.plans.meters.telling import place_of, refuse
from billing.plans.models import MeteredCustomer, MeterReport, MeterTally, MeterTelling, StripeMeter
from tenants.kernel.errors import Finding
from tenants.scope.context import scope

_AT_ONCE = 50
_FIXES = {
    "archived_meter": "Reactivate the meter at Stripe; what it refused is told again by itself.",
    "no_meter": "The meter is made anew and told again by itself.",
    "meter_event_customer_not_found": "The customer is looked for, or made, and told again by itself.",
    "meter_event_no_customer_defined": "The customer is looked for, or made, and told again by itself.",
}
_FIX = "Correct at Stripe what it names; it is told again by itself."


def resolve_reports(tenant: UUID, client: StripeClient, now: datetime) -> int:
    """Read the reports whose time has come, and have told again what they name; how many were taken."""
    with scope(tenant):
        due = MeterReport.objects.select_for_update(skip_locked=True).filter(next_at__lte=now)
        taken = list(due.order_by("next_at", "id")[:_AT_ONCE])
        for row in taken:
            row.next_at, row.attempts = now + LEASE, row.attempts + 1
            row.save(update_fields=["next_at", "attempts"])
    for row in taken:
        report = read_report(client, row.event_id)
        if isinstance(report, Report):
            for refusal in report.refusals:
                for identifier in refusal.identifiers:
                    with scope(tenant):
                        _note_refusal(identifier, refusal, now)
        with scope(tenant):
            _note_report(row, report, now)
    return len(taken)


def _note_refusal(identifier: str, refusal: Refusal, now: datetime) -> None:
    """Note that Stripe has thrown a telling away, unless that is known or proven otherwise."""
    telling = MeterTelling.objects.filter(identifier=identifier).first()
    if telling is None:
        return
    tally = MeterTally.objects.select_for_update().get(id=telling.tally_id)
    telling.refresh_from_db()
    if telling.state not in (Told.SENDING, Told.TOLD) or telling.position <= tally.checked_position:
        return
    why = Finding(
        f"meter.{refusal.code}"[:80], place_of(tally), f"Stripe: {refusal.message or refusal.code}",
        _FIXES.get(refusal.code, _FIX),
    )  # fmt: skip
    refuse(tally, telling, StripeMeter.objects.get(type=tally.type), why, now=now)
    if "customer" in refusal.code:
        MeteredCustomer.objects.filter(account=tally.account_id).update(object_id="", next_at=now)


def _note_report(row: MeterReport, report: Report | Later | Blocked, now: datetime) -> None:
    mine = MeterReport.objects.filter(id=row.id, next_at=row.next_at)
    if not isinstance(report, Report):
        after = report.after_s if isinstance(report, Later) else 3600
        mine.update(next_at=now + max(pause(row.attempts), timedelta(seconds=after)))
        return
    mine.update(next_at=None, handled_at=now)
    # A report names a few tellings of many: the meters are looked for anew, and all that stands there is read.
    StripeMeter.objects.update(look_at=now)
    free = MeterTally.objects.select_for_update(skip_locked=True).exclude(look_at=None)
    MeterTally.objects.filter(id__in=list(free.values_list("id", flat=True))).update(look_at=now)
