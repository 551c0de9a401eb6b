"""Deliveries become rows: those of a tenant together, in the order of their arrival."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.twins.telemetry.sample import delivery, readings
from twins.telemetry.rows import Rows, replaced, rows_of, spans
from twins.telemetry.schemas import Readings, Source

OTHER = Source(UUID(int=0), UUID(int=9))
TENANT = UUID(int=1)


def listed(rows: Rows) -> list[tuple[UUID, int, int, float]]:
    return [(tenant, *row) for tenant, own in rows.by_tenant() for row in columns(own)]


def columns(own: Readings) -> list[tuple[int, int, float]]:
    seconds = ((own.at - 1_735_689_600_000_000) // 1_000_000).tolist()
    return list(zip(own.signal.tolist(), seconds, own.value.tolist(), strict=True))


def test_rows_of_a_tenant_stand_together_as_they_came() -> None:
    deliveries = [
        delivery((2, 1, 0.1), (1, 1, 0.2), batch="a"),
        delivery((7, 5, 0.4), source=OTHER),
        delivery((1, 0, 0.3), batch="b"),
    ]
    rows = rows_of(deliveries)
    assert listed(rows) == [(OTHER.tenant, 7, 5, 0.4), (TENANT, 2, 1, 0.1), (TENANT, 1, 1, 0.2), (TENANT, 1, 0, 0.3)]
    assert rows.tenant.tolist() == [0, 1, 1, 1]
    assert rows.tenant_ids().tobytes() == OTHER.tenant.bytes + TENANT.bytes * 3


def test_nothing_at_all() -> None:
    assert rows_of([]).signal.size == 0
    assert list(rows_of([delivery()]).by_tenant()) == []
    assert replaced([]) == []
    assert replaced([delivery()]) == [0]
    assert [column.tolist() for column in spans([delivery()])] == [[0], [0]]


READINGS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3), st.floats(0, 1)), max_size=6)


@given(st.lists(READINGS, max_size=4))
def test_nothing_is_lost_and_the_order_stays(sent: list[list[tuple[int, int, float]]]) -> None:
    deliveries = [delivery(*some, batch=str(number)) for number, some in enumerate(sent)]
    assert [row[1:] for row in listed(rows_of(deliveries))] == [reading for some in sent for reading in some]


@given(st.lists(READINGS, max_size=4))
def test_readings_that_later_ones_of_their_delivery_replace_are_counted(
    sent: list[list[tuple[int, int, float]]],
) -> None:
    deliveries = [delivery(*some) for some in sent]
    assert replaced(deliveries) == [len(some) - len({reading[:2] for reading in some}) for some in sent]


@given(st.lists(READINGS, max_size=4))
def test_the_span_of_each_delivery(sent: list[list[tuple[int, int, float]]]) -> None:
    first, last = spans([delivery(*some) for some in sent])
    at = [sorted(readings(*some).at.tolist()) or [0] for some in sent]
    assert first.tolist() == [each[0] for each in at]
    assert last.tolist() == [each[-1] for each in at]
