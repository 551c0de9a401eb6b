"""Choosing whether the operator's usage is told to Stripe's meters, and the secret that its reports are signed with."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from billing.payments.models import ProviderKind
from billing.payments.selectors import chosen_provider
from billing.plans.domain.meters import MORE_THERE
from billing.plans.meters.selectors import meter_settings
from billing.plans.meters.tallies import hint
from billing.plans.models import MeteredCustomer, MeterSettings, MeterTally, StripeMeter
from billing.plans.selectors import require_operator
from tenants.jobs.services import tell_workers
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.sealing import reseal, seal, unseal
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant

PURPOSE = "stripe meters"
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,240}")


class MeterSettingsError(OutturnError):
    """A choice that cannot be kept; ``place`` names the field."""

    code = "meter.settings"


def change_meters(*, is_on: bool, secret: str, by: str, now: datetime) -> MeterSettings:
    """Choose whether usage is told to Stripe's meters; an empty secret keeps the one that is stored.

    Turned on, it begins with the running month of each account. Turned off, what was told stays at Stripe.

    Raises:
        NotOperatorError: The tenant in scope does not run the platform.
        MeterSettingsError: Stripe is not chosen, or the secret has not the form of one.
    """
    require_operator()
    row = MeterSettings.objects.select_for_update().first() or MeterSettings()
    if is_on and chosen_provider() != ProviderKind.STRIPE:
        raise MeterSettingsError(
            "Stripe does not collect your invoices.", place="is_on", kept="Nothing was changed.",
            fix="Choose Stripe in the payment settings first: usage is told to the same account.",
        )  # fmt: skip
    if secret and not _SECRET.fullmatch(secret):
        raise MeterSettingsError(
            "This has not the form of such a secret.", place="secret", kept="Nothing was changed.",
            fix="It begins with whsec_; copy it from the event destination at Stripe.",
        )  # fmt: skip
    if secret:
        row.sealed_secret = seal(secret, keys=settings.SEALING_KEYS, purpose=PURPOSE)
    if is_on and not row.is_on:
        row.since = now
    before, row.is_on, row.changed_at = row.is_on, is_on, now
    row.save()
    if is_on:
        transaction.on_commit(_follow_all)
        look_again(now=now)
    record_audit(
        action="fee.meters", subject="meter-settings", by=by, now=now,
        details={"before": before, "after": is_on, "new_secret": bool(secret)},
    )  # fmt: skip
    return row


def _follow_all() -> None:
    from billing.plans.tasks import EVERY_S, follow_all  # noqa: PLC0415 (the task calls what calls this module)

    tell_workers(follow_all, waits="the usage of all waits for the next round", expires=EVERY_S)


def look_again(*, now: datetime) -> None:
    """Have all that is at Stripe's meters looked at now, and all that waits for something to be mended tried."""
    StripeMeter.objects.update(look_at=now)
    MeteredCustomer.objects.filter(object_id="").update(next_at=now)
    free = list(MeterTally.objects.select_for_update(skip_locked=True).values_list("id", flat=True))
    rows = MeterTally.objects.filter(id__in=free)
    rows.exclude(look_at=None).update(look_at=now)
    rows.filter(next_at__gt=now, leased_until=None).update(next_at=now)
    hint(required_tenant("usage"))


def take_seen(*, tally: UUID, by: str, now: datetime) -> MeterTally:
    """Let what stands at Stripe of a tally hold, although it is more than we told: the difference is told as less.

    Raises:
        NotFoundError: There is no such tally, or not more of it at Stripe.
    """
    row = MeterTally.objects.select_for_update().filter(id=tally, finding__code=MORE_THERE).first()
    if row is None:
        raise NotFoundError("No more than was told stands there.", place="tally", fix="Look at the meters again.")
    row.takes_seen, row.look_at = True, now
    row.save(update_fields=["takes_seen", "look_at"])
    hint(required_tenant("usage"))
    record_audit(
        action="fee.meter_taken", subject=f"plan-account/{row.account_id}", by=by, now=now,
        details={"month": row.month, "type": row.type, "told": row.told, "at_stripe": row.seen},
    )  # fmt: skip
    return row


def report_secret() -> str:
    """The secret that Stripe signs its reports with, or nothing when there is none."""
    row = meter_settings()
    held = bytes(row.sealed_secret) if row is not None else b""
    return unseal(held, keys=settings.SEALING_KEYS, purpose=PURPOSE) if held else ""


def reseal_meter_secret() -> int:
    """Seal the secret under the newest secret of the installation; how many were moved.

    Raises:
        SealBrokenError: It opens under none of the installation's keys.
    """
    row = MeterSettings.objects.select_for_update().first()
    held = bytes(row.sealed_secret) if row is not None else b""
    if row is None or not held:
        return 0
    row.sealed_secret = reseal(held, keys=settings.SEALING_KEYS, purpose=PURPOSE)
    row.save(update_fields=["sealed_secret"])
    return int(row.sealed_secret != held)
