"""The routes of an agent, with the writer at work."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from deploy.ingest import make_ingest
from tests.twins.conftest import Fleet
from tests.twins.gateways.edge_platform.site import Site


@pytest.fixture
async def app(transactional_db: None) -> AsyncIterator[Starlette]:
    """The routes."""
    made = make_ingest()
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: Starlette, fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    """The agent at the fleet's gateway."""
    headers = {"Authorization": f"Bearer {fleet.token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers) as made:
        yield made


@pytest.fixture
def site() -> Site:
    """A site whose agent has a key."""
    return Site()
