"""Replacing readings: a new revision with its reason, undone by another, seen by later stages as news."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from tenants.jobs.models import Job
from tenants.kernel.clock import isoformat
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.conftest import stored
from tests.twins.gateways.pumps import Station, every, make_station, send
from twins.telemetry.models import Batch, Substitution
from twins.telemetry.quality_services import (
    SignalNotFoundError,
    SubstitutionError,
    SubstitutionNotFoundError,
    SubstitutionUndoneError,
    substitute_readings,
    undo_substitution,
)
from twins.telemetry.quality_tasks import store_substitution
from twins.telemetry.schemas import Quality
from twins.telemetry.selectors import latest, new_readings

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
DAY = datetime(2026, 11, 3, tzinfo=UTC)
AT = every(DAY, 4)
NOW = DAY + timedelta(days=1)
BY = "engineer@meridian.example"


class Reporting:
    """What a job is given."""

    def __init__(self, tenant: UUID) -> None:
        self.tenant = tenant

    def progress(self, share: float, message: str) -> None:
        """Nobody looks."""

    def cancelled(self) -> bool:
        return False


@pytest.fixture
def station(transactional_db: None, tenant: Tenant) -> Station:
    made = make_station(tenant.id, now=DAY)
    send(made, "P1.PT", AT, [1.0, 99.0, 3.0, 4.0], received=NOW, quality=[0, int(Quality.OUT_OF_RANGE), 0, 0])
    return made


def replace(station: Station, *values: tuple[datetime, float], reason: str = "sensor was wet") -> Substitution:
    with scope(station.tenant):
        return substitute_readings(
            asset=station.pumps[0], key="pressure", values=values, reason=reason, by=BY, now=NOW
        )  # fmt: skip


def undo(station: Station, row: Substitution, reason: str = "it was not") -> Substitution:
    with scope(station.tenant):
        return undo_substitution(substitution=row.id, reason=reason, by=BY, now=NOW)


def done(station: Station, row: Substitution) -> None:
    assert store_substitution(Reporting(station.tenant), {"substitution": str(row.id)}) == {"readings": len(row.at)}


def held(everything: Any, station: Station) -> list[tuple[float, int]]:
    return [(row[2], row[3]) for row in stored(everything, station.tenant)]


def test_a_person_replaces_readings_and_takes_it_back(station: Station, everything: Any) -> None:
    row = replace(station, (AT[3], 4.5), (AT[1], 2.0))
    assert held(everything, station)[1] == (99.0, Quality.OUT_OF_RANGE)
    done(station, row)
    done(station, row)
    assert held(everything, station) == [(1.0, 0), (2.0, Quality.SUBSTITUTED), (3.0, 0), (4.5, Quality.SUBSTITUTED)]
    with scope(station.tenant):
        (newest,) = latest(station.twin)
        assert (newest.value, newest.quality) == (4.5, Quality.SUBSTITUTED)
        assert new_readings(1, 2).value.tolist() == [2.0, 4.5]
        assert Batch.objects.count() == 2
        entry = AuditEntry.objects.get(action="readings.substituted")
        assert (entry.by, entry.details["reason"], entry.details["readings"]) == (BY, "sensor was wet", 2)
        assert Job.objects.get().kind == "readings.substitute"
    done(station, undo(station, row))
    assert held(everything, station) == [(1.0, 0), (99.0, Quality.OUT_OF_RANGE), (3.0, 0), (4.0, 0)]
    with scope(station.tenant):
        assert [(each.undoes, each.commit) for each in Substitution.objects.order_by("id")] == [(None, 2), (row.id, 3)]


def test_what_was_undone_or_replaced_since_is_not_undone(station: Station) -> None:
    first = replace(station, (AT[0], 1.5))
    done(station, first)
    second = replace(station, (AT[0], 1.6))
    done(station, second)
    with pytest.raises(SubstitutionError, match="replaced again since"):
        undo(station, first)
    undone = undo(station, second)
    for row in (second, undone):
        with pytest.raises(SubstitutionUndoneError):
            undo(station, row)


@pytest.mark.parametrize(
    ("values", "reason", "message"),
    [
        ([], "because", "from 1 to 10,000"),
        ([(AT[0], math.nan)], "because", "not finite"),
        ([(AT[0], 1.0), (AT[0], 2.0)], "because", "twice"),
        ([(AT[0] + timedelta(seconds=1), 1.0)], "because", "no reading at 2026-11-03T00:00:01"),
        ([(AT[0], 1.0)], "   ", "reason"),
        ([(AT[0], 1.0)], "x" * 401, "reason"),
    ],
)
def test_what_cannot_be_replaced(
    station: Station, everything: Any, values: list[tuple[datetime, float]], reason: str, message: str
) -> None:
    with pytest.raises(SubstitutionError, match=message):
        replace(station, *values, reason=reason)
    with scope(station.tenant):
        assert not Substitution.objects.exists()


def test_signals_and_substitutions_that_are_not_there(station: Station) -> None:
    with scope(station.tenant):
        with pytest.raises(SignalNotFoundError):
            substitute_readings(asset=uuid4(), key="flow", values=[(AT[0], 1.0)], reason="so", by=BY, now=NOW)
        with pytest.raises(SubstitutionNotFoundError):
            undo_substitution(substitution=uuid4(), reason="so", by=BY, now=NOW)


def test_over_the_api(station: Station, tenant: Tenant, with_key: Callable[[Tenant, Role], APIClient]) -> None:
    client, reader = with_key(tenant, Role.ENGINEER), with_key(tenant, Role.VIEWER)
    wanted = {
        "asset": str(station.pumps[0]), "signal": "pressure", "reason": "wet",
        "values": [{"at": isoformat(AT[1]), "value": 2.0}],
    }  # fmt: skip
    assert reader.post("/api/v1/substitutions/", wanted, format="json").status_code == 403
    made = client.post("/api/v1/substitutions/", wanted, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["values"] == [{"at": "2026-11-03T00:00:10Z", "value": 2.0, "former": 99.0}]
    assert made.json()["commit"] is None
    one = f"/api/v1/substitutions/{made.json()['id']}/"
    assert reader.get(one).json()["reason"] == "wet"
    assert len(reader.get("/api/v1/substitutions/").json()["results"]) == 1
    assert reader.post(f"{one}undo/", {"reason": "dry"}, format="json").status_code == 403
    assert client.post(f"{one}undo/", {"reason": "dry"}, format="json").json()["undoes"] == made.json()["id"]
    again = client.post(f"{one}undo/", {"reason": "dry"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "substitution.undone")
    missing = client.get(f"/api/v1/substitutions/{uuid4()}/")
    assert (missing.status_code, missing.json()["code"]) == (404, "substitution.not_found")
