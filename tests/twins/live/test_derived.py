"""Derived signals: what is stored when their readings arrive, in whatever order they do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.processes import environment, kill, start
from tests.twins.gateways.plant import wait_for
from tests.twins.live.station import NOW, TYPE, Row, Station, make_station
from twins.live.derived import DerivedSignals
from twins.live.following import follow_once
from twins.live.models import Watermark
from twins.live.writing import Pen
from twins.telemetry.schemas import Quality
from twins.telemetry.selectors import commit_count, latest

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
DERIVED = ("power", "head", "mean_flow", "load", "lift")


@pytest.fixture
def station(transactional_db: None, tenant: Tenant) -> Station:
    return make_station(tenant)


@pytest.fixture
def pen() -> Iterator[Pen]:
    made = Pen()
    yield made
    made.close()


@pytest.fixture
def step(pen: Pen) -> DerivedSignals:
    return DerivedSignals(pen)


def follow(station: Station, step: DerivedSignals, *, commits: int = 1000, now: datetime = NOW) -> None:
    while follow_once(station.tenant, step, commits=commits, now=now).has_more:
        pass


def rounded(station: Station, name: str) -> list[tuple[float, float, int]]:
    return [(at, round(value, 9), quality) for at, value, quality in station.derived(name)]


def test_a_value_for_each_instant_at_which_all_that_it_needs_is_known(station: Station, step: DerivedSignals) -> None:
    station.send(
        [("A/flow", 0, 36.0), ("A/inlet", 0, 1.0), ("A/outlet", 5, 3.0), ("A/flow", 10, 72.0), ("B/flow", 0, 9.0)]
    )
    follow(station, step)
    assert station.derived("A/head") == [(5, 2.0, 0)]
    # 36 m3/h against 2 bar are 2 kW; at 10 s the pressures still hold.
    assert rounded(station, "A/power") == [(5, 2.0, 0), (10, 4.0, 0)]
    assert rounded(station, "A/load") == [(5, 20.0, 0), (10, 40.0, 0)]
    assert rounded(station, "A/mean_flow") == [(0, 10.0, 0), (10, 15.0, 0)]
    assert rounded(station, "B/mean_flow") == [(0, 2.5, 0)]
    assert station.derived("B/power") == []


def test_a_reading_holds_as_long_as_its_signal_is_patient(station: Station, step: DerivedSignals) -> None:
    station.send([("A/inlet", 0, 1.0), ("A/outlet", 50, 3.0), ("A/outlet", 51, 4.0)])
    follow(station, step)
    assert station.derived("A/head") == [(50, 2.0, 0)]


def test_the_quality_is_the_worst_and_what_is_bad_is_no_value(station: Station, step: DerivedSignals) -> None:
    station.send([("A/inlet", 0, 1.0)])
    station.send([("A/outlet", 1, 2.0)], quality=Quality.UNCERTAIN)
    station.send([("A/outlet", 2, 3.0)], quality=Quality.OUT_OF_RANGE)
    station.send([("A/outlet", 3, 4.0)], quality=Quality.BAD)
    follow(station, step)
    assert station.derived("A/head") == [(1, 1.0, Quality.UNCERTAIN), (2, 2.0, Quality.OUT_OF_RANGE)]


def test_what_a_late_reading_makes_impossible_is_withdrawn(station: Station, step: DerivedSignals) -> None:
    station.send([("A/inlet", 0, 1.0), ("A/outlet", 10, 3.0), ("A/outlet", 20, 6.0)])
    follow(station, step)
    assert station.derived("A/lift") == [(10, 3.0, 0), (20, 6.0, 0)]
    station.send([("A/inlet", 15, 0.0)])
    follow(station, step)
    assert station.derived("A/lift") == [(10, 3.0, 0), (20, 6.0, Quality.BAD)]
    station.send([("A/inlet", 15, 2.0)])
    follow(station, step)
    assert station.derived("A/lift") == [(10, 3.0, 0), (15, 1.5, 0), (20, 3.0, 0)]


def rows(seed: int, *, seconds: int = 300) -> list[Row]:
    chance = random.Random(seed)
    found = []
    for name in ("A/flow", "A/inlet", "A/outlet", "B/flow", "B/inlet", "B/outlet"):
        at = sorted(chance.sample(range(seconds), 40))
        found += [(name, second, round(chance.uniform(0, 9), 2) if chance.random() > 0.1 else 0.0) for second in at]
    return found


def good(station: Station) -> dict[str, list[Any]]:
    return {
        f"{pump}/{key}": [row for row in station.derived(f"{pump}/{key}") if row[2] != Quality.BAD]
        for pump in station.assets
        for key in DERIVED
    }


@pytest.mark.parametrize("seed", range(3))
def test_late_readings_give_exactly_what_they_would_have_given_in_order(
    station: Station, their_station: Station, step: DerivedSignals, seed: int
) -> None:
    everything = rows(seed)
    their_station.send(sorted(everything, key=lambda row: row[1]))
    follow(their_station, step)
    mixed = list(everything)
    random.Random(seed + 100).shuffle(mixed)
    for start_ in range(0, len(mixed), 30):
        station.send(mixed[start_ : start_ + 30])
        follow(station, step)
    assert good(station) == good(their_station)
    assert sum(map(len, good(station).values())) > 300


@pytest.fixture
def their_station(transactional_db: None, stranger: Tenant) -> Station:
    return make_station(stranger)


def test_nothing_is_written_twice(station: Station, step: DerivedSignals, pen: Pen) -> None:
    station.send(rows(1))
    follow(station, step)
    with scope(station.tenant):
        count = commit_count()
        Watermark.objects.update(upto=0)  # as if it had been killed after writing and before its watermark
    before = good(station)
    follow(station, DerivedSignals(pen))
    with scope(station.tenant):
        assert commit_count() == count
    assert good(station) == before


def test_they_are_shown_like_any_signal(station: Station, step: DerivedSignals, pen: Pen) -> None:
    station.send([("A/inlet", 0, 1.0), ("A/outlet", 5, 3.0)])
    follow(station, step)
    pen.close()  # what follows a commit is written at the latest now
    with scope(station.tenant):
        shown = {one.key: (one.value, one.unit) for one in latest(station.twin)}
    assert shown["head"] == (2.0, "bar")
    assert shown["lift"] == (3.0, "1")


def test_a_new_publication_brings_its_signals(station: Station, step: DerivedSignals, tenant: Tenant) -> None:
    station.send([("A/inlet", 0, 1.0), ("A/outlet", 5, 3.0)])
    follow(station, step)
    changed = {**TYPE, "key": "other-pump", "derived": {"sum": {"unit": "bar", "formula": "inlet + outlet"}}}
    other = make_station(tenant, document=changed, name="Other station")
    other.send([("A/inlet", 0, 1.0), ("A/outlet", 5, 3.0)])
    follow(other, step)
    assert other.derived("A/sum") == [(5, 4.0, 0)]


def test_killed_again_and_again_it_ends_with_the_same(
    station: Station, their_station: Station, step: DerivedSignals, tmp_path: Path
) -> None:
    everything = rows(7)
    their_station.send(sorted(everything, key=lambda row: row[1]))
    follow(their_station, step)
    expected = good(their_station)
    for turn in range(3):
        process = start(["-m", "django", "follow"], tmp_path / "follow.log", env=environment())
        try:
            station.send(*([row] for row in everything[turn::3]))
            wait_for(lambda: watermark(station) > 0)
            if turn == 2:
                wait_for(lambda: good_or_none(station) == expected)
        finally:
            kill(process)


def watermark(station: Station) -> int:
    with scope(station.tenant):
        return Watermark.objects.filter(step="derived signals").values_list("upto", flat=True).first() or 0


def good_or_none(station: Station) -> dict[str, list[Any]] | None:
    return good(station) if "A/power" in station.signals else None
