"""The sound parts of a document that somebody is still writing, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tenants.kernel.errors import Finding
from twins.catalog.domain.inheritance import SECTIONS, ResolvedType, resolve
from twins.catalog.domain.origins import Origins, origins
from twins.catalog.domain.reading import read_document
from twins.catalog.domain.validation import validate
from twins.catalog.schemas import AssetType

_FOLLOWING = frozenset(
    {"type.unknown_reference", "type.unknown_signal", "type.unknown_alarm", "formula.unknown_name", "type.missing"}
)
"""What is said of the sound parts only because a part that cannot be read is left out."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What can be made of a document.

    Attributes:
        own: Its sound parts as they are written; None when it is no object at all.
        resolved: The same with what they inherit.
        origins: Where each part comes from.
        findings: Everything that keeps it from being published.
    """

    own: AssetType | None
    resolved: ResolvedType | None
    origins: Origins
    findings: tuple[Finding, ...]


def read_leniently(raw: Any, *, key: str, version: int, types: Mapping[str, AssetType]) -> Reading:
    """Read a draft: what does not fit is left out part by part, so that the rest can be shown and worked with.

    Args:
        raw: The document as JSON has it.
        key: The key that its type has, whatever the document says.
        version: The version that it would be published as.
        types: The published types, by ``key@version``.
    """
    document = {**raw, "version": version} if isinstance(raw, dict) else raw
    own, findings = read_document(AssetType, document)
    if own is None:
        own = _sound_parts(document, key, version)
        follow = _FOLLOWING
    else:
        follow = frozenset()
        if own.key != key:
            fix = f"Write {key}, or start a draft under the other key."
            findings = (Finding("type.other_key", "key", f"This is the draft of {key}, not of {own.key}.", fix),)
            own = own.model_copy(update={"key": key})
    if own is None:
        return Reading(None, None, Origins({}, {}), findings)
    resolved, _ = resolve(own, types)
    meaning = (finding for finding in validate(own, types) if finding.code not in follow)
    return Reading(own, resolved, origins(own, resolved.document, types), (*findings, *meaning))


def _sound_parts(document: Any, key: str, version: int) -> AssetType | None:
    """The document without its parts that do not fit; its key and its name are made up where they are missing."""
    if not isinstance(document, dict):
        return None
    left = deepcopy(document) | {"key": key, "version": version}
    left.setdefault("name", {"en": key})
    for _ in range(len(AssetType.model_fields)):  # what is behind a fault may show only once the fault is gone
        try:
            return AssetType.model_validate(left)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_context=False, include_input=False):
                _leave_out(left, each["loc"], key)
        except RecursionError:
            return None
    return None


def _leave_out(document: dict[str, Any], place: tuple[int | str, ...], key: str) -> None:
    section = str(place[0])
    if section == "name":
        document["name"] = {"en": key}
    elif len(place) > 1 and section in SECTIONS and isinstance(document.get(section), dict):
        document[section].pop(place[1], None)
    else:
        document.pop(section, None)
