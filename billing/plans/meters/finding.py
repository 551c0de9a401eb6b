"""What has to be at Stripe before usage is told: meters by the names of their events, and customers."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from stripe import StripeClient

from billing.payments.backoff import LEASE, pause
from billing.payments.stripe_calls import Blocked, Done, Later
from billing.plans.meters.calls import find_customer, keep_meter
from billing.plans.models import MeteredCustomer, StripeMeter
from billing.plans.selectors import PriceList
from tenants.scope.context import scope

_AT_ONCE = 50
_EVERY, _WHILE_WRONG = timedelta(days=1), timedelta(hours=1)
"""How often a meter is looked at: while all is well, and while something is to be mended."""


def keep_meters(tenant: UUID, client: StripeClient, now: datetime) -> int:
    """Find or make the meters whose time has come; how many were looked at."""
    with scope(tenant):
        rows = StripeMeter.objects.select_for_update(skip_locked=True).filter(look_at__lte=now)
        taken = list(rows.order_by("look_at", "id")[:_AT_ONCE])
        names = PriceList().names() if taken else {}
        for row in taken:
            row.look_at, row.attempts = now + LEASE, row.attempts + 1
            row.save(update_fields=["look_at", "attempts"])
    for row in taken:
        title = names.get(row.type, row.type)
        found = keep_meter(client, name=row.event_name, title=title, formula=row.formula, turn=row.turn)
        with scope(tenant):
            _note_meter(row, found, now)
    return len(taken)


def _note_meter(row: StripeMeter, found: Done | Later | Blocked, now: datetime) -> None:
    mine = StripeMeter.objects.filter(id=row.id, look_at=row.look_at)
    if isinstance(found, Done):
        mine.update(object_id=found.object_id, finding=None, attempts=0, looked_at=now, look_at=now + _EVERY)
    elif isinstance(found, Later):
        wait = max(pause(row.attempts), timedelta(seconds=found.after_s))
        mine.update(finding=found.why.as_dict(), look_at=now + wait, turn=F("turn") + int(found.is_final))
    else:
        mine.update(
            finding=found.why.as_dict(), attempts=0, looked_at=now, look_at=now + _WHILE_WRONG,
            turn=F("turn") + int(_is_refused(found)),
        )  # fmt: skip


def keep_customers(tenant: UUID, client: StripeClient, now: datetime) -> int:
    """Find or make the customers whose time has come; how many were looked for."""
    with scope(tenant):
        rows = MeteredCustomer.objects.select_for_update(skip_locked=True, of=("self",)).filter(next_at__lte=now)
        taken = list(rows.select_related("account__customer").order_by("next_at", "id")[:_AT_ONCE])
        for row in taken:
            row.next_at, row.attempts = now + LEASE, row.attempts + 1
            row.save(update_fields=["next_at", "attempts"])
    for row in taken:
        account = row.account
        found = find_customer(
            client, tenant=tenant, customer=account.customer_id, name=account.customer.name, since=account.since,
            turn=row.turn,
        )  # fmt: skip
        with scope(tenant):
            _note_customer(row, found, now)
    return len(taken)


def _note_customer(row: MeteredCustomer, found: Done | Later | Blocked, now: datetime) -> None:
    mine = MeteredCustomer.objects.filter(id=row.id, next_at=row.next_at)
    if isinstance(found, Done):
        mine.update(object_id=found.object_id, finding=None, attempts=0, next_at=None)
        return
    after = found.after_s if isinstance(found, Later) else 3600
    is_final = found.is_final if isinstance(found, Later) else _is_refused(found)
    wait = max(pause(row.attempts), timedelta(seconds=after))
    mine.update(finding=found.why.as_dict(), next_at=now + wait, turn=F("turn") + int(is_final))


def _is_refused(found: Blocked) -> bool:
    """Whether Stripe would repeat its answer for a day under the same key, also after the cause is mended."""
    return found.why.code == "payment.refused_by_provider"
