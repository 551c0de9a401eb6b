"""The evidence page, as people read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.core.exceptions import BadRequest
from django.test import Client

from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.twins.evidence.fleet import SEPTEMBER, day, fly, published_fleet, schedule
from tests.twins.evidence.pit import every, published_pit, send
from twins.catalog.services import publish_type
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft
from twins.evidence.domain.items import EventKind
from twins.evidence.domain.states import Cause
from twins.evidence.pages import EVENTS, LOOKS, Month, Piece, length_text, percent_up
from twins.evidence.services import record_event, seal_evidence

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PATH = "/t/meridian/twins/northwind-fleet/evidence/"
OCTOBER = day(5, month=10)


@pytest.fixture
def fleet(cast: Cast) -> tuple[UUID, list[UUID]]:
    with scope(cast.meridian.id):
        return published_fleet(2)


@pytest.fixture
def viewer(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.viewer)


@pytest.fixture
def month(cast: Cast, fleet: tuple[UUID, list[UUID]]) -> tuple[UUID, list[UUID]]:
    """September: the first engine in the shop for five days, the second failed."""
    one, other = fleet[1]
    with scope(cast.meridian.id):
        flights = [(asset, at) for asset in (one, other) for at in schedule(day(30, month=8), day(11))]
        fly([(asset, at) for asset, at in flights if asset == other or at < day(3)], received=OCTOBER)
        for asset, kind, at in ((one, "shop_in", day(3)), (one, "shop_out", day(8)), (other, "failed", day(11))):
            record_event(asset=asset, kind=kind, at=at, source="Shop", reference=f"{kind}-1", note="<b>", now=OCTOBER)
    return fleet


def text(client: Client, path: str = PATH, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.content
    return " ".join(response.content.decode().split())


def test_a_month(viewer: Client, month: tuple[UUID, list[UUID]]) -> None:
    page = text(viewer, f"{PATH}?month=2026-09")
    assert 'Evidence <span class="count-note">September 2026</span>' in page
    assert 'aria-label="Up 2 d flights keep coming, In the shop 5 d a visit without a failure, ' in page
    assert "Up 23 d on the word of its leaving the shop" in page
    assert 'class="timeline-planned" grow="432000"' in page
    assert "failed, and has not returned" in page
    assert "shop_in-1" in page
    assert "&lt;b&gt;" in page
    assert "Not sealed for this month." in page
    # (25 + 10) days of 60 up, 5 + 20 down; the first landed 4 times in September, the second 20 times
    assert '58.33<span class="unit">%</span>' in page
    assert '600.0<span class="unit">h</span>' in page
    assert '96.0<span class="unit">h</span>' in page


def test_the_page_begins_with_the_month_of_the_last_evidence(viewer: Client, month: tuple[UUID, list[UUID]]) -> None:
    assert "September 2026" in text(viewer)
    assert "August 2026" in text(viewer, f"{PATH}?month=2026-08")


def test_what_was_sealed_is_shown_with_its_digest(viewer: Client, month: tuple[UUID, list[UUID]], cast: Cast) -> None:
    with scope(cast.meridian.id):
        segments = seal_evidence(twin=month[0], start=SEPTEMBER[0], end=SEPTEMBER[1], now=OCTOBER)
    page = text(viewer)
    assert all(segment.digest in page for segment in segments)
    assert "more has come in since" not in page
    with scope(cast.meridian.id):
        record_event(asset=month[1][0], kind="failed", at=day(20), source="Shop", reference="late", now=OCTOBER)
    page = text(viewer)
    assert page.count("more has come in since") == 1
    assert segments[0].digest in page


def test_findings_are_told(viewer: Client, month: tuple[UUID, list[UUID]], cast: Cast) -> None:
    with scope(cast.meridian.id):
        fly([(month[1][0], day(5, 6))], received=OCTOBER)
    page = text(viewer)
    assert "It took off while it was said to be down" in page
    assert f"assets/{month[1][0]}/flights/2026-09-05T06:00:00Z" in page


def test_time_to_come_is_left_open(viewer: Client, month: tuple[UUID, list[UUID]]) -> None:
    with time_machine.travel(day(13, 12), tick=False):
        page = text(viewer)
        assert page.count(f'class="timeline-to-come" grow="{round(17.5 * 86400)}"') == 2
        assert "Up 5 d 12 h on the word of its leaving the shop" in page
        assert 'rel="next"' not in page
        later = text(viewer, f"{PATH}?month=2026-11")
    assert "This month is still to come." in later
    assert 'grow="2592000"' in later


@pytest.mark.parametrize("name", ["2026", "2026-13", "1969-12", "2026-9", "2100-01", "٢٠٢٦-٠٩", ""])
def test_a_month_that_is_none(viewer: Client, month: tuple[UUID, list[UUID]], name: str) -> None:
    text(viewer, f"{PATH}?month={name}", status=400)
    with pytest.raises(BadRequest):
        Month.named(name)


def test_months_follow_each_other() -> None:
    december = Month.named("2026-12")
    assert (str(december.before), str(Month(december.end)), december.end) == (
        "2026-11",
        "2027-01",
        day(1, month=1).replace(year=2027),
    )
    assert str(Month.named("2026-03").before) == "2026-02"


def test_before_there_is_anything_to_show(viewer: Client, cast: Cast) -> None:
    with scope(cast.meridian.id):
        draft = create_twin(name="Northwind fleet", now=OCTOBER)
    page = text(viewer)
    assert "The twin is not published yet" in page
    assert "/t/meridian/twins/northwind-fleet/canvas/" in page
    with scope(cast.meridian.id):
        pump = {"op": "add_asset", "asset": str(draft.id), "type": "station@1", "name": "P", "at": [0, 0]}
        publish_type(document={"key": "station", "version": 1, "name": {"en": "Station"}}, by="ada", now=OCTOBER)
        edited = edit_draft(twin=draft.id, base_revision=0, operations=[pump], by="ada", now=OCTOBER)
        publish_twin(twin=draft.id, revision=edited.revision, note="", by="ada", now=OCTOBER)
    assert "No asset of this twin has evidence" in text(viewer)
    assert "How evidence becomes states" in text(viewer)


def test_a_fleet_of_which_nothing_is_known(viewer: Client, fleet: tuple[UUID, list[UUID]]) -> None:
    page = text(viewer)
    assert "Nothing is known yet" in page
    assert "/t/meridian/gateways/" in page


def test_a_twin_that_is_none(viewer: Client, cast: Cast, sign_in: SignIn, fleet: tuple[UUID, list[UUID]]) -> None:
    text(viewer, "/t/meridian/twins/nothing/evidence/", status=404)
    text(sign_in(cast.outsider), status=404)
    text(sign_in(cast.outsider), PATH.replace("meridian", "stranger"), status=404)
    text(sign_in(cast.reader), status=403)


def test_everything_has_a_look_and_a_name() -> None:
    assert set(LOOKS) == set(Cause)
    assert set(EVENTS) == set(EventKind)
    expected = {"up": {"ok"}, "down": {"down", "planned"}, "unknown": {"unknown", "idle"}}
    assert all(LOOKS[cause][0] in expected[cause.state.value] for cause in Cause)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.5, "less than 1 s"), (1, "1 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (3661, "1 h 1 min"),
     (86400, "1 d"), (86460, "1 d"), (90000, "1 d 1 h"), (2592000, "30 d")],
)  # fmt: skip
def test_lengths_in_words(seconds: float, words: str) -> None:
    assert length_text(timedelta(seconds=seconds)) == words


def test_a_share_is_never_rounded_up() -> None:
    pieces = [Piece(day(1), day(30, 23), "ok"), Piece(day(30, 23), day(30, 23) + timedelta(milliseconds=1), "down")]
    assert percent_up(pieces) == "99.99"
    assert percent_up(pieces[:1]) == "100.00"
    assert percent_up([Piece(day(1), day(2), "idle"), Piece(day(2), day(3))]) == ""


def test_a_month_of_machines(viewer: Client, cast: Cast) -> None:
    with scope(cast.meridian.id):
        _, (one, _) = published_pit(2, now=day(1), called="Northwind fleet")
        steps = every(day(1), day(11), timedelta(minutes=5))
        send([(one, "fault", moment, float(moment >= day(10))) for moment in steps], received=day(11))
        send([(one, "material_total", day(2), 100.0), (one, "material_total", day(9), 4600.0)], received=day(11))
        record_event(asset=one, kind="failed", at=day(20), source="Shop", reference="1", now=OCTOBER)
    page = text(viewer, f"{PATH}?month=2026-09")
    for told in (
        "its signals say so",
        "no reading that still holds",
        "failed, and has not returned",
        '4,500.0<span class="unit">t volume</span>',
        "Counted in the month",
        "engine hours run",
        "A counter that falls to less than half",
    ):
        assert told in page
    assert "A reading is stamped at take-off" not in page
    assert ">Flown<" not in page
