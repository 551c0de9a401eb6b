"""Correcting evidence: what both sides hold to be true is one more report, which goes over what was told before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from billing.contracts.figures import utc_text
from billing.contracts.periods import check_moments
from billing.outcomes.consents import Consent
from billing.outcomes.models import Correction
from billing.outcomes.services import CORRECTION
from tenants.kernel.calendars import epoch_ms
from tenants.kernel.canonical import digest
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves, record_audit


class CorrectionError(OutturnError):
    """There is nothing that could be corrected so."""

    code = "correction.invalid"
    status = 422


@dataclass(frozen=True, slots=True)
class Corrected:
    """What is corrected.

    Attributes:
        contract: The contract under which it counts.
        asset: Whose evidence.
        of: The condition it is about; None for the asset's own state.
        start: First instant.
        end: First instant after.
        state: What it was.
        dispute: The digest of the dispute that it answers.
    """

    contract: UUID
    asset: UUID
    of: str | None
    start: datetime
    end: datetime
    state: Literal["up", "down"]
    dispute: str


def correct_evidence(*, wanted: Corrected, by: str, now: datetime, consent: Consent | None = None) -> Correction:
    """Say what an asset was for a span; runs under the contract take it up from now on.

    Statements that are sealed stay as they are; restating their period takes it up. What is received later about the
    same time holds over it again.

    Raises:
        CorrectionError: The span is empty.
        PeriodError: A time is not of the years 1900 to 2199.
    """
    if not epoch_ms(wanted.start) < epoch_ms(wanted.end):
        raise CorrectionError(
            "A correction needs a span of a millisecond or more.", place="start", fix="Give a start before the end."
        )
    check_moments(wanted.start, wanted.end)
    whose: dict[str, Any] = {} if consent is None else {"consent": consent.as_json()}
    document = {
        "correction": 1,
        "dispute": wanted.dispute,
        "contract": str(wanted.contract),
        "asset": str(wanted.asset),
        "of": wanted.of,
        "from": utc_text(wanted.start),
        "to": utc_text(wanted.end),
        "state": wanted.state,
        **whose,
        "decided_by": by,
        "decided_at": utc_text(now),
    }
    with transaction.atomic():
        row = Correction.objects.create(
            id=new_id(), contract_id=wanted.contract, asset=wanted.asset, start=wanted.start, end=wanted.end,
            document=document, digest=digest(document), decided_by=by, decided_at=now,
        )  # fmt: skip
        record_audit(action="correction.decided", subject=f"correction/{row.id}", by=by, now=now, details=whose)
        append_leaves(entries=[NewEntry(CORRECTION, row.digest)], now=now)
    return row
