"""Types that cross the gateways' boundary."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from tenants.kernel.secrets import Token
from twins.telemetry.schemas import Source


class Origin(StrEnum):
    """How a gateway came to be."""

    PORTAL = "portal"
    FILE = "file"
    KEY = "key"
    CERTIFICATE = "certificate"


class Hold(StrEnum):
    """Why a gateway is not let in although its token is in force."""

    PENDING = "pending"
    DISABLED = "disabled"


class Standing(StrEnum):
    """Whether a token lets in, or why not."""

    IN_FORCE = "in_force"
    REVOKED = "revoked"
    EXPIRED = "expired"
    PENDING = "pending"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is, and whether it lets them in.

    Attributes:
        digest: The digest it was found under; empty when it was found by its gateway.
        newest: The digest it is to be found under.
    """

    source: Source
    standing: Standing
    digest: str = field(default="", compare=False)
    newest: str = field(default="", compare=False)

    @property
    def is_revoked(self) -> bool:
        """Whether it does not let in, whatever the reason."""
        return self.standing is not Standing.IN_FORCE


@dataclass(frozen=True, slots=True)
class GatewayTerms:
    """What a new gateway is to be.

    Attributes:
        name: What people call it.
        serial: What the device calls itself; empty when nobody asks.
        customer: The end customer at whose place it stands.
        site: The site where it stands.
    """

    name: str
    serial: str = ""
    customer: UUID | None = None
    site: UUID | None = None


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a new provisioning key is to be.

    Attributes:
        allowed: How many gateways it may make.
        name_prefix: What the names of its gateways begin with.
        needs_claim: Whether a person must claim each of them with its code.
        expires_at: The first moment it is refused at; None for never.
    """

    name: str
    allowed: int
    name_prefix: str = ""
    needs_claim: bool = True
    customer: UUID | None = None
    site: UUID | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """What a device is told that registered or showed its certificate; token and code are told this once.

    Attributes:
        claim_code: What a person must enter; empty when nobody needs to.
        expires_at: When the token ends; None for never.
    """

    gateway: UUID
    name: str
    token: Token
    claim_code: str = ""
    expires_at: datetime | None = None


SETTING_KEYS = ("altitude", "mach", "tra")
"""Keys of the columns of ``FlightHistory.settings``, which are keys of the type ``turbofan-engine@1``."""
SENSOR_KEYS = (
    *("t2", "t24", "t30", "t50", "p2", "p15", "p30", "nf", "nc", "epr", "ps30", "phi", "nrf", "nrc", "bpr"),
    *("farb", "htbleed", "nf_dmd", "pcnfr_dmd", "w31", "w32"),
)
"""Keys of the columns of ``FlightHistory.sensors``, in the order of table 2 of Saxena et al. 2008."""


@dataclass(frozen=True, slots=True, eq=False)
class FlightHistory:
    """What one engine recorded, one snapshot a flight, in the order it was flown.

    The columns are those of the published run-to-failure files (Saxena and Goebel 2008), so a reader of those files
    and a simulator give the same thing.

    Attributes:
        unit: The engine's number.
        cycles: Number of each flight, counted from 1, shape ``(n,)``.
        settings: Altitude in 1000 ft, Mach number and throttle resolver angle, shape ``(n, 3)``.
        sensors: The 21 measured quantities in their published units, shape ``(n, 21)``.
    """

    unit: int
    cycles: NDArray[np.int64]
    settings: NDArray[np.float64]
    sensors: NDArray[np.float64]
