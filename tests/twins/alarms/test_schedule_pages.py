"""Who is on call, entered in a form: turns, and exceptions on the clocks of the schedule's zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.test import Client

from tenants.people.models import User
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from twins.alarms.domain.oncall import Override
from twins.alarms.escalating import rotation_of
from twins.alarms.models import OnCallSchedule

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NEW = "/t/meridian/alarms/telling/schedules/new/"
ENTERED = {
    "name": "Hangar", "zone": "Europe/Berlin", "first": "2026-12-07", "handover": "08:00", "days": "7",
    "people": "ada@x.example\nbo@x.example\n",
}  # fmt: skip
CHRISTMAS = {
    "override": "cy@x.example", "override_start": "2026-12-24T08:00", "override_end": "2026-12-26T08:00",
}  # fmt: skip


def kept(cast: Cast) -> OnCallSchedule:
    with scope(cast.meridian.id):
        return OnCallSchedule.objects.get()


def address(cast: Cast) -> str:
    return f"/t/meridian/alarms/telling/schedules/{kept(cast).id}/"


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 400
    return {name: list(found) for name, found in response.context["form"].errors.items()}


def test_a_new_one_begins_in_the_organisations_zone(cast: Cast, sign_in: SignIn) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(time_zone="America/Lima")
    assert sign_in(cast.owner).get(NEW).context["form"]["zone"].value() == "America/Lima"


def test_turns_and_an_exception(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    assert browser.post(NEW, ENTERED | CHRISTMAS).status_code == 302
    rotation, overrides = rotation_of(kept(cast))
    assert (rotation.people, rotation.first, rotation.handover) == (
        ("ada@x.example", "bo@x.example"), date(2026, 12, 7), time(8),
    )  # fmt: skip
    start, end = datetime(2026, 12, 24, 7, tzinfo=UTC), datetime(2026, 12, 26, 7, tzinfo=UTC)
    assert overrides == [Override(start, end, "cy@x.example")]
    form = browser.get(address(cast)).context["form"]
    assert form["people"].value() == "ada@x.example\nbo@x.example"
    assert form.fields["kept"].choices == [
        ("0", "cy@x.example from 2026-12-24 08:00 until 2026-12-26 08:00, Europe/Berlin")
    ]


def test_exceptions_are_kept_until_their_tick_is_taken_away(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    browser.post(NEW, ENTERED | CHRISTMAS)
    another = {"override": "di@x.example", "override_start": "2026-12-31T08:00", "override_end": "2027-01-01T08:00"}
    assert browser.post(address(cast), ENTERED | another | {"kept": ["0"]}).status_code == 302
    assert [each.person for each in rotation_of(kept(cast))[1]] == ["cy@x.example", "di@x.example"]
    assert browser.post(address(cast), ENTERED | {"kept": ["1"]}).status_code == 302
    assert [each.person for each in rotation_of(kept(cast))[1]] == ["di@x.example"]
    assert browser.post(address(cast), ENTERED).status_code == 302
    assert rotation_of(kept(cast))[1] == []


@pytest.mark.parametrize(
    ("changed", "place", "words"),
    [
        ({"override_end": ""}, "override_end", "Say until when."),
        ({"override_start": ""}, "override_start", "Say from when."),
        ({"override": ""}, "override", "Say who is on call then."),
        ({"override": "nobody"}, "override", "Enter a valid email address."),
        ({"override_start": "soon"}, "override_start", "Write dates and times such as 2026-12-24 08:00."),
        ({"zone": "Europe/Atlantis"}, "zone", "'Europe/Atlantis' is not a time zone of the IANA database."),
        ({"override_end": "2026-12-24T08:00"}, "__all__", "an exception ends before it begins"),
        ({"people": "ada"}, "people", "ada"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_place_and_nothing_is_lost(
    cast: Cast, sign_in: SignIn, changed: dict[str, str], place: str, words: str
) -> None:
    response = sign_in(cast.owner).post(NEW, ENTERED | CHRISTMAS | changed)
    found = errors(response)
    assert list(found) == [place]
    assert words in found[place][0]
    assert response.context["form"]["people"].value() == (ENTERED | changed)["people"]
    with scope(cast.meridian.id):
        assert not OnCallSchedule.objects.exists()
