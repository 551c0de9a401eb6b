"""What a claim that time is not to count must be, what is written of it, and when it is approved by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rfc8785 import CanonicalizationError

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.contracts.periods import check_moments
from billing.outcomes.assembly import Json
from billing.outcomes.models import Exclusion
from tenants.kernel.calendars import epoch_ms, from_epoch_ms, parse_duration
from tenants.kernel.canonical import canonical_json
from tenants.kernel.errors import OutturnError

CLAIM, DECISION = "exclusion", "exclusion_decision"
"""Kinds of entries of the log."""
MOST_EVIDENCE = 20_000
DEEPEST_EVIDENCE = 20


class ExclusionError(OutturnError):
    """The claim makes no sense under the contract."""

    code = "exclusion.invalid"
    status = 422


def check_claim(assets: Sequence[UUID], start: datetime, end: datetime, evidence: Mapping[str, Any]) -> None:
    """Refuse a claim that makes no sense whatever the contract says.

    Raises:
        ExclusionError: Its span is empty, it is about nothing, or its evidence cannot be kept.
        PeriodError: It is not of the years 1900 to 2199.
    """
    if not epoch_ms(start) < epoch_ms(end) or not assets:
        raise ExclusionError(
            "An exclusion needs a span of a millisecond or more, and at least one asset.", place="start",
            fix="Give a start before the end, and the assets.",
        )  # fmt: skip
    check_moments(start, end)
    _refuse_unkeepable(evidence)


def claim_document(claim: Exclusion, assets: Sequence[str], evidence: Mapping[str, Any], side: str) -> Json:
    """The document of a claim, which is logged; it says for whom it was made where that is not the provider."""
    contract: UUID | None = claim.contract_id
    return {
        "exclusion": str(claim.id),
        "contract": None if contract is None else str(contract),
        "category": claim.category,
        "assets": list(assets),
        "from": utc_text(claim.start),
        "to": utc_text(claim.end),
        "evidence": dict(evidence),
        **({} if side == "provider" else {"side": side}),
        "claimed_by": claim.claimed_by,
        "claimed_at": utc_text(claim.claimed_at),
        **({} if claim.objection_until is None else {"objection_until": utc_text(claim.objection_until)}),
    }


def is_approved_in_advance(agreement: AgreementDocument, category: str, start: datetime, now: datetime) -> bool:
    """Whether the contract approves what is claimed now, for a span that starts then, without anybody being asked."""
    rule = agreement.preapproval(category)
    if rule is None:
        return False
    return rule.notice is None or now + timedelta(milliseconds=parse_duration(rule.notice)) <= start


def objection_until(agreement: AgreementDocument, now: datetime) -> datetime | None:
    """The moment up to which the customer may object to what is claimed now, as documents carry moments."""
    if agreement.objection is None:
        return None
    return from_epoch_ms(epoch_ms(now) + parse_duration(agreement.objection))


def _refuse_unkeepable(evidence: Mapping[str, Any]) -> None:
    """What a claim rests on stands in the reader's report, where JSON is bounded."""
    try:
        size, depth = len(canonical_json(dict(evidence))), _depth(evidence)
    except (CanonicalizationError, RecursionError):
        size = depth = MOST_EVIDENCE
    if size >= MOST_EVIDENCE or depth > DEEPEST_EVIDENCE:
        raise ExclusionError(
            f"The evidence of a claim is JSON of less than {MOST_EVIDENCE} bytes, at most {DEEPEST_EVIDENCE} levels "
            "deep, with numbers that every reader reads alike.",
            place="evidence", fix="Name documents by their digest or address in place of their content.",
        )  # fmt: skip


def _depth(value: Any) -> int:
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return 0
    return 1 + max((_depth(item) for item in value), default=0)
