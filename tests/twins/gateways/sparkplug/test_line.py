"""One edge node's messages in their order: who calls while they are dealt with is heard."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.twins.conftest import Fleet
from twins.gateways.credentials import Credentials
from twins.gateways.sparkplug.line import Line
from twins.gateways.sparkplug.services import give_edge_node
from twins.gateways.sparkplug.standing import Standings
from twins.gateways.topics import EdgeNode
from twins.telemetry.commit import Writer
from twins.telemetry.gate import Gate
from twins.telemetry.intake import Intake
from twins.telemetry.stale import Staleness

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
NODE = EdgeNode("meridian:plant", "line1")


def give(fleet: Fleet) -> None:
    with scope(fleet.tenant):
        give_edge_node(gateway=fleet.gateway, group=NODE.group, node=NODE.node, now=utc_now())


async def test_who_asks_while_it_works_is_heard(fleet: Fleet) -> None:
    """Nothing else comes that would make it look again."""
    await sync_to_async(give)(fleet)
    writer, gate = Writer(settings.REDIS_URL), Gate(settings.REDIS_URL)
    await writer.start()
    intake, standings = Intake(writer, gate), Standings(settings.REDIS_URL)
    staleness, asked, twice = Staleness(settings.REDIS_URL, intake), [], asyncio.Event()

    def ask(node: EdgeNode) -> None:
        asked.append(node)
        if len(asked) == 1:
            line.ask()
        else:
            twice.set()

    line = Line(
        NODE, intake, Credentials(intake), staleness, standings=standings, ask=ask, done=lambda _: None
    )  # fmt: skip
    line.ask()
    async with asyncio.timeout(30):
        await twice.wait()
    assert asked == [NODE, NODE]
    await line.close(3.0)
    for one in (staleness, standings, gate):
        await one.close()
    await writer.stop()
