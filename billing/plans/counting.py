"""What the platform counts of an organisation, read in its own scope, and what it is shown, written there.

An organisation and the operator are two tenants and so two transactions: what goes from one to the other is plain data,
and each side may be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from billing.plans.models import PlanInvoice, PlanSheet, PlanTaken
from billing.plans.schemas import PREFIX, Counted, InvoiceSeen
from billing.reports.selectors import made_since
from tenants.limits import registry
from tenants.limits.domain.plans import Meter
from tenants.limits.domain.windows import local_day
from tenants.limits.schemas import WHOLE
from tenants.limits.selectors import used_by_day
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

BACK = timedelta(days=92)
"""How far back counters are read again: so long the platform's own counting may have stood still."""
ADDED = {
    Meter.READINGS_PER_DAY: f"{PREFIX}readings",
    Meter.REQUESTS_PER_DAY: f"{PREFIX}requests",
    Meter.JOB_MINUTES: f"{PREFIX}job_seconds",
}
"""What is counted up, with the types of its events."""
THINGS = {Meter.TWINS: f"{PREFIX}twins", Meter.ASSETS: f"{PREFIX}assets", Meter.GATEWAYS: f"{PREFIX}gateways",
          Meter.SEATS: f"{PREFIX}seats"}  # fmt: skip
"""What there is so much of at a time."""
STORAGE = f"{PREFIX}storage_bytes"
REPORTS = f"{PREFIX}reports"


def counted_now(*, now: datetime) -> Counted:
    """What was counted of the tenant in scope: its counters by day, what there is, and what was made."""
    tenant = Tenant.objects.get(id=required_tenant("usage"))
    first = local_day(now - BACK, tenant.time_zone)
    used = used_by_day([*ADDED, Meter.STORAGE], first)
    counts = registry.counted(*THINGS)
    levels = {kind: counts.get(meter, {}).get(WHOLE, 0) for meter, kind in THINGS.items()}
    stored = [(day, amount) for (meter, day), amount in used.items() if meter is Meter.STORAGE]
    return Counted(
        tenant=tenant.id, slug=tenant.slug, name=tenant.name, time_zone=tenant.time_zone, plan=tenant.plan,
        taken=list(PlanTaken.objects.filter(at__lte=now).order_by("at").values_list("plan", "at")),
        days={(ADDED[meter], day): amount for (meter, day), amount in used.items() if meter in ADDED},
        levels=levels | ({STORAGE: max(stored)[1]} if stored else {}),
        deeds=[(REPORTS, str(report), at) for report, at in made_since(now - BACK)],
        at=now,
    )  # fmt: skip


def show_sheet(*, document: dict[str, Any] | None, invoices: Sequence[InvoiceSeen], now: datetime) -> None:
    """Let the organisation in scope see what its month comes to (None: nothing), and the invoices it got.

    Older invoices stay, and what was reckoned later is not replaced by what was reckoned before.
    """
    if document is None:
        PlanSheet.objects.filter(as_of__lte=now).delete()
    else:
        row = PlanSheet.objects.first() or PlanSheet(document={}, as_of=now)
        if row.as_of <= now:
            row.document, row.as_of = document, now
            row.save()
    for each in invoices:
        PlanInvoice.objects.update_or_create(
            id=each.id,
            defaults={
                "number": each.number, "kind": each.kind, "currency": each.currency, "gross_minor": each.gross_minor,
                "open_minor": each.open_minor, "issued_on": each.issued_on, "due_on": each.due_on,
                "pay_url": each.pay_url, "document": dict(each.document), "bill": dict(each.bill),
            },
        )  # fmt: skip
