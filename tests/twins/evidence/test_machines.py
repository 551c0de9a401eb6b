"""Evidence of machines on the real database: told from signals, sealed, and told again when more comes in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.outcomes.schemas import EvidenceForm
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.evidence.fleet import change, fly, say
from tests.twins.evidence.pit import Row, every, published_pit, send
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft
from twins.evidence.schemas import SealedSegment
from twins.evidence.selectors import asset_states
from twins.evidence.services import seal_evidence
from twins.telemetry.schemas import Quality
from twins.telemetry.selectors import bound_signals
from twins.telemetry.services import provide_signals

pytestmark = pytest.mark.django_db
START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 3, tzinfo=UTC)
NOW = datetime(2026, 10, 5, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Site = tuple[UUID, list[UUID]]


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def site(tenant: Tenant) -> Iterator[Site]:
    with scope(tenant.id):
        yield published_pit(2, now=START)


def seal(twin: UUID, now: datetime = NOW) -> list[SealedSegment]:
    return seal_evidence(twin=twin, start=START, end=END, now=now)


def told(segment: SealedSegment, key: str | None = None) -> list[tuple[str, str, str, str]]:
    found = segment.document["states"] if key is None else segment.document["conditions"][key]
    return [(one["from"][8:16], one["to"][8:16], one["state"], one["received"][:16]) for one in found]


def test_two_days_of_an_excavator(site: Site) -> None:
    twin, (one, other) = site
    rows: list[Row] = [(one, "fault", moment, 0) for moment in every(at(1), at(3), 5 * MINUTE)]
    rows = [row for row in rows if not at(1, 8) <= row[2] < at(1, 9) and not at(2, 3) < row[2] < at(2, 5)]
    rows += [(one, "fault", moment, 1) for moment in every(at(1, 8), at(1, 9), 5 * MINUTE)]
    total = [
        (moment, 100 + 2.5 * number) for number, moment in enumerate(every(at(1) - HOUR, at(3) + HOUR, 10 * MINUTE))
    ]
    rows += [(one, "material_total", moment, value) for moment, value in total]
    send(rows, received=at(3, 4))
    segment, silent = seal(twin)
    assert segment.document["rule"] == {
        "name": "signals",
        "version": 1,
        "type": "excavator@1",
        "indicators": {
            "availability": "share of time not down",
            "engine_hours_run": "increase of engine_hours",
            "volume": "increase of material_total",
        },
        "states": segment.document["rule"]["states"],
        "patience": {"fault": "PT300S"},
        "properties": {},
    }
    assert segment.document["rule"]["states"]["down"] == "fault > 0.5"
    assert told(segment) == [
        ("01T00:00", "01T08:00", "up", "2026-09-03T04:00"),
        ("01T08:00", "01T09:00", "down", "2026-09-03T04:00"),
        ("01T09:00", "02T03:05", "up", "2026-09-03T04:00"),
        ("02T05:00", "03T00:00", "up", "2026-09-03T04:00"),
    ]
    volume = segment.document["measures"]["volume"]
    assert len(volume) == 1 + 48
    assert volume[0] == {
        "id": f"{one}/volume/2026-09-01T00:00:00Z", "at": "2026-09-01T00:00:00Z", "value": "115",
        "received": "2026-09-03T04:00:00Z",
    }  # fmt: skip
    assert (volume[-1]["at"], volume[-1]["value"]) == ("2026-09-03T00:00:00Z", "835")
    assert silent.asset == other
    assert (silent.document["states"], silent.document["measures"]["volume"]) == ([], [])
    EvidenceForm.model_validate({k: segment.document[k] for k in ("in_service", "initial", "states")})
    known, _ = asset_states(twin, START, END)
    assert (known.figure("volume"), known.is_current) == (Fraction(720), True)
    assert [(each.state.value, each.cause.word) for each in known.stretches][:3] == [
        ("up", "holds"), ("down", "holds_not"), ("up", "holds"),
    ]  # fmt: skip


def test_what_comes_in_late_is_a_report_of_its_own_and_a_new_revision(site: Site) -> None:
    twin, (one, _) = site
    moments = every(at(1), at(3), 5 * MINUTE)
    send([(one, "fault", moment, 0) for moment in moments if not at(1, 8) <= moment < at(1, 9)], received=at(3, 4))
    first = seal(twin, at(3, 5))[0]
    assert told(first) == [
        ("01T00:00", "01T08:00", "up", "2026-09-03T04:00"), ("01T09:00", "03T00:00", "up", "2026-09-03T04:00"),
    ]  # fmt: skip
    assert seal(twin, at(4))[0] == first
    send([(one, "fault", moment, 1) for moment in every(at(1, 8), at(1, 9), 5 * MINUTE)], received=at(3, 6))
    second = seal(twin, at(4))[0]
    assert (second.revision, told(second)) == (
        2,
        sorted([*told(first), ("01T08:00", "01T09:00", "down", "2026-09-03T06:00")]),
    )


def test_on_the_day_of_a_seal_what_was_known_then_stays_told(site: Site) -> None:
    twin, (one, _) = site
    send([(one, "fault", moment, 0) for moment in every(at(1), at(3), 5 * MINUTE)], received=at(3, 4))
    first = seal(twin, at(3, 5))[0]
    send([(one, "fault", at(1, 8, 2), 1)], received=at(3, 23))
    assert told(first)[0] in told(seal(twin, at(4))[0])


def test_people_have_the_last_word(site: Site) -> None:
    twin, (one, _) = site
    send([(one, "fault", moment, 0) for moment in every(at(1), at(3), 5 * MINUTE)], received=at(3, 4))
    say(one, "failed", at(1, 12))
    say(one, "returned", at(1, 18))
    say(one, "retired", at(2, 12))
    segment = seal(twin)[0]
    assert segment.document["in_service"] == {"from": None, "to": "2026-09-02T12:00:00Z"}
    assert ("01T12:00", "01T18:00", "down", "2026-10-05T00:00") in told(segment)
    stretches = asset_states(twin, START, END)[0].stretches
    assert [each.cause.word for each in stretches] == ["holds", "failed", "holds", "retired"]


def test_bad_readings_are_unknown_and_a_counter_that_ran_backwards_is_told(site: Site) -> None:
    twin, (one, _) = site
    send([(one, "fault", moment, 0) for moment in every(at(1), at(1, 1), 5 * MINUTE)], received=at(3, 4))
    send([(one, "fault", at(1, 0, 30), 0)], received=at(3, 4), quality=Quality.BAD)
    send(
        [(one, "material_total", at(1, hour), value) for hour, value in enumerate((50, 60, 59, 61))], received=at(3, 4)
    )
    known = asset_states(twin, START, END)[0]
    assert [(each.start, each.state.value) for each in known.stretches] == [
        (at(1), "up"), (at(1, 0, 30), "unknown"), (at(1, 0, 35), "up"), (at(1, 1), "unknown"),
    ]  # fmt: skip
    assert known.figure("volume") == 11
    assert [(each.code, each.place) for each in known.findings] == [
        ("counter.backwards", f"assets/{one}/signals/material_total/2026-09-01T02:00:00Z")
    ]


def test_a_counter_read_long_before_is_the_base(site: Site) -> None:
    twin, (one, _) = site
    send(
        [(one, "material_total", at(1) - timedelta(days=20), 10), (one, "material_total", at(1, 5), 17)],
        received=at(3, 4),
    )
    assert asset_states(twin, START, END)[0].figure("volume") == 7


def test_hours_of_a_condition_and_values_of_properties(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, twin, asset = new_id(), create_twin(name="Plant", now=START), new_id()
        operations = [
            {"op": "add_asset", "asset": str(asset), "type": "wind-turbine@1", "name": "G", "at": [0, 0],
             "properties": {"rated_power": "1000", "rotor_diameter": "90"}},
            {"op": "bind", "place": f"{asset}/active_power", "gateway": str(gateway), "key": "p"},
        ]  # fmt: skip
        draft = edit_draft(twin=twin.id, base_revision=0, operations=operations, by="ada", now=START)
        publish_twin(twin=twin.id, revision=draft.revision, note="", by="ada", now=START)
        provide_signals(bound=bound_signals())
        moments = every(at(1), at(1, 12), 5 * MINUTE)
        send(
            [(asset, "active_power", moment, 100 if moment < at(1, 7) else 1) for moment in moments], received=at(3, 4)
        )
        segment = seal(twin.id)[0]
        assert told(segment, "generating_hours") == [
            ("01T00:00", "01T07:00", "up", "2026-09-03T04:00"), ("01T07:00", "01T12:00", "down", "2026-09-03T04:00"),
        ]  # fmt: skip
        assert segment.document["rule"]["properties"] == {"rated_power": "1000"}
        assert asset_states(twin.id, START, END)[0].figure("generating_hours") == 7


def test_an_asset_taken_out_is_told_as_long_as_something_is_known(site: Site) -> None:
    twin, (one, other) = site
    send([(one, "fault", at(1, 8), 0)], received=at(3, 4))
    third = {"op": "add_asset", "asset": str(new_id()), "type": "site@1", "name": "Pit", "at": [0, 0]}
    change(twin, third, *({"op": "remove_asset", "asset": str(asset)} for asset in (one, other)))
    assert [segment.document["name"] for segment in seal(twin)] == ["E-01", "Pit"]


def test_only_some_assets_are_sealed(site: Site) -> None:
    twin, (one, other) = site
    assert [each.asset for each in seal_evidence(twin=twin, start=START, end=END, now=NOW, assets={other})] == [other]
    assert [each.asset for each in seal(twin)] == [one, other]


@pytest.mark.parametrize("count", [1, 8])
def test_queries_do_not_grow_with_the_assets_read_together(tenant: Tenant, count: int) -> None:
    with scope(tenant.id):
        twin, assets = published_pit(count, now=START)
        send([(asset, "fault", at(1, 8), 0) for asset in assets], received=at(3, 4))
        with CaptureQueriesContext(connection) as queries:
            assert len(seal(twin)) == count
    assert len(queries) == 13  # and one COPY


def test_flights_and_machines_in_one_twin(site: Site) -> None:
    twin, (one, _) = site
    engine = new_id()
    change(twin, {"op": "add_asset", "asset": str(engine), "type": "turbofan-engine@1", "name": "A", "at": [0, 0]},
           {"op": "bind", "place": f"{engine}/t2", "gateway": str(new_id()), "key": "t2"})  # fmt: skip
    fly([(engine, at(1, 6))], received=at(1, 12))
    send([(one, "fault", at(1, 8), 0)], received=at(3, 4))
    found = seal(twin)
    assert [each.document["name"] for each in found] == ["A", "E-01", "E-02"]
    assert [each.document["rule"]["name"] for each in found] == ["flights", "signals", "signals"]
