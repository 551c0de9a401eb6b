"""Whether the log still verifies: checked by schedule and on demand, kept, and told to those who own it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from tenants.edge.addresses import address_for
from tenants.edge.mail import send_to_all
from tenants.kernel.clock import utc_now
from tenants.record import registry
from tenants.record.models import LogCheck
from tenants.record.selectors import log_checks
from tenants.record.services import record_audit
from tenants.record.verification import Findings, checked
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant

if TYPE_CHECKING:
    from tenants.jobs.registry import Reporter

logger = logging.getLogger("outturn.record")
MOST_FAULTS = 20
KIND = "record.verify"
BY = "Outturn"
TELL_AGAIN = timedelta(days=7)
"""After how long owners are mailed again of faults that they know."""


def verify_log(reporter: Reporter, params: Mapping[str, Any]) -> dict[str, Any]:
    """The job: check everything; its result tells how much was checked and the first faults, each with its place."""
    tenant, began, found = reporter.tenant, utc_now(), Findings()
    for share in checked(tenant, found, now=began):
        reporter.progress(share, f"{found.size + found.audit_entries:,} entries")
    with scope(tenant):
        keep_check(found, by=str(params.get("by", BY)), began=began, now=utc_now())
    entries, faults = found.size + found.audit_entries, found.faults[:MOST_FAULTS]
    verdict = f"{entries:,} entries and {found.heads:,} heads checked: "
    reporter.progress(1.0, verdict + (faults[0] if faults else "nothing was changed"))
    return {"entries": entries, "heads": found.heads, "faults": faults}


def watch_log(*, tenant: UUID) -> LogCheck | None:
    """Check everything of a tenant and keep what was found; None when there is nothing to be checked.

    Opens scopes of its own, a short one for each slice.
    """
    began, found = utc_now(), Findings()
    for _ in checked(tenant, found, now=began):
        pass
    if not (found.size or found.audit_entries or found.faults):
        return None
    with scope(tenant):
        return keep_check(found, by=BY, began=began, now=utc_now())


def keep_check(found: Findings, *, by: str, began: datetime, now: datetime) -> LogCheck:
    """Keep what a check of the log in scope has found; faults are logged, and owners are mailed of new ones.

    Args:
        found: What was found.
        by: Who asked for it.
        began: When it began.
        now: When it ended.
    """
    faults = found.faults[:MOST_FAULTS]
    before = log_checks().first()
    is_news = bool(faults) and not log_checks().filter(
        faults=faults, is_told=True, finished_at__gt=now - TELL_AGAIN
    ).exists()  # fmt: skip
    row = LogCheck.objects.create(
        by=by, started_at=began, finished_at=now, size=found.size, root=found.root, heads=found.heads,
        audit_entries=found.audit_entries, faults=faults, is_told=is_news,
    )  # fmt: skip
    tenant = required_tenant("a check of the log")
    if faults:
        logger.error("the log of %s does not verify (%d faults): %s", tenant, len(found.faults), "; ".join(faults))
    if is_news:
        record_audit(action="log.fault_found", subject=f"check/{row.id}", by=by, now=now, details={"faults": [*faults]})
        _tell_owners(tenant, faults)
    elif before is not None and before.faults and not faults:
        record_audit(action="log.found_whole", subject=f"check/{row.id}", by=by, now=now)
    return row


def _tell_owners(tenant_id: UUID, faults: list[str]) -> None:
    """Mail them once the transaction is through."""
    tenant = Tenant.objects.get(id=tenant_id)
    body = "\n".join([
        f"A check of the tamper-evident log of {tenant.name} found what should not be:", "",
        *(f"- {each}" for each in faults), "",
        "Rows were changed in the database without the application, or its storage is damaged.",
        "Reports that were sent stay provable. Nothing was repaired or deleted.",
        "Ask whoever runs the installation to compare the database with its backups before more is written.",
        f"{address_for(tenant.id)}/t/{tenant.slug}/admin/log/",
    ])  # fmt: skip
    subject = f"The log of {tenant.name} does not verify"
    transaction.on_commit(
        partial(send_to_all, tenant.brand, subject=subject, body=body, to=registry.recipients(tenant.id))
    )
