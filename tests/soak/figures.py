"""Figures of a soak."""

from __future__ import annotations

import sys
from collections.abc import Sequence

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
