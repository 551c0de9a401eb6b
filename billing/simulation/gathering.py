"""The last whole months of the assets of a contract, told and rated as settling them would, and nothing kept of it.

What differs from settling is said here and nowhere else:

1. all that is known today counts, also what came in after the correction window;
2. an asset is in service from when something was first known of it; the months before the first of them are left out;
3. exclusions count under whatever contract about these assets they were approved;
4. the contract is taken to have held all the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.contracts.periods import month
from billing.outcomes.assembly import rate_document
from billing.outcomes.domain.document import AssetEvidence, RateDocument
from billing.outcomes.domain.engine import rate
from billing.outcomes.intake import rate_document_of
from billing.outcomes.selectors import decisions_of, exclusions
from billing.simulation.domain.measured import MeasuredMonth, measured
from tenants.custody.selectors import readings_gone_before
from tenants.kernel.calendars import epoch_ms, parse_moment, time_zone
from twins.evidence.selectors import known_before, segments, told_documents

Json = dict[str, Any]
_BEFORE = timedelta(days=31)
"""How long before a month readings may still say what an asset was at its start."""
_SOON_MS = 86_400_000
"""A month in whose first day something was known of an asset is a whole one."""


@dataclass
class Look:
    """What is known of the assets of an agreement, month after month in the order of time.

    Attributes:
        agreement: The terms, and the assets.
        as_of: What came later is not known.
        names: The months, such as ``2026-09``, the first first.
        begun: Since when something has been known of an asset, milliseconds; None for since before the months.
    """

    agreement: AgreementDocument
    as_of: datetime
    names: Sequence[str]
    begun: dict[str, int | None] = field(default_factory=dict)

    @classmethod
    def at(cls, agreement: AgreementDocument, as_of: datetime, count: int) -> Look:
        """A look at the last whole months before a moment."""
        zone = time_zone(agreement.terms.time_zone)
        look = cls(agreement, as_of, last_months(zone, as_of, count))
        first, _ = month(look.names[0], zone)
        known = known_before([UUID(asset) for asset in agreement.assets], first)
        look.begun = {asset: None for asset in agreement.assets if UUID(asset) in known}
        return look

    @property
    def unknown(self) -> list[str]:
        """The names of the assets of which nothing was ever known."""
        return [name for asset, name in self.agreement.assets.items() if asset not in self.begun]

    def measure(self, name: str) -> MeasuredMonth | str:
        """What a month measured, or why it is left out: ``before`` all evidence, or its readings are ``gone``.

        Raises:
            DocumentError: The evidence does not fit the contract.
        """
        start, end = month(name, time_zone(self.agreement.terms.time_zone))
        found = self._evidence(start, end)
        if found is None:
            return "gone"
        for document in found:
            self._notice(document, epoch_ms(start))
        if not any(since is None or since <= epoch_ms(start) + _SOON_MS for since in self.begun.values()):
            return "before"
        return measured(name, rate(self._document(found, start, end)))

    def _evidence(self, start: datetime, end: datetime) -> list[Json] | None:
        """The evidence as sealing would tell it now; where its readings are gone, as it was sealed, if it was."""
        twin, gone = UUID(self.agreement.twin), readings_gone_before()
        if gone is not None and start - _BEFORE < gone:
            sealed = segments(twin, start, end)
            return [one.document for one in sealed if str(one.asset) in self.agreement.assets] or None
        return list(told_documents(twin, start, end, {UUID(asset) for asset in self.agreement.assets}).values())

    def _notice(self, document: Mapping[str, Any], start: int) -> None:
        """Note since when something has been known of an asset."""
        asset = document["asset"]
        if asset in self.begun or asset not in self.agreement.assets:
            return
        first = min(_instants(document, start), default=None)
        if first is not None:
            self.begun[asset] = first

    def _document(self, evidence: Sequence[Mapping[str, Any]], start: datetime, end: datetime) -> RateDocument:
        period = {"start": utc_text(start), "end": utc_text(end)}
        claims = _claims(list(self.agreement.assets), start, end, self.as_of)
        tree = rate_document(self.agreement, period, utc_text(self.as_of), evidence, claims)
        document = rate_document_of(tree)
        window = max(document.contract.correction_window, document.as_of - document.period[1])
        served = {asset: self._in_service(asset, known, document) for asset, known in document.evidence.items()}
        return replace(document, contract=replace(document.contract, correction_window=window), evidence=served)

    def _in_service(self, asset: str, known: AssetEvidence, document: RateDocument) -> AssetEvidence:
        since = self.begun.get(asset, document.period[1])
        first, last = known.in_service
        if since is None or (first is not None and first >= since):
            return known
        return replace(known, in_service=(since, last))


def last_months(zone: ZoneInfo, now: datetime, count: int) -> list[str]:
    """The last whole months on the clocks of a zone, the first first."""
    local = now.astimezone(zone)
    months = local.year * 12 + local.month - 1
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(months - count, months)]


def _claims(assets: Sequence[str], start: datetime, end: datetime, as_of: datetime) -> list[tuple[Json, list[Json]]]:
    """What was claimed about some assets under any contract or none, with what was decided, by a moment."""
    found = exclusions().filter(
        document__assets__has_any_keys=sorted(assets), start__lt=end, end__gt=start, claimed_at__lte=as_of
    )
    return [
        (claim.document, [one.document for one in decisions_of(claim) if one.decided_at <= as_of])
        for claim in found.order_by("start", "id")
    ]


def _instants(document: Mapping[str, Any], start: int) -> Iterator[int]:
    """When something was known of an asset, from the start of a span on.

    A counter is told at the start also when it was never read, so only readings after it count.
    """
    conditions = document.get("conditions", {}).values()
    for reports in (document.get("states", ()), *conditions):
        yield from (max(_ms(one["from"]), start) for one in reports if one["state"] != "unknown")
    for readings in (document.get("counters", ()), *document.get("measures", {}).values()):
        yield from (at for one in readings if (at := _ms(one["at"])) > start)


def _ms(text: str) -> int:
    return parse_moment(text, time_zone("UTC"))
