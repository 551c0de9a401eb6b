"""What happens to a draft, told at once to all who have it open.

The channel of a draft is ``t<tenant>.draft.<twin>``. A message is a JSON array of events, ready to be sent on:

- ``{"kind": "edits", "revision", "author", "changes", "findings"}``: the draft has come to a revision. ``changes`` are
  the operations that led there with their authors, and ``findings`` what is wrong with it then; either is null when it
  is too long to be told, and is asked of the API.
- ``{"kind": "published", "revision", "version", "author", "note"}``: it became a version.
- ``presence``, ``gone`` and ``hello``: who else has it open (`twins.composer.presence`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache, partial
from typing import Any
from uuid import UUID

import msgspec
import redis
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from tenants.scope.context import required_tenant
from twins.composer.changes import Change
from twins.composer.schemas import TwinFinding

logger = logging.getLogger("outturn.composer")
LARGEST_TOLD = 48 * 1024
"""Bytes of changes or findings that are told; whoever needs more asks for it."""


def draft_channel(tenant: UUID, twin: UUID) -> str:
    """The channel on which it is told what happens to a draft."""
    return f"t{tenant}.draft.{twin}"


def tell_edits(twin: UUID, changes: Sequence[Change], findings: Sequence[TwinFinding]) -> None:
    """Tell, once this transaction has been committed, that a draft was edited.

    Args:
        twin: The twin.
        changes: What was done, at least one, in order.
        findings: What is wrong with the draft now.
    """
    told = {"changes": [each.as_json() for each in changes], "findings": [each.as_dict() for each in findings]}
    short = {key: value if len(msgspec.json.encode(value)) <= LARGEST_TOLD else None for key, value in told.items()}
    last = changes[-1]
    _tell_later(twin, {"kind": "edits", "revision": last.revision, "author": last.author, **short})


def tell_published(twin: UUID, *, revision: int, version: int, note: str, by: str) -> None:
    """Tell, once this transaction has been committed, that a draft became a version."""
    _tell_later(twin, {"kind": "published", "revision": revision, "version": version, "author": by, "note": note})


def _tell_later(twin: UUID, event: dict[str, Any]) -> None:
    transaction.on_commit(partial(_tell, draft_channel(required_tenant("a draft"), twin), event))


def _tell(channel: str, event: dict[str, Any]) -> None:
    try:
        _server().publish(channel, msgspec.json.encode([event]))
    except (RedisError, OSError) as error:  # whoever has the draft open learns of it with their own next edit
        logger.warning("an edit was not told: %s", error)


@cache
def _server() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)
