"""The routes for readings, which stand beside Django: a null request costs Django some twenty times as much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

from django.conf import settings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from twins.gateways import influx, stream
from twins.gateways.credentials import Credentials
from twins.gateways.edge.platform.routes import edge_routes
from twins.gateways.http import PATH, Receiver, no_such_place
from twins.gateways.imports.pressure import Pressure
from twins.gateways.provisioning.routes import ROUTES
from twins.telemetry.commit import Writer
from twins.telemetry.gate import Gate
from twins.telemetry.intake import Intake
from twins.telemetry.window import Window

PREFIX = "/ingest/"


class Ingest(Starlette):
    """The application, in which a batch goes straight to who receives it.

    What is asked a thousand times a second needs nothing of the rest, which takes longer than to read ten values.
    """

    def __init__(self, receiver: Receiver, **options: Any) -> None:
        super().__init__(**options)
        self._receiver = receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to whom it is for."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            await self._receiver(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def make_ingest() -> Ingest:
    """The application that takes readings; its lifespan is that of its writer."""
    writer = Writer(settings.REDIS_URL)
    gate = Gate(settings.REDIS_URL)
    window = Window(settings.REDIS_URL)
    intake = Intake(writer, gate, window)
    pressure = Pressure(settings.REDIS_URL)
    credentials = Credentials(intake)
    receiver = Receiver(intake, credentials)
    lines = influx.LineReceiver(intake, credentials)
    streams = stream.Streams(intake, credentials)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await writer.start()
        watching = [
            asyncio.create_task(streams.watch(), name="streams"),
            asyncio.create_task(pressure.tell(lambda: intake.waiting), name="pressure"),
        ]
        try:
            yield
        finally:
            for task in watching:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await writer.stop()
            await gate.close()
            await window.close()
            await pressure.close()

    return Ingest(
        receiver,
        routes=[
            Route(PATH, receiver, methods=["POST"]),
            Route(influx.WRITE_2, lines.write_2, methods=["POST"]),
            Route(influx.WRITE_1, lines.write_1, methods=["POST"]),
            Route(influx.PING, influx.ping),
            Route(influx.HEALTH, influx.health),
            Route(influx.QUERY, influx.query, methods=["GET", "POST"]),
            WebSocketRoute(stream.PATH, streams.serve),
            *ROUTES,
            *edge_routes(credentials),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: no_such_place, ClientDisconnect: _gone},
    )


async def _gone(_: Request, __: Exception) -> Response:
    """Nobody is there to be answered: the connection ended in the middle of a body."""
    return Response(status_code=HTTPStatus.REQUEST_TIMEOUT)
