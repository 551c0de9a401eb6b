"""Who a gateway is, for a broker: also under a former secret of the installation, never by a malformed token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from psycopg.conninfo import make_conninfo

from tenants.kernel.clock import utc_now
from tenants.kernel.secrets import token_digest
from tests.twins.conftest import Fleet
from twins.gateways.directory import GatewayDirectory
from twins.gateways.models import GatewayToken

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@asynccontextmanager
async def directory(*secrets: str) -> AsyncIterator[GatewayDirectory]:
    """One on this test's database; a broker's own lives as long as its process and is never closed."""
    known = settings.DATABASES["default"]
    url = make_conninfo(dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"], host=known["HOST"])
    made = GatewayDirectory(url, secrets)
    yield made
    if made._connection is not None:
        await made._connection.close()


async def test_a_gateway_is_known_by_its_id_and_its_token(fleet: Fleet) -> None:
    async with directory(settings.SEALING_KEYS[0]) as gateways, directory() as without_secret:
        assert await gateways.knows(str(fleet.gateway), fleet.token) is True
        assert await gateways.knows(str(fleet.twin), fleet.token) is False
        for text in ("", "wrong", fleet.token[:-1], fleet.token + "x", "x" * 10_000):
            assert await gateways.knows(str(fleet.gateway), text) is False
        assert await without_secret.knows(str(fleet.gateway), fleet.token) is False


async def test_many_are_looked_at_together(fleet: Fleet, their_fleet: Fleet) -> None:
    ours, theirs = (str(fleet.gateway), fleet.token), (str(their_fleet.gateway), their_fleet.token)
    crossed, malformed = (str(fleet.gateway), their_fleet.token), (str(fleet.gateway), "wrong")
    async with directory(settings.SEALING_KEYS[0]) as gateways:
        assert await gateways.known([ours, theirs, crossed, malformed]) == {ours, theirs}
        await GatewayToken.objects.filter(gateway=fleet.gateway).aupdate(revoked_at=utc_now())
        assert await gateways.known([ours, theirs]) == {theirs}
        assert await gateways.known([]) == set()


async def test_a_token_moves_to_the_newest_secret(fleet: Fleet) -> None:
    former = settings.SEALING_KEYS[0]
    async with directory("a new secret") as new, directory("a new secret", former) as both:
        assert await new.knows(str(fleet.gateway), fleet.token) is False
        assert await both.knows(str(fleet.gateway), fleet.token) is True
        kept = await sync_to_async(GatewayToken.objects.get)(gateway=fleet.gateway)
        assert kept.digest == token_digest(fleet.token, secret="a new secret")
        assert await new.knows(str(fleet.gateway), fleet.token) is True
