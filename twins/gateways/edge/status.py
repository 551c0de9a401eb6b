"""How things go at the site, told to the platform now and then and when something changes."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tenants.kernel.clock import isoformat, utc_now
from twins.gateways.edge.server import Answer, Server, agent_version
from twins.gateways.edge.sources import Going
from twins.gateways.edge.spool import Figures

_LEAST_S = 1.0
_LONGEST = 400
"""Characters of a text that the platform keeps."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger("outturn.edge")


def status_document(
    *, key: Ed25519PublicKey, configuration: dict[str, Any], figures: Figures, sources: Sequence[Going]
) -> dict[str, Any]:
    """What the platform is told."""
    return {
        "version": agent_version(),
        "key": base64.b64encode(key.public_bytes_raw()).decode(),
        "configuration": configuration,
        "store": {
            "batches": figures.batches, "bytes": figures.bytes, "limit": figures.limit,
            "oldest_at": _told(figures.oldest_at), "dropped_readings": figures.dropped_readings,
            "dropped_batches": figures.dropped_batches,
        },
        "sources": [
            {
                "name": one.name, "kind": one.kind, "state": one.state, "message": one.message[:_LONGEST],
                "last_sample_at": _told(one.last_sample_at),
            }
            for one in sources
        ],
        "sent_at": isoformat(utc_now()),
    }  # fmt: skip


def _told(at: int | None) -> str | None:
    if at is None:
        return None
    try:
        return isoformat(_EPOCH + timedelta(microseconds=at))
    except OverflowError:
        return None


class Reporter:
    """Tells the platform.

    Args:
        server: The platform.
        document: Gives what is told.
        every_s: How often.
    """

    def __init__(self, server: Server, document: Callable[[], Awaitable[dict[str, Any]]], *, every_s: float) -> None:
        self._server, self._document, self._every_s = server, document, every_s
        self._changed = asyncio.Event()
        self.key_state = ""
        """Whether the platform knows the site's key: ``waiting``, ``approved``, ``retired``, or nothing yet."""

    def changed(self) -> None:
        """Something goes otherwise than before."""
        self._changed.set()

    async def tell(self) -> Answer:
        """Tell the platform once."""
        answer = await self._server.status(await self._document())
        told = answer.body.get("key")
        if answer.is_good and isinstance(told, dict) and told.get("state") != self.key_state:
            self.key_state = str(told.get("state"))
            logger.info("the site's key is %s", self.key_state, extra={"told": {"key": told.get("fingerprint")}})
        return answer

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self.tell()
            await asyncio.sleep(_LEAST_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._changed.wait()
            self._changed.clear()
