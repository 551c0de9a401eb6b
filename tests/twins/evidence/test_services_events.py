"""Events on the real database: kept as they were told, once, whether they fit or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.evidence.fleet import DAY, OCTOBER, change, day, published_fleet, say
from twins.evidence.models import AssetEvent
from twins.evidence.schemas import NewEvent
from twins.evidence.services import EventConflictError, EventsError, record_events

pytestmark = pytest.mark.django_db
NOW = OCTOBER
Fleet = tuple[UUID, list[UUID]]


@pytest.fixture
def fleet(tenant: Tenant) -> Iterator[Fleet]:
    with scope(tenant.id):
        yield published_fleet(2)


def test_an_event_is_kept_as_it_was_told(fleet: Fleet) -> None:
    twin, (engine, _) = fleet
    at = day(3, 4) + timedelta(microseconds=123_999)
    event = say(engine, "failed", at, "F-1", note="oil")
    kept = AssetEvent.objects.get()
    assert kept == event
    assert (kept.twin_id, kept.asset, kept.kind, kept.source, kept.reference, kept.note) == (
        twin, engine, "failed", "shop", "F-1", "oil",
    )  # fmt: skip
    assert (kept.at, kept.received_at) == (day(3, 4) + timedelta(milliseconds=123), NOW)


def test_the_same_event_again_gives_the_first(fleet: Fleet) -> None:
    engine = fleet[1][0]
    first = say(engine, "failed", day(3), "F-1")
    again = say(engine, "failed", day(3), "F-1", now=NOW + DAY)
    assert (again.id, again.received_at, AssetEvent.objects.count()) == (first.id, NOW, 1)


@pytest.mark.parametrize("other", [{"kind": "retired"}, {"at": day(4)}, {"note": "x"}, {"asset": 1}])
def test_a_reference_is_used_for_one_event_for_ever(fleet: Fleet, other: dict[str, Any]) -> None:
    engines = fleet[1]
    say(engines[0], "failed", day(3), "F-1")
    told = {"asset": 0, "kind": "failed", "at": day(3), "reference": "F-1", **other}
    with pytest.raises(EventConflictError) as refused:
        say(**{**told, "asset": engines[told["asset"]]})
    error = refused.value
    assert (error.code, error.status, error.findings[0].place) == ("event.conflict", 409, "events/0/reference")
    assert error.fix
    assert AssetEvent.objects.get().kind == "failed"


def test_sources_do_not_share_references(fleet: Fleet) -> None:
    engine = fleet[1][0]
    say(engine, "failed", day(3), "1", source="shop")
    say(engine, "returned", day(4), "1", source="airline")
    assert AssetEvent.objects.count() == 2


def test_many_at_once_are_told_in_their_order(fleet: Fleet) -> None:
    one, other = fleet[1]
    say(other, "failed", day(2), "B")
    sent = [NewEvent(asset, kind, at, "shop", name) for asset, kind, at, name in [
        (one, "shop_in", day(3), "A"), (other, "failed", day(2), "B"), (one, "shop_out", day(8), "C"),
        (one, "shop_in", day(3), "A"),
    ]]  # fmt: skip
    found = record_events(events=sent, now=NOW)
    assert [(each.event.reference, each.is_new) for each in found] == [
        ("A", True), ("B", False), ("C", True), ("A", True),
    ]  # fmt: skip
    assert all(each.findings == () for each in found)
    assert AssetEvent.objects.count() == 3


def test_one_that_contradicts_another_of_the_same_request(fleet: Fleet) -> None:
    one = fleet[1][0]
    sent = [NewEvent(one, kind, day(3), "shop", "A") for kind in ("shop_in", "failed")]
    with pytest.raises(EventConflictError) as refused:
        record_events(events=sent, now=NOW)
    assert [finding.place for finding in refused.value.findings] == ["events/1/reference"]
    assert not AssetEvent.objects.exists()


def test_events_out_of_order_are_kept_and_told(fleet: Fleet) -> None:
    engine = fleet[1][0]
    told = [
        ("shop_out", day(2), "event.shop_out_unexplained"),
        ("returned", day(2, 5), None),
        ("returned", day(3), "event.returned_unexplained"),
        ("shop_in", day(4), None),
        ("shop_in", day(5), "event.shop_in_repeated"),
        ("failed", day(6), None),
        ("failed", day(7), "event.failed_repeated"),
        ("retired", day(8), None),
        ("returned", day(9), "event.after_retired"),
        ("retired", day(10), "event.after_retired"),
    ]
    sent = [NewEvent(engine, kind, at, "shop", str(at)) for kind, at, _ in told]
    found = record_events(events=sent, now=NOW)
    assert [[finding.code for finding in each.findings] for each in found] == [
        [code] if code else [] for *_, code in told
    ]
    assert all(finding.fix and finding.message for each in found for finding in each.findings)
    assert found[0].findings[0].place == "events/0"
    assert AssetEvent.objects.count() == len(told)


def test_a_later_event_may_explain_an_earlier_one(fleet: Fleet) -> None:
    engine = fleet[1][0]
    out = NewEvent(engine, "shop_out", day(9), "shop", "out")
    before = record_events(events=[out], now=NOW)
    say(engine, "shop_in", day(4))
    after = record_events(events=[out], now=NOW)
    assert [len(each[0].findings) for each in (before, after)] == [1, 0]


@pytest.mark.parametrize(
    ("fields", "place", "code"),
    [
        ({"kind": "lost"}, "kind", "event.unknown_kind"),
        ({"kind": ""}, "kind", "event.unknown_kind"),
        ({"at": datetime(2026, 9, 3)}, "at", "event.no_offset"),  # noqa: DTZ001
        ({"at": NOW + timedelta(minutes=6)}, "at", "event.future"),
        ({"at": day(1).replace(year=1969)}, "at", "event.too_early"),
        ({"source": ""}, "source", "event.text"),
        ({"source": "x" * 121}, "source", "event.text"),
        ({"reference": ""}, "reference", "event.text"),
        ({"reference": "a\x00b"}, "reference", "event.text"),
        ({"note": "x" * 501}, "note", "event.text"),
        ({"asset": new_id()}, "asset", "event.unknown_asset"),
    ],
)
def test_what_cannot_be_kept_names_the_place(fleet: Fleet, fields: dict[str, Any], place: str, code: str) -> None:
    told = {"asset": fleet[1][0], "kind": "failed", "at": day(3), "reference": "F", **fields}
    with pytest.raises(EventsError) as refused:
        say(**told)
    assert [(each.place, each.code) for each in refused.value.findings] == [(f"events/0/{place}", code)]
    assert refused.value.kept == "Nothing was recorded."
    assert not AssetEvent.objects.exists()


def test_clocks_may_differ_a_little(fleet: Fleet) -> None:
    say(fleet[1][0], "failed", NOW + timedelta(minutes=5))


@pytest.mark.parametrize("count", [0, 1001])
def test_how_many_at_once(fleet: Fleet, count: int) -> None:
    sent = [NewEvent(fleet[1][0], "failed", day(3), "shop", str(number)) for number in range(count)]
    with pytest.raises(EventsError) as refused:
        record_events(events=sent, now=NOW)
    assert refused.value.findings[-1].code == "event.count"


@pytest.mark.parametrize(("begins", "ends"), [("shop_in", "shop_out"), ("failed", "returned"), ("failed", "shop_out")])
def test_an_outage_cannot_begin_at_the_instant_another_ends(fleet: Fleet, begins: str, ends: str) -> None:
    one, other = fleet[1]
    say(one, begins, day(3))
    say(other, ends, day(3))
    with pytest.raises(EventsError) as refused:
        say(one, ends, day(3) + timedelta(microseconds=900))
    assert [each.code for each in refused.value.findings] == ["event.same_instant"]
    assert AssetEvent.objects.count() == 2


def test_an_asset_that_was_taken_out_may_still_have_events(fleet: Fleet) -> None:
    twin, (engine, _) = fleet
    change(twin, {"op": "remove_asset", "asset": str(engine)})
    assert say(engine, "retired", day(3)).twin_id == twin


def test_queries_do_not_grow_with_the_events(fleet: Fleet) -> None:
    counts = []
    for number in (1, 500):
        sent = [NewEvent(fleet[1][0], "failed", day(3), "shop", f"{number}/{place}") for place in range(number)]
        with CaptureQueriesContext(connection) as queries:
            record_events(events=sent, now=NOW)
        counts.append(len(queries))
    assert counts == [6, 6]


def test_nobody_changes_an_event(fleet: Fleet) -> None:
    event = say(fleet[1][0], "failed", day(3))
    event.kind = "retired"
    for alter in (event.save, event.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            alter()
    assert AssetEvent.objects.get().kind == "failed"


def test_a_stranger_has_none_of_it(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        engine = published_fleet(1)[1][0]
        say(engine, "failed", day(3), "F-1")
    with scope(stranger.id):
        assert not AssetEvent.objects.exists()
        with pytest.raises(EventsError):
            say(engine, "failed", day(3), "F-1")
        mine = published_fleet(1)[1][0]
        assert say(mine, "retired", day(9), "F-1").asset == mine
