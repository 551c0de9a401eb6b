"""Where files lie while they are imported: a folder for each, below OUTTURN_HOME.

The web server and the workers see the same folder, as they do with archives (`tenants.custody.storage`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from twins.gateways.imports.errors import NoRoomError

LEFT_FREE = 1 << 30
"""Bytes of the disk that files never take."""
_PIECE = 1 << 20


class ImportFiles:
    """The file of one import, and beside it what of it could not be read."""

    def __init__(self, tenant: UUID, import_: UUID) -> None:
        self._folder = folder_of(tenant) / str(import_)
        self.data = self._folder / "data"
        self.rejected = self._folder / "rejected.csv"

    def write(self, offset: int, part: bytes) -> None:
        """Put a part where it belongs; doing it again changes nothing.

        Raises:
            NoRoomError: The disk is full.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self.data.open("r+b" if self.data.exists() else "wb") as file:
                file.seek(offset)
                file.write(part)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise no_room_on_disk() from error

    def digest(self) -> str:
        """SHA-256 of the file."""
        with self.data.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def append_rejected(self, offset: int, text: str) -> int:
        """Put lines after the first `offset` bytes of what was set aside, in place of what follows; the new length."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.rejected.open("r+b" if self.rejected.exists() else "wb") as file:
            file.seek(offset)
            file.write(text.encode())
            file.truncate()
            return file.tell()

    def rejected_pieces(self, length: int) -> Iterator[bytes]:
        """The first `length` bytes of what was set aside."""
        if not self.rejected.is_file():
            return
        with self.rejected.open("rb") as file:
            while length > 0 and (piece := file.read(min(_PIECE, length))):
                length -= len(piece)
                yield piece

    def remove_data(self) -> None:
        """Remove the file itself; what was set aside of it stays."""
        self.data.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove everything."""
        if self._folder.is_dir():
            shutil.rmtree(self._folder, ignore_errors=True)


def folder_of(tenant: UUID) -> Path:
    """Where all files of a tenant lie."""
    return Path(settings.OUTTURN_HOME) / "imports" / str(tenant)


def remove_others(tenant: UUID, known: frozenset[UUID], *, before: datetime) -> None:
    """Remove the files of imports that are no longer there, as after their gateway was erased.

    Args:
        tenant: Whose.
        known: The imports that are there.
        before: Only what nobody has touched since: a newer one may be of an import that is not committed yet.
    """
    folder, names = folder_of(tenant), {str(each) for each in known}
    for place in folder.iterdir() if folder.is_dir() else ():
        if place.name not in names and place.stat().st_mtime < before.timestamp():
            shutil.rmtree(place, ignore_errors=True)


def check_disk(size: int) -> None:
    """Make sure that a file has room.

    Raises:
        NoRoomError: It has none.
    """
    home = Path(settings.OUTTURN_HOME)
    home.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(home).free - size < LEFT_FREE:
        raise no_room_on_disk()


def no_room_on_disk() -> NoRoomError:
    """The refusal of what the disk has no room for."""
    return NoRoomError("the server has no room for the file at present", place="size", fix="Tell whoever runs it.")
