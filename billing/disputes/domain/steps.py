"""The steps of a dispute: which side may take which, where it leads, and which of them ends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["customer", "provider"]
Verdict = Literal["offered", "agreed", "refused", "upheld", "declined", "reopened", "withdrawn"]
State = Literal["open", "offered", "settled", "upheld", "declined", "withdrawn"]
Held = Literal["up", "down", "excluded"]

LIVING: frozenset[State] = frozenset({"open", "offered"})
"""The states in which both sides still talk."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step: whose it is, from where it can be taken, where it leads, and whether it changes what is rated."""

    side: Side
    before: frozenset[State]
    after: State
    has_effect: bool = False


STEPS: Mapping[Verdict, Step] = {
    "upheld": Step("provider", LIVING, "upheld", has_effect=True),
    "offered": Step("provider", LIVING, "offered"),
    "declined": Step("provider", LIVING, "declined"),
    "agreed": Step("customer", frozenset({"offered"}), "settled", has_effect=True),
    "refused": Step("customer", frozenset({"offered"}), "open"),
    "withdrawn": Step("customer", LIVING, "withdrawn"),
    "reopened": Step("customer", frozenset({"declined"}), "open"),
}


def state_after(verdicts: Sequence[Verdict]) -> State:
    """The state of a dispute about which this was decided, in order."""
    return STEPS[verdicts[-1]].after if verdicts else "open"


def objection(verdicts: Sequence[Verdict], wanted: Verdict, side: Side) -> str | None:
    """What is against a step, in a sentence; None when it can be taken."""
    step, state = STEPS[wanted], state_after(verdicts)
    if side != step.side:
        return f"Only the {step.side} can do this."
    if wanted == "reopened" and "reopened" in verdicts:
        return "The dispute was taken up again once before; what was decided then stands."
    if state not in step.before:
        return f"The dispute is {state}."
    return None


def verdicts_leading_to(state: State) -> list[Verdict]:
    """The verdicts after which a dispute is in a state."""
    return [verdict for verdict, step in STEPS.items() if step.after == state]
