"""Bodies of requests end somewhere, also those of nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from deploy.bodies import CrowdedOutError, HeldBodies, LimitedBodies

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


def asked_for(application: HeldBodies, token: bytes, parts: list[bytes]) -> Awaitable[None]:
    """A request with a body in parts."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    async def send(_: Any) -> None:
        pass

    return application({"type": "http", "headers": [(b"authorization", token)]}, receive, send)


class Holding:
    """Reads a body, and is done with it when told."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.has_read = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        self.has_read += 1
        await self.may_end.wait()


async def test_who_has_much_under_way_leaves_memory_to_others() -> None:
    holding = Holding()
    held = HeldBodies(holding, most=100)
    flood = [asyncio.ensure_future(asked_for(held, b"flood", [b"x" * 30])) for _ in range(5)]
    other = asyncio.ensure_future(asked_for(held, b"other", [b"x" * 15, b"x" * 5]))
    done, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_EXCEPTION)
    assert [type(task.exception()) for task in done] == [CrowdedOutError] * 3
    assert holding.has_read == 3
    holding.may_end.set()
    await asyncio.gather(other, *(task for task in flood if task not in done))
    await asked_for(held, b"flood", [b"x" * 30])  # what is answered is no longer held
    assert holding.has_read == 4


async def test_a_body_that_outgrows_its_share_is_read_no_further() -> None:
    holding = Holding()
    parts = [b"x" * 10] * 100
    with pytest.raises(CrowdedOutError) as caught:
        await asked_for(HeldBodies(holding, most=100), b"flood", parts)
    assert (caught.value.status, caught.value.code, holding.has_read) == (429, "ingest.busy", 0)
