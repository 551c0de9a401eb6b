"""What happens to a draft, told at once to all who have it open.

The channel of a draft is ``t<tenant>.draft.<twin>``. A message is a JSON array of events, ready to be sent on:

- ``{"kind": "edits", "revision", "author", "changes", "findings", "findings_at", "findings_since", "findings_mark"}``:
  the draft has come to a revision. ``changes`` are the operations that led there with their authors, null when they are
  too long to be told, and are asked of the API. The others are what is wrong with it then (`ToldFindings`): all of it,
  or where that is too long what differs from what was found before; where that is too long too, only the mark.
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
from twins.composer.domain.findings import ToldFindings, mark_of, told_to
from twins.composer.schemas import TwinFinding

Findings = tuple[TwinFinding, ...]

logger = logging.getLogger("outturn.composer")
LARGEST_TOLD = 48 * 1024
"""Bytes of changes or findings that are told; whoever needs more asks for it."""


def draft_channel(tenant: UUID, twin: UUID) -> str:
    """The channel on which it is told what happens to a draft."""
    return f"t{tenant}.draft.{twin}"


def tell_edits(twin: UUID, changes: Sequence[Change], before: Findings, now: Findings) -> None:
    """Tell, once this transaction has been committed, that a draft was edited.

    Args:
        twin: The twin.
        changes: What was done, at least one, in order.
        before: What was wrong with the draft then.
        now: What is wrong with it now.
    """
    done = [each.as_json() for each in changes]
    last = changes[-1]
    event = {
        "kind": "edits",
        "revision": last.revision,
        "author": last.author,
        "changes": done if _short(done) else None,
    }
    _tell_later(twin, event | _briefly(before, now).as_json())


def _briefly(before: Findings, now: Findings) -> ToldFindings:
    told = told_to(None, now)
    if _short(told.findings):
        return told
    since = told_to(mark_of(before), now, before)
    return since if _short(since.at) else ToldFindings(told.mark)


def _short(value: Any) -> bool:
    return len(msgspec.json.encode(value)) <= LARGEST_TOLD


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
