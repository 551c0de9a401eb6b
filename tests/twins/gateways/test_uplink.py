"""Sending stops when it is told to, also at the moment of an acknowledgement."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.processes import LONG_S
from twins.gateways.uplink import Batch, MqttUplink


@pytest.mark.parametrize("between", range(4))
async def test_an_acknowledgement_at_the_last_moment_does_not_undo_a_cancellation(between: int) -> None:
    uplink, batch = MqttUplink("mqtt://localhost:1", "a-gateway", "a-token"), Batch("b", b"{}", 1)
    told = {"batch": "b", "accepted": 1, "duplicate": 0, "set_aside": 0}
    answers = 0

    async def lane() -> None:
        nonlocal answers
        while True:
            await uplink.send(batch)
            answers += 1

    sending = asyncio.create_task(lane())
    await asyncio.sleep(0)
    uplink._acknowledge(json.dumps({"batches": [told]}).encode())
    for _ in range(between):
        await asyncio.sleep(0)
    sending.cancel()
    done, _ = await asyncio.wait([sending], timeout=LONG_S)
    sending.cancel()
    assert done == {sending}
    assert sending.cancelled()
    assert answers <= 1
