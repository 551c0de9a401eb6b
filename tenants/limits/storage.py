"""How much a tenant has stored, estimated cheaply: its rows as they are, and its readings by their number."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.apps import apps
from django.db import connection
from django.db.models import Sum

from tenants.limits import selectors
from tenants.limits.domain.plans import Meter
from tenants.limits.domain.windows import local_day
from tenants.limits.models import UsageDay
from tenants.limits.schemas import WHOLE
from tenants.limits.usage import set_usage
from tenants.scope.context import required_tenant
from tenants.scope.tables import TenantTable

BYTES_PER_READING = 130
"""A row of 76 bytes with its line pointer, and its entry in the index of the primary key."""


def measure_storage(*, now: datetime) -> int:
    """Measure and note what the tenant in scope has stored, in bytes.

    Readings are not looked at: those that came within the plan's retention are counted by the usage of their days.
    """
    held = selectors.allowance(now=now)
    today = local_day(now, held.zone)
    kept = UsageDay.objects.filter(
        meter=Meter.READINGS_PER_DAY, part=WHOLE, day__gt=today - timedelta(days=held.plan.retention_days)
    )
    readings = int(kept.aggregate(total=Sum("amount"))["total"] or 0)
    total = readings * BYTES_PER_READING + _bytes_of_rows()
    set_usage(meter=Meter.STORAGE, day=today, amounts={WHOLE: total}, measured=True)
    return total


def _bytes_of_rows() -> int:
    """The bytes of the tenant's rows in all tables but those of the readings, which no migration of a model makes."""
    tables = sorted(
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, TenantTable) and model._meta.managed and not model._meta.proxy
    )
    sizes = " UNION ALL ".join(
        f'SELECT coalesce(sum(pg_column_size(t.*)), 0) AS size FROM "{table}" t WHERE t.tenant_id = %s'  # noqa: S608
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sum(size) FROM ({sizes}) AS sizes", [required_tenant("storage")] * len(tables))  # noqa: S608
        return int(cursor.fetchone()[0] or 0)
