"""Deliveries become rows: in order, each reading once, the last revision of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twins.telemetry.sample import delivery
from twins.telemetry.rows import Rows, distinct_rows_of, rows_of
from twins.telemetry.schemas import Delivery, Source

OTHER = Source(UUID(int=0), UUID(int=9))


def listed(rows: Rows) -> list[tuple[UUID, int, int, float]]:
    tenants = [rows.tenants[number] for number in rows.tenant]
    seconds = ((rows.at - 1_735_689_600_000_000) // 1_000_000).tolist()
    return list(zip(tenants, rows.signal.tolist(), seconds, rows.value.tolist(), strict=True))


def test_rows_are_in_the_order_of_tenant_instant_and_signal() -> None:
    deliveries = [delivery((2, 1, 0.1), (1, 1, 0.2), (1, 0, 0.3)), delivery((7, 5, 0.4), source=OTHER)]
    rows, tenant = distinct_rows_of(deliveries), UUID(int=1)
    assert listed(rows) == [(OTHER.tenant, 7, 5, 0.4), (tenant, 1, 0, 0.3), (tenant, 1, 1, 0.2), (tenant, 2, 1, 0.1)]
    assert rows.duplicate.tolist() == [0, 0]
    as_they_come = [(tenant, 2, 1, 0.1), (tenant, 1, 1, 0.2), (tenant, 1, 0, 0.3), (OTHER.tenant, 7, 5, 0.4)]
    assert listed(rows_of(deliveries)) == as_they_come


def test_the_last_revision_wins_and_only_ones_own_count_as_duplicates() -> None:
    first = delivery((1, 0, 1.0), (1, 0, 2.0), (2, 0, 5.0), (1, 0, 3.0), batch="a")
    rows = distinct_rows_of([first, delivery((1, 0, 4.0), batch="b")])
    assert [row[1:] for row in listed(rows)] == [(1, 0, 4.0), (2, 0, 5.0)]
    assert rows.duplicate.tolist() == [2, 0]


@pytest.mark.parametrize("as_rows", [rows_of, distinct_rows_of])
def test_nothing_at_all(as_rows: Callable[[Sequence[Delivery]], Rows]) -> None:
    assert as_rows([]).signal.size == 0
    assert as_rows([delivery()]).signal.size == 0
    assert as_rows([delivery()]).duplicate.tolist() == [0]


READINGS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3), st.floats(0, 1)), max_size=6)


@given(st.lists(READINGS, max_size=4))
def test_it_is_what_a_dictionary_would_give(sent: list[list[tuple[int, int, float]]]) -> None:
    deliveries = [delivery(*readings, batch=str(number)) for number, readings in enumerate(sent)]
    rows = distinct_rows_of(deliveries)
    expected = {(second, signal): value for readings in sent for signal, second, value in readings}
    assert [((second, signal), value) for _, signal, second, value in listed(rows)] == sorted(expected.items())
    doubles = [len(readings) - len({reading[:2] for reading in readings}) for readings in sent]
    assert rows.duplicate.tolist() == doubles
    as_they_come = [(signal, second, value) for readings in sent for signal, second, value in readings]
    assert [row[1:] for row in listed(rows_of(deliveries))] == as_they_come
