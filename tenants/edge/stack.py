"""One piece of memory for the frames of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., object])
_SLOTS = 33_000
"""Values that the frame claims room for: Python then takes 512 kB, half of which is left for the frames above it."""


def with_deep_stack(function: _Function) -> _Function:
    """Let a function, and everything that it calls, run on one piece of Python's stack of frames.

    CPython (since 3.11) keeps frames in pieces of 16 kB and gives a piece back to the system as soon as it is empty. A
    call that happens to lie across the edge of one, and is made a thousand times, maps and unmaps memory a thousand
    times; a template within templates does that. A frame that claims much room makes the piece large; what is claimed
    and not used costs nothing.
    """
    plain = cast("Callable[..., object]", function)
    plain.__code__ = plain.__code__.replace(co_stacksize=_SLOTS)
    return function
