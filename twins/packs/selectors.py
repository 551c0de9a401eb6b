"""Installed packs, and what a new one can be made of."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from tenants.scope.actors import Actor
from twins.alarms.models import AlarmRule
from twins.alarms.selectors import rules
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import catalogue, templates
from twins.catalog.templates import Kind
from twins.dashboards.models import Dashboard
from twins.dashboards.selectors import dashboards
from twins.packs.models import Pack


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pack can be made of: each by what it is called here, with what people call it."""

    types: dict[str, str]
    blueprints: dict[str, str]
    dashboards: dict[str, str]
    alarms: dict[str, str]
    contracts: dict[str, str]

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return any((self.types, self.blueprints, self.dashboards, self.alarms, self.contracts))


def packs() -> QuerySet[Pack]:
    """The packs that the tenant in scope has installed, by name."""
    return Pack.objects.all()


def pack_by_key(key: str) -> Pack | None:
    """One installed pack."""
    return Pack.objects.filter(key=key).first()


def own_types() -> dict[str, AssetType]:
    """The types that the organisation has published itself, by ``key@version``."""
    return {entry.own.ref: entry.own for entry in catalogue() if entry.published_by is not None}


def dashboards_for_types(actor: Actor) -> list[Dashboard]:
    """The dashboards that the asker sees and that are for all assets of a type."""
    return [row for row in dashboards(actor) if row.document.get("asset_type")]


def rules_for_types() -> QuerySet[AlarmRule]:
    """The alarm rules that hold for all assets of a type, wherever they are."""
    return rules().exclude(asset_type="").filter(twin=None, is_enabled=True)


def offer(actor: Actor) -> Offer:
    """What a new pack can be made of."""
    return Offer(
        types={ref: f"{found.name.get('en', found.key)} ({ref})" for ref, found in own_types().items()},
        blueprints={row.key: row.name for row in templates(Kind.BLUEPRINT)},
        dashboards={str(row.id): row.name for row in dashboards_for_types(actor)},
        alarms={str(row.id): f"{row.key} ({row.asset_type})" for row in rules_for_types()},
        contracts={row.key: row.name for row in templates(Kind.CONTRACT)},
    )
