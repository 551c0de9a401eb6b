"""A name server for all tests of domains, and nothing remembered of hosts between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from tenants.domains import hosts
from tests.tenants.domains.nameserver import NameServer, serving_names


@pytest.fixture(scope="session")
def _nameserver() -> Iterator[NameServer]:
    with serving_names() as server:
        yield server


@pytest.fixture
def names(_nameserver: NameServer, settings: Any) -> NameServer:
    """The name server that the product asks; it knows nothing at first."""
    _nameserver.forget()
    settings.OUTTURN_DNS = [_nameserver.address]
    return _nameserver


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    hosts._kept.cache_clear()
    cache.clear()
    yield
    hosts._kept.cache_clear()
