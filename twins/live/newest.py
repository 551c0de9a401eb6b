"""What a browser that reads slowly is sent of a twin's values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec


def newest_values(texts: Iterable[str]) -> str:
    """One message of several of a twin: of each signal the newest reading, of readings of one instant the last."""
    messages: list[dict[str, Any]] = [msgspec.json.decode(text) for text in texts]
    values: dict[str, dict[str, list[Any]]] = {}
    for message in messages:
        for asset, readings in message["values"].items():
            known = values.setdefault(asset, {})
            for key, reading in readings.items():
                if key not in known or _at(known[key]) <= _at(reading):
                    known[key] = reading
    return msgspec.json.encode({**messages[-1], "values": values}).decode()


def _at(reading: list[Any]) -> datetime:
    return datetime.fromisoformat(reading[0])
