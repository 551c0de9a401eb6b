"""How long what is tried again waits."""

from __future__ import annotations

from datetime import timedelta

LEASE = timedelta(minutes=2)
"""How long nobody else tries what one process has taken."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many tries."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(max(attempts - 1, 0), 12)))
