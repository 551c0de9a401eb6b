"""Work on Django's database connection, from the event loop that takes readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connection

from twins.telemetry.errors import UnavailableError

T = TypeVar("T")


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
        raise UnavailableError(
            "the database cannot be reached", kept="Nothing of this batch is acknowledged.", fix="Send it again."
        ) from error
