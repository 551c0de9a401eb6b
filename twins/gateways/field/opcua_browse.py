"""Looking around in an OPC UA server: what is under a node, what bears a name, and what nodes say now."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaStatusCodeError

from twins.gateways.field.opcua_found import PAGE, ROOT, Entries, Entry

_SERVER = "i=2253"
_MOST_SEARCHED = 20_000
_SEARCH_S = 6.0
_AT_ONCE = 50
_UNITS, _RANGE = "EngineeringUnits", "EURange"


async def children(client: Client, node: str, *, skip: int = 0, limit: int = PAGE) -> Entries:
    """A page of what is under a node; variables with their type, unit, range and value."""
    references = (await _under(client, [ua.NodeId.from_string(node)], most=skip + limit + 1))[0]
    chosen = [(each, "") for each in references[skip : skip + limit]]
    return Entries(tuple(await _told(client, chosen)), len(references) > skip + limit)


async def find(client: Client, words: str, *, limit: int = PAGE) -> Entries:
    """Variables whose name or path has all of the words; the nearest first, as far as a few seconds reach."""
    wanted = words.casefold().split()
    hits: list[tuple[ua.ReferenceDescription, str]] = []
    waiting, seen = deque([(ua.NodeId.from_string(ROOT), "")]), {ROOT, _SERVER}
    deadline = time.monotonic() + _SEARCH_S
    while waiting and len(hits) <= limit and len(seen) < _MOST_SEARCHED and time.monotonic() < deadline:
        some = [waiting.popleft() for _ in range(min(_AT_ONCE, len(waiting)))]
        for (_, path), references in zip(some, await _under(client, [id_ for id_, _ in some]), strict=True):
            for each in references:
                id_ = each.NodeId.to_string()
                if id_ in seen:
                    continue
                seen.add(id_)
                name = _name(each)
                whole = f"{path} / {name}" if path else name
                waiting.append((each.NodeId, whole))
                if each.NodeClass == ua.NodeClass.Variable and all(word in whole.casefold() for word in wanted):
                    hits.append((each, path))
    return Entries(tuple(await _told(client, hits[:limit])), len(hits) > limit or bool(waiting))


async def values(client: Client, nodes: Sequence[str]) -> dict[str, Entry]:
    """What some nodes say now, by their ids."""
    found = await _values(client, [ua.NodeId.from_string(node) for node in nodes])
    return {node: Entry(node, node, is_variable=True, **said) for node, said in zip(nodes, found, strict=True)}


async def _told(client: Client, found: Sequence[tuple[ua.ReferenceDescription, str]]) -> list[Entry]:
    variables = [each.NodeId for each, _ in found if each.NodeClass == ua.NodeClass.Variable]
    said = dict(zip((id_.to_string() for id_ in variables), await _values(client, variables), strict=True))
    meant = await _meanings(client, variables)
    entries = []
    for each, path in found:
        id_ = each.NodeId.to_string()
        more: dict[str, Any] = {**said.get(id_, {}), **meant.get(id_, {})}
        entries.append(Entry(id_, _name(each), path, is_variable=id_ in said, **more))
    return entries


async def _values(client: Client, nodes: Sequence[ua.NodeId]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in _parts(nodes):
        for value in await client.uaclient.session.read_attributes(list(part), AttributeIds.Value):
            held, status = value.Value, value.StatusCode
            is_array = held is not None and isinstance(held.Value, list)
            kind = "" if held is None or held.Value is None else held.VariantType.name + ("[]" if is_array else "")
            text = "" if held is None or held.Value is None else _text(held.Value)
            found.append({
                "data_type": kind, "value": text,
                "status": "" if status is None or status.is_good() else status.name,
            })  # fmt: skip
    return found


def _text(held: object) -> str:
    """A value as a person reads it: no more digits than a single-precision number has."""
    return f"{held:.7g}" if isinstance(held, float) else str(held)[:60]


async def _meanings(client: Client, nodes: Sequence[ua.NodeId]) -> dict[str, dict[str, Any]]:
    """Units and ranges of variables that have them, by their ids."""
    meant: dict[str, dict[str, Any]] = {}
    for part in _parts(nodes):
        under = await _under(client, part, reference=ObjectIds.HasProperty)
        properties = [
            (node.to_string(), each.BrowseName.Name, each.NodeId)
            for node, references in zip(part, under, strict=True)
            for each in references
            if each.BrowseName.Name in (_UNITS, _RANGE)
        ]
        read = await client.uaclient.session.read_attributes([id_ for *_, id_ in properties], AttributeIds.Value)
        for (node, name, _), value in zip(properties, read, strict=True):
            meant.setdefault(node, {}).update(_meaning(name, value.Value.Value if value.Value is not None else None))
    return meant


def _meaning(name: str | None, held: object) -> dict[str, Any]:
    if name == _UNITS and isinstance(held, ua.EUInformation):
        return {"unit": (held.DisplayName.Text or "")[:40]}
    if name == _RANGE and isinstance(held, ua.Range):
        return {"low": float(held.Low), "high": float(held.High)}
    return {}


async def _under(
    client: Client, nodes: Sequence[ua.NodeId], *, reference: int = ObjectIds.HierarchicalReferences, most: int = 0
) -> list[list[ua.ReferenceDescription]]:
    """The objects and variables that nodes refer to; a node that cannot be browsed has none.

    Args:
        client: A session.
        nodes: Which.
        reference: The kind of reference.
        most: After how many of one node to stop; 0 for never.
    """
    session = client.uaclient.session
    is_property = reference == ObjectIds.HasProperty
    wanted = [
        ua.BrowseDescription(
            NodeId=node, BrowseDirection=ua.BrowseDirection.Forward, ReferenceTypeId=ua.NodeId(ua.Int32(reference)),
            IncludeSubtypes=True, NodeClassMask=ua.NodeClass.Object | ua.NodeClass.Variable,
            ResultMask=ua.BrowseResultMask.All,
        )
        for node in nodes
    ]  # fmt: skip
    if not wanted:
        return []
    found = await session.browse(ua.BrowseParameters(RequestedMaxReferencesPerNode=1000, NodesToBrowse=wanted))
    under = []
    for result in found:
        references, point = list(result.References or []), result.ContinuationPoint
        while point and (not most or len(references) < most):
            try:
                (more,) = await session.browse_next(ua.BrowseNextParameters(ContinuationPoints=[point]))
            except UaStatusCodeError:
                break
            references += more.References or []
            point = more.ContinuationPoint
        kept = {
            each.NodeId.to_string(): each
            for each in references
            if is_property or each.ReferenceTypeId != ua.NodeId(ua.Int32(ObjectIds.HasProperty))
        }
        under.append(list(kept.values()))
    return under


def _name(reference: ua.ReferenceDescription) -> str:
    return str(reference.DisplayName.Text or reference.BrowseName.Name or reference.NodeId.to_string())[:200]


def _parts(nodes: Sequence[ua.NodeId]) -> Iterator[Sequence[ua.NodeId]]:
    for start in range(0, len(nodes), 2 * PAGE):
        yield nodes[start : start + 2 * PAGE]
