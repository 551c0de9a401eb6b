"""The routes that take readings, in the test's own process with their writer at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette

from deploy.ingest import make_ingest


@asynccontextmanager
async def ingest_running() -> AsyncIterator[Starlette]:
    """The routes, from the start of their process to its end."""
    made = make_ingest()
    async with made.router.lifespan_context(made):
        yield made


def client_of(app: Starlette, token: str = "", *, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    """Who speaks to them, with a gateway's token or without; headers are named with underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    transport = httpx.ASGITransport(app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=sent)


@asynccontextmanager
async def ingesting(token: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """Both: a gateway at a process that takes readings, from its start to its end."""
    async with ingest_running() as app, client_of(app, token, **headers) as client:
        yield client
