"""How the checks of a formula give up on a part of it."""

from __future__ import annotations

from typing import NoReturn

from twins.language.tree import Problem, Tree


class Refused(Exception):  # noqa: N818 - it never leaves the checks
    """A part of a formula means nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refuse(code: str, tree: Tree, message: str, fix: str) -> NoReturn:
    """Say what is wrong with a part.

    Raises:
        Refused: Always.
    """
    raise Refused(Problem(f"formula.{code}", tree.span, message, fix))
