"""Ids that sort by the time they were made."""

from __future__ import annotations

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562): unique everywhere, in rough order of creation."""
    return uuid_utils.compat.uuid7()
