"""What differs between two documents of one twin: added, removed, changed and moved, property by property."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from twins.composer.schemas import Asset, Binding, Link, Note, TwinDocument

ChangeKind = Literal["added", "removed", "changed", "moved"]
Subject = Literal["twin", "asset", "link", "binding", "group", "note"]
Value: TypeAlias = Any
"""A JSON value, with names in place of ids; None where there is nothing."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a part.

    Attributes:
        name: ``name``, ``type``, ``at``, ``properties/rated_flow``, ``signals/flow`` and so on.
        before: What it said, None for nothing.
        after: What it says.
        unit: UCUM code of both, empty for none.
    """

    name: str
    before: Value
    after: Value
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs.

    Attributes:
        kind: A part that lies elsewhere and differs in nothing else has moved; one that differs in more has changed.
        subject: What it is.
        key: Its key in its section; that of a binding is its ``ASSET/SIGNAL``.
        name: What people call it.
        type: The type of an asset, else empty.
        assets: The assets that it is, or that it joins, to be shown.
        fields: What differs; of a part that came or went, what it says or said.
    """

    kind: ChangeKind
    subject: Subject
    key: str
    name: str
    type: str = ""
    assets: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What people call that which a document names by an id.

    Attributes:
        gateways: Names of gateways by their ids.
        units: UCUM codes of the properties of a type, by ``key@version``.
    """

    gateways: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def diff(before: TwinDocument, after: TwinDocument, names: Names | None = None) -> tuple[Change, ...]:
    """What differs, in the order of the document: the twin, assets, links, bindings, groups, notes.

    What a new asset reads, or one that went read, is told with the asset and not once more by itself.
    """
    pair = _Pair(before, after, names or Names())
    return (*pair.twin(), *pair.assets(), *pair.links(), *pair.bindings(), *pair.groups(), *pair.notes())


def counted(changes: Iterable[Change]) -> dict[ChangeKind, int]:
    """How many there are of each kind."""
    found = Counter(change.kind for change in changes)
    return {"added": found["added"], "removed": found["removed"], "changed": found["changed"], "moved": found["moved"]}


@dataclass(frozen=True, slots=True)
class _Pair:
    before: TwinDocument
    after: TwinDocument
    names: Names

    def twin(self) -> Iterator[Change]:
        if self.before.name != self.after.name:
            fields = (FieldChange("name", self.before.name, self.after.name),)
            yield Change("changed", "twin", self.after.twin, self.after.name, fields=fields)

    def assets(self) -> Iterator[Change]:
        bound = (_by_asset(self.before.bindings), _by_asset(self.after.bindings))
        for key, old, new in _differing(self.before.assets, self.after.assets):
            if old is not None and new is not None:
                fields = tuple(self._asset(old, new))
            else:
                fields = tuple(self._whole_asset(key, old, new, bound))
            shown = new or old
            kind = _kind(old, new, fields)
            yield Change(kind, "asset", key, shown.name, type=shown.type, assets=(key,), fields=fields)

    def links(self) -> Iterator[Change]:
        for key, old, new in _differing(self.before.links, self.after.links):
            shown: Link = new or old
            document = self.before if new is None else self.after
            fields = tuple(
                _fields(self._link(old, self.before) if old else {}, self._link(new, self.after) if new else {})
            )
            assets = tuple(dict.fromkeys(asset for asset, _port in shown.ends))
            name = " → ".join(_end(end, document) for end in shown.ends)
            yield Change(_kind(old, new, fields), "link", key, name, assets=assets, fields=fields)

    def bindings(self) -> Iterator[Change]:
        for place, old, new in _differing(self.before.bindings, self.after.bindings):
            asset, _, signal = place.partition("/")
            if asset not in self.before.assets or asset not in self.after.assets:
                continue
            fields = tuple(_fields(self._binding(old) if old else {}, self._binding(new) if new else {}))
            name = f"{self.after.assets[asset].name} {signal}"
            yield Change(_kind(old, new, fields), "binding", place, name, assets=(asset,), fields=fields)

    def groups(self) -> Iterator[Change]:
        for key, old, new in _differing(self.before.groups, self.after.groups):
            fields = tuple(_fields(old.as_json() if old else {}, new.as_json() if new else {}))
            yield Change(_kind(old, new, fields), "group", key, (new or old).name, fields=fields)

    def notes(self) -> Iterator[Change]:
        for key, old, new in _differing(self.before.notes, self.after.notes):
            fields = tuple(_fields(old.as_json() if old else {}, new.as_json() if new else {}))
            shown: Note = new or old
            yield Change(_kind(old, new, fields), "note", key, shown.text[:80], fields=fields)

    def _asset(self, old: Asset, new: Asset) -> Iterator[FieldChange]:
        yield from _fields(self._facts(old, self.before), self._facts(new, self.after))
        units = self.names.units.get(new.type, {}), self.names.units.get(old.type, {})
        for name in dict.fromkeys((*old.properties, *new.properties)):
            was, now = old.properties.get(name), new.properties.get(name)
            if was != now:
                yield FieldChange(f"properties/{name}", was, now, units[0].get(name) or units[1].get(name, ""))

    def _whole_asset(
        self, key: str, old: Asset | None, new: Asset | None, bound: tuple[Mapping[str, Any], Mapping[str, Any]]
    ) -> Iterator[FieldChange]:
        """What an asset that came says, or one that went said; where it lies is seen on the canvas."""
        asset, document, number = (new, self.after, 1) if new is not None else (old, self.before, 0)
        if asset is None:
            return
        facts = {name: value for name, value in self._facts(asset, document).items() if name not in {"name", "at"}}
        facts |= {f"properties/{name}": value for name, value in asset.properties.items()}
        facts |= {f"signals/{signal}": self._read(each) for signal, each in bound[number].get(key, ())}
        units = self.names.units.get(asset.type, {})
        for name, value in facts.items():
            unit = units.get(name.removeprefix("properties/"), "") if name.startswith("properties/") else ""
            yield FieldChange(name, None if number else value, value if number else None, unit)

    def _facts(self, asset: Asset, document: TwinDocument) -> dict[str, Value]:
        """All but its properties."""
        facts: dict[str, Value] = {"name": asset.name, "type": asset.type, "at": list(asset.at)}
        if asset.group is not None:
            group = document.groups.get(asset.group)
            facts["group"] = asset.group if group is None else group.name
        if asset.part_of is not None:
            facts["part_of"] = _end(asset.part_of, document)
        return facts

    def _link(self, link: Link, document: TwinDocument) -> dict[str, Value]:
        return {"from": _end(link.from_, document), "to": _end(link.to, document), "kind": link.kind}

    def _binding(self, binding: Binding) -> dict[str, Value]:
        return binding.as_json() | {"gateway": self._gateway(binding.gateway)}

    def _read(self, binding: Binding) -> str:
        return f"{self._gateway(binding.gateway)} · {binding.key}"

    def _gateway(self, key: str) -> str:
        return self.names.gateways.get(key, key)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key, old in before.items():
        new = after.get(key)
        if new is None or (new is not old and new != old):
            yield key, old, new
    for key, new in after.items():
        if key not in before:
            yield key, None, new


def _kind(old: object, new: object, fields: tuple[FieldChange, ...]) -> ChangeKind:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    return "moved" if all(each.name == "at" for each in fields) else "changed"


def _fields(before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was != now:
            yield FieldChange(name, was, now)


def _by_asset(bindings: Mapping[str, Binding]) -> dict[str, list[tuple[str, Binding]]]:
    found: dict[str, list[tuple[str, Binding]]] = {}
    for place, binding in bindings.items():
        asset, _, signal = place.partition("/")
        found.setdefault(asset, []).append((signal, binding))
    return found


def _end(end: tuple[str, str], document: TwinDocument) -> str:
    asset, port = end
    found = document.assets.get(asset)
    return f"{found.name if found is not None else asset} {port}"
