"""Where archives lie until they are fetched: a folder for each, below OUTTURN_HOME.

The web server and the workers see the same folder; whoever keeps files elsewhere replaces this one class.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID, uuid4

from django.conf import settings

PIECE = 1 << 18


class ArchiveStore:
    """The files of one archive, by name."""

    def __init__(self, tenant: UUID, export: UUID) -> None:
        self._folder = Path(settings.OUTTURN_HOME) / "exports" / str(tenant) / str(export)

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """A new file, which is there under its name once the block has ended well, and not before.

        Whoever writes it at the same time, a worker that was taken for dead, writes another file.
        """
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = target.with_name(f"{target.name}.{uuid4().hex}.part")
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)

    def reading(self, name: str) -> IO[bytes]:
        """A file to be read from."""
        return (self._folder / name).open("rb")

    def has(self, name: str) -> bool:
        """Whether a file is there, whole."""
        return (self._folder / name).is_file()

    def size(self, name: str) -> int:
        """The bytes of a file."""
        return (self._folder / name).stat().st_size

    def pieces(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes ``[start, end)`` of a file, a piece at a time."""
        with self.reading(name) as file:
            file.seek(start)
            left = end - start
            while left > 0 and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece

    def remove_all_but(self, name: str) -> None:
        """Remove every file of the archive but one: what went into it, and what workers that died left unfinished."""
        for place in self._folder.iterdir():
            if place.name != name:
                self.remove(place.name)

    def remove(self, name: str = "") -> None:
        """Remove a file or a folder of the archive, or without a name all of it; what is not there is no error."""
        place = self._folder / name if name else self._folder
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def remove_archives(tenant: UUID) -> None:
    """Remove every archive of a tenant, and the files that it brings."""
    for kind in ("exports", "imports"):
        folder = Path(settings.OUTTURN_HOME) / kind / str(tenant)
        if folder.is_dir():
            shutil.rmtree(folder)
