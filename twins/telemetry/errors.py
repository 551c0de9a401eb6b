"""What can be wrong with a message as a whole."""

from __future__ import annotations

from tenants.kernel.errors import OutturnError


class BrokenMessageError(OutturnError):
    """Nothing of the message can be kept."""

    code = "message.broken"


class BatchReusedError(OutturnError):
    """A batch of this name was committed with other readings."""

    code = "batch.reused"
    status = 409


class BusyError(OutturnError):
    """More is waiting to be written than there is room for."""

    code = "ingest.busy"
    status = 429


class UnavailableError(OutturnError):
    """The readings cannot be made durable at present."""

    code = "ingest.unavailable"
    status = 503
