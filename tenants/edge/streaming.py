"""An answer that is made while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest

_END = object()


def streamed(request: HttpRequest, pieces: Iterator[bytes]) -> Any:
    """Pieces as the content of a ``StreamingHttpResponse``: each made in a thread when it is wanted, none before."""
    return _in_threads(pieces) if isinstance(request, ASGIRequest) else pieces


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(_next, thread_sensitive=False)
    while (piece := await following(pieces)) is not _END:
        yield piece  # type: ignore[misc] # what ends the loop is no piece


def _next(pieces: Iterator[bytes]) -> object:
    try:
        return next(pieces, _END)
    finally:
        close_old_connections()
