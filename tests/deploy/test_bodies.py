"""Bodies of requests end somewhere, also those of nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.bodies import LimitedBodies

Sent = list[dict[str, Any]]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Reads the whole body and answers how long it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def asked(parts: list[bytes], headers: list[tuple[bytes, bytes]]) -> tuple[Sent, int]:
    """The answer to a body in parts, and how many parts were read."""
    sent: Sent = []
    left = list(parts)

    async def receive() -> dict[str, Any]:
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    await LimitedBodies(echo, most=10)({"type": "http", "headers": headers}, receive, send)
    return sent, len(parts) - len(left)


@pytest.mark.parametrize("parts", [[b""], [b"1234567890"], [b"12345", b"67890"]])
async def test_a_body_within_the_limit_passes(parts: list[bytes]) -> None:
    sent, _ = await asked(parts, [(b"content-length", b"10")])
    assert (sent[0]["status"], sent[1]["body"]) == (200, str(sum(map(len, parts))).encode())


@pytest.mark.parametrize(
    ("headers", "read"),
    [([(b"content-length", b"11")], 0), ([(b"content-length", b"1")], 2), ([], 2), ([(b"content-length", b"-1")], 2)],
)
async def test_a_longer_one_is_refused_before_the_rest_is_read(headers: list[tuple[bytes, bytes]], read: int) -> None:
    sent, seen = await asked([b"123456", b"123456", b"123456"], headers)
    assert (sent[0]["status"], seen) == (413, read)
    assert dict(sent[0]["headers"])[b"content-type"] == b"application/problem+json"
    assert json.loads(sent[1]["body"])["code"] == "request.too_long"
