"""From the readings of a twin's assets to histories that a model learns from and predicts for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from analytics.health.schemas import HealthError, UnitHistory
from twins.catalog.selectors import resolved_types
from twins.composer.selectors import published_twin, twin
from twins.gateways.schemas import SETTING_KEYS
from twins.telemetry.selectors import matrices

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The assets of a published twin, which are all of one type.

    Attributes:
        asset_type: The type, as ``key@version``.
        names: Names by asset, in the order of the names.
        signals: The signals by which its failure modes show.
        settings: Its operating settings.
    """

    twin: UUID
    asset_type: str
    names: dict[UUID, str]
    signals: tuple[str, ...]
    settings: tuple[str, ...]


def fleet_of(twin_id: UUID) -> Fleet:
    """What there is to learn from, or to predict for, in a twin.

    Raises:
        TwinNotFoundError: The tenant has no such twin.
        HealthError: It is not published, has no assets or several types of them, or their type has no failure mode.
    """
    twin(twin_id)
    document = published_twin(twin_id)
    assets = {} if document is None else document.assets
    kinds = sorted({asset.type for asset in assets.values()})
    if len(kinds) != 1:
        what = f"assets of {len(kinds)} types" if kinds else "no published assets"
        raise HealthError(
            f"The twin has {what}; health needs one type.", place="twin", fix="Choose a published twin of one type."
        )
    resolved = resolved_types()[kinds[0]].document
    signals = sorted({key for mode in resolved.failure_modes.values() for key in mode.signals})
    if not signals:
        raise HealthError(
            f"The type {kinds[0]} has no failure mode that shows in a signal.", place="twin",
            fix="Publish a type with failure modes, and compose the twin of it.",
        )  # fmt: skip
    names = sorted((asset.name, UUID(key)) for key, asset in assets.items())
    settings = tuple(key for key in SETTING_KEYS if key in resolved.signals)
    return Fleet(twin_id, kinds[0], {key: name for name, key in names}, tuple(signals), settings)


def histories(fleet: Fleet, keys: Sequence[str], until: datetime) -> dict[UUID, UnitHistory]:
    """What each asset recorded before a moment, one row a flight, by asset; those without readings are not in it."""
    found = matrices(list(fleet.names), keys, _BEGINNING, until)
    return {
        asset: UnitHistory(str(asset), tuple(keys), np.arange(1, len(matrix.at) + 1), matrix.value)
        for asset, matrix in found.items()
        if len(matrix.at)
    }
