"""Advisory locks on files. The kernel drops them with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Self

_RETRY_SECONDS = 0.02


class FileLock:
    """A lock on a file, which one process may hold for itself or many may share.

    The file stays when the lock is released: removing it would let two processes lock two files of one name.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, *, shared: bool = False, seconds: float = 0) -> bool:
        """Take the lock, or change how it is held; wait for it at most this long. Whether it was taken."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self._file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_RETRY_SECONDS)
            else:
                return True

    def release(self) -> None:
        """Give the lock back, keeping the file open to take it again."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock back for good."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on this file for itself."""
    if not path.exists():
        return False
    with FileLock(path) as lock:
        return not lock.take(shared=True)
