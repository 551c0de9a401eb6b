"""Readings are read back as they were stored, of one tenant, in half-open spans."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
import pytest

from tenants.scope.context import NoScopeError, scope
from tests.twins.conftest import Fleet
from tests.twins.telemetry.sample import delivery
from tests.twins.telemetry.test_group import commit
from twins.telemetry import selectors
from twins.telemetry.series import Arrival

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
T0 = datetime(2025, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def filled(fleet: Fleet, their_fleet: Fleet, ingest: psycopg.AsyncConnection[Any]) -> Fleet:
    """Readings of three signals of two engines, and somebody else's."""
    one, two, other = (fleet.signals[key] for key in ("1/t24", "1/t30", "2/t24"))
    await commit(
        ingest,
        delivery(
            (one, 0, 1.0), (one, 1, 2.0), (one, 3, 3.0), (two, 1, 20.0), (two, 2, 21.0), source=fleet.source, batch="a"
        ),
        delivery((their_fleet.signals["1/t24"], 1, 99.0), source=their_fleet.source),
    )
    await commit(ingest, delivery((other, 1, 7.0), (one, 1, 2.5), source=fleet.source, batch="b"))
    return fleet


@pytest.fixture
def within(filled: Fleet) -> Iterator[Fleet]:
    with scope(filled.tenant):
        yield filled


def test_readings_of_several_signals(within: Fleet) -> None:
    one, two = within.signals["1/t24"], within.signals["1/t30"]
    empty = within.signals["2/t30"]
    found = selectors.readings([two, one, empty], T0, T0 + 3 * SECOND)
    assert found[one].value.tolist() == [1.0, 2.5]
    assert found[one].at.tolist() == [1_735_689_600_000_000, 1_735_689_601_000_000]
    assert found[one].quality.tolist() == [0, 0]
    assert found[two].value.tolist() == [20.0, 21.0]
    assert found[empty].value.size == 0
    assert set(found) == {one, two, empty}


def test_readings_are_read_while_queries_are_logged_too(within: Fleet, settings: Any) -> None:
    settings.DEBUG = True
    one = within.signals["1/t24"]
    assert selectors.readings([one], T0, T0 + SECOND)[one].value.tolist() == [1.0]


def test_spans_are_half_open(within: Fleet) -> None:
    one = within.signals["1/t24"]
    assert selectors.readings([one], T0, T0 + SECOND)[one].value.tolist() == [1.0]
    assert selectors.readings([one], T0 + SECOND, T0 + 4 * SECOND)[one].value.tolist() == [2.5, 3.0]
    assert selectors.readings([one], T0 + 4 * SECOND, T0 + 9 * SECOND)[one].value.size == 0


def test_nobody_reads_another_tenants_readings(within: Fleet, their_fleet: Fleet) -> None:
    theirs = their_fleet.signals["1/t24"]
    assert selectors.readings([theirs], T0, T0 + 9 * SECOND)[theirs].value.size == 0
    assert selectors.latest(their_fleet.twin) == []
    assert selectors.recent_keys(their_fleet.gateway) == []


def test_without_scope_nothing_is_read(filled: Fleet) -> None:
    with pytest.raises(NoScopeError):
        selectors.readings([1], T0, T0 + SECOND)
    with pytest.raises(NoScopeError):
        selectors.commit_count()


def test_a_matrix_puts_signals_side_by_side(within: Fleet) -> None:
    asset = {one.asset_name: one.asset for one in selectors.bound_signals()}
    engine, other, stranger = asset["Engine 001"], asset["Engine 002"], uuid4()
    found = selectors.matrices([engine, other, stranger], ["t30", "t24"], T0, T0 + 9 * SECOND)
    assert found[engine].keys == ("t30", "t24")
    assert ((found[engine].at - 1_735_689_600_000_000) // 1_000_000).tolist() == [0, 1, 2, 3]
    expected = [[np.nan, 1.0], [20.0, 2.5], [21.0, np.nan], [np.nan, 3.0]]
    assert np.array_equal(found[engine].value, np.array(expected), equal_nan=True)
    assert np.array_equal(found[other].value, np.array([[np.nan, 7.0]]), equal_nan=True)
    assert found[stranger].value.shape == (0, 2)


def test_a_series_for_a_chart(within: Fleet) -> None:
    asset = next(one.asset for one in selectors.bound_signals() if one.asset_name == "Engine 001")
    assert selectors.series(asset, "t24", T0, T0 + 9 * SECOND).value.tolist() == [1.0, 2.5, 3.0]
    assert selectors.series(asset, "nothing", T0, T0 + 9 * SECOND).at.size == 0


def test_the_mark_of_what_has_been_seen(within: Fleet) -> None:
    assert selectors.commit_count() == 2
    first = Arrival(within.gateway, T0, T0 + 3 * SECOND, 1)
    second = Arrival(within.gateway, T0 + SECOND, T0 + SECOND, 2)
    assert selectors.arrivals(0, 2) == [first, second]
    assert selectors.arrivals(1, 2) == [second]
    assert selectors.arrivals(2, 2) == []
    with_nothing = selectors.signals([uuid4()])
    assert not with_nothing.exists()
