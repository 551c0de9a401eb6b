"""When alarms were active, as charts show it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from rest_framework.test import APIClient

from tenants.kernel.clock import isoformat
from tenants.scope.actors import Role
from tenants.scope.models import Tenant
from tests.twins.alarms.conftest import NOW, Watch, at
from twins.alarms.spans import raised

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
Keyed = Callable[[Tenant, Role], APIClient]
Span = tuple[str, float | None, float | None]


def spans(watch: Watch, start: float, end: float, asset: int | None = None) -> list[Span]:
    assets = () if asset is None else (watch.assets[asset],)
    found, more = watch.do(lambda: raised(watch.fleet.twin, at(start), at(end), assets))
    assert more == 0
    return [(each.priority, _seconds(each.start), _seconds(each.end)) for each in found]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - NOW).total_seconds()


def test_spans_are_cut_by_nothing_but_the_time_that_is_asked_about(watch: Watch) -> None:
    watch.rule()
    watch.read((0, 640), (10, 651), (20, 640), (30, 651))
    assert spans(watch, 0, 60) == [("high", 30, None), ("high", 10, 20)]
    assert spans(watch, 15, 25) == [("high", None, 20)]
    assert spans(watch, 12, 18) == [("high", None, None)]
    assert spans(watch, 21, 29) == []
    assert spans(watch, 40, 60) == [("high", None, None)]


def test_spans_of_some_assets(watch: Watch) -> None:
    watch.rule()
    watch.read((0, 651), asset=0)
    watch.read((5, 651), asset=1)
    assert spans(watch, -10, 60) == [("high", 5, None), ("high", 0, None)]
    assert spans(watch, -10, 60, asset=1) == [("high", 5, None)]


def test_spans_over_the_api(watch: Watch, tenant: Tenant, with_key: Keyed) -> None:
    watch.rule()
    watch.read((0, 651), (10, 640))
    client = with_key(tenant, Role.VIEWER)
    asked = {"twin": str(watch.fleet.twin), "start": isoformat(at(-60)), "end": isoformat(at(60))}
    body = client.get("/api/v1/alarms/spans/", {**asked, "asset": str(watch.assets[0])}).json()
    (span,) = body["spans"]
    assert (span["name"], span["priority"], span["signal"], body["more"]) == ("Outlet hot", "high", "t24", 0)
    assert (span["start"], span["end"]) == ("2026-11-02T12:00:00Z", "2026-11-02T12:00:10Z")
    assert client.get("/api/v1/alarms/spans/", {**asked, "start": "soon"}).status_code == 400
    other = "01a1feb5-95a1-74de-85c2-3c9c47cdf3ae"
    assert client.get("/api/v1/alarms/spans/", {**asked, "twin": other}).status_code == 404
