"""How many files, and connections, a process may have open."""

from __future__ import annotations

import resource

_MOST_FILES = 65_536


def room_for(most: int, *, others: int) -> int:
    """How many connections the limit of open files leaves room for, once it is raised as far as we may.

    Args:
        most: That are wanted.
        others: Files that the process opens besides.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft == resource.RLIM_INFINITY:
        return most
    return max(1, min(most, soft - others))
