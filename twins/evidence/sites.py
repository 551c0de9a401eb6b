"""Evidence bound to what sites sealed: which batches gave the readings of which asset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from tenants.kernel.calendars import Span, from_epoch_ms
from tenants.kernel.canonical import digest
from twins.evidence.domain.sites import KIND, site_record
from twins.gateways.edge.platform.selectors import is_any_seal_within, seals_within
from twins.gateways.edge.signing import SiteSeal
from twins.telemetry.packing import joined
from twins.telemetry.schemas import usable
from twins.telemetry.selectors import signals
from twins.telemetry.stored import stored


def bind(documents: Mapping[UUID, dict[str, Any]], span: Span) -> dict[str, dict[str, Any]]:
    """Bind the evidence of assets for one span to the batches that sites sealed.

    Where sealed batches gave the readings of an asset, its document says so in ``relies_on``; evidence that rests on no
    such batch says nothing of it.

    Returns:
        The records that the documents name, by digest.
    """
    sealed = _seals_by_asset(documents, from_epoch_ms(span[0]), from_epoch_ms(span[1]))
    records: dict[str, dict[str, Any]] = {}
    names: dict[frozenset[SiteSeal], str] = {}
    for asset, document in documents.items():
        seals = sealed.get(asset, frozenset())
        if seals and seals not in names:
            record = site_record(seals, span)
            names[seals] = digest(record)
            records[names[seals]] = record
        if seals:
            document["relies_on"] = {KIND: [names[seals]]}
    return records


def _seals_by_asset(assets: Collection[UUID], start: datetime, end: datetime) -> dict[UUID, frozenset[SiteSeal]]:
    """The kept seals of batches that gave usable readings of assets within a span.

    A batch gave a reading when the reading that stands now came with the batch's commit; one that was replaced since is
    no longer the batch's.
    """
    if not is_any_seal_within(start, end):
        return {}
    owners = dict(signals(assets).values_list("id", "asset"))
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
