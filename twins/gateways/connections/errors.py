"""Why a connection cannot be made, changed or run."""

from __future__ import annotations

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from twins.gateways.field.errors import FieldError


class ConnectionNotFoundError(NotFoundError):
    """The tenant has no such connection."""

    code = "connection.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such connection", place="connection", fix="Choose one from its gateway's list.")


class ConnectionNameTakenError(ConflictError):
    """The gateway has a connection of this name."""

    code = "connection.name_taken"


class NothingToReadError(OutturnError):
    """A connection without points cannot be started."""

    code = "connection.no_points"
    status = 422


class ForbiddenNetworkError(FieldError):
    """The address lies where this installation's connections may not go."""

    code = "connection.forbidden_network"
    status = 400
