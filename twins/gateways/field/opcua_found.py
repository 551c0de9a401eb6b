"""What an OPC UA server says of itself: the ways to connect to it, and what there is to pick.

Pages show these without loading what speaks the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from twins.gateways.field.opcua_settings import Identity, Mode, Policy

PAGE = 100
"""Nodes of one page."""
ROOT = "i=85"
"""The folder of the server's objects."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One way to connect that a server offers.

    Attributes:
        fingerprint: SHA-256 of the server's certificate; empty when it has none.
        subject: Whom the certificate names.
        expires_at: Until when it holds.
        identities: As whom one may sign in.
    """

    policy: Policy
    mode: Mode
    fingerprint: str
    subject: str
    expires_at: datetime | None
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A node as a person picks it.

    Attributes:
        node: Its id.
        path: The names of the nodes above it, for one that was searched.
        is_variable: Whether it has a value.
        data_type: What it holds, such as ``Double`` or ``Double[]``.
        unit: What the server calls its unit.
        low: The smallest value of its range; None when it tells none.
        value: What it says now, as text.
        status: The status of the value; empty when it is good.
    """

    node: str
    name: str
    path: str = ""
    is_variable: bool = False
    data_type: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    value: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Entries:
    """Some nodes, and whether there are more."""

    found: tuple[Entry, ...]
    has_more: bool = False
