"""Ids that sort by the time they were made."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562): unique everywhere, in rough order of creation."""
    return uuid_utils.compat.uuid7()


def id_before(made: UUID, span: timedelta) -> UUID:
    """An id below all that were made later than ``span`` before a UUIDv7, whose first 48 bits are its milliseconds."""
    milliseconds = (made.int >> 80) - span // timedelta(milliseconds=1)
    return UUID(int=max(milliseconds, 0) << 80)
