"""Whose message is next: every gateway that waits gets a turn, however much another has sent."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MOST_BYTES = 256 * 1024 * 1024
"""Of messages in hand."""


class Turns(Generic[K, T]):
    """Queues by key, emptied one of each in turn; within a key in the order of arrival."""

    def __init__(self) -> None:
        self._queues: OrderedDict[K, deque[T]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def put(self, key: K, item: T) -> None:
        """Add to the end of a key's queue; a key that is new waits for its turn behind the others."""
        queue = self._queues.get(key)
        if queue is None:
            self._queues[key] = deque((item,))
        else:
            queue.append(item)

    def take(self) -> T:
        """The first of the key whose turn it is.

        Raises:
            KeyError: There is nothing.
        """
        key, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        if queue:
            self._queues[key] = queue
        return item


class Hand:
    """Room for messages in hand, by number and by bytes; one message has room whatever its size.

    Args:
        most: Messages.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._change = threading.Condition()
        self._messages = 0
        self._bytes = 0

    def take(self, size: int) -> bool:
        """Take room, waiting up to a second for it."""
        with self._change:
            if not self._change.wait_for(lambda: self._has_room(size), timeout=1.0):
                return False
            self._messages += 1
            self._bytes += size
            return True

    def give_back(self, size: int) -> None:
        """Give room back."""
        with self._change:
            self._messages -= 1
            self._bytes -= size
            self._change.notify()

    def _has_room(self, size: int) -> bool:
        fits = self._messages < self._most and self._bytes + size <= MOST_BYTES
        return fits or not self._messages
