"""What units do under each operation. Where two units differ the second is converted, once, by a factor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from twins.language.measures import ONE, Measure, coherent, difference, measure, power, product, quotient
from twins.language.tree import Call, Infix, Number, Prefix, Tree
from twins.language.typed import PLAIN, TRUTH, Constant, Converted, Operation, Sort, Type, Typed
from twins.language.wrong import refuse


def number(typed: Typed, tree: Tree, *, may_be_point: bool = True) -> Typed:
    """The part itself, if it is a number."""
    if typed.type.sort is not Sort.NUMBER:
        refuse("type", tree, f"This is a {typed.type.sort}; a number is wanted.", "Use a number here.")
    if typed.type.measure.is_point and not may_be_point:
        code = typed.type.measure.code
        refuse(
            "temperature", tree, f"The zero of {code} is not nothing, so this means nothing for a value in {code}.",
            "Take the difference of two such values, or use a signal in K.",
        )  # fmt: skip
    return typed


def truth(typed: Typed, tree: Tree) -> Typed:
    """The part itself, if it is a truth."""
    if typed.type.sort is not Sort.TRUTH:
        hint = "Compare it, as in x > 0." if typed.type.sort is Sort.NUMBER else 'Compare it, as in mode = "eco".'
        refuse("type", tree, f"This is a {typed.type.sort}; a condition is wanted.", hint)
    return typed


def converted(typed: Typed, target: Measure) -> Typed:
    """A number in another unit of the same dimension; a constant is converted exactly and rounded once."""
    source = typed.type.measure
    factor = source.scale / target.scale
    offset = (source.offset - target.offset) / target.scale
    kind = replace(typed.type, measure=target)
    if factor == 1 and offset == 0:
        return replace(typed, type=kind)
    if isinstance(typed, Constant):
        return Constant(float(Fraction(str(typed.value)) * factor + offset), kind)
    return Converted(typed, float(factor), float(offset), kind)


def unified(operands: Sequence[Typed], trees: Sequence[Tree]) -> list[Typed]:
    """Operands of one sort, all in the unit of the first that has one."""
    first = operands[0]
    for one, tree in zip(operands[1:], trees[1:], strict=True):
        if one.type.sort is not first.type.sort:
            message = f"This is a {one.type.sort} beside a {first.type.sort}."
            refuse("type", tree, message, "Use values of one sort.")
    if first.type.sort is not Sort.NUMBER:
        return list(operands)
    lead = next((one for one, tree in zip(operands, trees, strict=True) if not _is_zero(tree)), first)
    return [_like(lead, one, tree) for one, tree in zip(operands, trees, strict=True)]


def _like(lead: Typed, typed: Typed, tree: Tree) -> Typed:
    """A number in the unit of another one beside it."""
    wanted, given = lead.type.measure, typed.type.measure
    if _is_zero(tree) and not wanted.is_point:
        return Constant(0.0, replace(typed.type, measure=wanted))
    if wanted.dimension != given.dimension:
        _unlike(tree, wanted, given)
    if (wanted.is_point and typed.type.is_difference) or (given.is_point and lead.type.is_difference):
        refuse("temperature", tree, "A temperature stands beside a difference of two.", "Write the difference in K.")
    return converted(typed, wanted)


def _unlike(tree: Tree, wanted: Measure, given: Measure) -> None:
    if isinstance(tree, Number) and tree.unit == "1":
        message = f"{tree.value} has no unit beside a value in {wanted.code!r}."
        refuse("units", tree, message, f"Write {tree.value} {wanted.code}.")
    message = f"This is in {given.code!r}, beside a value in {wanted.code!r}."
    fix = "Use values of the same kind; `/ 1 {rpm}` takes an annotation such as {rpm} off."
    refuse("units", tree, message, fix)


def _is_zero(tree: Tree) -> bool:
    return isinstance(tree, Number) and tree.unit == "1" and tree.value == 0


def _is_literal(tree: Tree) -> bool:
    return isinstance(tree.operand if isinstance(tree, Prefix) else tree, Number)


def compared(tree: Infix, left: Typed, right: Typed) -> Typed:
    """A comparison."""
    if left.type.sort is Sort.TEXT and right.type.sort is Sort.TEXT:
        if tree.operator not in {"=", "!="}:
            refuse("type", tree, "Texts are equal or not; none is larger.", "Write = or !=.")
        equal = Operation("same text", (left, right), TRUTH)
        return equal if tree.operator == "=" else Operation("not", (equal,), TRUTH)
    for typed, part in ((left, tree.left), (right, tree.right)):
        number(typed, part)
    both = unified((left, right), (tree.left, tree.right))
    return Operation(tree.operator, tuple(both), TRUTH)


def added(tree: Infix, left: Typed, right: Typed) -> Typed:
    """A sum or a difference; of temperatures see `_on_a_line`."""
    for typed, part in ((left, tree.left), (right, tree.right)):
        number(typed, part)
    if left.type.measure.is_point or right.type.measure.is_point:
        return _on_a_line(tree, left, right)
    both = unified((left, right), (tree.left, tree.right))
    is_difference = left.type.is_difference or right.type.is_difference
    return Operation(tree.operator, tuple(both), replace(both[0].type, is_difference=is_difference))


def _on_a_line(tree: Infix, left: Typed, right: Typed) -> Typed:
    """Points minus points are differences; points plus or minus differences are points; the rest means nothing."""
    one, two = left.type.measure, right.type.measure
    if one.dimension != two.dimension:
        _unlike(tree.right, one, two)
    if one.is_point and two.is_point and tree.operator == "-":
        both = (left, converted(right, one))
        return Operation("-", both, Type(Sort.NUMBER, difference(one), is_difference=True))
    if one.is_point and _is_step(right, tree.right):
        return Operation(tree.operator, (left, converted(right, difference(one))), left.type)
    if tree.operator == "+" and two.is_point and _is_step(left, tree.left):
        return Operation("+", (converted(left, difference(two)), right), right.type)
    return refuse(
        "temperature", tree, f"It is not clear what {one.code} {tree.operator} {two.code} is.",
        "Give both signals the same unit; a constant difference is written in K.",
    )  # fmt: skip


def _is_step(typed: Typed, tree: Tree) -> bool:
    return not typed.type.measure.is_point and (typed.type.is_difference or _is_literal(tree))


def arithmetic(tree: Infix, left: Typed, right: Typed) -> Typed:
    """A product or a quotient."""
    both = tuple(number(one, part, may_be_point=False) for one, part in ((left, tree.left), (right, tree.right)))
    combine = product if tree.operator == "*" else quotient
    return Operation(tree.operator, both, Type(Sort.NUMBER, combine(left.type.measure, right.type.measure)))


def _plain(typed: Typed, tree: Tree) -> Typed:
    number(typed, tree, may_be_point=False)
    if typed.type.measure.dimension:
        message = f"This is in {typed.type.measure.code!r}; a plain number is wanted."
        refuse("units", tree, message, "Divide it by a value of the same kind.")
    return converted(typed, ONE)


def _absolute(tree: Call, arguments: list[Typed]) -> Typed:
    only = number(arguments[0], tree.arguments[0], may_be_point=False)
    return Operation("abs", (only,), only.type)


def _exponential(tree: Call, arguments: list[Typed]) -> Typed:
    return Operation(tree.function, (_plain(arguments[0], tree.arguments[0]),), PLAIN)


def _root(tree: Call, arguments: list[Typed]) -> Typed:
    only = number(arguments[0], tree.arguments[0], may_be_point=False)
    base = converted(only, coherent(only.type.measure))
    return Operation("sqrt", (base,), Type(Sort.NUMBER, power(base.type.measure, Fraction(1, 2))))


def _power(tree: Call, arguments: list[Typed]) -> Typed:
    base = number(arguments[0], tree.arguments[0], may_be_point=False)
    exponent = _plain(arguments[1], tree.arguments[1])
    if not base.type.measure.dimension:
        return Operation("pow", (converted(base, ONE), exponent), PLAIN)
    if not _is_literal(tree.arguments[1]):
        message = f"The unit of a power of {base.type.measure.code!r} must be known."
        refuse("units", tree.arguments[1], message, "Write the exponent as a number, as in pow(x, 2).")
    figure = _figure(tree.arguments[1])
    if figure.denominator != 1:
        base = converted(base, coherent(base.type.measure))
    return Operation("pow", (base, exponent), Type(Sort.NUMBER, power(base.type.measure, figure)))


def _figure(tree: Tree) -> Fraction:
    if isinstance(tree, Prefix):
        return -_figure(tree.operand)
    figure = Fraction(tree.value) if isinstance(tree, Number) else Fraction(0)
    if abs(figure) > 12:
        refuse("units", tree, "That power is too large for a value with a unit.", "Take one from -12 to 12.")
    return figure


def _rounded(tree: Call, arguments: list[Typed]) -> Typed:
    value = number(arguments[0], tree.arguments[0])
    if len(arguments) == 2:
        step = number(arguments[1], tree.arguments[1], may_be_point=False)
        wanted = difference(value.type.measure)
        if step.type.measure.dimension != wanted.dimension:
            _unlike(tree.arguments[1], wanted, step.type.measure)
        return Operation("round", (value, converted(step, wanted)), value.type)
    if value.type.measure.code != "1":
        code = difference(value.type.measure).code
        refuse("arguments", tree, "It is not said to multiples of what this is rounded.", f"Write round(x, 1 {code}).")
    return Operation("round", (value, Constant(1.0, PLAIN)), value.type)


def _same(of: Type) -> Type:
    return of


def _step(of: Type) -> Type:
    return Type(Sort.NUMBER, difference(of.measure), is_difference=of.measure.is_point)


CALLS: dict[str, Callable[[Call, list[Typed]], Typed]] = {
    "abs": _absolute,
    "sqrt": _root,
    "exp": _exponential,
    "log": _exponential,
    "pow": _power,
    "round": _rounded,
}
"""By the name of a function of values: the part it makes of its call and its arguments."""
OVER_TIME: dict[str, Callable[[Type], Type]] = {
    **dict.fromkeys(("avg", "min", "max", "sum", "last", "previous"), _same),
    "delta": _step,
    "rate": lambda of: Type(Sort.NUMBER, quotient(difference(of.measure), measure("s"))),
    "integral": lambda of: Type(Sort.NUMBER, product(of.measure, measure("s"))),
}
"""By the name of a function over time: the type of its value."""
