"""From the readings of a twin's assets to histories that a model learns from and predicts for.

A shop visit or a repair makes an asset begin anew: its cycles count from then on, and what it recorded before is no
part of its history. Events do not say what was done: a return to service is taken to have restored the asset; the end
of a shop visit too, where the type has a maintenance task that takes it out of service and restores a failure mode.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from analytics.health.schemas import HealthError, UnitHistory
from tenants.kernel.calendars import epoch_ms
from twins.catalog.domain.inheritance import ResolvedType
from twins.catalog.selectors import resolved_types
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import published_twin, twin
from twins.evidence.domain.items import EventKind
from twins.evidence.selectors import events
from twins.gateways.schemas import SETTING_KEYS
from twins.telemetry.selectors import matrices
from twins.telemetry.series import Matrix

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


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """What an asset recorded from when it was new, or as good as new.

    Attributes:
        history: One row a flight, the first is flight 1.
        since: When a shop visit or repair had ended before the first; None for an asset's first life.
    """

    history: UnitHistory
    since: datetime | None


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


def lives(fleet: Fleet, keys: Sequence[str], until: datetime, *, ended: bool = False) -> dict[UUID, Life]:
    """What each asset recorded before a moment in the life it was then in; those without readings are not in it.

    Args:
        fleet: Whose assets.
        keys: The signals, which become the columns.
        until: First instant after.
        ended: The lives to learn from, each of which ended with the asset's last reading, whatever was repaired since.
    """
    found = matrices(list(fleet.names), keys, _BEGINNING, until)
    kind = resolved_types()[fleet.asset_type]
    renewed = _renewals(dict.fromkeys(fleet.names, kind), until)
    said = {asset: _life(asset, matrix, renewed[asset], ended=ended) for asset, matrix in found.items()}
    return {asset: life for asset, life in said.items() if life is not None}


def last_renewals(documents: Iterable[TwinDocument], until: datetime) -> dict[UUID, datetime]:
    """When each asset of some twins was last restored by a shop visit or repair; those never restored are not in it.

    Args:
        documents: The published twins.
        until: What ended at this moment or before counts.
    """
    types = resolved_types()
    assets = {UUID(key): types[asset.type] for document in documents for key, asset in document.assets.items()}
    return {asset: moments[-1] for asset, moments in _renewals(assets, until).items()}


def _renewals(types: Mapping[UUID, ResolvedType], until: datetime) -> defaultdict[UUID, list[datetime]]:
    """The ends of all of them, in the order of time."""
    ends = events().filter(asset__in=types, kind__in=(EventKind.RETURNED, EventKind.SHOP_OUT), at__lte=until)
    found: defaultdict[UUID, list[datetime]] = defaultdict(list)
    for asset, kind, at in ends.order_by("at").values_list("asset", "kind", "at"):
        if kind == EventKind.RETURNED or _restores(types[asset]):
            found[asset].append(at)
    return found


def _restores(kind: ResolvedType) -> bool:
    return any(task.shutdown and task.restores for task in kind.document.maintenance.values())


def _micros(moment: datetime) -> int:
    """As readings count; events have whole milliseconds."""
    return 1000 * epoch_ms(moment)


def _life(asset: UUID, matrix: Matrix, renewed: Sequence[datetime], *, ended: bool) -> Life | None:
    if ended and len(matrix.at):
        renewed = [moment for moment in renewed if _micros(moment) <= matrix.at[-1]]
    since = renewed[-1] if renewed else None
    value = matrix.value if since is None else matrix.value[matrix.at >= _micros(since)]
    if not len(value):
        return None
    return Life(UnitHistory(str(asset), matrix.keys, np.arange(1, len(value) + 1), value), since)
