"""What a field device said, before anybody knows what it means; shared by the server's connections and the edge agent.

Modules of this folder know no Django and no database: they run at a site as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class SampleQuality(StrEnum):
    """What the device says of a value, in the words of the ingest routes."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one key at one instant.

    Attributes:
        key: The gateway's name for the quantity.
        at: Whole microseconds since 1970: the device's own instant where it gives one.
        value: As the device has it, in the device's unit.
        quality: What the device says of it.
    """

    key: str
    at: int
    value: float
    quality: SampleQuality = SampleQuality.GOOD


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one point, or the device as a whole, gives nothing at present.

    Attributes:
        code: Dotted reason.
        message: What is wrong.
        fix: What to do about it.
        place: The node, register or topic; empty for the device as a whole.
    """

    code: str
    message: str
    fix: str
    place: str = ""


class Sink(Protocol):
    """Takes what a device said. Both calls may wait: a source that is ahead of its sink must slow down, not drop."""

    async def samples(self, samples: Sequence[Sample]) -> None:
        """Take values, in the order in which they were read."""

    async def trouble(self, trouble: Trouble) -> None:
        """Take note of something that cannot be read; the rest goes on."""


class FieldSource(Protocol):
    """A connection to one device or server at a site."""

    async def run(self, sink: Sink) -> None:
        """Read until cancelled: connect, subscribe or poll, and connect again after a loss with growing pauses.

        One point that cannot be read is told as trouble and never keeps the others from being read.
        """


Clock = Callable[[], int]
"""The present in whole microseconds since 1970."""

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""
