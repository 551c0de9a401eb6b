"""Which formula needs which: the order in which they can be worked out, and where they go in circles."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter


def in_order(needs: Mapping[str, Collection[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Names so that each comes after what it needs, and the circles among them.

    Args:
        needs: What each name needs; what stands nowhere as a name itself is left out.

    Returns:
        The names that are in no circle and need nothing that is in one, and each circle, its first name at both ends.
    """
    left = {name: {other for other in others if other in needs} for name, others in needs.items()}
    circles: list[tuple[str, ...]] = []
    while True:
        try:
            order = list(TopologicalSorter(left).static_order())
        except CycleError as error:
            circle = tuple(reversed(error.args[1]))  # it is told from the needed to the one that needs it
            start = circle.index(min(circle))
            circles.append((*circle[start:-1], *circle[:start], circle[start]))
            left = _without(left, set(circle))
        else:
            return order, circles


def _without(needs: dict[str, set[str]], out: set[str]) -> dict[str, set[str]]:
    """What is left when some names are taken out, with all that need them."""
    while True:
        more = {name for name, others in needs.items() if name not in out and others & out}
        if not more:
            return {name: others for name, others in needs.items() if name not in out}
        out |= more


def depth(needs: Mapping[str, Collection[str]], order: Collection[str]) -> dict[str, int]:
    """How many formulas stand behind one another up to each name, itself included; ``order`` as `in_order` gives it."""
    found: dict[str, int] = {}
    for name in order:
        found[name] = 1 + max((found[other] for other in needs[name] if other in found), default=0)
    return found
