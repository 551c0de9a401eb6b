"""Why a file of history is not taken."""

from __future__ import annotations

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError


class ImportNotFoundError(NotFoundError):
    """The tenant has no such import."""

    code = "import.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such import", place="import", fix="Choose one from the list of imports.")


class FileUnreadableError(OutturnError):
    """The file is not what it is said to be, or beyond a bound."""

    code = "import.unreadable"
    status = 422


class NoRoomError(ConflictError):
    """There is no room for the file."""

    code = "import.no_room"


class OffsetError(ConflictError):
    """A part of the file does not begin where the one before it ended."""

    code = "import.offset"


class StateError(ConflictError):
    """What is asked for does not fit the state of the import."""

    code = "import.state"


class MappingError(OutturnError):
    """The mapping does not fit the file."""

    code = "import.mapping"
    status = 422
