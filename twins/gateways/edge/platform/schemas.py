"""What an agent says of itself, bounded; what is kept is this and nothing else of what it sends."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

MOST_SOURCES = 200
MOST_FINDINGS = 100
_Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
_Word = Annotated[str, msgspec.Meta(max_length=120)]
_Text = Annotated[str, msgspec.Meta(max_length=400)]
_Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class StatusFinding(msgspec.Struct):
    """What is wrong with a configuration, as the agent found it."""

    code: _Word
    place: _Text
    message: _Text
    fix: _Text


class StatusConfiguration(msgspec.Struct):
    """The configuration that the agent follows, or would not."""

    digest: _Digest | None
    state: Literal["applied", "refused", "none"]
    findings: Annotated[list[StatusFinding], msgspec.Meta(max_length=MOST_FINDINGS)] = []


class StatusStore(msgspec.Struct):
    """What waits on the agent's disk, and what it had to drop."""

    batches: _Whole
    bytes: _Whole
    limit: _Whole
    oldest_at: _Moment | None
    dropped_readings: _Whole
    dropped_batches: _Whole


class StatusSource(msgspec.Struct):
    """One of the things that it reads."""

    name: _Word
    kind: _Word
    state: Literal["connected", "connecting", "failed"]
    message: _Text
    last_sample_at: _Moment | None


class Status(msgspec.Struct):
    """What an agent says of itself; members that are not known here are passed over."""

    version: Annotated[str, msgspec.Meta(max_length=60)]
    key: Annotated[str, msgspec.Meta(max_length=44)]
    configuration: StatusConfiguration
    store: StatusStore
    sources: Annotated[list[StatusSource], msgspec.Meta(max_length=MOST_SOURCES)]
    sent_at: _Moment
