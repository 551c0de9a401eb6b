"""From what an organisation has to a pack that others can install."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.text import slugify

from tenants.scope.actors import Actor
from twins.catalog.schemas import AssetType
from twins.catalog.selectors import templates
from twins.catalog.templates import Kind
from twins.packs.schemas import Chosen, PackDocument
from twins.packs.selectors import dashboards_for_types, own_types, rules_for_types
from twins.packs.services import read_pack


def make_pack(*, head: Mapping[str, Any], chosen: Chosen, by: Actor) -> PackDocument:
    """A pack of what was chosen, and of the own types that this needs.

    Args:
        head: The pack's ``key``, ``version``, ``name``, and what else is said of it as a whole.
        chosen: What it is to hold; what is not there any more is left out.
        by: Who makes it: only what they see can be in it.

    Raises:
        PackBrokenError: The head does not fit.
    """
    blueprints = [row.document for row in templates(Kind.BLUEPRINT) if row.key in chosen.blueprints]
    dashboards: list[dict[str, Any]] = [
        {"key": _key(row.name), "name": row.name, "document": _without_assets(row.document)}
        for row in dashboards_for_types(by)
        if str(row.id) in chosen.dashboards
    ]
    alarms: list[dict[str, Any]] = [
        {"key": row.key, "asset_type": row.asset_type, "alarm": row.document}
        for row in rules_for_types()
        if str(row.id) in chosen.alarms
    ]
    contracts = [
        {"key": row.key, "name": row.name, "figures": row.document}
        for row in templates(Kind.CONTRACT)
        if row.key in chosen.contracts
    ]
    own = own_types()
    wanted = {*chosen.types, *_refs(blueprints), *_newest(own, {each["asset_type"] for each in alarms})}
    wanted |= _newest(own, {each["document"]["asset_type"] for each in dashboards})
    return read_pack(
        {
            **head, "types": [own[ref].as_json() for ref in _with_needs(own, wanted)], "blueprints": blueprints,
            "dashboards": dashboards, "alarms": alarms, "contracts": contracts,
        }
    )  # fmt: skip


def _with_needs(own: Mapping[str, AssetType], wanted: Iterable[str]) -> list[str]:
    """Own types with those that they extend and are made of, by name."""
    found: set[str] = set()
    waiting = [ref for ref in wanted if ref in own]
    while waiting:
        ref = waiting.pop()
        if ref not in found:
            found.add(ref)
            needs = (*own[ref].extends, *(part.type for part in own[ref].components.values()))
            waiting += [need for need in needs if need in own]
    return sorted(found)


def _newest(own: Mapping[str, AssetType], keys: Iterable[str]) -> set[str]:
    newest = {found.key: ref for ref, found in sorted(own.items(), key=lambda one: one[1].version)}
    return {newest[key] for key in keys if key in newest}


def _refs(value: Any) -> Iterator[str]:
    """Every ``type`` that blueprints name."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "type" and isinstance(below, str):
                yield below
            else:
                yield from _refs(below)
    elif isinstance(value, list):
        for each in value:
            yield from _refs(each)


def _without_assets(document: Mapping[str, Any]) -> dict[str, Any]:
    widgets = [
        {**widget, "signals": [{"key": signal["key"]} for signal in widget["signals"]]}
        if widget.get("signals")
        else widget
        for widget in document.get("widgets", [])
    ]
    return {**document, "widgets": widgets}


def _key(name: str) -> str:
    return slugify(name)[:60].strip("-") or "dashboard"
