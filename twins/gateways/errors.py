"""Why a gateway is not let in, or its message not taken."""

from __future__ import annotations

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError


class UnknownTokenError(OutturnError):
    """Nobody has this token."""

    code = "gateway.unknown_token"
    status = 401


class RevokedTokenError(OutturnError):
    """The token was replaced by another, or its gateway disabled."""

    code = "gateway.token_revoked"
    status = 401


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


class GatewayDisabledError(ConflictError):
    """The gateway is disabled."""

    code = "gateway.disabled"


class GatewayNameTakenError(ConflictError):
    """The tenant has a gateway of this name."""

    code = "gateway.name_taken"
