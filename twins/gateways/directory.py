"""Who a gateway is, for a broker: it asks the database by itself and needs no Django."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import psycopg

from tenants.kernel.secrets import is_token, token_digests
from twins.gateways.topics import EdgeNode

_QUERY = """
SELECT digest, gateway FROM twins_gatewaytoken
WHERE digest = ANY(%s) AND revoked_at IS NULL AND hold = '' AND (until IS NULL OR until > now())"""
_RENEW = "UPDATE twins_gatewaytoken SET digest = %s WHERE digest = %s"
_NODES = "SELECT gateway, node_group, node FROM twins_sparkplugnode WHERE gateway = coalesce(%s::uuid, gateway)"
_CONNECT_SECONDS = 5

Credential = tuple[str, str]
"""A gateway's id, and what it says is its token."""

logger = logging.getLogger("outturn.gateways")


class GatewayDirectory:
    """The gateways that may connect.

    Args:
        database_url: The database, as the role of requests; empty when there is none, which lets nobody in.
        secrets: The secrets of the installation, the newest first, under which digests of tokens are made.
    """

    def __init__(self, database_url: str, secrets: Sequence[str]) -> None:
        self._url = database_url
        self._secrets = [secret for secret in secrets if secret]
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._turn = asyncio.Lock()

    async def knows(self, username: str, password: str) -> bool | None:
        """Whether a gateway has this id and its token in force is this; None when the database does not say."""
        found = await self.known([(username, password)])
        return None if found is None else bool(found)

    async def known(self, credentials: Collection[Credential]) -> set[Credential] | None:
        """Those of some credentials that `knows` would let in, by one query; None when the database does not say."""
        digests = {
            (username, password): token_digests(password, keys=self._secrets)
            for username, password in credentials
            if is_token(password, "gateway")
        }
        if not self._url or not self._secrets or not digests:
            return set()
        async with self._turn:
            for _ in range(2):  # the first may find that the connection was lost meanwhile
                try:
                    return await self._ask(digests)
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    logger.warning("the database does not say who a gateway is: %s", error)
                    self._connection = None
        return None

    async def edge_nodes(self, gateway: str | None = None) -> dict[str, frozenset[EdgeNode]] | None:
        """The edge nodes of Sparkplug that each gateway, or one, may send as; None when the database does not say."""
        if not self._url:
            return {}
        async with self._turn:
            try:
                rows = await (await (await self._connected()).execute(_NODES, [gateway])).fetchall()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                logger.warning("the database does not say who sends as which edge node: %s", error)
                self._connection = None
                return None
        found: dict[str, set[EdgeNode]] = {}
        for holder, group, node in rows:
            found.setdefault(str(holder), set()).add(EdgeNode(group, node))
        return {holder: frozenset(nodes) for holder, nodes in found.items()}

    async def _ask(self, digests: Mapping[Credential, Sequence[str]]) -> set[Credential]:
        connection = await self._connected()
        every = [digest for kept_under in digests.values() for digest in kept_under]
        rows = {
            digest: str(gateway) for digest, gateway in await (await connection.execute(_QUERY, [every])).fetchall()
        }
        found = set()
        for credential, kept_under in digests.items():
            digest = next((one for one in kept_under if one in rows), None)
            if digest is None or rows[digest] != credential[0]:
                continue
            found.add(credential)
            if digest != kept_under[0]:  # kept under a former secret: under the newest from now on
                await connection.execute(_RENEW, [kept_under[0], digest])
        return found

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS
            )
        return self._connection
