"""Canonical JSON: one byte string for one value, so that a hash means the content."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value.

    Raises:
        rfc8785.CanonicalizationError: The value holds something JSON cannot carry, or an integer beyond 2**53.
    """
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """The SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
