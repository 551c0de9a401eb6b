"""A cancellation that a library's wait has lost is found again.

`asyncio.wait_for` of Python 3.11, with which the libraries of Modbus and OPC UA wait, returns an answer that meets a
cancellation and forgets the latter: whoever polls on then is never stopped.
"""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """Stop here if this task was cancelled before; to be called after a library has waited.

    Raises:
        asyncio.CancelledError: It was.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
