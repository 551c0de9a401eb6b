"""An agent and its site."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from tests.ingest import client_of
from tests.twins.conftest import Fleet
from tests.twins.gateways.edge_platform.site import Site


@pytest.fixture
async def client(app: Starlette, fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    """The agent at the fleet's gateway."""
    async with client_of(app, fleet.token) as made:
        yield made


@pytest.fixture
def site() -> Site:
    """A site whose agent has a key."""
    return Site()
