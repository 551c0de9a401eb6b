"""Choosing who collects, and the keys at Stripe: sealed at rest, never shown again."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.conf import settings

from billing.payments.models import PaymentSettings, ProviderKind, ProviderStep, StepState
from billing.payments.selectors import settings_of_tenant
from billing.payments.stripe_steps import hint
from tenants.kernel.errors import Finding, OutturnError
from tenants.kernel.sealing import reseal, seal, unseal
from tenants.record.services import record_audit

PURPOSE = "payment provider"
_KEY = re.compile(r"(?:sk|rk)_(?:test|live)_[A-Za-z0-9]{8,240}")
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,240}")


class PaymentSettingsError(OutturnError):
    """Settings that cannot be kept; ``place`` names the field."""

    code = "payment.settings"


def change_settings(
    *, provider: ProviderKind, key: str, webhook_secret: str, by: str, now: datetime
) -> PaymentSettings:
    """Choose who collects; an empty secret keeps the one that is stored.

    Raises:
        PaymentSettingsError: A secret has not the form of one, or one is missing.
    """
    row = PaymentSettings.objects.select_for_update().first() or PaymentSettings()
    _refuse_form(key, _KEY, "key", "It begins with sk_ or rk_; copy it from the developers' page at Stripe.")
    _refuse_form(webhook_secret, _WEBHOOK_SECRET, "webhook_secret", "It begins with whsec_; copy it from the endpoint.")
    if key:
        row.sealed_key, row.key_hint = _sealed(key), f"{key[:7]}…{key[-4:]}"
        row.checked_at, row.findings = None, []
    if webhook_secret:
        row.sealed_webhook_secret = _sealed(webhook_secret)
    if provider == ProviderKind.STRIPE:
        for held, place in ((row.sealed_key, "key"), (row.sealed_webhook_secret, "webhook_secret")):
            if not held:
                raise PaymentSettingsError(
                    "Stripe needs both secrets.", place=place, kept="Nothing was changed.", fix="Copy it from Stripe."
                )
    before, row.provider, row.changed_at = row.provider, provider, now
    row.save()
    # What waited because of the former key is tried with this one at once.
    ProviderStep.objects.filter(state=StepState.WAITING).update(next_at=now)
    hint()
    details: dict[str, Any] = {
        "before": str(before), "after": str(provider), "new_key": bool(key), "new_webhook_secret": bool(webhook_secret),
    }  # fmt: skip
    record_audit(action="payment.settings", subject="payment-settings", by=by, now=now, details=details)
    return row


def note_check(*, findings: list[Finding], now: datetime) -> None:
    """Keep what a test of the connection found."""
    PaymentSettings.objects.update(checked_at=now, findings=[each.as_dict() for each in findings])


def secret_key() -> str:
    """The tenant's key at Stripe, or nothing when there is none."""
    row = settings_of_tenant()
    return _opened(bytes(row.sealed_key)) if row is not None else ""


def webhook_secret() -> str:
    """The secret that the tenant's webhooks are signed with, or nothing when there is none."""
    row = settings_of_tenant()
    return _opened(bytes(row.sealed_webhook_secret)) if row is not None else ""


def reseal_payment_secrets() -> int:
    """Seal the tenant's secrets at Stripe under the newest secret of the installation; how many were moved.

    Raises:
        SealBrokenError: One of them opens under none of the installation's keys.
    """
    row, moved = PaymentSettings.objects.select_for_update().first(), 0
    if row is None:
        return 0
    for name in ("sealed_key", "sealed_webhook_secret"):
        held = bytes(getattr(row, name))
        if held:
            sealed = reseal(held, keys=settings.SEALING_KEYS, purpose=PURPOSE)
            moved += sealed != held
            setattr(row, name, sealed)
    row.save(update_fields=("sealed_key", "sealed_webhook_secret"))
    return moved


def _refuse_form(text: str, form: re.Pattern[str], place: str, fix: str) -> None:
    if text and not form.fullmatch(text):
        raise PaymentSettingsError("This has not the form of such a secret.", place=place, kept="Nothing.", fix=fix)


def _sealed(text: str) -> bytes:
    return seal(text, keys=settings.SEALING_KEYS, purpose=PURPOSE)


def _opened(sealed: bytes) -> str:
    return unseal(sealed, keys=settings.SEALING_KEYS, purpose=PURPOSE) if sealed else ""
