"""The bucket of a rate with bursts: it fills by ``rate`` a second up to ``capacity``, and what comes takes from it.

Counted in millionths of a reading and in whole microseconds, so that nothing is lost by rounding and Redis, which has
only 64-bit floats, counts the same. What is larger than the whole bucket passes when the bucket is full and leaves a
debt: else it could never pass.
"""

from __future__ import annotations

from dataclasses import dataclass

SCALE = 1_000_000
"""Parts of one reading in which a bucket is counted."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A rate's bucket as of a moment.

    Attributes:
        level: Millionths of a reading in it; below zero, a debt.
        at: Microseconds since 1970.
    """

    level: int
    at: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an attempt to take.

    Attributes:
        bucket: As it is afterwards.
        wait_us: 0 when it was taken; else the microseconds after which it can be.
    """

    bucket: Bucket
    wait_us: int


def full(capacity: int, at: int) -> Bucket:
    """A bucket that nobody has taken from."""
    return Bucket(capacity * SCALE, at)


def take(bucket: Bucket, *, rate: int, capacity: int, amount: int, at: int) -> Taken:
    """Take from a bucket, or learn how long to wait; a clock that goes back does not empty it.

    Args:
        bucket: As it was.
        rate: Readings a second, at least 1.
        capacity: Readings that it holds, at least 1.
        amount: Readings to take.
        at: Microseconds since 1970.
    """
    now = max(at, bucket.at)
    level = min(capacity * SCALE, bucket.level + (now - bucket.at) * rate)
    needed = min(amount, capacity) * SCALE
    if level >= needed:
        return Taken(Bucket(level - amount * SCALE, now), 0)
    return Taken(Bucket(level, now), -(-(needed - level) // rate))
