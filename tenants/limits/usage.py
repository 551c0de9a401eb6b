"""Writes of usage: one row a day and meter, and one for each part of the organisation that is counted by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from tenants.limits.domain.plans import Meter
from tenants.limits.domain.windows import local_day
from tenants.limits.schemas import WHOLE
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

ADD = """
INSERT INTO tenants_usageday AS u (tenant_id, meter, day, part, amount)
SELECT s.tenant_id, s.meter, s.day, s.part, s.amount
FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::uuid[], %s::bigint[]) AS s (tenant_id, meter, day, part, amount)
ON CONFLICT (tenant_id, meter, day, part) DO UPDATE SET amount = u.amount + excluded.amount"""
"""Adds to counters, many at once; each (tenant, meter, day, part) once. The writer of readings uses it too."""
_SET = """
INSERT INTO tenants_usageday AS u (tenant_id, meter, day, part, amount)
SELECT %s, %s, %s, s.part, s.amount FROM unnest(%s::uuid[], %s::bigint[]) AS s (part, amount)
ON CONFLICT (tenant_id, meter, day, part) DO UPDATE SET amount = {amount}"""
_COUNTED, _MEASURED = _SET.format(amount="greatest(u.amount, excluded.amount)"), _SET.format(amount="excluded.amount")


def add_usage(*, meter: Meter, amount: int, now: datetime, part: UUID = WHOLE) -> None:
    """Add to what was used today, in the transaction that uses it.

    Args:
        meter: A metered one.
        amount: In what the meter counts, such as seconds of job minutes.
        now: The moment; its day in the tenant's time zone is the one it counts on.
        part: Whose it is beside the whole organisation's.
    """
    tenant = required_tenant("usage")
    day = local_day(now, Tenant.objects.values_list("time_zone", flat=True).get(id=tenant))
    parts = [WHOLE] if part == WHOLE else [WHOLE, part]
    many = len(parts)
    with connection.cursor() as cursor:
        cursor.execute(ADD, [[tenant] * many, [meter.value] * many, [day] * many, parts, [amount] * many])


def set_usage(*, meter: Meter, day: date, amounts: Mapping[UUID, int], measured: bool = False) -> None:
    """Write what was counted elsewhere; it never becomes less, but when it was measured.

    Args:
        meter: What was counted.
        day: On which.
        amounts: By part.
        measured: Whether it is a level, which may fall.
    """
    if not amounts:
        return
    parts = sorted(amounts)
    with connection.cursor() as cursor:
        cursor.execute(
            _MEASURED if measured else _COUNTED,
            [required_tenant("usage"), meter.value, day, parts, [amounts[part] for part in parts]],
        )
