"""Which twins and blueprints use an asset type: asked before one is taken away, and for what an upgrade does."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from tenants.scope.context import required_tenant
from twins.catalog.use import Instance, Use, Uses
from twins.composer.models import Twin
from twins.composer.templates import blueprints

# Asked of the database: to read thousands of assets out of their documents here takes many times as long.
_IN_DRAFTS = """
SELECT t.id, count(*) FROM twins_twin t CROSS JOIN LATERAL jsonb_each(t.draft -> 'assets') AS asset
WHERE t.tenant_id = %s AND asset.value ->> 'type' = %s GROUP BY t.id"""
_IN_VERSIONS = """
SELECT v.twin_id, array_agg(v.version ORDER BY v.version) FROM twins_twinversion v
WHERE v.tenant_id = %s AND EXISTS
    (SELECT 1 FROM jsonb_each(v.document -> 'assets') AS asset WHERE asset.value ->> 'type' = %s)
GROUP BY v.twin_id"""
_ASSETS = """
SELECT t.id, asset.key, asset.value FROM twins_twin t CROSS JOIN LATERAL jsonb_each(t.draft -> 'assets') AS asset
WHERE t.tenant_id = %s AND asset.value ->> 'type' = %s AND t.trashed_at IS NULL ORDER BY t.name, asset.key"""
_BINDINGS = """
SELECT t.id, jsonb_object_keys(t.draft -> 'bindings') FROM twins_twin t
WHERE t.tenant_id = %s AND t.id = ANY(%s)"""
_LINKS = """
SELECT t.id, link.value FROM twins_twin t CROSS JOIN LATERAL jsonb_each(t.draft -> 'links') AS link
WHERE t.tenant_id = %s AND t.id = ANY(%s)"""
_PARTS = """
SELECT t.id, asset.value -> 'part_of' FROM twins_twin t CROSS JOIN LATERAL jsonb_each(t.draft -> 'assets') AS asset
WHERE t.tenant_id = %s AND t.id = ANY(%s) AND asset.value ? 'part_of'"""


class _Composed:
    """The twins and the blueprints."""

    def uses(self, ref: str) -> Uses:
        """Twins whose drafts or published versions have assets of a type, those in the trash too; and blueprints."""
        tenant = required_tenant("uses")
        in_drafts, in_versions = dict(_rows(_IN_DRAFTS, tenant, ref)), dict(_rows(_IN_VERSIONS, tenant, ref))
        using = in_drafts.keys() | in_versions.keys()
        seen = [
            Use(
                "trashed twin" if twin.trashed_at else "twin", twin.name, twin.slug, in_drafts.get(twin.id, 0),
                tuple(in_versions.get(twin.id, ())),
            )
            for twin in Twin.everything.filter(id__in=using).defer("draft").order_by("name")
        ]  # fmt: skip
        return Uses((*seen, *_blueprints(ref)), len(using) - len(seen))

    def instances(self, ref: str) -> Sequence[Instance]:
        """The assets of a type in the drafts that the asker may see, with what is bound, linked and a part of each."""
        tenant = required_tenant("instances")
        twins = {twin.id: twin for twin in Twin.objects.defer("draft")}
        assets = [row for row in _rows(_ASSETS, tenant, ref) if row[0] in twins]
        ids = list({row[0] for row in assets})
        around = _Around(tenant, ids)
        return [around.instance(twins[twin], asset, text) for twin, asset, text in assets]


class _Around:
    """What is bound, linked and a part in some drafts, by the asset."""

    def __init__(self, tenant: UUID, twins: list[UUID]) -> None:
        self._signals: defaultdict[tuple[UUID, str], set[str]] = defaultdict(set)
        self._ports: defaultdict[tuple[UUID, str], Counter[str]] = defaultdict(Counter)
        self._relations: defaultdict[tuple[UUID, str], Counter[str]] = defaultdict(Counter)
        self._parts: defaultdict[tuple[UUID, str], Counter[str]] = defaultdict(Counter)
        for twin, place in _rows(_BINDINGS, tenant, twins):
            asset, _, signal = place.partition("/")
            self._signals[twin, asset].add(signal)
        for twin, text in _rows(_LINKS, tenant, twins):
            link = json.loads(text)
            for asset, port in (link["from"], link["to"]):
                self._ports[twin, asset][port] += 1
            self._relations[twin, link["from"][0]][link["kind"]] += 1
        for twin, text in _rows(_PARTS, tenant, twins):
            whole, component = json.loads(text)
            self._parts[twin, whole][component] += 1

    def instance(self, twin: Twin, asset: str, text: str) -> Instance:
        """One asset with all that."""
        where, value = (twin.id, asset), json.loads(text)
        return Instance(
            twin.slug, twin.name, asset, value["name"], value.get("properties", {}), frozenset(self._signals[where]),
            self._ports[where], self._relations[where], self._parts[where],
        )  # fmt: skip


def _rows(statement: str, tenant: UUID, of: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [tenant, of])
        return list(cursor.fetchall())


def _blueprints(ref: str) -> Iterator[Use]:
    for key, blueprint in blueprints().items():
        if ref in _texts(blueprint.as_json()):
            yield Use("blueprint", blueprint.name.get("en", key), key)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a document: a blueprint names types in several places."""
    if isinstance(value, str):
        yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inside:
        yield from _texts(each)


TYPES = _Composed()
