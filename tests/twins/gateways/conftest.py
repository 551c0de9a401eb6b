"""The routes of gateways; and what can be tested with the brokers that this machine has."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.ingest import ingest_running
from tests.twins.gateways.plant import MOSQUITTO

collect_ignore = [] if MOSQUITTO else ["test_mqtt5.py"]


@pytest.fixture
async def app(transactional_db: None) -> AsyncIterator[Starlette]:
    """The routes with their writer at work."""
    async with ingest_running() as made:
        yield made
