"""Who has a draft open, where their pointer is and what they have selected: told, and kept nowhere.

Each open tab is told of as ``{"kind": "presence", "tab", "name", "author", "edits", "at"}`` when it comes, when
something changes and every `BEAT_S` seconds, and as ``{"kind": "gone", "tab"}`` when it goes; one that is not told of
for three beats is gone, too. ``{"kind": "hello", "tab"}`` asks all others to tell of themselves.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

BEAT_S = 10.0
PACE_S = 0.1
"""A tab is told of at most this often."""
LONGEST_SAID = 8 * 1024
"""Characters of what a browser may say at once."""
_RATE, _BURST = 20.0, 40.0
_PATIENCE = 500
"""After so many messages that were too many or made no sense, a connection is no browser of ours."""

_Coordinate = Annotated[float, Meta(ge=-10_000_000, le=10_000_000)]
_Part = Annotated[str, Meta(max_length=36, pattern=r"^[0-9a-z_-]+$")]
_Place = Annotated[str, Meta(max_length=160, pattern=r"^[0-9A-Za-z_/.-]*$")]


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser says of itself.

    Attributes:
        cursor: Where the pointer is on the canvas, None when it is elsewhere.
        selected: Ids of the assets, links and notes that are selected.
        editing: The place in the document that has the focus.
        view: The middle of what is seen of the canvas, and the zoom.
    """

    cursor: tuple[_Coordinate, _Coordinate] | None = None
    selected: Annotated[tuple[_Part, ...], Meta(max_length=50)] = ()
    editing: _Place | None = None
    view: tuple[_Coordinate, _Coordinate, Annotated[float, Meta(gt=0, le=100)]] | None = None


_DECODER = msgspec.json.Decoder(Said)


def read_said(text: str) -> Said | None:
    """What a browser says, or None for what it cannot have meant."""
    if len(text) > LONGEST_SAID:
        return None
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None


class Allowance:
    """How much a connection may still say."""

    def __init__(self) -> None:
        self._tokens, self._at, self._refused = _BURST, time.monotonic(), 0

    def take(self) -> bool:
        """Whether one more message is heard."""
        now = time.monotonic()
        self._tokens = min(_BURST, self._tokens + (now - self._at) * _RATE)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def refuse(self) -> bool:
        """Count a message that was not heard; whether there were too many of them."""
        self._refused += 1
        return self._refused > _PATIENCE


def events_in_one(texts: Iterable[str]) -> str:
    """One message of several: of each tab the last that was told, and all that happened to the draft, in order."""
    events: dict[Any, dict[str, Any]] = {}
    for number, event in enumerate(each for text in texts for each in msgspec.json.decode(text)):
        key = event.get("tab", number)
        events.pop(key, None)
        events[key] = event
    return msgspec.json.encode(list(events.values())).decode()
