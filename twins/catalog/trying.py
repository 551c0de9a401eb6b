"""Formulas of a type that is still being written: tried on sample data, and what they may speak of."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tenants.kernel.errors import Finding
from twins.catalog.bounds import refuse_large
from twins.catalog.domain.lenient import Reading, read_leniently
from twins.catalog.domain.preview import Trial, Word, try_formula, words
from twins.catalog.domain.sampling import Given
from twins.catalog.selectors import published_types

_UNNAMED = "type"


def trial_of(document: dict[str, Any], place: str, formula: str, samples: Given) -> Trial:
    """What a formula of a type gives over sample data, or what is wrong with it.

    Args:
        document: The type as it is being written, sound or not.
        place: Where the formula stands or shall stand.
        formula: Its text, in place of what the document has there.
        samples: Readings of signals and values of properties to try it on, by name.

    Raises:
        TypeTooLargeError: The document is too large.
    """
    reading = _read(_with_formula(document, place, formula))
    if reading.resolved is None:
        return Trial(tuple(Finding(each.code, place, each.message, each.fix) for each in reading.findings))
    return try_formula(reading.resolved.document, place, formula, samples)


def words_of(document: dict[str, Any]) -> list[Word]:
    """What formulas of a type may speak of, what it inherits included.

    Raises:
        TypeTooLargeError: The document is too large.
    """
    reading = _read(document)
    return list(words(reading.resolved.document)) if reading.resolved else []


def _read(document: dict[str, Any]) -> Reading:
    refuse_large(document)
    key = document.get("key")
    return read_leniently(document, key=key if isinstance(key, str) else _UNNAMED, version=1, types=published_types())


def _with_formula(document: dict[str, Any], place: str, formula: str) -> dict[str, Any]:
    """The document with a formula put where it belongs, when that part of it is there; a state is its formula."""
    refuse_large(document)
    changed = deepcopy(document)
    section, key, *field = place.split("/")
    parts = changed.setdefault(section, {})
    if not isinstance(parts, dict):
        return document
    if not field:
        parts[key] = formula
    elif isinstance(parts.get(key), dict):
        parts[key][field[0]] = formula
    return changed
