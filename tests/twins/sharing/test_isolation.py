"""One asset shared with two customers: each sees its own signals in its own time, and nothing else of anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from tenants.customers.models import Customer
from tenants.customers.services import create_customer
from tenants.kernel.clock import isoformat, utc_now
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.isolation.places import endpoints, pages
from tests.isolation.world import furnish
from tests.twins.conftest import Fleet, make_fleet
from tests.twins.telemetry.sample import delivery
from tests.twins.telemetry.test_group import commit
from twins.sharing import api as sharing_api
from twins.sharing.models import SharedView
from twins.sharing.schemas import ViewTerms
from twins.sharing.services import revoke_view, share_view
from twins.telemetry.connections import connect_ingest
from twins.telemetry.latest import Latest, flush
from twins.telemetry.rows import rows_of
from twins.telemetry.selectors import bound_signals

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
T0 = datetime(2025, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SignIn = Callable[[User], Client]


@dataclass(frozen=True)
class Shared:
    """Engine 1 shared with two customers: t24 in [1 s, 3 s) with Northwind, t30 from 0 s on with Southwind."""

    cast: Cast
    fleet: Fleet
    engine: UUID
    other: UUID
    northwind: SharedView
    southwind: SharedView
    south_reader: User


def owner_of(cast: Cast) -> Actor:
    return Actor(
        tenant=cast.meridian.id, slug="meridian", role="owner", permissions=PERMISSIONS[Role.OWNER], name="owner"
    )


async def _store(fleet: Fleet) -> None:
    t24, t30, other = (fleet.signals[key] for key in ("1/t24", "1/t30", "2/t24"))
    connection = await connect_ingest(statement_seconds=10)
    stored = [(t24, second, 100.0 + second) for second in range(5)] + [(t30, 4, 777.0), (other, 2, 888.0)]
    sent = delivery(*stored, source=fleet.source, batch="a")
    await commit(connection, sent)
    latest = Latest()
    latest.note(rows_of([sent]), {fleet.tenant: 1})
    changed = latest.take()
    assert changed is not None
    await flush(connection, changed)
    await connection.close()


@pytest.fixture
def shared(transactional_db: None, cast: Cast) -> Shared:
    fleet = make_fleet(cast.meridian)
    async_to_sync(_store)(fleet)
    now, by = utc_now(), owner_of(cast)
    with scope(cast.meridian.id):
        south = create_customer(name="Southwind Cargo", now=now).id
        engine, other = (
            next(one.asset for one in bound_signals() if one.sent_key == key) for key in ("1/t24", "2/t24")
        )
        northwind = share_view(
            customer=cast.northwind, twin_id=fleet.twin, by=by, now=now,
            terms=ViewTerms("Engine one", {engine: frozenset({"t24"})}, T0 + SECOND, T0 + 3 * SECOND),
        )  # fmt: skip
        southwind = share_view(
            customer=south, twin_id=fleet.twin, by=by, now=now,
            terms=ViewTerms("Engine, all", {engine: frozenset({"t30"})}, T0),
        )  # fmt: skip
    reader = User.objects.create_user("reader@southwind.example")
    add_member(tenant=cast.meridian.id, user=reader.id, role=Role.CUSTOMER, customer=south, now=now)
    return Shared(cast, fleet, engine, other, northwind, southwind, reader)


def page(view: SharedView, *rest: object, **query: datetime) -> str:
    path = "/".join(map(str, ("/t/meridian/assets", view.id, *rest)))
    times = urlencode({name: isoformat(moment) for name, moment in query.items()})
    return f"{path}/?{times}"


def api(view: SharedView, what: str = "", **query: Any) -> str:
    return f"/t/meridian/api/v1/shared-views/{view.id}/{what}" + (f"?{urlencode(query)}" if query else "")


def readings(client: Client, view: SharedView, asset: UUID, key: str, start: datetime, end: datetime) -> Any:
    times = {"start": isoformat(start), "end": isoformat(end)}
    return client.get(api(view, "readings/", asset=asset, key=key, **times))


class TestOwnView:
    def test_the_newest_value_is_the_newest_of_its_time(self, shared: Shared, sign_in: SignIn) -> None:
        (value,) = sign_in(shared.cast.reader).get(api(shared.northwind, "latest/")).json()
        assert (value["asset"], value["key"], value["at"]) == (str(shared.engine), "t24", "2025-01-01T00:00:02Z")
        assert (value["value"], value["asset_name"], value["unit"]) == (102.0, "Engine 001", "[degR]")
        (other,) = sign_in(shared.south_reader).get(api(shared.southwind, "latest/")).json()
        assert (other["key"], other["value"]) == ("t30", 777.0)

    def test_a_signal_without_a_reading_in_its_time_has_none(self, shared: Shared, sign_in: SignIn) -> None:
        with scope(shared.cast.meridian.id):
            SharedView.objects.filter(id=shared.northwind.id).update(start=T0 + 10 * SECOND, end=None)
        (value,) = sign_in(shared.cast.reader).get(api(shared.northwind, "latest/")).json()
        assert (value["at"], value["value"]) == (None, None)

    def test_the_bounds_of_its_time_are_half_open(self, shared: Shared, sign_in: SignIn) -> None:
        client, view = sign_in(shared.cast.reader), shared.northwind
        found = readings(client, view, shared.engine, "t24", T0 + SECOND, T0 + 3 * SECOND)
        assert [(each["at"], each["value"]) for each in found.json()] == [
            ("2025-01-01T00:00:01Z", 101.0),
            ("2025-01-01T00:00:02Z", 102.0),
        ]
        tick = timedelta(microseconds=1)
        for start, end in (
            (T0 + SECOND - tick, T0 + 2 * SECOND),
            (T0 + SECOND, T0 + 3 * SECOND + tick),
            (T0 + 3 * SECOND, T0 + 4 * SECOND),
            (T0 + 2 * SECOND, T0 + 2 * SECOND),
            (T0 + 2 * SECOND, T0 + SECOND),
        ):
            assert readings(client, view, shared.engine, "t24", start, end).status_code == 404
            assert client.get(page(view, shared.engine, "t24", **{"from": start, "to": end})).status_code == 404

    @pytest.mark.parametrize(
        "text",
        ["0001-01-01T00:00", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "no time", "2025-13-01", "9" * 50],
    )
    def test_a_time_that_cannot_be_is_said(self, shared: Shared, sign_in: SignIn, text: str) -> None:
        client, view = sign_in(shared.cast.reader), shared.northwind
        for name in ("from", "to"):
            asked = f"{page(view, shared.engine, 't24')}{urlencode({name: text})}"
            assert client.get(asked).status_code == 400

    def test_the_pages_show_it(self, shared: Shared, sign_in: SignIn) -> None:
        client, view = sign_in(shared.cast.reader), shared.northwind
        listed = client.get("/t/meridian/assets/").content.decode()
        assert "Engine one" in listed
        assert "Engine, all" not in listed
        shown = client.get(page(view)).content.decode()
        assert "Engine 001" in shown
        assert "102" in shown
        assert "hx-get" not in shown  # its time is over: nothing new can come
        history = client.get(page(view, shared.engine, "t24", **{"from": T0 + SECOND, "to": T0 + 3 * SECOND}))
        assert b"2 readings" in history.content
        file = client.get(page(view, shared.engine, "t24") + "format=csv")
        assert file.content.decode().splitlines() == [
            "at,value,quality",
            "2025-01-01T00:00:01Z,101.0,0",
            "2025-01-01T00:00:02Z,102.0,0",
        ]
        moving = sign_in(shared.south_reader).get(page(shared.southwind)).content.decode()
        assert f'hx-get="/t/meridian/assets/{shared.southwind.id}/values/"' in moving

    def test_a_long_history_is_had_in_parts(
        self, shared: Shared, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, view, span = sign_in(shared.cast.reader), shared.northwind, (T0 + SECOND, T0 + 3 * SECOND)
        monkeypatch.setattr(sharing_api, "MOST_READINGS", 1)
        refused = readings(client, view, shared.engine, "t24", *span)
        assert refused.status_code == 400
        assert "there are more than 1 readings" in refused.json()["detail"]
        monkeypatch.setattr(sharing_api, "MOST_READINGS", 2)
        assert len(readings(client, view, shared.engine, "t24", *span).json()) == 2


class TestNothingElse:
    def test_other_signals_and_assets_are_not_there(self, shared: Shared, sign_in: SignIn) -> None:
        client, view = sign_in(shared.cast.reader), shared.northwind
        for asset, key in ((shared.engine, "t30"), (shared.other, "t24"), (shared.engine, "nothing")):
            assert readings(client, view, asset, key, T0 + SECOND, T0 + 3 * SECOND).status_code == 404
            assert client.get(page(view, asset, key)).status_code == 404

    def test_the_other_customers_view_of_the_same_asset_is_not_there(self, shared: Shared, sign_in: SignIn) -> None:
        pairs = ((shared.cast.reader, shared.southwind), (shared.south_reader, shared.northwind))
        for user, foreign in pairs:
            client = sign_in(user)
            for path in (page(foreign), page(foreign, "values"), page(foreign, shared.engine, "t30"), api(foreign)):
                assert client.get(path).status_code == 404, path
            assert client.get(api(foreign, "latest/")).status_code == 404
            assert readings(client, foreign, shared.engine, "t30", T0, T0 + SECOND).status_code == 404
            listed = client.get("/t/meridian/api/v1/shared-views/").json()["results"]
            assert [each["id"] for each in listed] == [
                str(view.id) for view in (shared.northwind, shared.southwind) if view is not foreign
            ]

    def test_they_can_change_nothing(self, shared: Shared, sign_in: SignIn) -> None:
        client = sign_in(shared.cast.reader)
        for method in ("put", "delete"):
            assert getattr(client, method)(api(shared.northwind), {}, "application/json").status_code == 403
        assert client.post("/t/meridian/api/v1/shared-views/", {}, "application/json").status_code == 403

    def test_a_revoked_and_an_expired_view_are_gone_at_once(self, shared: Shared, sign_in: SignIn) -> None:
        client = sign_in(shared.cast.reader)
        with scope(shared.cast.meridian.id):
            SharedView.objects.filter(id=shared.northwind.id).update(expires_at=utc_now())
            revoke_view(view=shared.southwind.id, by=owner_of(shared.cast), now=utc_now())
        for user, view in ((shared.cast.reader, shared.northwind), (shared.south_reader, shared.southwind)):
            client = sign_in(user)
            for path in (page(view), page(view, "values"), api(view), api(view, "latest/")):
                assert client.get(path).status_code == 404, path
            assert b"Nothing is shared yet" in client.get("/t/meridian/assets/").content

    def test_the_views_of_a_customer_in_the_trash_are_gone(self, shared: Shared, sign_in: SignIn) -> None:
        with scope(shared.cast.meridian.id):
            Customer.objects.filter(id=shared.cast.northwind).update(trashed_at=utc_now())
        assert sign_in(shared.cast.reader).get(page(shared.northwind)).status_code == 404

    def test_a_stranger_and_nobody_find_nothing(self, shared: Shared, sign_in: SignIn) -> None:
        assert sign_in(shared.cast.outsider).get(page(shared.northwind)).status_code == 404
        assert Client().get(page(shared.northwind)).status_code == 302
        elsewhere = page(shared.northwind).replace("meridian", "stranger")
        assert sign_in(shared.cast.outsider).get(elsewhere).status_code == 404


def test_the_organisations_own_people_see_what_is_shared(shared: Shared, sign_in: SignIn) -> None:
    client = sign_in(shared.cast.viewer)
    listed = client.get("/t/meridian/assets/").content.decode()
    assert "Northwind Air" in listed
    assert "Southwind Cargo" in listed
    assert client.get(page(shared.northwind)).status_code == 200


ALLOWED = frozenset(
    {
        "brand-style", "brand-logo",
        "assets", "shared-view", "shared-values", "shared-signal", "reports", "report", "report-file",
        "disputes", "new-dispute", "dispute", "dispute-file",
        "report-verifier", "report-share", "invoices", "invoice", "invoice-pdf", "invoice-xml", "api:log-head",
        "api:log-time-stamp-list", "search",
        "api:shared-view-list",
        "api:shared-view-detail",
        "api:shared-view-latest", "api:shared-view-readings", "api:shared-view-history",
        "api:shared-view-history-file", "shared-dashboards", "shared-dashboard", "api:report-list", "api:report-detail",
        "api:dispute-list", "api:dispute-detail", "api:dispute-files",
        "api:report-pdf", "api:report-proof", "api:report-rate-document", "agreed-contracts", "agreed-contract",
        "agreed-text", "agreed-exclusions", "api:agreed-exclusion-list", "api:agreed-contract-list",
        "api:agreed-contract-detail",
    }
)  # fmt: skip


def test_a_customers_reader_reaches_reports_and_assets_and_no_other_address(cast: Cast, sign_in: SignIn) -> None:
    samples, client = furnish(cast), sign_in(cast.reader)
    reached = set()
    for place in (*pages(samples), *endpoints(samples)):
        response = client.get(place.path("meridian"))
        assert response.status_code in (200, 302, 400, 403, 404, 405), place.name
        if response.status_code in (200, 302, 400):
            reached.add(place.name)
    assert reached <= ALLOWED, reached - ALLOWED
    assert {"assets", "shared-view", "shared-signal", "reports"} <= reached
