"""What one browser has yet to be sent: little, however slowly it reads."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

MOST_WAITING = 16
"""Messages that wait for a slow browser; with the next one they become one message."""
LARGEST_WAITING = 256 * 1024
"""Characters of that message; when it is longer the browser is told to start over, and reads the present state."""
_BEHIND = 3
"""With more messages waiting a browser is behind, and gets them in one."""

Newest = Callable[[Iterable[str]], str]
"""Makes one message of several."""


class Watcher:
    """Takes the messages of channels for one browser, and never waits for it.

    Attributes:
        is_lost: Messages were lost; the browser must ask for the present state again.
        is_unsure: It must be made sure that the person may still watch.

    Args:
        newest: What to make of messages that are too many; without it the browser is told to start over.
    """

    __slots__ = ("_newest", "_texts", "_waiting", "is_lost", "is_unsure")

    def __init__(self, newest: Newest | None = None) -> None:
        self._newest = newest
        self._texts: deque[str] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self.is_lost = self.is_unsure = False

    def put(self, text: str) -> None:
        """Take a message; an empty one says that rights have changed (`tenants.people.rights`)."""
        if not text:
            self.doubt()
        elif not self.is_lost:
            self._texts.append(text)
            if len(self._texts) > MOST_WAITING:
                self._shorten()
            self._wake()

    def doubt(self) -> None:
        """Have it made sure that the person may still watch."""
        self.is_unsure = True
        self._wake()

    def lose(self) -> None:
        """Messages were lost: what waits is worth nothing any more."""
        self.is_lost = True
        self._texts.clear()
        self._wake()

    def take(self) -> str | None:
        """The next message, or None when there is none."""
        if len(self._texts) > _BEHIND and self._newest is not None:
            self._shorten()
        return self._texts.popleft() if self._texts else None

    async def wait(self) -> None:
        """Wait until there is something: a message, a doubt or a loss."""
        if not (self._texts or self.is_unsure or self.is_lost):
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    def _shorten(self) -> None:
        if self._newest is None:
            self.lose()
            return
        text = self._newest(self._texts)
        self._texts.clear()
        if len(text) > LARGEST_WAITING:
            self.lose()
        else:
            self._texts.append(text)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
