"""From a twin to a blueprint of it: what is the plant's own stays behind, what makes its kind is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from twins.catalog.schemas import AssetType
from twins.composer.schemas import Asset, Blueprint, BlueprintGroup, BlueprintLink, BlueprintPart, TwinDocument

_LONGEST_KEY = 56
"""Letters of a part's key before a number is put behind it."""


def blueprint_of(
    document: TwinDocument, *, head: Mapping[str, Any], types: Mapping[str, AssetType], chosen: Collection[str] = ()
) -> Blueprint:
    """A blueprint that composes the same assets anew: their types, names, properties, links, groups and places.

    Bindings and images are not in it, nor anything else that names a gateway or another organisation's file. Texts of
    notes come along when all assets do.

    Args:
        document: The twin.
        head: The blueprint's ``key``, ``name`` and ``description``.
        types: The types of its assets, by ``key@version``.
        chosen: The assets that it is made of, none for all.
    """
    assets = {each: asset for each, asset in document.assets.items() if not chosen or each in chosen}
    keys = _keys(assets)
    groups = {asset.group for asset in assets.values()} & document.groups.keys()
    names = _names(assets)
    parts = {keys[each]: _part(asset, names[each], keys, groups) for each, asset in assets.items()}
    return Blueprint(
        **head, version=1, icon=_icon(assets, types), parts=parts,
        groups={key: BlueprintGroup(name=_plain(each.name)) for key, each in document.groups.items() if key in groups},
        links=tuple(_links(document, keys)),
        notes=() if chosen else tuple(note.text for note in document.notes.values() if note.text.strip()),
    )  # fmt: skip


def _part(asset: Asset, name: str, keys: Mapping[str, str], groups: Collection[str | None]) -> BlueprintPart:
    whole = asset.part_of
    return BlueprintPart(
        type=asset.type, name=name, at=asset.at, properties=asset.properties,
        group=asset.group if asset.group in groups else None,
        part_of=(keys[whole[0]], whole[1]) if whole is not None and whole[0] in keys else None,
    )  # fmt: skip


def _keys(assets: Mapping[str, Asset]) -> dict[str, str]:
    """A key for each asset, made from its name."""
    seen = Counter[str]()
    keys = {}
    for each, asset in assets.items():
        stem = re.sub(r"[^a-z0-9]+", "_", asset.name.lower()).strip("_")[:_LONGEST_KEY].strip("_")
        stem = stem if stem[:1].isalpha() else f"asset_{stem}".strip("_")
        seen[stem] += 1
        keys[each] = stem if seen[stem] == 1 else f"{stem}__{seen[stem]}"
    return keys


def _names(assets: Mapping[str, Asset]) -> dict[str, str]:
    """What the assets are called: a blueprint fills in what stands in braces, and gives no name twice."""
    taken: set[str] = set()
    names = {}
    for each, asset in assets.items():
        stem = name = _plain(asset.name)
        number = 1
        while name in taken:
            number += 1
            name = f"{stem[:190]} {number}"
        taken.add(name)
        names[each] = name
    return names


def _plain(name: str) -> str:
    return name.replace("{", "(").replace("}", ")")


def _links(document: TwinDocument, keys: Mapping[str, str]) -> Iterator[BlueprintLink]:
    for link in document.links.values():
        (source, out), (target, inward) = link.ends
        if source in keys and target in keys:
            yield BlueprintLink(from_=(keys[source], out), to=(keys[target], inward), kind=link.kind)


def _icon(assets: Mapping[str, Asset], types: Mapping[str, AssetType]) -> str:
    """That of the type which most of the assets have."""
    for ref, _count in Counter(asset.type for asset in assets.values()).most_common(1):
        if ref in types and (looks := types[ref].appearance):
            return looks.icon
    return "box"
