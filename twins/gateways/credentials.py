"""Who sends: tokens and gateway ids looked up in the database, and remembered for a moment."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from uuid import UUID

from tenants.kernel.clock import utc_now
from tenants.kernel.secrets import is_token
from twins.gateways import selectors, services
from twins.gateways.errors import (
    ExpiredTokenError,
    PendingGatewayError,
    RevokedTokenError,
    ShutGatewayError,
    ShutOutError,
    UnknownTokenError,
)
from twins.gateways.schemas import Holder, Standing
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import Source
from twins.telemetry.threads import in_thread

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

REMEMBERED_SECONDS = 2.0
"""A token that is revoked is refused after this at the latest."""
_MOST = 20_000
_NOTE_SECONDS = 60.0


class _Memory(Generic[K, V]):
    """Answers of the database, for a moment; also that there is none, so that a wrong token costs one query."""

    def __init__(self, look_up: Callable[[K], V]) -> None:
        self._look_up = look_up
        self._known: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asking: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The answer; those who ask at the same time get one."""
        if (known := self._known.get(key)) is not None and time.monotonic() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(key))
            task.add_done_callback(lambda _: self._asking.pop(key))
        return await asyncio.shield(task)

    async def _ask(self, key: K) -> V:
        asked_at = time.monotonic()
        found = await in_thread(lambda: self._look_up(key))
        self._known[key] = (asked_at, found)
        self._known.move_to_end(key)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found


class Credentials:
    """Tells who sends.

    Args:
        intake: Where it is noted that somebody was refused.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._tokens: _Memory[str, Holder | None] = _Memory(lambda token: services.admit_token(token, now=utc_now()))
        self._gateways: _Memory[UUID, Holder | None] = _Memory(
            lambda gateway: selectors.holder_of(gateway, now=utc_now())
        )
        self._noted: dict[Source, float] = {}

    async def of_token(self, token: str) -> Source:
        """The gateway that a token belongs to.

        Raises:
            UnknownTokenError: Nobody has it.
            ShutOutError: It is no longer in force, or its gateway is held; the tenant can read that.
            UnavailableError: The database cannot be reached.
        """
        # What has not even the form of a token, of any length, is neither looked up nor remembered.
        return await self._let_in(await self._tokens.get(token) if is_token(token, "gateway") else None)

    async def of_gateway(self, gateway: UUID) -> Source:
        """A gateway that a broker has let in.

        Raises:
            UnknownTokenError: There is no such gateway.
            ShutOutError: It is disabled, or waits to be claimed; the tenant can read that.
            UnavailableError: The database cannot be reached.
        """
        return await self._let_in(await self._gateways.get(gateway))

    async def _let_in(self, holder: Holder | None) -> Source:
        if holder is None:
            raise UnknownTokenError(
                "this needs the token of a gateway", place="Authorization",
                fix="Send `Authorization: Bearer <token>` with the token that was shown when the gateway was made.",
            )  # fmt: skip
        if holder.standing is not Standing.IN_FORCE:
            error = _refusal(holder.standing)
            await self._note(holder.source, error)
            raise error
        return holder.source

    async def _note(self, source: Source, error: ShutOutError) -> None:
        """Let the tenant read of it, once a minute."""
        now = time.monotonic()
        if now - self._noted.get(source, -_NOTE_SECONDS) >= _NOTE_SECONDS:
            self._noted[source] = now
            await self._intake.note(source, error)


def _refusal(standing: Standing) -> ShutOutError:
    kind, message, fix = _REFUSALS[standing]
    return kind(message, place="Authorization", kept="Nothing of this batch.", fix=fix)


_REFUSALS: dict[Standing, tuple[type[ShutOutError], str, str]] = {
    Standing.REVOKED: (
        RevokedTokenError, "the token is no longer in force",
        "Give the gateway the token that was made last, or make it a new one on its page.",
    ),
    Standing.EXPIRED: (
        ExpiredTokenError, "the time of the token is over",
        "Show the gateway's certificate again, or make it a new token on its page.",
    ),
    Standing.PENDING: (
        PendingGatewayError, "nobody has claimed this gateway yet",
        "Enter its claim code on the gateway's page, and send this again then.",
    ),
    Standing.DISABLED: (
        ShutGatewayError, "the gateway is disabled", "Enable it on its page, and send this again then.",
    ),
}  # fmt: skip
