"""The pages of edge nodes: given, born, broken, asked for and taken again; and only one's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.gateways.services import create_gateway
from twins.gateways.sparkplug.domain import Birth
from twins.gateways.sparkplug.models import SparkplugNode
from twins.gateways.sparkplug.selectors import NodeHolder, node_holder
from twins.gateways.sparkplug.services import give_edge_node, keep_birth, note_death
from twins.gateways.sparkplug.standing import Standings
from twins.gateways.sparkplug.wire import Kind
from twins.gateways.topics import EdgeNode

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NODE = EdgeNode("meridian:plant", "line1")


@pytest.fixture
def gateway(cast: Cast) -> UUID:
    with scope(cast.meridian.id):
        return create_gateway(name="Hall", now=utc_now())[0].id


@pytest.fixture
def holder(cast: Cast, gateway: UUID) -> NodeHolder:
    with scope(cast.meridian.id):
        give_edge_node(gateway=gateway, group=NODE.group, node=NODE.node, now=utc_now())
    found = node_holder(NODE)
    assert found is not None
    return found


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_node_is_given_its_names_and_told_what_to_set(cast: Cast, sign_in: SignIn, gateway: UUID) -> None:
    browser, here = sign_in(cast.owner), f"/t/meridian/gateways/{gateway}/edge-nodes/"
    assert "No edge node yet" in text(browser.get(here))
    strange = browser.post(f"{here}new/", {"group": "stranger", "node": "line1"})
    assert strange.status_code == 400
    assert "does not begin with meridian" in text(strange)
    made = browser.post(f"{here}new/", {"group": NODE.group, "node": NODE.node})
    row = SparkplugNode.objects.get()
    assert made["Location"] == f"{here}{row.id}/"
    page = text(browser.get(made["Location"]))
    assert "Never born" in page
    assert "It was not born yet" in page
    listed = text(browser.get(here))
    assert "meridian:plant/line1" in listed
    assert f"<code>{gateway}</code>" in listed
    kept = browser.post(f"{here}{row.id}/take/", {"typed": "line1"})
    assert kept.status_code == 400
    assert browser.post(f"{here}{row.id}/take/", {"typed": "meridian:plant/line1"})["Location"] == here
    assert not SparkplugNode.objects.exists()


def test_births_are_shown_with_aliases_types_and_keys(
    cast: Cast, sign_in: SignIn, gateway: UUID, holder: NodeHolder, settings: Any
) -> None:
    now = utc_now()
    own = Birth((("bdSeq", None, Kind.UINT64), ("flow", 1, Kind.DOUBLE), ("Node Control/Rebirth", None, Kind.BOOLEAN)))
    keep_birth(holder=holder, node=NODE, device="", birth=own, at=now)
    keep_birth(holder=holder, node=NODE, device="pump", birth=Birth((("<b>speed", 7, Kind.INT32),)), at=now)

    async def met() -> None:
        standings = Standings(settings.REDIS_URL)
        await standings.note_break(holder)
        for _ in range(2):
            await standings.note_asked(holder)
        await standings.note_gone(holder, "pump", now + timedelta(seconds=1))
        await standings.close()

    asyncio.run(met())
    browser, here = sign_in(cast.viewer), f"/t/meridian/gateways/{gateway}/edge-nodes/"
    page = text(browser.get(f"{here}{holder.id}/"))
    assert '>flow</td><td data-label="Alias" class="numeric">1</td><td data-label="Type">double</td>' in page
    assert "<code>meridian:plant/line1/flow</code>" in page
    assert "<code>meridian:plant/line1/pump/&lt;b&gt;speed</code>" in page
    assert "meridian:plant/line1/bdSeq" not in page
    assert page.count("no reading") == 2
    assert "Online" in page
    assert ", gone" in page
    assert "Ask for a rebirth" not in page
    listed = text(browser.get(here))
    assert '<td data-label="Sequence breaks" class="numeric">1</td>' in listed
    assert '<td data-label="Births asked for" class="numeric">2</td>' in listed
    note_death(holder=holder, at=now)
    assert "Offline" in text(browser.get(here))


def test_a_person_asks_for_a_birth_and_the_host_takes_it_once(
    cast: Cast, sign_in: SignIn, gateway: UUID, holder: NodeHolder, settings: Any
) -> None:
    async def taken() -> list[EdgeNode]:
        standings = Standings(settings.REDIS_URL)
        found = await standings.take_asked_for()
        await standings.close()
        return found

    here = f"/t/meridian/gateways/{gateway}/edge-nodes/{holder.id}/ask/"
    assert sign_in(cast.viewer).post(here).status_code == 403
    assert sign_in(cast.owner).post(here).status_code == 302
    assert asyncio.run(taken()) == [NODE]
    assert asyncio.run(taken()) == []
    with scope(cast.meridian.id):
        other = create_gateway(name="Other", now=utc_now())[0].id
    assert sign_in(cast.owner).post(here.replace(str(gateway), str(other))).status_code == 404


def test_without_redis_the_page_is_there_and_says_that_nobody_can_be_asked(
    cast: Cast, sign_in: SignIn, gateway: UUID, holder: NodeHolder, settings: Any
) -> None:
    browser, here = sign_in(cast.owner), f"/t/meridian/gateways/{gateway}/edge-nodes/{holder.id}/"
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert browser.get(here).status_code == 200
    answer = browser.post(f"{here}ask/", follow=True)
    assert "cannot be asked at present" in text(answer)
