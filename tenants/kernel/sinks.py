"""Files that are sent while they are written."""

from __future__ import annotations

import io
from typing import Any


class EmptiedSink(io.RawIOBase):
    """A file that is taken away while it is written; it knows how much there was."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._place = 0
        self.size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any, /) -> int:
        """Keep what is written until it is taken."""
        part = bytes(data)
        self._parts.append(part)
        self._place += len(part)
        self.size += len(part)
        return len(part)

    def tell(self) -> int:
        """How much was written in all."""
        return self._place

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        whole = b"".join(self._parts)
        self._parts, self.size = [], 0
        return whole
