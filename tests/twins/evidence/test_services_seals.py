"""Seals on the real database: of readings and events, again and again, by whoever may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.outcomes.schemas import EvidenceForm
from tenants.kernel.canonical import digest
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.evidence.fleet import DAY, OCTOBER, SEPTEMBER, change, day, fly, published_fleet, say, schedule
from twins.catalog.services import publish_type
from twins.composer.selectors import TwinNotFoundError
from twins.composer.services import create_twin
from twins.evidence.domain.items import Rule
from twins.evidence.models import EvidenceSegment
from twins.evidence.schemas import SealedSegment
from twins.evidence.selectors import EvidenceSpanError, asset_states, sealed_documents, segments
from twins.evidence.services import seal_evidence
from twins.evidence.writing import write_segments
from twins.telemetry.schemas import Quality

pytestmark = pytest.mark.django_db
NOW = OCTOBER
START, END = SEPTEMBER
BILLING = ("in_service", "initial", "states", "counters")
Fleet = tuple[UUID, list[UUID]]


@pytest.fixture
def fleet(tenant: Tenant) -> Iterator[Fleet]:
    with scope(tenant.id):
        yield published_fleet(2)


def seal(twin: UUID, now: datetime = NOW) -> list[SealedSegment]:
    return seal_evidence(twin=twin, start=START, end=END, now=now)


def states(segment: SealedSegment) -> list[tuple[str, str, str]]:
    return [(each["from"], each["to"], each["state"]) for each in segment.document["states"]]


def text(short: str | None) -> str:
    """A moment of September from its day and hour; of none, the first of October."""
    return f"2026-09-{short}:00:00Z" if short else "2026-10-01T00:00:00Z"


def state(start: str, end: str | None, what: str, received: str) -> dict[str, str]:
    return {"from": text(start), "to": text(end), "state": what, "received": text(received)}


def test_a_month_of_an_engine(fleet: Fleet) -> None:
    twin, (one, other) = fleet
    fly([(one, at) for at in (day(30, 14, 8), day(1, 6), day(1, 14), day(2, 6))], received=day(2, 12))
    say(one, "shop_in", day(3), now=day(3, 1))
    say(one, "shop_out", day(8), now=day(8, 1))
    fly([(one, day(12, 6))], received=day(12, 7))
    first, second = seal(twin)
    assert first.document == {
        "asset": str(one),
        "name": "Engine 081",
        "start": "2026-09-01T00:00:00Z",
        "end": "2026-10-01T00:00:00Z",
        "rule": {"name": "flights", "version": 1, "flight": "PT4H", "max_gap": "P2D"},
        "in_service": None,
        "initial": None,
        "states": [state(*one) for one in [
            ("01T00", "02T10", "up", "02T12"),
            ("02T10", "03T00", "up", "03T01"),
            ("03T00", None, "down", "03T01"),
            ("08T00", None, "up", "08T01"),
            ("12T10", None, "unknown", "12T07"),
        ]],
        "counters": [
            {"id": f"{one}/{name}", "at": text(at), "value": value, "received": text(received)}
            for name, at, value, received in [
                ("start/2026-09-01T00:00:00Z", "01T00", "4", "02T12"),
                ("2026-09-01T06:00:00Z", "01T10", "8", "02T12"),
                ("2026-09-01T14:00:00Z", "01T18", "12", "02T12"),
                ("2026-09-02T06:00:00Z", "02T10", "16", "02T12"),
                ("2026-09-12T06:00:00Z", "12T10", "20", "12T07"),
            ]
        ],
    }  # fmt: skip
    assert (first.asset, first.twin, first.revision, first.watermark, first.sealed_at) == (one, twin, 1, 2, NOW)
    assert first.digest == digest(first.document)
    assert (second.asset, second.document["states"], second.document["counters"]) == (other, [], [])


def test_a_document_is_an_entry_of_a_rate_document(fleet: Fleet) -> None:
    twin, (one, _) = fleet
    fly([(one, at + 123 * timedelta(milliseconds=1)) for at in schedule(day(28, month=8), END)], received=NOW)
    say(one, "failed", day(3, 7) + timedelta(milliseconds=5))
    say(one, "retired", day(20))
    for segment in seal(twin):
        EvidenceForm.model_validate({name: segment.document[name] for name in BILLING})


def test_sealing_again_changes_nothing_until_something_comes_in(fleet: Fleet) -> None:
    twin, (one, other) = fleet
    fly([(asset, at) for asset in fleet[1] for at in schedule(START, END)], received=day(2, month=10))
    first = seal(twin)
    assert seal(twin, NOW + DAY) == first == sorted(segments(twin, START, END), key=lambda each: each.document["name"])
    fly([(one, day(1, 6, 10))], received=NOW + DAY)
    again = seal(twin, NOW + 2 * DAY)
    assert [each.revision for each in again] == [2, 1]
    assert (again[0].watermark, again[0].sealed_at, again[1]) == (2, NOW + 2 * DAY, first[1])
    say(other, "failed", day(30, 15), now=NOW + 3 * DAY)
    assert [each.revision for each in seal(twin, NOW + 3 * DAY)] == [2, 2]
    assert EvidenceSegment.objects.count() == 4


def test_earlier_revisions_can_still_be_read(fleet: Fleet) -> None:
    twin, (one, _) = fleet
    first = seal(twin)
    fly([(one, day(3, 6))], received=NOW)
    second = seal(twin)
    names = [segment.digest for segment in (*first, *second)]
    assert sealed_documents(twin, START, END, names) == {each.digest: each.document for each in (*first, *second)}
    assert sealed_documents(twin, START, END - DAY, names) == {}


def test_late_evidence_takes_nothing_from_what_was_known(fleet: Fleet) -> None:
    twin, (one, _) = fleet
    fly([(one, at) for at in schedule(day(31, month=8), day(3, month=10))], received=day(3, month=10))
    before = seal(twin)[0]
    say(one, "failed", day(20), now=day(20, month=12))
    after = seal(twin)[0]
    assert states(before) == [("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z", "up")]
    assert [each for each in after.document["states"] if each["received"] < "2026-12"] == before.document["states"]
    assert {each["received"] for each in after.document["states"]} == {
        "2026-10-03T00:00:00Z",
        "2026-12-20T00:00:00Z",
    }
    assert after.document["counters"] == before.document["counters"]


def test_readings_of_one_signal_are_enough_and_more_change_nothing(fleet: Fleet) -> None:
    twin, (one, _) = fleet
    flights = [(one, at) for at in schedule(START, day(5))]
    fly(flights, received=day(5), keys=["t24"])
    first = seal(twin)
    fly(flights, received=day(6))
    fly([(asset, at + timedelta(milliseconds=7)) for asset, at in flights], received=day(7))
    assert seal(twin) == first


def test_a_corrected_reading_is_known_since_it_first_came(fleet: Fleet) -> None:
    twin, (one, _) = fleet
    fly([(one, day(3, 6))], received=day(3, 7))
    first = seal(twin)
    fly([(one, day(3, 6))], received=day(9), keys=["t30"], value=2.0)
    assert seal(twin) == first


def test_bad_readings_are_no_evidence(fleet: Fleet) -> None:
    twin, (one, _) = fleet
    fly([(one, day(3, 6))], received=NOW, quality=Quality.BAD)
    fly([(one, day(4, 6))], received=NOW, quality=Quality.UNCERTAIN)
    assert states(seal(twin)[0]) == [("2026-09-04T06:00:00Z", "2026-09-04T10:00:00Z", "up")]


def test_retirement_bounds_service(fleet: Fleet) -> None:
    twin, (one, other) = fleet
    say(one, "retired", day(20))
    say(one, "retired", day(21))
    say(other, "retired", END)
    assert [each.document["in_service"] for each in seal(twin)] == [
        {"from": None, "to": "2026-09-20T00:00:00Z"},
        None,
    ]


def test_an_asset_taken_out_of_the_twin_has_evidence_of_its_time(fleet: Fleet) -> None:
    twin, (one, other) = fleet
    fly([(one, day(3, 6))], received=day(4))
    change(twin, {"op": "remove_asset", "asset": str(one)})
    assert [each.asset for each in seal(twin)] == [one, other]
    later = seal_evidence(twin=twin, start=day(4), end=END, now=NOW)
    assert [each.asset for each in later] == [other]
    assert later[0].document["name"] == "Engine 082"


def test_only_what_flies_is_judged_by_flights(fleet: Fleet) -> None:
    twin, engines = fleet
    document = {"key": "pump", "version": 1, "name": {"en": "Pump"}, "signals": {"flow": {"unit": "m3/h"}}}
    publish_type(document=document, by="ada", now=NOW)
    pump = new_id()
    added = {"op": "add_asset", "asset": str(pump), "type": "pump@1", "name": "P-1", "at": [0, 0]}
    change(twin, added)
    assert [each.asset for each in seal(twin)] == engines
    say(pump, "failed", day(3))
    change(twin, *({"op": "remove_asset", "asset": str(engine)} for engine in engines))
    assert seal(twin) == []


def test_another_rule_is_another_document(fleet: Fleet) -> None:
    twin, (one, _) = fleet
    fly([(one, day(3, 6)), (one, day(5, 6))], received=NOW)
    shorter = seal_evidence(twin=twin, start=START, end=END, now=NOW, rule=Rule(flight="PT90M", max_gap="P1D"))[0]
    assert states(shorter) == [
        ("2026-09-03T06:00:00Z", "2026-09-03T07:30:00Z", "up"),
        ("2026-09-05T06:00:00Z", "2026-09-05T07:30:00Z", "up"),
    ]  # fmt: skip
    assert [each["value"] for each in shorter.document["counters"]] == ["0", "1.5", "3"]
    assert shorter.document["rule"]["flight"] == "PT90M"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, START),
        (END, START),
        (START, START + timedelta(days=366, seconds=1)),
        (START.replace(tzinfo=None), END),
        (START, END + timedelta(microseconds=1)),
        (START + timedelta(microseconds=1), END),
        (day(31, month=12).replace(year=1969), day(2, month=1).replace(year=1970)),
    ],
)
def test_a_span_that_is_none(fleet: Fleet, start: datetime, end: datetime) -> None:
    with pytest.raises(EvidenceSpanError) as refused:
        seal_evidence(twin=fleet[0], start=start, end=end, now=NOW)
    assert refused.value.fix
    with pytest.raises(EvidenceSpanError):
        asset_states(fleet[0], start, end)


def test_a_twin_that_is_none(fleet: Fleet) -> None:
    with pytest.raises(TwinNotFoundError):
        seal(new_id())
    assert seal(create_twin(name="Draft", now=NOW).id) == []


def test_nobody_changes_a_seal(fleet: Fleet) -> None:
    seal(fleet[0])
    for alter in (lambda: EvidenceSegment.objects.update(digest="0" * 64), EvidenceSegment.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            alter()


def test_a_stranger_can_neither_read_nor_seal(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        twin, engines = published_fleet(1)
        fly([(engines[0], day(3, 6))], received=NOW)
        names = [segment.digest for segment in seal(twin)]
    with scope(stranger.id):
        assert segments(twin, START, END) == []
        assert sealed_documents(twin, START, END, names) == {}
        assert asset_states(twin, START, END) == []
        with pytest.raises(TwinNotFoundError):
            seal(twin)


@pytest.mark.parametrize("engines", [1, 30])
def test_queries_do_not_grow_with_the_fleet(tenant: Tenant, engines: int) -> None:
    with scope(tenant.id):
        twin, fleet = published_fleet(engines)
        fly([(asset, at) for asset in fleet for at in schedule(START, END)], received=NOW)
        with CaptureQueriesContext(connection) as queries:
            assert len(seal(twin)) == engines
        assert len(queries) == 12  # and one COPY


def test_a_segment_that_stands_is_not_written_again(fleet: Fleet) -> None:
    twin, (one, _) = fleet
    fly([(one, day(1, 6))], received=day(1, 12))
    first, second = seal(twin)
    with pytest.raises(IntegrityError, match="1 segments of twin"), transaction.atomic():
        write_segments([first, replace(second, revision=2)])
    assert [each.revision for each in segments(twin, START, END)] == [1, 1]
    assert EvidenceSegment.objects.count() == 2
