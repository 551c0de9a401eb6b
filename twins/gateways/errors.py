"""Why a gateway is not let in, or its message not taken."""

from __future__ import annotations

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError


class UnknownTokenError(OutturnError):
    """Nobody has this token."""

    code = "gateway.unknown_token"
    status = 401


class ShutOutError(OutturnError):
    """Somebody known is not let in; the tenant can read that."""


class RevokedTokenError(ShutOutError):
    """The token was replaced by another."""

    code = "gateway.token_revoked"
    status = 401


class ExpiredTokenError(ShutOutError):
    """The token's time is over."""

    code = "gateway.token_expired"
    status = 401


class PendingGatewayError(ShutOutError):
    """The gateway registered itself and waits for a person."""

    code = "gateway.pending"
    status = 403


class ShutGatewayError(ShutOutError):
    """The gateway was disabled."""

    code = "gateway.is_disabled"
    status = 403


class MessageTooLargeError(OutturnError):
    """The body has more bytes than are taken."""

    code = "message.too_large"
    status = 413


class MessageTypeError(OutturnError):
    """The body is of a kind, or packed in a way, that is not taken."""

    code = "message.unsupported_type"
    status = 415


class GatewayNotFoundError(NotFoundError):
    """The tenant has no such gateway."""

    code = "gateway.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such gateway", place="gateway", fix="Choose one from the list of gateways.")


class CustomerNotFoundError(OutturnError):
    """The tenant has no such customer."""

    code = "gateway.unknown_customer"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            "there is no such customer", place="customer", fix="Choose one from the list of customers, or none."
        )


class SiteNotFoundError(OutturnError):
    """The tenant has no such site."""

    code = "gateway.unknown_site"
    status = 422

    def __init__(self) -> None:
        super().__init__("there is no such site", place="site", fix="Choose one from the list of sites, or none.")


class OverlapError(OutturnError):
    """A former token cannot go on for so long."""

    code = "gateway.overlap"
    status = 422


class SerialTakenError(ConflictError):
    """The tenant has a gateway of this serial."""

    code = "gateway.serial_taken"

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"there is a gateway of the serial {serial}", place="serial",
            fix="Look at that one, or put it into the trash first.",
        )  # fmt: skip


class GatewayDisabledError(ConflictError):
    """The gateway is disabled."""

    code = "gateway.disabled"


class GatewayNameTakenError(ConflictError):
    """The tenant has a gateway of this name."""

    code = "gateway.name_taken"
