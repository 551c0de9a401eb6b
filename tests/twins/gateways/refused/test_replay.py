"""What was refused, taken again after the fix: once, whatever happens to the replay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.jobs.models import Job
from tenants.jobs.registry import JobCancelledError, label_of
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.twins.conftest import Fleet, stored
from twins.gateways.refused import selectors
from twins.gateways.refused.services import KIND, NothingToReplayError, ask_replay
from twins.gateways.refused.tasks import replay_refused
from twins.gateways.services import create_gateway
from twins.telemetry.models import SetAside

SignIn = Callable[[User], Client]
Keyed = Callable[[Tenant, Role], APIClient]
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AT = datetime(2025, 1, 1, tzinfo=UTC)
LATER = timedelta(seconds=1)


class Watcher:
    """Somebody who watches a job, and may cancel it."""

    def __init__(self, tenant: UUID, *, is_cancelled: bool = False) -> None:
        self.tenant = tenant
        self.said: list[str] = []
        self._is_cancelled = is_cancelled

    def progress(self, share: float, message: str) -> None:
        assert 0 <= share <= 1
        self.said.append(message)
        if self._is_cancelled:
            raise JobCancelledError

    def cancelled(self) -> bool:
        return self._is_cancelled


def note(gateway: UUID, key: str = "1/t24", value: Any = 640.0, **fields: Any) -> SetAside:
    """A reading that was refused when nothing read its key yet."""
    values = {
        "gateway": gateway, "batch": "b1", "key": key, "code": "key.unbound", "message": "no published twin reads it",
        "fix": "Bind it.", "count": 1, "at": [AT], "received_at": utc_now(),
    }  # fmt: skip
    written = value if isinstance(value, list) else [value]
    return SetAside.objects.create(value=written, **values | fields)


def asked(fleet: Fleet, ids: list[UUID] | None = None, code: str = "") -> Job:
    with scope(fleet.tenant):
        return ask_replay(gateway=fleet.gateway, ids=ids, code=code, by="owner", now=utc_now() + LATER)


def replayed(fleet: Fleet, job: Job) -> dict[str, Any]:
    return dict(replay_refused(Watcher(fleet.tenant), job.params))


def test_readings_are_stored_once_and_marked(fleet: Fleet, everything: Any) -> None:
    with scope(fleet.tenant):
        row = note(fleet.gateway, at=[AT, None, AT + LATER], value=[640.0, 1.0, 641.0], count=3)
        other = note(fleet.gateway, "1/t30", 1500.0, code="reading.out_of_range")
    job = asked(fleet, code="key.unbound")
    assert (job.kind, label_of(KIND)) == (KIND, "Replay what was refused")
    assert replayed(fleet, job) == {"rows": 1, "stored": 2, "refused": 0}
    assert [one[2] for one in stored(everything, fleet.tenant)] == [640.0, 641.0]
    with scope(fleet.tenant):
        row.refresh_from_db()
        other.refresh_from_db()
        assert (row.stored, row.replayed_at is not None, other.replayed_at) == (2, True, None)
        assert selectors.state_of(row) == "replayed"
        SetAside.objects.update(replayed_at=None)  # as if it had been killed before it could note it
    assert replayed(fleet, asked(fleet, code="key.unbound")) == {"rows": 1, "stored": 2, "refused": 0}
    assert len(stored(everything, fleet.tenant)) == 2


def test_what_still_does_not_fit_stays_with_the_newer_reason(fleet: Fleet, everything: Any) -> None:
    with scope(fleet.tenant):
        note(fleet.gateway, "1/t24", 640.0, at=[utc_now() + timedelta(days=2)])
        note(fleet.gateway, "nobody's", 1.0)
    assert replayed(fleet, asked(fleet, code="key.unbound")) == {"rows": 2, "stored": 0, "refused": 2}
    with scope(fleet.tenant):
        rows = selectors.in_state(selectors.refused(fleet.gateway), "open")
        told = sorted(rows.values_list("code", "value", "batch"))
    assert [(code, value) for code, value, _ in told] == [("key.unbound", [1.0]), ("reading.in_future", [640.0])]
    assert all(batch.startswith("replay-") for _, _, batch in told)
    assert stored(everything, fleet.tenant) == []


def test_chosen_rows_in_the_order_in_which_they_came(fleet: Fleet, everything: Any) -> None:
    with scope(fleet.tenant):
        first, second = note(fleet.gateway, value=1200.0), note(fleet.gateway, value=650.0)
        rest = note(fleet.gateway, "1/t30", 1500.0)
    assert replayed(fleet, asked(fleet, [second.id, first.id, uuid4()]))["rows"] == 2
    assert [one[2] for one in stored(everything, fleet.tenant)] == [650.0], "the later one holds"
    with scope(fleet.tenant):
        assert SetAside.objects.get(id=rest.id).replayed_at is None


def test_many_rows_and_somebody_who_cancels(fleet: Fleet, everything: Any) -> None:
    with scope(fleet.tenant):
        for number in range(25):
            note(fleet.gateway, value=600.0 + number, at=[AT + number * LATER])
    job = asked(fleet, code="key.unbound")
    watcher = Watcher(fleet.tenant, is_cancelled=True)
    with pytest.raises(JobCancelledError):
        replay_refused(watcher, job.params)
    assert watcher.said == ["20 readings stored"]
    assert len(stored(everything, fleet.tenant)) == 20
    assert replayed(fleet, job) == {"rows": 5, "stored": 5, "refused": 0}
    assert len(stored(everything, fleet.tenant)) == 25


def test_what_cannot_be_replayed(fleet: Fleet, their_fleet: Fleet) -> None:
    with scope(fleet.tenant):
        whole = note(fleet.gateway, "", at=[], value=[], code="message.broken")
        void = note(fleet.gateway, at=[None], value=[None])
        assert [selectors.state_of(one) for one in (whole, void)] == ["lost", "open"]
    with pytest.raises(NothingToReplayError):
        asked(fleet, [whole.id])
    with pytest.raises(NothingToReplayError):
        asked(fleet, code="nothing.such")
    assert replayed(fleet, asked(fleet, [void.id])) == {"rows": 1, "stored": 0, "refused": 0}
    with scope(their_fleet.tenant):
        theirs = note(their_fleet.gateway)
    with pytest.raises(NothingToReplayError):
        asked(fleet, [theirs.id])


def test_over_the_api(fleet: Fleet, tenant: Tenant, with_key: Keyed) -> None:
    with scope(fleet.tenant):
        row = note(fleet.gateway)
    client = with_key(tenant, Role.ENGINEER)
    one = f"/api/v1/gateways/{fleet.gateway}/set-aside/"
    told = client.get(one).json()["results"][0]
    assert (told["state"], told["replayed_at"], told["stored"]) == ("open", None, None)
    began = client.post(f"{one}replay/", {"ids": [str(row.id)]}, format="json")
    assert (began.status_code, began.json()["kind"]) == (202, KIND)
    for wrong, status in (({}, 400), ({"ids": []}, 400), ({"ids": [str(uuid4())]}, 422), ({"code": "x"}, 422)):
        assert client.post(f"{one}replay/", wrong, format="json").status_code == status
    assert client.post(f"/api/v1/gateways/{uuid4()}/set-aside/replay/", {"code": "x"}).status_code == 404


def test_on_the_pages(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        gateway, _ = create_gateway(name="hangar", now=utc_now())
    client, path = sign_in(cast.engineer), f"/t/meridian/gateways/{gateway.id}/refused/"
    assert "Nothing was refused" in client.get(path).content.decode()
    with scope(cast.meridian.id):
        row = note(gateway.id, "PT-1", value=1.5)
        note(gateway.id, "", at=[], value=[], code="message.broken", excerpt="{x")
    shown = client.get(path).content.decode()
    for text in ("PT-1", "the whole message", "Can be replayed", "Not kept", "No published twin reads it. Bind it."):
        assert text in shown, text
    assert f'value="{row.id}"' in shown
    assert "PT-1" not in client.get(f"{path}?code=message.broken").content.decode().partition('id="list"')[2]
    assert "PT-1" in client.get(f"{path}?state=open").content.decode()
    filed = client.get(f"{path}?format=csv").content.decode()
    assert "PT-1" in filed
    assert "open" in filed
    said = client.post(f"{path}replay/", {"row": str(row.id)}, follow=True).content.decode()
    assert "The replay has begun" in said
    assert "Replay what was refused" in said
    said = client.post(f"{path}replay/", {"row": "nonsense"}, follow=True).content.decode()
    assert "Nothing of this can be replayed" in said.replace("nothing", "Nothing")
    assert sign_in(cast.viewer).post(f"{path}replay/", {"code": "key.unbound"}).status_code == 403
    assert 'type="checkbox"' not in sign_in(cast.viewer).get(path).content.decode()
