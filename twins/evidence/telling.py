"""The evidence of the assets of a twin for one span, each by the rule of its type."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from tenants.kernel.calendars import Span, epoch_ms, from_epoch_ms
from twins.catalog.selectors import resolved_types
from twins.evidence.domain.documents import NamedAsset, segment_documents
from twins.evidence.domain.items import Ints, Rule
from twins.evidence.domain.machine_documents import MachineEvidence, machine_evidence
from twins.evidence.domain.rules import FLIES
from twins.evidence.gathering import gather, published_assets
from twins.evidence.machines import KnownMachine, known_machines, machines_among
from twins.evidence.models import EvidenceSegment
from twins.evidence.schemas import Evidence
from twins.evidence.sites import bind
from twins.telemetry.selectors import commit_count


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """The evidence of assets for one span, ready to be sealed.

    Attributes:
        assets: By name.
        documents: The evidence of each of them.
        records: The batches sealed by sites that the documents rest on, by the digests that they name.
        flown: What those that fly are told from.
        machines: What each of the others is told from, and what it comes to.
        watermark: The count of commits of readings up to which everything is seen.
    """

    assets: tuple[NamedAsset, ...]
    documents: dict[UUID, dict[str, Any]]
    records: dict[str, dict[str, Any]]
    flown: Evidence
    machines: dict[UUID, tuple[KnownMachine, MachineEvidence]]
    watermark: int


def tell(twin: UUID, span: Span, rule: Rule, assets: Collection[UUID] | None = None) -> Told:
    """The evidence of a twin's assets: those of the newest published version, and what was taken out of it since.

    Those whose type has the indicator ``flight_hours`` are told from their flights, others from their signals; a type
    whose signals say nothing that could be sold has no evidence. An asset that was taken out of the twin is still among
    them when something is known of it within the span.

    Args:
        twin: The twin.
        span: ``[start, end)`` in milliseconds, not empty.
        rule: The assumptions about flights.
        assets: Those that are wanted; all of them when None.
    """
    watermark = commit_count()
    wanted = [asset for asset in published_assets(twin) if assets is None or asset.id in assets]
    types = resolved_types()
    flown = gather([asset for asset in wanted if FLIES in types[asset.type].document.indicators], span, rule)
    documents = dict(
        zip(
            (asset.id for asset in flown.assets),
            segment_documents(flown.assets, flown.flights, flown.events, rule, span),
            strict=True,
        )
    )
    among = machines_among(wanted, types)
    sealed = _sealed_at(twin, span) if among else np.empty(0, np.int64)
    machines: dict[UUID, tuple[KnownMachine, MachineEvidence]] = {}
    for known in known_machines(among, span):
        if known.asset.is_current or known.is_known_within(span):
            told = machine_evidence(
                NamedAsset(known.asset.id, known.asset.name), known.rule, known.machine, span, sealed
            )
            machines[known.asset.id] = known, told
            documents[known.asset.id] = told.document
    present = (NamedAsset(asset.id, asset.name) for asset in wanted if asset.id in documents)
    return Told(tuple(present), documents, bind(documents, span), flown, machines, watermark)


def _sealed_at(twin: UUID, span: Span) -> Ints:
    """When evidence of exactly this span was sealed, in milliseconds."""
    rows = EvidenceSegment.objects.filter(twin_id=twin, start=from_epoch_ms(span[0]), end=from_epoch_ms(span[1]))
    return np.array(
        [epoch_ms(each) for each in rows.order_by().values_list("sealed_at", flat=True).distinct()], np.int64
    )
