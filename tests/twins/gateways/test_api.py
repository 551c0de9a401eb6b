"""Gateways over the REST API and on their pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.twins.conftest import Fleet
from tests.twins.telemetry.sample import delivery, once
from tests.twins.telemetry.test_group import aside, commit
from twins.gateways import selectors
from twins.gateways.refused.pages import NEWEST
from twins.gateways.services import admit_tokens, create_gateway
from twins.telemetry.compaction import compact
from twins.telemetry.models import SetAside
from twins.telemetry.schemas import Delivery, Normalised
from twins.telemetry.traffic import TrafficCount

Keyed = Callable[[Tenant, Role], APIClient]
SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db


def test_a_gateway_from_its_making_to_its_end(tenant: Tenant, with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    made = client.post("/api/v1/gateways/", {"name": "hangar"})
    assert made.status_code == 201
    body = made.json()
    token = body.pop("token")
    assert token.startswith(body["token_prefix"])
    one = f"/api/v1/gateways/{body['id']}/"
    assert client.get(one).json() == body
    assert body["status"] == "unknown"
    assert client.get("/api/v1/gateways/").json()["results"] == [body]
    renewed = client.post(f"{one}rotate/").json()
    assert renewed["token"] != token
    assert selectors.holders([token], now=utc_now()).get(token).is_revoked  # type: ignore[union-attr]
    assert client.post(f"{one}disable/").json()["status"] == "disconnected"
    refused = client.post(f"{one}rotate/")
    assert (refused.status_code, refused.json()["code"]) == (409, "gateway.disabled")
    assert client.post(f"{one}enable/").json()["status"] == "unknown"
    again = client.post(f"{one}rotate/", {"overlap_hours": 24})
    assert again.status_code == 200
    assert not selectors.holders([renewed["token"]], now=utc_now()).get(renewed["token"]).is_revoked  # type: ignore[union-attr]
    assert client.post(f"{one}rotate/", {"overlap_hours": 721}).status_code == 400


def test_names_are_unique_and_bounded(tenant: Tenant, with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    client.post("/api/v1/gateways/", {"name": "hangar"})
    again = client.post("/api/v1/gateways/", {"name": "hangar"})
    assert (again.status_code, again.json()["code"]) == (409, "gateway.name_taken")
    for name in ("", "x" * 121, None):
        wrong = client.post("/api/v1/gateways/", {"name": name})
        assert (wrong.status_code, wrong.json()["findings"][0]["place"]) == (400, "name")


def test_a_viewer_reads_and_writes_nothing(tenant: Tenant, with_key: Keyed) -> None:
    with scope(tenant.id):
        gateway, _ = create_gateway(name="hangar", now=utc_now())
    client = with_key(tenant, Role.VIEWER)
    assert len(client.get("/api/v1/gateways/").json()["results"]) == 1
    one = f"/api/v1/gateways/{gateway.id}/"
    assert [client.get(one + part).status_code for part in ("", "recent/", "set-aside/")] == [200, 200, 200]
    for path in ("/api/v1/gateways/", f"{one}rotate/", f"{one}disable/"):
        assert client.post(path, {"name": "x"}).status_code == 403


@pytest.mark.parametrize("part", ["", "recent/", "set-aside/"])
def test_what_is_not_there(tenant: Tenant, with_key: Keyed, part: str) -> None:
    answer = with_key(tenant, Role.ENGINEER).get(f"/api/v1/gateways/{uuid4()}/{part}")
    assert (answer.status_code, answer.json()["code"]) == (404, "gateway.not_found")


def noted(gateway: UUID, **fields: Any) -> SetAside:
    values = {
        "gateway": gateway, "batch": "b1", "key": "1/t24", "code": "reading.out_of_range", "message": "too high",
        "fix": "Check it.", "count": 1, "at": [utc_now()], "value": [1e9], "received_at": utc_now(),
    }  # fmt: skip
    return SetAside.objects.create(**values | fields)


def test_what_was_set_aside_is_listed_newest_first(tenant: Tenant, with_key: Keyed) -> None:
    with scope(tenant.id):
        gateway, _ = create_gateway(name="hangar", now=utc_now())
        first = noted(gateway.id)
        noted(gateway.id, key="", code="message.broken", at=[], value=[], excerpt="<b>{", count=1)
        noted(gateway.id, at=[None, first.at[0]], value=[None, 2.0], count=2)
        noted(uuid4())
    answer = with_key(tenant, Role.VIEWER).get(f"/api/v1/gateways/{gateway.id}/set-aside/").json()
    assert [(one["count"], one["value"], one["excerpt"]) for one in answer["results"]] == [
        (2, None, ""), (1, None, "<b>{"), (1, 1e9, ""),
    ]  # fmt: skip
    assert first.at[0] is not None
    assert answer["results"][2]["at"] == first.at[0].isoformat().replace("+00:00", "Z")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestWithTraffic:
    @pytest.fixture
    async def sending(self, fleet: Fleet, ingest: psycopg.AsyncConnection[Any]) -> Fleet:
        """A gateway that has just sent something good and something bad."""
        good = delivery((fleet.signals["1/t24"], 0, 640.0), source=fleet.source)
        sent = Delivery(
            fleet.source, "b1", 1, Normalised(good.normalised.readings, (aside(1.0),), {"new": once(0, 7.5)})
        )
        (outcome,) = await commit(ingest, sent)
        count = TrafficCount()
        count.note(sent, outcome, now=utc_now())  # type: ignore[arg-type]
        await count.flush(ingest)
        await asyncio.to_thread(compact, fleet.tenant)
        return fleet

    def test_the_api_shows_what_it_sends(self, sending: Fleet, tenant: Tenant, with_key: Keyed) -> None:
        client = with_key(tenant, Role.VIEWER)
        one = client.get(f"/api/v1/gateways/{sending.gateway}/").json()
        assert (one["status"], one["readings"], one["set_aside"]) == ("connected", 1, 1)
        keys = client.get(f"/api/v1/gateways/{sending.gateway}/recent/").json()["keys"]
        assert [(key["key"], key["value"], key["unit"], key["signal"]) for key in keys] == [
            ("1/t24", 640.0, "[degR]", "t24"), ("new", 7.5, None, None),
        ]  # fmt: skip

    def test_the_page_shows_what_it_sends(self, sending: Fleet, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        shown = client.get("/t/meridian/gateways/").content.decode()
        assert "hangar" in shown
        assert "Sending" in shown
        shown = client.get(f"/t/meridian/gateways/{sending.gateway}/").content.decode()
        for text in ("Engine 001 · t24", ">640<", "°R", "Not bound", "It is so. Do so.", "reading.test"):
            assert text in shown, text
        assert "ot_gateway_" in shown
        arriving = f"/t/meridian/gateways/{sending.gateway}/arriving/"
        assert f'hx-get="{arriving}?refused=1"' in shown
        fragment = client.get(arriving).content.decode()
        assert "Engine 001 · t24" in fragment
        assert f"<code>{sending.gateway}</code>" in fragment
        assert "<html" not in fragment
        assert re.search('id="gateway-state" hx-swap-oob="true">.*Sending', fragment)
        assert "reading.test" in fragment
        assert "reading.test" not in client.get(f"{arriving}?refused=1").content.decode()  # the page has it already


class TestPages:
    def test_no_gateway_yet_says_what_to_do(self, cast: Cast, sign_in: SignIn) -> None:
        shown = sign_in(cast.engineer).get("/t/meridian/gateways/").content.decode()
        assert "No gateway yet" in shown
        assert 'href="/t/meridian/gateways/new/"' in shown
        assert "/new/" not in sign_in(cast.viewer).get("/t/meridian/gateways/").content.decode()

    def test_a_token_is_shown_once(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.engineer)
        assert client.post("/t/meridian/gateways/new/", {"name": ""}).status_code == 400
        made = client.post("/t/meridian/gateways/new/", {"name": "hangar"})
        assert made["Cache-Control"] == "no-store"
        with scope(cast.meridian.id):
            gateway = selectors.gateways().get()
        token = made.context["token"]
        assert token in made.content.decode()
        assert f'data-address="/t/meridian/gateways/{gateway.id}/"' in made.content.decode()
        assert token not in client.get(f"/t/meridian/gateways/{gateway.id}/").content.decode()
        assert "There is a gateway named hangar" in client.post(
            "/t/meridian/gateways/new/", {"name": "hangar"}
        ).content.decode().replace("there", "There")
        rotate, disable = (f"/t/meridian/gateways/{gateway.id}/{each}/" for each in ("rotate", "disable"))
        typed = {"typed": "hangar"}
        for path in (rotate, disable):
            assert "undone" in client.get(path).content.decode() or path == disable
            assert client.post(path, {"typed": "Hangar"}).status_code == 400
        holder = admit_tokens([token], now=utc_now()).get(token)
        assert holder is not None
        assert not holder.is_revoked
        renewed = client.post(rotate, typed)
        assert renewed.context["token"] not in ("", token)
        gone = client.post(disable, typed, follow=True).content.decode()
        assert "hangar is disabled" in gone
        assert "Disabled" in gone
        assert "/rotate/" not in gone
        refused = client.post(rotate, typed, follow=True).content.decode()
        assert "hangar is disabled. Enable it first." in refused
        back = client.post(f"/t/meridian/gateways/{gateway.id}/enable/", follow=True).content.decode()
        assert "hangar is enabled" in back
        assert "/rotate/" in back

    def test_searching(self, cast: Cast, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            for name in ("hangar", "test bench"):
                create_gateway(name=name, now=utc_now())
        client = sign_in(cast.viewer)
        shown = client.get("/t/meridian/gateways/?q=BENCH").content.decode()
        assert "test bench" in shown
        assert "hangar" not in shown
        assert "Nothing fits" in client.get("/t/meridian/gateways/?q=zzz").content.decode()

    def test_the_newest_of_what_was_refused(self, cast: Cast, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            gateway, _ = create_gateway(name="hangar", now=utc_now())
            for number in range(NEWEST + 1):
                noted(gateway.id, key=f"key-{number}", excerpt="<script>", value=[None], count=2)
            noted(gateway.id, key=f"key-{NEWEST}", count=1230)
        shown = sign_in(cast.viewer).get(f"/t/meridian/gateways/{gateway.id}/").content.decode()
        keys = re.findall(r"<code>(key-\d)</code>", shown)
        assert keys == [f"key-{number}" for number in range(NEWEST, 0, -1)]  # one row a key and reason, the oldest left
        assert ">1,232<" in shown
        assert "&lt;script&gt;" in shown
        assert f"/t/meridian/gateways/{gateway.id}/refused/" in shown

    def test_what_is_not_there(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.engineer)
        one = f"/t/meridian/gateways/{uuid4()}/"
        assert [client.get(one).status_code, client.get(f"{one}arriving/").status_code] == [404, 404]
        assert [client.post(f"{one}{verb}/").status_code for verb in ("rotate", "disable")] == [404, 404]
