"""Room that many share: nobody takes more than is still free, so that whoever comes next always finds some.

One alone may fill half of the room, two a third each, and so on: nothing has to be set, and nothing is kept empty for
those who do not come (the dynamic thresholds of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6, 1998, with
a factor of one).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Room(Generic[K]):
    """What is taken of a room, and by whom.

    Attributes:
        taken: Of all.
    """

    def __init__(self) -> None:
        self.taken = 0
        self._by_key: Counter[K] = Counter()

    def has_room(self, key: K, *, most: int) -> bool:
        """Whether somebody may take more; the last thing taken may go beyond it.

        Args:
            key: Who asks.
            most: How much there is in all.
        """
        return self._by_key[key] < most - self.taken

    def take(self, key: K, amount: int) -> None:
        """Take some."""
        self._by_key[key] += amount
        self.taken += amount

    def give_back(self, key: K, amount: int) -> None:
        """Give some back; who has given back all is forgotten."""
        self.taken -= amount
        self._by_key[key] -= amount
        if not self._by_key[key]:
            del self._by_key[key]

    def of(self, key: K) -> int:
        """What somebody has taken."""
        return self._by_key[key]

    def largest(self) -> tuple[K, int] | None:
        """Who has taken most, and how much; None when nothing is taken."""
        return max(self._by_key.items(), key=lambda item: item[1], default=None)
