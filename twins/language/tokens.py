"""The words of a formula. A number and the unit behind it are one word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from twins.language.tree import FormulaError, Problem, Span

KEYWORDS = frozenset({"and", "or", "not", "if", "then", "else", "true", "false"})

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
# A unit has no space in it. An exponent is written as in UCUM (``m2``, ``s-1``), so a minus needs a space before it.
_ATOM = r"(?:[A-Za-zµ°%'_]+|\[[^\[\]\s]*\]|\{[^{}\n]*\})"
_COMPONENT = rf"{_ATOM}+(?:-?[0-9]+)?(?:\{{[^{{}}\n]*\}})?"
_UNIT = re.compile(rf"[ \t]*({_COMPONENT}(?:[./]{_COMPONENT})*)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT = re.compile(r'"([^"\\\n]*)"')
_SIGN = re.compile(r"<=|>=|!=|==|[-+*/()<>=,]")


class Kind(Enum):
    """What sort of word it is."""

    NUMBER = auto()
    TEXT = auto()
    NAME = auto()
    SIGN = auto()
    """An operator, a bracket, a comma or a keyword."""
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A word and where it stands.

    Attributes:
        text: The number without its unit, the text without its quotes, else the word itself; ``==`` is ``=``.
        unit: The unit of a number, ``1`` where there is none.
    """

    kind: Kind
    text: str
    span: Span
    unit: str = "1"


def tokens(text: str) -> list[Token]:
    """The words of a formula; the last one is its end.

    Raises:
        FormulaError: There is something in it that is no word.
    """
    found = []
    place = _after_space(text, 0)
    while place < len(text):
        token, place = _token(text, place)
        found.append(token)
        place = _after_space(text, place)
    return [*found, Token(Kind.END, "", Span(len(text.rstrip()), len(text.rstrip())))]


def _after_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place


def _token(text: str, start: int) -> tuple[Token, int]:
    if match := _NUMBER.match(text, start):
        return _number(text, match)
    if match := _WORD.match(text, start):
        kind = Kind.SIGN if match[0] in KEYWORDS else Kind.NAME
        return Token(kind, match[0], Span(start, match.end())), match.end()
    if match := _TEXT.match(text, start):
        return Token(Kind.TEXT, match[1], Span(start, match.end())), match.end()
    if match := _SIGN.match(text, start):
        sign = "=" if match[0] == "==" else match[0]
        return Token(Kind.SIGN, sign, Span(start, match.end())), match.end()
    raise FormulaError((_strange(text, start),))


def _number(text: str, match: re.Match[str]) -> tuple[Token, int]:
    unit = _UNIT.match(text, match.end())
    word = _WORD.match(unit[1]) if unit else None
    if unit is None or (word and word[0] in KEYWORDS):
        return Token(Kind.NUMBER, match[0], Span(match.start(), match.end())), match.end()
    return Token(Kind.NUMBER, match[0], Span(match.start(), unit.end()), unit[1]), unit.end()


def _strange(text: str, start: int) -> Problem:
    sign = text[start]
    if sign == '"':
        message, fix = "This text has no end.", 'Write it between two quotation marks, as "eco".'
    elif sign in "{[":
        message, fix = "A unit stands behind a number.", "Write for example 50 {rpm}."
    elif sign in "^":
        message, fix = "There is no sign for powers.", "Write pow(x, 2)."
    elif sign in "&|!":
        message, fix = f"{sign!r} means nothing here.", "Write and, or, not."
    else:
        message, fix = f"{sign!r} means nothing here.", "Take it out."
    return Problem("formula.strange_sign", Span(start, start + 1), message, fix)
