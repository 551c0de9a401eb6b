"""Frames of a request in one piece of memory."""

from __future__ import annotations

import resource
from collections.abc import Callable

from tenants.edge.stack import with_deep_stack


def _deep(levels: int, at_the_end: Callable[[], None]) -> None:
    if levels:
        _deep(levels - 1, at_the_end)
    else:
        at_the_end()


def _many_calls() -> None:
    def three(a: int, b: int, c: int) -> int:
        return max(a, b, c)

    for number in range(2000):
        three(number, number, number)


def _faults_at_any_depth() -> int:
    """The most page faults of many calls from a depth between none and that of two pieces of the stack."""
    worst = 0
    for levels in range(300):
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        _deep(levels, _many_calls)
        worst = max(worst, resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)
    return worst


def test_no_depth_of_calls_maps_memory_again_and_again() -> None:
    assert with_deep_stack(_faults_at_any_depth)() < 200


def test_a_function_stays_what_it_is() -> None:
    @with_deep_stack
    def greet(name: str, *, loud: bool = False) -> str:
        """Say hello."""
        return f"hello {name}".upper() if loud else f"hello {name}"

    assert greet("Ada") == "hello Ada"
    assert greet("Ada", loud=True) == "HELLO ADA"
    assert greet.__doc__ == "Say hello."
