"""What becomes of the assets of a type in the tenant's twins when they are moved to another one."""

from __future__ import annotations

from dataclasses import dataclass

from twins.catalog.domain.upgrade import Effect, Step, upgrade
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import CatalogueEntry, DraftState, TypeNotFoundError, catalogue_entry, published_type
from twins.catalog.use import Instance, users

MOST_NAMED = 50
"""So many assets are named of each item."""
_WORST: tuple[Effect, ...] = ("breaks", "needs a value", "safe")


@dataclass(frozen=True, slots=True)
class UpgradeItem:
    """One thing that is different, with the first of the assets that it concerns and how many they are."""

    place: str
    change: str
    effect: Effect
    message: str
    count: int
    assets: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What changes for the assets of one type that become assets of another.

    Attributes:
        of: The type they have, as ``key@version``.
        to: The type they would have.
        effect: The worst of the items.
        instances: How many assets of the type the drafts of twins have that the asker may see.
    """

    of: str
    to: str
    effect: Effect
    instances: int
    items: tuple[UpgradeItem, ...]


def upgrade_of(ref: str, to: str, twin: str | None = None) -> Upgrade:
    """What changes for the assets of a type in the drafts of twins, item by item.

    Args:
        ref: The type that they have, as ``key@version``.
        to: The type that they would have.
        twin: The slug of the twin whose assets are meant, None for all twins.

    Raises:
        TypeNotFoundError: One of the two is not in the catalogue.
    """
    old = published_type(ref)
    try:
        new = published_type(to)
    except TypeNotFoundError:
        raise TypeNotFoundError(to or "type of that name", "to") from None
    instances = [each for user, _needs in users() for each in user.instances(ref) if twin in (None, each.twin)]
    return _upgrade(old, new.own.ref, new.resolved, instances)


def upgrade_of_draft(state: DraftState) -> Upgrade:
    """What changes for the assets of the newest version of a type once they are moved to what is drafted.

    Nothing does before the first version, and none that could be told when nothing can be made of the draft.
    """
    key, new = state.row.key, state.reading.resolved
    old = catalogue_entry(f"{key}@{state.published}")
    if old is None or new is None:
        return Upgrade("", key, "safe", 0, ())
    instances = [each for user, _needs in users() for each in user.instances(old.own.ref)]
    return _upgrade(old, new.ref, new.document, instances)


def _upgrade(old: CatalogueEntry, to: str, new: AssetType, instances: list[Instance]) -> Upgrade:
    items = tuple(_item(step, instances) for step in upgrade(old.resolved, new, instances))
    worst = min((_WORST.index(item.effect) for item in items), default=_WORST.index("safe"))
    return Upgrade(old.own.ref, to, _WORST[worst], len(instances), items)


def _item(step: Step, instances: list[Instance]) -> UpgradeItem:
    named = tuple(instances[index] for index in step.assets[:MOST_NAMED])
    return UpgradeItem(step.place, step.change, step.effect, step.message, len(step.assets), named)
