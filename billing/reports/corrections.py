"""What a report says of corrections: which evidence disputes were found to be wrong about, and what counts instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from billing.contracts.shown import moment_shown
from billing.reports.bundles import Bundle
from billing.reports.decisions import recorded
from tenants.edge.formats import span_shown


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction of the evidence that the run took up, and the digest of the dispute that it answers."""

    asset: str
    span: str
    counts_as: str
    decided: str
    dispute: str


def correction_rows(bundle: Bundle, names: Mapping[str, str], zone: ZoneInfo) -> Iterator[CorrectionRow]:
    """The corrections that a run rests on, in the order in which they were decided.

    Args:
        bundle: The proof bundle.
        names: What the assets are called, by id.
        zone: The zone of the contract.
    """
    for one in bundle.relied_upon("evidence_correction"):
        start, end, decided = (
            moment_shown(datetime.fromisoformat(one[name]), zone) for name in ("from", "to", "decided_at")
        )
        yield CorrectionRow(
            asset=names.get(one["asset"], one["asset"]),
            span=span_shown(start, end),
            counts_as=_state(one["state"]) if one["of"] is None else f"{one['of']} {one['state']}",
            decided=f"{recorded(one) if 'consent' in one else one['decided_by']}, {decided}",
            dispute=one["dispute"],
        )


def _state(state: str) -> str:
    return {"up": gettext("up"), "down": gettext("down")}.get(state, state)
