"""Why a device at a site cannot be read, told so that the person at the device can mend it."""

from __future__ import annotations

from collections.abc import Sequence

from tenants.kernel.errors import Finding, OutturnError
from twins.gateways.field.samples import Trouble


class FieldSettingsError(OutturnError):
    """The settings of a connection do not fit; each finding names its place."""

    code = "field.settings"
    status = 422

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(first.message, place=first.place, fix=first.fix, findings=findings)


class FieldError(OutturnError):
    """The device or server as a whole gives nothing at present."""

    code = "field.failed"
    status = 502

    @property
    def trouble(self) -> Trouble:
        """The same for a sink."""
        return Trouble(self.code, self.message, self.fix)


class UnreachableError(FieldError):
    """Nobody answers at the address."""

    code = "field.unreachable"


class NotTrustedError(FieldError):
    """The server shows a certificate that nobody has trusted.

    Attributes:
        fingerprint: Of the certificate that it showed.
    """

    code = "opcua.not_trusted"

    def __init__(self, fingerprint: str) -> None:
        super().__init__(
            f"the server shows a certificate that is not trusted ({fingerprint})", place="trusted",
            fix="Compare the fingerprint with the server's own; if it is the same, trust it.",
        )  # fmt: skip
        self.fingerprint = fingerprint


class NotOfferedError(FieldError):
    """The server has no endpoint of this security policy and mode."""

    code = "opcua.not_offered"


class RefusedError(FieldError):
    """The server does not let us in."""

    code = "opcua.refused"


class LostError(FieldError):
    """What was connected is not any more."""

    code = "field.lost"
