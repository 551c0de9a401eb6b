"""Evidence in its plainest form, such as this system seals: read at once, without a form for each of its parts.

Plain is what has each field in its place, times in UTC, spans that run forward, decimals, and names of everyday
letters. It means the same as read by `intake`, in a fifth of the time. Whatever else there is, right or wrong, is not
plain and left to `intake`, which tells what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter, lt
from typing import Any, Final
from zoneinfo import ZoneInfo

from billing.contracts.domain import State
from billing.contracts.fields import DECIMAL_PATTERN
from billing.outcomes.domain.document import AssetEvidence, CounterReading, StateReport
from tenants.kernel.calendars import parse_moment

Json = dict[str, Any]
_FIELDS = frozenset({"in_service", "initial", "states", "counters", "rates", "measures", "conditions"})
_STATES: Final[Mapping[str, State]] = {"up": "up", "down": "down", "unknown": "unknown"}
_REPORT = itemgetter("from", "to", "state", "received")
_READING = itemgetter("id", "at", "value", "received")
_DECIMAL = re.compile(DECIMAL_PATTERN)
_UTC = ZoneInfo("UTC")
_LONGEST_NAME = 200


class _NotPlainError(ValueError):
    """Something that only `intake` can judge."""


def plain_evidence(evidence: object) -> dict[str, AssetEvidence]:
    """The evidence of those assets of which all is plain, by asset.

    Args:
        evidence: What stands in the field of that name of a rate document.
    """
    found: dict[str, AssetEvidence] = {}
    if isinstance(evidence, dict):
        instants, numbers = _Instants(), _Numbers()
        for asset, known in evidence.items():
            try:
                found[_name(asset)] = _asset(known, instants, numbers)
            except (AttributeError, KeyError, TypeError, ValueError):
                continue
    return found


def decimal_ratio(text: str) -> tuple[int, int]:
    """A decimal as numerator and denominator, as it is written: ``12.50`` is 1250 by 100."""
    whole, _, digits = text.partition(".")
    return int(whole + digits), 10 ** len(digits)


class _Instants(dict[str, int]):
    """Times in UTC in milliseconds: each is read once, since many assets are told of at the same ones."""

    def __missing__(self, text: str) -> int:
        if text[-1:] != "Z":
            raise _NotPlainError(text)
        self[text] = instant = parse_moment(text, _UTC)
        return instant


class _Numbers(dict[str, tuple[int, int]]):
    """Decimals as numerator and denominator, each read once."""

    def __missing__(self, text: str) -> tuple[int, int]:
        if not _DECIMAL.fullmatch(text):
            raise _NotPlainError(text)
        self[text] = number = decimal_ratio(text)
        return number


def _asset(known: Json, instants: _Instants, numbers: _Numbers) -> AssetEvidence:
    if not _FIELDS.issuperset(known) or known.get("rates", []) != []:
        raise _NotPlainError(known)
    initial = known.get("initial")
    return AssetEvidence(
        in_service=_service(known.get("in_service"), instants),
        initial="unknown" if initial is None else _STATES[initial],
        states=_states(known.get("states", []), instants),
        counters=_counters(known.get("counters", []), instants, numbers),
        measures={_name(of): _counters(some, instants, numbers) for of, some in known.get("measures", {}).items()},
        conditions={_name(of): _states(some, instants) for of, some in known.get("conditions", {}).items()},
    )


def _states(reports: list[Json], instants: _Instants) -> tuple[StateReport, ...]:
    if not _of_four(reports):
        return ()
    start, end, state, received = zip(*map(_REPORT, reports), strict=True)
    starts, ends = list(map(instants.__getitem__, start)), list(map(instants.__getitem__, end))
    if not all(map(lt, starts, ends)):
        raise _NotPlainError(reports)
    known = map(instants.__getitem__, received)
    return tuple(map(StateReport, starts, ends, map(_STATES.__getitem__, state), known))


def _counters(readings: list[Json], instants: _Instants, numbers: _Numbers) -> tuple[CounterReading, ...]:
    if not _of_four(readings):
        return ()
    names, at, value, received = zip(*map(_READING, readings), strict=True)
    if not {str}.issuperset(map(type, names)) or not all(map(str.isascii, names)):
        raise _NotPlainError(readings)
    lengths = set(map(len, names))
    if min(lengths) < 1 or max(lengths) > _LONGEST_NAME:
        raise _NotPlainError(readings)
    known = map(instants.__getitem__, received)
    return tuple(map(CounterReading, names, map(instants.__getitem__, at), map(numbers.__getitem__, value), known))


def _of_four(rows: list[Json]) -> list[Json]:
    """A list of objects of four fields each, which both kinds have."""
    if type(rows) is not list or not {4}.issuperset(map(len, rows)):
        raise _NotPlainError(rows)
    return rows


def _service(known: Json | None, instants: _Instants) -> tuple[int | None, int | None]:
    if known is None:
        return None, None
    if not {"from", "to"}.issuperset(known):
        raise _NotPlainError(known)
    start, end = (None if known.get(side) is None else instants[known[side]] for side in ("from", "to"))
    if start is not None and end is not None and start >= end:
        raise _NotPlainError(known)
    return start, end


def _name(text: str) -> str:
    if type(text) is not str or not 0 < len(text) <= _LONGEST_NAME or not text.isascii():
        raise _NotPlainError(text)
    return text
