"""Whether a formula means something: names, types, units, windows, cost; and the checked formula if it does."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fractions import Fraction

from twins.language import functions
from twins.language.measures import ONE, measure
from twins.language.parsing import parse
from twins.language.rules import CALLS, OVER_TIME, added, arithmetic, compared, converted, number, truth, unified
from twins.language.tree import (
    Call,
    Choice,
    FormulaError,
    Infix,
    Name,
    Number,
    Prefix,
    Problem,
    Text,
    Tree,
    Truth,
    names,
)
from twins.language.typed import (
    TEXT,
    TRUTH,
    Constant,
    Formula,
    Input,
    Known,
    Operation,
    OverTime,
    Role,
    Sort,
    Type,
    Typed,
    Vocabulary,
    parts,
)
from twins.language.units import UnknownUnitError
from twins.language.wrong import Refused, refuse

MOST_COST = 1_000_000.0
"""Numbers that may be looked at for one value of a formula."""
_UNSAID_RATE_S = 10.0
"""How often a signal is taken to be read whose type does not say it."""


def check(text: str, vocabulary: Vocabulary, *, unit: str | None = None, sort: Sort | None = None) -> Formula:
    """The checked formula.

    Args:
        text: The formula.
        vocabulary: The names that it may speak of.
        unit: UCUM code that its value shall be in; implies a number.
        sort: What sort of value it shall give; None for any.

    Raises:
        FormulaError: It cannot be read, or means nothing; its problems say where and why.
    """
    tree = parse(text)
    checker = _Checker(vocabulary)
    root = checker.typed(tree)
    if root is None:
        raise FormulaError(tuple(checker.problems))
    try:
        root = _wanted(root, tree, unit, Sort.NUMBER if unit is not None else sort)
        cost = _cost(root, vocabulary)
        if cost > MOST_COST:
            refuse(
                "too_costly", tree, f"Each value would look at about {cost:,.0f} numbers; {MOST_COST:,.0f} may be.",
                "Take shorter windows, or make a derived signal of the inner one and look at that.",
            )  # fmt: skip
    except Refused as refused:
        raise FormulaError((refused.problem,)) from None
    return Formula(text, tree, root, names(tree), cost)


def _wanted(root: Typed, tree: Tree, unit: str | None, sort: Sort | None) -> Typed:
    if sort is not None and root.type.sort is not sort:
        hint = "Compare it, as in speed > 50 {rpm}." if sort is Sort.TRUTH else "Write if ... then 1 else 0."
        refuse("type", tree, f"This gives a {root.type.sort}; a {sort} is wanted.", hint)
    if unit is None:
        return root
    try:
        target = measure(unit)
    except UnknownUnitError as error:
        refuse("unknown_unit", tree, error.message, error.fix)
    if target.dimension != root.type.measure.dimension:
        given = root.type.measure.code
        refuse(
            "units", tree, f"This gives {_in(given)}, which is no {unit!r}.",
            f"Give it a unit that {given!r} converts into, or mend the formula; `/ 1 {{rpm}}` takes an annotation off.",
        )  # fmt: skip
    if target.is_point and root.type.is_difference:
        refuse("temperature", tree, f"This is a difference, which is no {unit}.", "Give it the unit K.")
    return converted(root, target)


def _in(code: str) -> str:
    return "a plain number" if code == "1" else f"a value in {code!r}"


def _cost(typed: Typed, vocabulary: Vocabulary) -> float:
    inner = sum(_cost(part, vocabulary) for part in parts(typed))
    if not isinstance(typed, OverTime):
        return 1.0 + inner
    if typed.name == "delta":
        return 2.0 * inner
    # Each value of what is looked at is calculated once, however many windows it lies in.
    return inner + max(1.0, typed.window_us / 1e6 * _readings_per_second(typed.operand, vocabulary))


def _readings_per_second(typed: Typed, vocabulary: Vocabulary) -> float:
    if isinstance(typed, Input):
        if typed.role is not Role.SIGNAL:
            return 0.0
        return 1.0 / (vocabulary[typed.name].every_s or _UNSAID_RATE_S) if typed.name in vocabulary else 1.0
    return sum(_readings_per_second(part, vocabulary) for part in parts(typed))


class _Checker:
    """Walks a tree; what is wrong with one part does not hide what is wrong with another."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.problems: list[Problem] = []

    def typed(self, tree: Tree) -> Typed | None:
        """The checked part, or None when something is wrong in it."""
        try:
            match tree:
                case Number() | Text() | Truth():
                    return _constant(tree)
                case Name():
                    return self._name(tree)
                case Call():
                    return self._call(tree)
            return self._composed(tree)
        except Refused as refused:
            self.problems.append(refused.problem)
            return None

    def _all(self, trees: Sequence[Tree]) -> list[Typed] | None:
        found = [self.typed(tree) for tree in trees]
        return None if None in found else [one for one in found if one is not None]

    def _composed(self, tree: Prefix | Infix | Choice) -> Typed | None:
        inner = {Prefix: ("operand",), Infix: ("left", "right"), Choice: ("condition", "yes", "no")}[type(tree)]
        trees = [getattr(tree, part) for part in inner]
        operands = self._all(trees)
        if operands is None:
            return None
        match tree:
            case Prefix(operator="not"):
                return Operation("not", (truth(operands[0], trees[0]),), TRUTH)
            case Prefix():
                only = number(operands[0], trees[0], may_be_point=False)
                return Operation("negate", (only,), only.type)
            case Choice():
                condition = truth(operands[0], trees[0])
                yes, no = unified(operands[1:], trees[1:])
                return Operation("if", (condition, yes, no), yes.type)
        return _infix(tree, operands)

    def _name(self, tree: Name) -> Typed:
        known = self._vocabulary.get(tree.name)
        if known is None:
            if tree.name in functions.POINTWISE.keys() | functions.WINDOWED.keys():
                usage = _function(tree.name).usage
                refuse("unknown_name", tree, f"{tree.name!r} is a function.", f"Write {usage}.")
            fix = _meant(tree.name, self._vocabulary) or "Use a signal, a property or a state of this type."
            refuse("unknown_name", tree, f"There is no signal, property or state {tree.name!r} here.", fix)
        if known.formula is not None:
            return known.formula.root
        return Input(tree.name, known.role, _type_of(known, tree))

    def _call(self, tree: Call) -> Typed | None:
        every = functions.POINTWISE.keys() | functions.WINDOWED.keys()
        if tree.function not in every:
            for argument in tree.arguments:
                self.typed(argument)
            fix = _meant(functions.OTHER_NAMES.get(tree.function, tree.function), every)
            fix = fix or f"There are {', '.join(sorted(every))}."
            refuse("unknown_function", tree, f"There is no function {tree.function!r}.", fix)
        first = self._all(tree.arguments[:1])
        if first is None:
            self._all(tree.arguments[1:])
            return None
        if _is_over_time(tree, first):
            window = _window(tree)  # refuses a call without arguments
            return _over_time(tree, first[0], window)
        rest = self._all(tree.arguments[1:])
        return None if rest is None else _pointwise(tree, [*first, *rest])


def _infix(tree: Infix, operands: list[Typed]) -> Typed:
    left, right = operands
    match tree.operator:
        case "and" | "or":
            both = (truth(left, tree.left), truth(right, tree.right))
            return Operation(tree.operator, both, TRUTH)
        case "+" | "-":
            return added(tree, left, right)
        case "*" | "/":
            return arithmetic(tree, left, right)
    return compared(tree, left, right)


def _constant(tree: Number | Text | Truth) -> Constant:
    if isinstance(tree, Text):
        return Constant(tree.value, TEXT)
    if isinstance(tree, Truth):
        return Constant(float(tree.value), TRUTH)
    try:
        unit = measure(tree.unit)
    except UnknownUnitError as error:
        fix = f"{error.fix} To multiply, write {tree.value} * {tree.unit}."
        refuse("unknown_unit", tree, error.message, fix)
    return Constant(float(tree.value), Type(Sort.NUMBER, unit))


def _type_of(known: Known, tree: Name) -> Type:
    if known.sort is not Sort.NUMBER:
        return Type(known.sort)
    try:
        return Type(Sort.NUMBER, measure(known.unit))
    except UnknownUnitError as error:
        refuse("unknown_unit", tree, error.message, error.fix)


def _meant(name: str, known: object) -> str:
    close = get_close_matches(name, list(known), n=3, cutoff=0.6)  # type: ignore[call-overload]
    return f"Did you mean {' or '.join(close)}?" if close else ""


def _function(name: str) -> functions.Function:
    return functions.WINDOWED.get(name) or functions.POINTWISE[name]


def _is_duration(tree: Tree) -> bool:
    if not isinstance(tree, Number) or tree.unit == "1":
        return False
    try:
        return measure(tree.unit).dimension == measure("s").dimension
    except UnknownUnitError:
        return False


def _is_over_time(tree: Call, first: Sequence[Typed]) -> bool:
    """Whether it is a function of readings over time. min and max are when they have a window, unless of times."""
    if tree.function not in functions.WINDOWED or tree.function not in functions.POINTWISE:
        return tree.function in functions.WINDOWED
    if len(tree.arguments) != 2 or not _is_duration(tree.arguments[1]):
        return False
    return first[0].type.measure.dimension != measure("s").dimension


def _window(tree: Call) -> int:
    """The window of a function over time, in microseconds."""
    if len(tree.arguments) == 1 and tree.function in functions.WITHOUT_WINDOW:
        return functions.USUAL_WINDOW_S * 1_000_000
    usage = functions.WINDOWED[tree.function].usage
    if len(tree.arguments) != 2:
        refuse("arguments", tree, f"{tree.function} takes a signal and a window.", f"Write {usage}.")
    window = tree.arguments[1]
    if not isinstance(window, Number) or not _is_duration(window):
        refuse("window", window, "A window is a time written as a number.", f"Write {usage}.")
    seconds = Fraction(window.value) * measure(window.unit).scale
    if not 0 < seconds <= functions.LONGEST_WINDOW_S:
        days = functions.LONGEST_WINDOW_S // 86_400
        refuse("window", window, f"A window is more than nothing and at most {days} d.", "Take another one.")
    return max(round(seconds * 1_000_000), 1)


def _over_time(tree: Call, operand: Typed, window_us: int) -> Typed:
    argument = tree.arguments[0]
    if not _speaks_of_signals(operand):
        refuse("window", argument, "Nothing in this changes with time.", "Look at a signal, or take the value itself.")
    if tree.function == "count":
        sort = operand.type.sort
        if sort is Sort.TEXT:
            refuse("type", argument, "A text cannot be counted.", "Compare it with another one.")
        return OverTime("count" if sort is Sort.NUMBER else "count_true", operand, window_us, Type(Sort.NUMBER, ONE))
    if tree.function in {"last", "previous"} and operand.type.sort is Sort.TRUTH:
        return OverTime(tree.function, operand, window_us, TRUTH)
    if tree.function == "age":
        return OverTime("age", operand, window_us, Type(Sort.NUMBER, measure("s")))
    only = number(operand, argument, may_be_point=tree.function not in {"sum", "integral"})
    return OverTime(tree.function, only, window_us, OVER_TIME[tree.function](only.type))


def _speaks_of_signals(typed: Typed) -> bool:
    if isinstance(typed, Input):
        return typed.role is Role.SIGNAL
    return any(_speaks_of_signals(part) for part in parts(typed))


def _pointwise(tree: Call, arguments: list[Typed]) -> Typed:
    function = functions.POINTWISE[tree.function]
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        wanted = f"Write {function.usage}."
        if tree.function in functions.WINDOWED:
            wanted = f"Write {function.usage} or {functions.WINDOWED[tree.function].usage}."
        refuse("arguments", tree, f"{tree.function} does not take {len(arguments)} arguments.", wanted)
    if tree.function in {"min", "max", "clamp"}:
        alike = unified(arguments, tree.arguments)
        return Operation(tree.function, tuple(number(one, tree) for one in alike), alike[0].type)
    return CALLS[tree.function](tree, arguments)
