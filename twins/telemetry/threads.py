"""Work on Django's database connection, from the event loop that takes readings."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connection

from twins.telemetry.errors import UnavailableError

T = TypeVar("T")
_NOW_AND_THEN_SECONDS = 10.0

logger = logging.getLogger("outturn.ingest")


class _Told:
    """When it was last told that the database cannot be reached, of the clock that only goes on."""

    at = -_NOW_AND_THEN_SECONDS


async def in_thread(work: Callable[[], T]) -> T:
    """Run work on Django's database connection in a thread, once more when the connection had been lost.

    Raises:
        UnavailableError: The database cannot be reached.
    """

    def twice() -> T:
        try:
            return work()
        except (InterfaceError, OperationalError):
            connection.close()
            return work()

    try:
        return await sync_to_async(twice, thread_sensitive=True)()
    except (InterfaceError, OperationalError) as error:
        if (now := time.monotonic()) - _Told.at >= _NOW_AND_THEN_SECONDS:
            _Told.at = now
            logger.warning("the database cannot be reached: %s", error)
        raise UnavailableError(
            "the database cannot be reached", kept="Nothing of this batch is acknowledged.", fix="Send it again."
        ) from error
