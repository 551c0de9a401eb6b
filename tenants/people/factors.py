"""The secrets of second factors when the installation's secret changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from tenants.kernel.sealing import reseal
from tenants.people.adapters import PURPOSE

SEALED = ("secret", "seed")
"""Where an authenticator's data hold a sealed text: of the app for one-time codes, of the recovery codes."""


def people_with_factors() -> Iterator[UUID]:
    """Everybody who has a second factor whose secret is sealed; needs no scope."""
    sealed = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)
    people: Iterator[UUID] = sealed.order_by("user").values_list("user_id", flat=True).distinct().iterator()
    return people


def reseal_factors(user: UUID) -> int:
    """Seal a person's second factors under the newest secret of the installation; how many were under a former one.

    Raises:
        SealBrokenError: None of the installation's secrets opens one of them.
    """
    moved = 0
    with transaction.atomic():
        for row in Authenticator.objects.select_for_update().filter(user=user):
            data = _resealed(row.data)
            if data != row.data:
                row.data = data
                row.save(update_fields=["data"])
                moved += 1
    return moved


def _resealed(data: dict[str, Any]) -> dict[str, Any]:
    """An authenticator's data with what is sealed in them under the newest secret."""
    return data | {
        name: reseal(data[name].encode(), keys=settings.SEALING_KEYS, purpose=PURPOSE).decode()
        for name in SEALED
        if name in data
    }
