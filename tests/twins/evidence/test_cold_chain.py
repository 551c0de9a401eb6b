"""The time in which a condition over signals and properties held, told from readings to the millisecond."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest

from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.evidence.cold import published_store
from tests.twins.evidence.pit import every, send
from twins.catalog.domain.inheritance import resolve_all
from twins.catalog.library import built_in_types
from twins.evidence.domain.rules import signal_rule, told_names
from twins.evidence.selectors import asset_states
from twins.evidence.services import seal_evidence
from twins.telemetry.schemas import Quality

pytestmark = pytest.mark.django_db
START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
LIMITS = "share of time goods_temperature >= coldest and goods_temperature <= warmest"


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, minute, second, tzinfo=UTC)


@pytest.fixture
def store(tenant: Tenant) -> Iterator[tuple[UUID, UUID]]:
    with scope(tenant.id):
        yield published_store(now=START - timedelta(days=1))


def test_a_month_of_a_cold_chain(store: tuple[UUID, UUID]) -> None:
    """Too warm for 40 min, too cold for 10, on the limits for a while, bad for 5, and silent for half a day."""
    twin, asset = store
    silent = (at(20, 6), at(20, 18))
    values = {moment: 5.0 for moment in every(START, END, STEP) if not silent[0] < moment < silent[1]}
    values |= dict.fromkeys(every(at(10, 9), at(10, 9, 40), STEP), 8.1)
    values |= dict.fromkeys(every(at(11, 9), at(11, 9, 10), STEP), 1.9)
    values |= dict.fromkeys(every(at(12, 9), at(12, 9, 30), STEP), 8.0)
    values |= dict.fromkeys(every(at(12, 9, 30), at(12, 10), STEP), 2.0)
    values |= {at(13, 9, 2, 30): 8.5}
    send([(asset, "goods_temperature", *each) for each in values.items()], received=at(30, 23))
    send([(asset, "goods_temperature", at(14, 9), 5.0)], received=at(30, 23), quality=Quality.BAD)
    (segment,) = seal_evidence(twin=twin, start=START, end=END, now=END + timedelta(days=2))
    assert segment.document["rule"]["indicators"]["within_limits"] == LIMITS
    assert segment.document["rule"]["properties"] == {"coldest": "2", "warmest": "8"}
    assert segment.document["rule"]["patience"]["goods_temperature"] == "PT300S"
    told = [
        (one["from"][8:19], one["to"][8:19], one["state"]) for one in segment.document["conditions"]["within_limits"]
    ]
    assert told == [
        ("01T00:00:00", "10T09:00:00", "up"),
        ("10T09:00:00", "10T09:40:00", "down"),
        ("10T09:40:00", "11T09:00:00", "up"),
        ("11T09:00:00", "11T09:10:00", "down"),
        ("11T09:10:00", "13T09:02:30", "up"),
        ("13T09:02:30", "13T09:05:00", "down"),
        ("13T09:05:00", "14T09:00:00", "up"),
        ("14T09:05:00", "20T06:05:00", "up"),
        ("20T18:00:00", "01T00:00:00", "up"),
    ]
    (known,) = asset_states(twin, START, END)
    minutes = 30 * 24 * 60 - 40 - 10 - Fraction(5, 2) - 5 - (12 * 60 - 5)
    assert known.figure("within_limits") == minutes / 60


def test_what_the_signals_of_a_cold_store_tell(store: tuple[UUID, UUID]) -> None:
    twin, asset = store
    send([(asset, "service_switch", moment, 0) for moment in every(at(5), at(6), STEP)], received=at(7))
    send([(asset, "service_switch", moment, 1) for moment in every(at(5, 8), at(5, 9), STEP)], received=at(7, 1))
    (known,) = asset_states(twin, START, END)
    assert [known.figure(key) for key in ("technician_on_site", "within_limits")] == [1, 0]


def test_names_of_conditions_are_those_of_the_type() -> None:
    of = resolve_all(built_in_types())["cold-store@1"].document
    assert told_names(of) == (
        frozenset({"energy"}),
        frozenset({"operating_hours", "technician_on_site", "within_limits"}),
    )
    rule = signal_rule(of)
    assert rule is not None
    assert rule.judged == {"compressor_load", "fault", "goods_temperature", "service_switch"}
