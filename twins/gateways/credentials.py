"""Who sends: tokens and gateway ids looked up in the database, and remembered for a moment."""

from __future__ import annotations

import time
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
from twins.gateways.lookups import Lookups
from twins.gateways.schemas import Holder, Standing
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import Source

_NOTE_SECONDS = 60.0


class Credentials:
    """Tells who sends.

    Args:
        intake: Where it is noted that somebody was refused.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._tokens: Lookups[str, Holder] = Lookups(lambda tokens: services.admit_tokens(tokens, now=utc_now()))
        self._gateways: Lookups[UUID, Holder] = Lookups(lambda ids: selectors.holders_of(ids, now=utc_now()))
        self._noted: dict[Source, float] = {}

    async def of_token(self, token: str) -> Source:
        """The gateway that a token belongs to.

        Raises:
            UnknownTokenError: Nobody has it.
            ShutOutError: It is no longer in force, or its gateway is held; the tenant can read that.
            BusyError: Too many come with tokens that nobody has.
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
