"""Asking for what was refused to be taken again, after what was wrong has been mended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.jobs.models import Job
from tenants.jobs.services import start_job
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import OutturnError
from tenants.record.services import record_audit
from twins.gateways import selectors
from twins.gateways.refused.selectors import to_replay

KIND = "gateway.replay"
MOST_CHOSEN = 500


class NothingToReplayError(OutturnError):
    """Nothing of what was chosen can be replayed."""

    code = "gateway.nothing_to_replay"
    status = 422


def ask_replay(*, gateway: UUID, ids: Sequence[UUID] | None, code: str, by: str, now: datetime) -> Job:
    """Let a job take refused readings again, in the order in which they came.

    Each row goes through the intake as a batch under a name of its own, so that a replay which is asked for twice, or
    killed and begun again, stores once. What still does not fit is refused anew, with the newer reason.

    Args:
        gateway: Whose they are.
        ids: Which rows; None for all of a reason.
        code: The reason; empty for any.
        by: Who asks.
        now: When; what is refused after this is left alone.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
        LimitReachedError: The month's job minutes are used up.
        NothingToReplayError: Nothing of it can be replayed.
    """
    row = selectors.gateway(gateway)
    chosen = None if ids is None else sorted(set(ids))[:MOST_CHOSEN]
    count = to_replay(gateway, ids=chosen, code=code, before=now).count()
    if not count:
        raise NothingToReplayError(
            "nothing of this can be replayed", place="ids", kept="What was refused, as it was.",
            fix="Choose rows whose readings are kept and that were not replayed before.",
        )  # fmt: skip
    params = {
        "gateway": str(row.id), "customer": row.customer_id and str(row.customer_id), "code": code,
        "ids": None if chosen is None else [str(one) for one in chosen], "before": isoformat(now),
    }  # fmt: skip
    with transaction.atomic():
        job = start_job(kind=KIND, params=params, by=by, now=now)
        record_audit(
            action="gateway.replayed", subject=f"gateway/{gateway}", by=by, now=now,
            details={"name": row.name, "rows": count, "reason": code},
        )  # fmt: skip
    return job


def replays(gateway: UUID) -> list[Job]:
    """The newest replays of a gateway."""
    return list(Job.objects.filter(kind=KIND, params__gateway=str(gateway)).order_by("-created_at")[:1])
