"""Notes on a history: written, seen by colleagues, taken away by their author; and the explorer's page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import held_to, scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet, create_twin
from twins.history import selectors

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
PATH = "/api/v1/annotations/"


@pytest.fixture
def twin(cast: Cast) -> Twin:
    """A published twin of one engine."""
    with scope(cast.meridian.id):
        draft = create_fleet(
            blueprint="turbofan-fleet", parameters=FleetParameters(name="Fleet", count=1), by="x", now=utc_now()
        )
        publish_twin(twin=draft.twin, revision=draft.revision, note="", by="x", now=utc_now())
        found: Twin = Twin.objects.get()
        return found


def note(twin: Twin, /, **more: Any) -> dict[str, Any]:
    whole = {"twin": str(twin.id), "start": "2026-01-01T08:00:00Z", "end": "2026-01-01T09:00:00Z", "text": "Washed"}
    return whole | more


def span(twin: Twin, start: str, end: str) -> dict[str, str]:
    return {"twin": str(twin.id), "start": f"2026-01-01T{start}:00Z", "end": f"2026-01-01T{end}:00Z"}


def test_a_note_is_seen_by_colleagues_and_taken_away_by_its_author(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    author, colleague = with_key(cast.meridian, Role.ENGINEER), with_key(cast.meridian, Role.OWNER)
    made = author.post(PATH, note(twin))
    assert (made.status_code, made.json()["is_mine"]) == (201, True)
    (seen,) = colleague.get(PATH, span(twin, "08:30", "08:31")).json()
    assert (seen["text"], seen["is_mine"]) == ("Washed", False)
    refused = colleague.delete(f"{PATH}{seen['id']}/")
    assert (refused.status_code, refused.json()["code"]) == (403, "annotation.not_yours")
    assert author.delete(f"{PATH}{seen['id']}/").status_code == 204
    assert author.get(f"{PATH}{seen['id']}/").status_code == 404
    with scope(cast.meridian.id):
        told = AuditEntry.objects.filter(subject=f"annotation/{seen['id']}", action__startswith="annotation.")
        assert {"annotation.made", "annotation.removed"} <= {each.action for each in told}


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [("07:00", "08:00", 0), ("07:00", "08:01", 1), ("08:59", "10:00", 1), ("09:00", "10:00", 0)],
)
def test_spans_are_half_open(cast: Cast, twin: Twin, with_key: WithKey, start: str, end: str, found: int) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    client.post(PATH, note(twin))
    assert len(client.get(PATH, span(twin, start, end)).json()) == found


def test_an_instant_of_a_signal(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    client, asset = with_key(cast.meridian, Role.ENGINEER), next(iter(twin.draft["assets"]))
    made = client.post(PATH, note(twin, end=None, asset=asset, key="t24"))
    assert (made.status_code, made.json()["end"], made.json()["key"]) == (201, None, "t24")
    assert len(client.get(PATH, span(twin, "08:00", "08:01")).json()) == 1


@pytest.mark.parametrize(
    ("more", "status", "place"),
    [
        ({"end": "2026-01-01T08:00:00Z"}, 422, "end"),
        ({"text": "  "}, 400, "text"),
        ({"text": "x" * 1001}, 400, "text"),
        ({"key": "t24"}, 422, "asset"),
        ({"key": "t24", "asset": str(UUID(int=7))}, 404, "signal"),
        ({"twin": str(UUID(int=7))}, 404, "twin"),
        ({"start": "soon"}, 400, "start"),
    ],
)
def test_what_does_not_fit_is_named(
    cast: Cast, twin: Twin, with_key: WithKey, more: dict[str, Any], status: int, place: str
) -> None:
    refused = with_key(cast.meridian, Role.ENGINEER).post(PATH, note(twin, **more))
    assert refused.status_code == status
    assert (refused.json().get("place") or refused.json()["findings"][0]["place"]) == place


def test_strangers_and_who_is_held_to_other_twins_see_none(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    made = with_key(cast.meridian, Role.OWNER).post(PATH, note(twin)).json()["id"]
    theirs = with_key(cast.stranger, Role.OWNER)
    assert theirs.get(f"{PATH}{made}/").status_code == theirs.delete(f"{PATH}{made}/").status_code == 404
    assert theirs.get(PATH, span(twin, "08:00", "09:00")).status_code == 404
    with (
        scope(cast.meridian.id),
        held_to(frozenset({uuid4()})),
        pytest.raises(selectors.AnnotationNotFoundError),
    ):
        selectors.annotation(UUID(made))


def test_the_explorer_is_told_what_there_is_to_see(cast: Cast, twin: Twin, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(cast.owner)
    text = client.get(f"/t/meridian/twins/{twin.slug}/history/").content.decode()
    found = re.search(r'<script id="history_config" type="application/json">(.*?)</script>', text)
    assert found is not None
    told = json.loads(found[1])
    (asset,) = told["assets"]
    assert (asset["name"], told["api"], told["twin"]) == ("Engine 001", "/t/meridian/api/v1", str(twin.id))
    assert {"key": "t24", "name": "Total temperature at low-pressure compressor outlet", "unit": "°R"} in told[
        "signals"
    ][asset["type"]]
    assert told["usual"][0].startswith(f"{asset['id']}/")
    with scope(cast.meridian.id):
        empty = create_twin(name="Empty", now=utc_now())
    assert "No history yet" in client.get(f"/t/meridian/twins/{empty.slug}/history/").content.decode()
    assert client.get("/t/meridian/twins/nowhere/history/").status_code == 404
