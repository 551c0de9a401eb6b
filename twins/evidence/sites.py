"""Evidence bound to what sites sealed: which batches gave the readings of which asset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from tenants.kernel.calendars import Span, from_epoch_ms
from tenants.kernel.canonical import digest
from twins.evidence.domain.documents import segment_documents
from twins.evidence.domain.items import Rule
from twins.evidence.domain.sites import KIND, site_record
from twins.evidence.schemas import Evidence
from twins.gateways.edge.platform.selectors import is_any_seal_within, seals_within
from twins.gateways.edge.signing import SiteSeal
from twins.telemetry.packing import joined
from twins.telemetry.schemas import usable
from twins.telemetry.selectors import signals
from twins.telemetry.stored import stored


class Documents(NamedTuple):
    """The evidence of assets for one span, ready to be sealed.

    Attributes:
        segments: Of each asset, in their order. Where sealed batches gave its readings, ``relies_on`` names the record.
        records: The records that they name, by digest.
    """

    segments: list[dict[str, Any]]
    records: dict[str, dict[str, Any]]


def evidence_documents(found: Evidence, rule: Rule, span: Span) -> Documents:
    """The evidence of each asset for one span, bound to the batches that sites sealed.

    Evidence that rests on no such batch says nothing of it.
    """
    segments = segment_documents(found.assets, found.flights, found.events, rule, span)
    start, end = from_epoch_ms(span[0]), from_epoch_ms(span[1])
    sealed = _seals_by_asset([asset.id for asset in found.assets], start, end)
    records: dict[str, dict[str, Any]] = {}
    names: dict[frozenset[SiteSeal], str] = {}
    for asset, segment in zip(found.assets, segments, strict=True):
        seals = sealed.get(asset.id, frozenset())
        if seals and seals not in names:
            record = site_record(seals, span)
            names[seals] = digest(record)
            records[names[seals]] = record
        if seals:
            segment["relies_on"] = {KIND: [names[seals]]}
    return Documents(segments, records)


def _seals_by_asset(assets: Collection[UUID], start: datetime, end: datetime) -> dict[UUID, frozenset[SiteSeal]]:
    """The kept seals of batches that gave usable readings of assets within a span.

    A batch gave a reading when the reading that stands now came with the batch's commit; one that was replaced since is
    no longer the batch's.
    """
    owners = dict(signals(assets).values_list("id", "asset"))
    if not owners or not is_any_seal_within(start, end):
        return {}
    kept = joined(list(stored(owners, start, end).values()))
    kept = kept.where(usable(kept.quality))
    pairs = np.unique(np.stack([kept.signal, kept.commit], axis=1), axis=0)
    given = {(signal, commit) for signal, commit in pairs.tolist()}
    found: defaultdict[UUID, set[SiteSeal]] = defaultdict(set)
    for seal, commit, some in seals_within(start, end):
        for signal in some:
            if (signal, commit) in given:
                found[owners[signal]].add(seal)
    return {asset: frozenset(theirs) for asset, theirs in found.items()}
