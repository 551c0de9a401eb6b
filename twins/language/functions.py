"""The functions of the language: what they take, and what they say of themselves to whoever completes a formula."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_WINDOW_S = 31 * 86_400
USUAL_WINDOW_S = 3600
"""How far back those look that need no window: ``last(x)``, ``previous(x)``, ``rate(x)``, ``age(x)``."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        usage: How it is called.
        meaning: What it gives, in a sentence.
        least: Fewest arguments, the window not counted.
        most: Most arguments, None for any number.
    """

    usage: str
    meaning: str
    least: int = 1
    most: int | None = 1


POINTWISE = {
    "min": Function("min(a, b, ...)", "The smallest of its arguments.", 2, None),
    "max": Function("max(a, b, ...)", "The largest of its arguments.", 2, None),
    "abs": Function("abs(x)", "The number without its sign."),
    "sqrt": Function("sqrt(x)", "The square root; unknown below zero."),
    "exp": Function("exp(x)", "e to the power of a plain number."),
    "log": Function("log(x)", "The natural logarithm of a plain number; unknown unless it is above zero."),
    "pow": Function("pow(x, n)", "x to the power of n; n is a number as it stands unless x is plain.", 2, 2),
    "clamp": Function("clamp(x, low, high)", "x, but at least low and at most high.", 3, 3),
    "round": Function("round(x, step)", "The nearest multiple of a step; halves go to the even one.", 1, 2),
}
"""Of values at one instant."""

WINDOWED = {
    "avg": Function("avg(x, 5min)", "The mean of the readings in a window."),
    "min": Function("min(x, 1h)", "The smallest reading in a window."),
    "max": Function("max(x, 1h)", "The largest reading in a window."),
    "sum": Function("sum(x, 1h)", "The sum of the readings in a window."),
    "count": Function("count(x, 1h)", "How many readings there are in a window; of a condition, how often it is true."),
    "delta": Function("delta(x, 10min)", "By how much it is more than it was a window ago."),
    "integral": Function("integral(x, 1h)", "The area under it in a window; each reading holds until the next."),
    "last": Function("last(x)", "The newest reading of the last hour, or of another window."),
    "previous": Function("previous(x)", "The reading before the newest."),
    "rate": Function("rate(x)", "How fast it changed between its two newest readings, per second."),
    "age": Function("age(x)", "How long ago the newest reading was, in seconds."),
}
"""Of readings over time."""

WITHOUT_WINDOW = frozenset({"last", "previous", "rate", "age"})
"""Those that may be called without a window."""

OTHER_NAMES = {
    "average": "avg", "mean": "avg", "minimum": "min", "maximum": "max", "total": "sum", "ln": "log", "power": "pow",
    "derivative": "rate", "diff": "delta", "change": "delta", "limit": "clamp", "latest": "last",
}  # fmt: skip
"""What the functions are called elsewhere."""
