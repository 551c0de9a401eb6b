from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tenants.kernel.ids import id_before, new_id


def test_ids_sort_by_the_time_they_were_made() -> None:
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)
    assert {each.version for each in made} == {7}


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1), st.integers(0, 2**40))
def test_an_id_before_stands_below_what_was_made_since(at: int, rest: int, span: int) -> None:
    made = UUID(int=at << 80 | rest)
    before = id_before(made, timedelta(milliseconds=span))
    assert before <= made
    assert before.int >> 80 == max(at - span, 0)
    assert before.int & (2**80 - 1) == 0
