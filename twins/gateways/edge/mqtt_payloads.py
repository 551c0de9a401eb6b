"""What a message of a local broker says: plain numbers, JSON objects, arrays of a waveform."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from twins.gateways.edge.configuration import Topic
from twins.gateways.field.samples import Sample, SampleQuality

LARGEST_PAYLOAD = 4 * 1024 * 1024
MOST_VALUES = 100_000
_LONGEST_KEY = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What datetime can hold: the years 1 to 9999.
_FIRST_MS, _END_MS = -62_135_596_800_000, 253_402_300_800_000
_LEVEL = re.compile(r"\{(topic|\d{1,2})\}")
_WORDS = {"true": 1.0, "false": 0.0}
_QUALITIES = {each.value: each for each in SampleQuality}


def samples_in(topic: str, payload: bytes | bytearray, rule: Topic, now: int | None) -> list[Sample]:
    """The samples of a message.

    A number, ``true`` or ``false``; an object with a value, and perhaps with its instant and its quality; an object
    with ``values`` at a ``rate_hz``, of which the instant is the first one's; or an object whose members are numbers,
    each a key of its own below that of the topic.

    Args:
        topic: Of the message.
        payload: Of the message.
        rule: What says how it is read.
        now: The instant of what has none of its own, in microseconds since 1970; None to leave that out.

    Raises:
        ValueError: It cannot be read; the text says why.
    """
    if len(payload) > LARGEST_PAYLOAD:
        raise ValueError(f"it has more than {LARGEST_PAYLOAD} bytes")
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        raise ValueError("it is neither a number nor JSON") from None
    key = key_of(topic, rule.key)
    if not isinstance(told, dict):
        return [] if now is None else [Sample(key, now, _number(told))]
    at = _instant(told[rule.at]) if rule.at in told else now
    if at is None:
        return []
    if rule.value in told:
        quality = _QUALITIES.get(str(told.get("quality", "good")).lower(), SampleQuality.UNCERTAIN)
        return [Sample(key, at, _number(told[rule.value]), quality)]
    if isinstance(told.get("values"), list):
        return _waveform(key, at, told)
    return list(_members(key, at, told, rule))


@lru_cache(maxsize=10_000)
def key_of(topic: str, template: str) -> str:
    """A key from a template: ``{topic}`` is the whole topic, ``{1}`` its first level.

    Raises:
        ValueError: The topic has no such level, or the key would be too long or have outer spaces.
    """
    levels = topic.split("/")

    def level(found: re.Match[str]) -> str:
        if found[1] == "topic":
            return topic
        number = int(found[1])
        if not 1 <= number <= len(levels):
            raise ValueError(f"the topic {topic[:100]} has no level {number}")
        return levels[number - 1]

    key = _LEVEL.sub(level, template)
    if not 0 < len(key) <= _LONGEST_KEY or key != key.strip() or not key.isprintable():
        raise ValueError(f"{key[:60]!r} is no key")
    return key


def _members(key: str, at: int, told: Mapping[str, Any], rule: Topic) -> Iterable[Sample]:
    found = False
    for name, value in told.items():
        if name != rule.at and isinstance(value, int | float):
            found = True
            yield Sample(f"{key}.{name}"[:_LONGEST_KEY], at, float(value))
    if not found:
        raise ValueError(f"it has no member {rule.value}, and none that is a number")


def _waveform(key: str, at: int, told: Mapping[str, Any]) -> list[Sample]:
    values, rate = told["values"], told.get("rate_hz")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1e6:
        raise ValueError("its rate_hz is no rate from 0 to 1,000,000")
    if len(values) > MOST_VALUES:
        raise ValueError(f"it has more than {MOST_VALUES} values")
    step = 1e6 / rate
    return [Sample(key, at + round(number * step), _number(value)) for number, value in enumerate(values)]


def _number(told: object) -> float:
    if isinstance(told, str):
        told = _WORDS.get(told.lower(), told)
    try:
        found = float(told)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{str(told)[:40]!r} is no number") from None
    if not math.isfinite(found):
        raise ValueError("it is not finite")
    return found


def _instant(told: object) -> int:
    """Microseconds since 1970, of ISO 8601 with an offset or of milliseconds."""
    try:
        if type(told) is int and _FIRST_MS <= told < _END_MS:
            return told * 1000
        if isinstance(told, str):
            moment = datetime.fromisoformat(told)
        elif isinstance(told, int | float) and not isinstance(told, bool):
            moment = _EPOCH + timedelta(milliseconds=told)
        else:
            raise TypeError
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{str(told)[:40]!r} is no instant") from None
