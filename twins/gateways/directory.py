"""Who a gateway is, for a broker: it asks the database by itself and needs no Django."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import psycopg

from tenants.kernel.secrets import token_digest

_QUERY = "SELECT gateway FROM twins_gatewaytoken WHERE digest = %s AND revoked_at IS NULL"
_CONNECT_SECONDS = 5
_LONGEST_TOKEN = 200

logger = logging.getLogger("outturn.gateways")


class GatewayDirectory:
    """The gateways that may connect.

    Args:
        database_url: The database, as the role of requests; empty when there is none, which lets nobody in.
        secret: The secret of the installation, under which digests of tokens are made.
    """

    def __init__(self, database_url: str, secret: str) -> None:
        self._url = database_url
        self._secret = secret
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._turn = asyncio.Lock()

    async def knows(self, username: str, password: str) -> bool | None:
        """Whether a gateway has this id and its token in force is this; None when the database does not say."""
        if not self._url or not self._secret or not 0 < len(password) <= _LONGEST_TOKEN:
            return False
        digest = token_digest(password, secret=self._secret)
        async with self._turn:
            for _ in range(2):  # the first may find that the connection was lost meanwhile
                try:
                    return await self._ask(digest) == username
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    logger.warning("the database does not say who a gateway is: %s", error)
                    self._connection = None
        return None

    async def _ask(self, digest: str) -> str | None:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS
            )
        row = await (await self._connection.execute(_QUERY, [digest])).fetchone()
        return str(row[0]) if row else None
