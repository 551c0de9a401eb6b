"""Figures of a soak."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def p99(seconds: Sequence[float]) -> float:
    """The time that 99 of 100 take at most, in milliseconds."""
    return round(float(np.percentile(seconds, 99)) * 1000, 1)


def p50(seconds: Sequence[float]) -> float:
    """The time that half of them take at most, in milliseconds."""
    return round(float(np.percentile(seconds, 50)) * 1000, 1)


def say(line: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def waited_seconds() -> float:
    """How long, since the machine began, something was ready to run and had no processor; 0 where nobody tells."""
    try:
        some = Path("/proc/pressure/cpu").read_text().splitlines()[0]
    except OSError:
        return 0.0
    return int(some.rpartition("total=")[2]) / 1e6
