"""The route for readings, which stands beside Django: a null request costs Django some twenty times as much."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.conf import settings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from twins.gateways.credentials import Credentials
from twins.gateways.http import PATH, Receiver, no_such_place
from twins.telemetry.commit import Writer
from twins.telemetry.gate import Gate
from twins.telemetry.intake import Intake

PREFIX = "/ingest/"


def make_ingest() -> Starlette:
    """The application that takes readings; its lifespan is that of its writer."""
    writer = Writer(settings.REDIS_URL)
    gate = Gate(settings.REDIS_URL)
    intake = Intake(writer, gate)
    receiver = Receiver(intake, Credentials(intake))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await writer.start()
        try:
            yield
        finally:
            await writer.stop()
            await gate.close()

    async def readings(request: Request) -> Response:
        return await receiver.receive(request)

    return Starlette(
        routes=[Route(PATH, readings, methods=["POST"])],
        lifespan=lifespan,
        exception_handlers={HTTPException: no_such_place},
    )
