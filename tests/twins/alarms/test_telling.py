"""Who is told of alarms: chains, floods, mails and signed webhooks, on a real server and a real database."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import date, time, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail

from tenants.edge.outgoing import ForbiddenAddressError
from tenants.kernel.calendars import UnknownZoneError
from tenants.scope.context import scope
from tests.twins.alarms.conftest import NOW, Watch, at
from twins.alarms import telling
from twins.alarms.delivering import MOST_ATTEMPTS, deliver_waiting, pause
from twins.alarms.models import AlarmChannel, AlarmDelivery, AlarmEvent, Escalation, EventKind
from twins.alarms.services import acknowledge_alarms
from twins.alarms.telling import Level, ScheduleTerms

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
HANGAR = ScheduleTerms("Hangar", "Europe/Berlin", date(2026, 10, 26), time(8), 7, ["ada@x.example", "bo@x.example"])


class Receiver:
    """A webhook's receiver on loopback that answers with a status and keeps what it was sent."""

    def __init__(self) -> None:
        self.status = 204
        self.came: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.came.append((dict(self.headers), body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alarms"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def channel(watch: Watch, **given: Any) -> tuple[AlarmChannel, str]:
    wanted: dict[str, Any] = {"name": "Control room", "addresses": ["ops@x.example"], **given}
    with scope(watch.fleet.tenant):
        return telling.save_channel(channel=None, by="ada", now=NOW, **wanted)


def chain(watch: Watch, *levels: Level) -> Any:
    return watch.do(
        lambda: telling.save_chain(
            chain=None, name="Night", priorities=["high"], twin=None, levels=levels, by="ada", now=NOW
        )
    )


def waiting(watch: Watch) -> list[tuple[str, str]]:
    with scope(watch.fleet.tenant):
        return list(AlarmDelivery.objects.order_by("id").values_list("address", "subject"))


def test_levels_are_told_one_after_the_other_until_somebody_acknowledges(watch: Watch) -> None:
    room, _ = channel(watch)
    on_call = watch.do(lambda: telling.save_schedule(schedule=None, terms=HANGAR, by="ada", now=NOW))
    chain(watch, Level(0, [room.id]), Level(300, [], [on_call.id]), Level(300, [room.id]))
    watch.rule()
    watch.read((1, 655.0))
    watch.tick(2)
    assert waiting(watch) == [("ops@x.example", "High alarm: Engine 001, Outlet hot")]
    assert watch.tick(3) == at(18)  # the mail that waits is looked after
    watch.tick(303)
    assert [address for address, _ in waiting(watch)] == ["ops@x.example", "bo@x.example"]
    watch.do(lambda: acknowledge_alarms(alarms=[watch_alarm()], by="bo", now=at(304)))
    watch.tick(900)
    assert len(waiting(watch)) == 2
    with scope(watch.fleet.tenant):
        assert not Escalation.objects.exists()
        notes = AlarmEvent.objects.filter(kind=EventKind.ESCALATED).order_by("at").values_list("note", flat=True)
        assert list(notes) == ["Night, 1: Control room", "Night, 2: bo@x.example"]


def watch_alarm() -> Any:
    from twins.alarms.models import Alarm

    return Alarm.objects.get().id


def test_several_at_once_are_one_message(watch: Watch) -> None:
    room, _ = channel(watch)
    chain(watch, Level(0, [room.id]))
    watch.rule()
    watch.read((1, 655.0), asset=0)
    watch.read((1, 655.0), asset=1)
    watch.tick(2)
    assert waiting(watch) == [("ops@x.example", "Alarms: 2 unacknowledged, Engine 001, Outlet hot first")]


def test_in_a_flood_one_summary_and_then_quiet(watch: Watch) -> None:
    room, _ = channel(watch)
    chain(watch, Level(0, [room.id]))
    for number in range(8):
        watch.rule(f"hot_{number}")
    watch.read((1, 655.0), asset=0)
    watch.read((1, 655.0), asset=1)
    watch.tick(2)
    assert [subject[:26] for _, subject in waiting(watch)] == ["Flood of alarms: 16 unackn"]
    watch.rule("more")
    watch.read((3, 655.0), asset=0)
    watch.tick(4)
    assert len(waiting(watch)) == 1
    watch.tick(2 + 600)
    assert len(waiting(watch)) == 2


def test_a_webhook_is_signed_and_tried_again(watch: Watch, receiver: Receiver) -> None:
    hook, secret = channel(watch, addresses=[], url=receiver.url)
    watch.do(lambda: telling.try_channel(channel=hook.id, now=NOW))
    receiver.status = 503
    assert deliver_waiting(watch.fleet.tenant, now=NOW) == 0
    assert deliver_waiting(watch.fleet.tenant, now=NOW + timedelta(seconds=29)) == 0
    assert len(receiver.came) == 1
    receiver.status = 204
    assert deliver_waiting(watch.fleet.tenant, now=NOW + timedelta(seconds=30)) == 1
    assert deliver_waiting(watch.fleet.tenant, now=NOW + timedelta(days=1)) == 0
    (first, _), (headers, body) = receiver.came
    assert first["Outturn-Delivery"] == headers["Outturn-Delivery"] == json.loads(body)["id"]
    signed = headers["Outturn-Timestamp"].encode() + b"." + body
    assert headers["Outturn-Signature"] == "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    with scope(watch.fleet.tenant):
        row = AlarmDelivery.objects.get()
        assert (row.state, row.attempts, row.answer) == ("sent", 2, "status 204")
        assert secret.encode() not in bytes(AlarmChannel.objects.get().sealed_secret)


def test_a_webhook_that_never_answers_is_given_up(watch: Watch, receiver: Receiver) -> None:
    hook, _ = channel(watch, addresses=[], url=receiver.url)
    watch.do(lambda: telling.try_channel(channel=hook.id, now=NOW))
    receiver.status = 500
    moment = NOW
    for attempt in range(1, MOST_ATTEMPTS + 1):
        deliver_waiting(watch.fleet.tenant, now=moment)
        moment += pause(attempt)
    with scope(watch.fleet.tenant):
        row = AlarmDelivery.objects.get()
        assert (row.state, row.attempts, row.next_at) == ("failed", MOST_ATTEMPTS, None)


def test_a_process_that_dies_while_sending_leaves_it_to_another(watch: Watch, receiver: Receiver) -> None:
    hook, _ = channel(watch, addresses=[], url=receiver.url)
    watch.do(lambda: telling.try_channel(channel=hook.id, now=NOW))
    with scope(watch.fleet.tenant):
        AlarmDelivery.objects.update(attempts=1, next_at=NOW + timedelta(minutes=2))  # taken, and never noted
    assert deliver_waiting(watch.fleet.tenant, now=NOW + timedelta(minutes=1)) == 0
    assert deliver_waiting(watch.fleet.tenant, now=NOW + timedelta(minutes=2)) == 1


def test_a_private_address_is_never_asked(watch: Watch, settings: Any) -> None:
    settings.OUTTURN_ALLOW_PRIVATE_HOSTS = []
    with pytest.raises(ForbiddenAddressError):
        channel(watch, addresses=[], url="http://127.0.0.1/")
    hook, _ = channel(watch, addresses=[], url="https://localhost:1/")
    watch.do(lambda: telling.try_channel(channel=hook.id, now=NOW))
    assert deliver_waiting(watch.fleet.tenant, now=NOW) == 0
    with scope(watch.fleet.tenant):
        assert "private network" in AlarmDelivery.objects.get().answer


def test_a_mail_says_what_and_where(watch: Watch) -> None:
    room, _ = channel(watch)
    chain(watch, Level(0, [room.id]))
    watch.rule()
    watch.read((1, 655.0))
    watch.tick(2)
    mail.outbox.clear()
    assert deliver_waiting(watch.fleet.tenant, now=at(3)) == 1
    (sent,) = mail.outbox
    assert sent.to == ["ops@x.example"]
    assert "high: Fleet, Engine 001, Outlet hot, 655 [degR], 2026-11-02T12:00:01" in sent.body


def test_what_cannot_be_told_like_that(watch: Watch) -> None:
    room, _ = channel(watch)
    wrong: tuple[dict[str, Any], ...] = ({"addresses": []}, {"url": "https://x.example/"}, {"addresses": ["nobody"]})
    for given in wrong:
        with pytest.raises(telling.TellingError):
            channel(watch, name="other", **given)
    with pytest.raises(telling.NameTakenError):
        channel(watch)
    for levels in ((), (Level(0),), (Level(-1, [room.id]),)):
        with pytest.raises(telling.TellingError):
            chain(watch, *levels)
    with pytest.raises(telling.TellingNotFoundError):
        chain(watch, Level(0, [uuid4()]))
    terms = ScheduleTerms("Moon", "Moon/Base", date(2026, 1, 1), time(8), 7, ["ada@x.example"])
    with pytest.raises(UnknownZoneError):
        watch.do(lambda: telling.save_schedule(schedule=None, terms=terms, by="ada", now=NOW))
