"""A connection as whoever runs it, or tries it out, needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from twins.gateways.field.certificates import Application
from twins.gateways.field.opcua_settings import OpcUaSecrets


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to run.

    Attributes:
        document: The settings, as they are kept.
        application: Who we are to OPC UA servers; None for Modbus.
    """

    connection: UUID
    tenant: UUID
    gateway: UUID
    name: str
    kind: str
    revision: int
    document: dict[str, Any]
    secrets: OpcUaSecrets
    application: Application | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection goes, to be noted.

    Attributes:
        troubles: Points that cannot be read, as documents.
        events: What happened last, newest first, as documents.
    """

    state: str
    code: str
    message: str
    fix: str
    since: datetime
    last_sample_at: datetime | None
    samples: int
    trouble_count: int = 0
    troubles: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
