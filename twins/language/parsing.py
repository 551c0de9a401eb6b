"""From the text of a formula to its tree, by precedence climbing (Pratt): each operator knows how firmly it binds."""

from __future__ import annotations

from decimal import Decimal

from twins.language.tokens import Kind, Token, tokens
from twins.language.tree import (
    Call,
    Choice,
    FormulaError,
    Infix,
    Name,
    Number,
    Prefix,
    Problem,
    Span,
    Text,
    Tree,
    Truth,
)

LONGEST = 2000
"""Characters of a formula."""
DEEPEST = 40
"""How many parts may stand in one another."""
MOST_PARTS = 500

BINDING = {
    "or": 1, "and": 2, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6,
}  # fmt: skip
NOT, COMPARISON, NEGATION = 3, 4, 7


def parse(text: str) -> Tree:
    """The tree of a formula.

    Raises:
        FormulaError: It cannot be read; the one problem says where and why.
    """
    if len(text) > LONGEST:
        raise _error("too_long", Span(LONGEST, len(text)), f"A formula has at most {LONGEST} characters.", _SPLIT)
    reader = _Reader(tokens(text))
    tree = reader.expression(0)
    reader.expect_end()
    return tree


class _Reader:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._place = 0
        self._depth = 0
        self._parts = 0

    @property
    def _next(self) -> Token:
        return self._words[self._place]

    def _take(self) -> Token:
        token = self._words[self._place]
        self._place += token.kind is not Kind.END
        return token

    def _is(self, sign: str) -> bool:
        return self._next.kind is Kind.SIGN and self._next.text == sign

    def expect_end(self) -> None:
        token = self._next
        if token.kind is Kind.END:
            return
        if token.kind is Kind.SIGN and token.text == ")":
            raise _error("not_read", token.span, "This bracket closes nothing.", "Take it out, or open one before it.")
        message = f"After a whole formula comes {_said(token)}."
        raise _error("not_read", token.span, message, "Put an operator between the two, such as * or and.")

    def expression(self, least: int) -> Tree:
        """What binds at least so firmly."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise _error("too_deep", self._next.span, f"More than {DEEPEST} parts stand in one another here.", _SPLIT)
        left = self._operand()
        while (binding := self._binding()) > least:
            sign = self._take()
            right = self.expression(binding)
            left = self._counted(Infix(sign.text, left, right, Span(left.span.start, right.span.end)))
            if binding == COMPARISON and self._binding() == COMPARISON:
                fix = "Write a < b and b < c."
                raise _error("not_read", self._next.span, "Two comparisons in a row mean nothing.", fix)
        self._depth -= 1
        return left

    def _binding(self) -> int:
        return BINDING.get(self._next.text, 0) if self._next.kind is Kind.SIGN else 0

    def _counted(self, tree: Tree) -> Tree:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _error("too_large", tree.span, f"A formula has at most {MOST_PARTS} parts.", _SPLIT)
        return tree

    def _operand(self) -> Tree:
        token = self._take()
        match token.kind:
            case Kind.NUMBER:
                return self._counted(Number(Decimal(token.text), token.unit, token.span))
            case Kind.TEXT:
                return self._counted(Text(token.text, token.span))
            case Kind.NAME if self._is("("):
                return self._call(token)
            case Kind.NAME:
                return self._counted(Name(token.text, token.span))
        return self._signed(token)

    def _signed(self, token: Token) -> Tree:
        match token.text:
            case "(":
                inner = self.expression(0)
                self._close(token, "bracket")
                return inner
            case "-" | "not":
                operand = self.expression(NEGATION if token.text == "-" else NOT)
                return self._counted(Prefix(token.text, operand, Span(token.span.start, operand.span.end)))
            case "true" | "false":
                return self._counted(Truth(token.text == "true", token.span))
            case "if":
                return self._choice(token)
        if token.kind is Kind.END:
            raise _error(
                "not_read", token.span, "Something is missing at the end.", "Write a name, a number or a formula."
            )
        message = f"Here stands {_said(token)}, where a name, a number or a bracket is wanted."
        raise _error("not_read", token.span, message, "Write what is missing before it, or take it out.")

    def _choice(self, start: Token) -> Tree:
        condition = self.expression(0)
        self._word("then", start)
        yes = self.expression(0)
        self._word("else", start)
        no = self.expression(0)
        return self._counted(Choice(condition, yes, no, Span(start.span.start, no.span.end)))

    def _word(self, word: str, start: Token) -> None:
        if not self._is(word):
            span = Span(start.span.start, self._next.span.end)
            raise _error("not_read", span, f"This if has no {word}.", "Write if ... then ... else ...")
        self._take()

    def _call(self, name: Token) -> Tree:
        opening = self._take()
        arguments: list[Tree] = []
        while not self._is(")"):
            arguments.append(self.expression(0))
            if not self._is(","):
                break
            self._take()
        end = self._close(opening, f"bracket of {name.text}")
        return self._counted(Call(name.text, tuple(arguments), Span(name.span.start, end)))

    def _close(self, opening: Token, what: str) -> int:
        if not self._is(")"):
            span = Span(opening.span.start, self._next.span.end)
            raise _error("not_read", span, f"The {what} is not closed.", "Write ) where it ends.")
        return self._take().span.end


_SPLIT = "Make a derived signal of a part of it, and use that by its name."


def _said(token: Token) -> str:
    if token.kind is Kind.NUMBER and token.unit != "1":
        return f"'{token.text} {token.unit}'"
    return repr(token.text)


def _error(code: str, span: Span, message: str, fix: str) -> FormulaError:
    return FormulaError((Problem(f"formula.{code}", span, message, fix),))
