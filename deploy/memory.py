"""What arrays give back stays with the process: the next array of the same size is there already.

glibc gets a piece of memory of its own from the system for each large array, at first from 128 kB on, and gives it back
with the array. Each time its pages are made anew, one fault for each 4 kB, which took half of the time in which a range
of readings is read.
"""

from __future__ import annotations

import ctypes

_TRIM, _MMAP = -1, -3
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h."""
_LARGEST = 32 * 1024 * 1024
"""The most that M_MMAP_THRESHOLD may be."""
_MOST_KEPT = 32 * 1024 * 1024


def keep_freed_memory() -> None:
    """Let malloc keep up to 32 MB at its end that are not in use; elsewhere than with glibc nothing changes."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_MMAP, _LARGEST)
    mallopt(_TRIM, _MOST_KEPT)
