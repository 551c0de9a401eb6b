"""Bodies of requests made from their schemas, with an id put wherever an id could go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.isolation.places import openapi

Choose = Callable[[str], str]
"""Gives the id to put into a field of a name."""
_DEEPEST = 6
_PLAIN: dict[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "null": None}
_FORMATS = {
    "date-time": "2026-09-01T00:00:00Z", "date": "2026-09-01", "email": "someone@stranger.example",
    "uri": "https://stranger.example/", "binary": "x",
}  # fmt: skip


def body(schema: dict[str, Any], choose: Choose) -> Any:
    """The smallest document that fits a schema and has every field that could hold an id."""
    return _value("", schema, choose, 0)


def id_fields(schema: dict[str, Any]) -> list[str]:
    """The names of the fields that could hold an id."""
    names: list[str] = []

    def note(name: str) -> str:
        names.append(name)
        return str(UUID(int=0))

    body(schema, note)
    return list(dict.fromkeys(names))


def _value(name: str, schema: dict[str, Any], choose: Choose, depth: int) -> Any:
    schema = _resolved(schema)
    if "enum" in schema or "const" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind == "object":
        return _object(name, schema, choose, depth)
    if kind == "array":
        return [_value(name, schema.get("items", {}), choose, depth + 1)] if depth < _DEEPEST else []
    return _text(name, schema, choose) if kind == "string" else max(_PLAIN[kind] or 0, schema.get("minimum", 0))


def _object(name: str, schema: dict[str, Any], choose: Choose, depth: int) -> dict[str, Any]:
    fields = schema.get("properties")
    if fields is None:
        # A document that the schema does not describe: ids as values, and under the names they go by elsewhere.
        return {each: choose(name or each) for each in ("id", "twin", "customer", "asset")}
    wanted = set(schema.get("required", ()))
    return {
        key: _value(key, field, choose, depth + 1)
        for key, field in fields.items()
        if depth < _DEEPEST and (key in wanted or _holds_ids(field, depth + 1))
    }


def _text(name: str, schema: dict[str, Any], choose: Choose) -> str:
    if schema.get("format") == "uuid" or name.endswith(("_id", "_ids")):
        return choose(name)
    return str(_FORMATS.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1))))


def _holds_ids(schema: dict[str, Any], depth: int) -> bool:
    schema = _resolved(schema)
    if schema.get("format") == "uuid":
        return True
    parts = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    free = schema.get("type", "object") == "object" and "properties" not in schema
    return free or (depth < _DEEPEST and any(_holds_ids(each, depth + 1) for each in parts))


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    for several in ("allOf", "oneOf", "anyOf"):
        if several in schema:
            return _resolved(next((each for each in schema[several] if each.get("type") != "null"), {}))
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return _resolved(found)
