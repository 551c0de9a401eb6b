from __future__ import annotations

import pytest
from hypothesis import given

from tests.twins.language.formulas import trees
from twins.language.parsing import parse
from twins.language.printing import printed
from twins.language.tree import Tree


@given(trees)
def test_what_is_printed_reads_as_the_same(tree: Tree) -> None:
    text = printed(tree)
    assert parse(text) == tree
    assert printed(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("( a+b )*c", "(a + b) * c"),
        ("a+(b*c)", "a + b * c"),
        ("a-(b-c)-d", "a - (b - c) - d"),
        ("not(a<b)and c", "not a < b and c"),
        ("not (a and b)", "not (a and b)"),
        ("(a<b)==c", "(a < b) = c"),
        ("-(a*b)", "-(a * b)"),
        ("- a*b", "-a * b"),
        ("avg(x,5min)", "avg(x, 5 min)"),
        ("50{rpm}", "50 {rpm}"),
        ("(if a then b else c)+1", "(if a then b else c) + 1"),
        ("if a then b else c+1", "if a then b else c + 1"),
        ("1e3 bar", "1000 bar"),
        ("5 m/s / t", "5 m/s / t"),
        ('mode = "eco"', 'mode = "eco"'),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert printed(parse(text)) == canonical
