"""What comes before the wait it was told is over: refused unread, so that it takes no time from others."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from tenants.limits.domain.plans import Meter
from tenants.limits.domain.standing import LimitReachedError
from tenants.limits.schemas import WHOLE
from tests.twins.conftest import Fleet
from tests.twins.telemetry.gate.test_gate import NOW, limit, send, used
from twins.telemetry.gate import Gate
from twins.telemetry.intake import Intake
from twins.telemetry.schemas import Source

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the bodies that were read."""
    lengths: list[int] = []
    real = Intake._decoded

    async def counted(intake: Intake, source: Source, body: bytes, decoder: Any) -> Any:
        lengths.append(len(body))
        return await real(intake, source, body, decoder)

    monkeypatch.setattr(Intake, "_decoded", counted)
    return lengths


async def test_what_comes_before_its_time_is_not_read(
    client: httpx.AsyncClient, fleet: Fleet, decoded: list[int], everything: Any
) -> None:
    await limit(fleet.tenant, Meter.READINGS_PER_SECOND, 1)  # a burst of 100
    assert (await send(client, "first", 100)).status_code == 200
    refused = await send(client, "again", 60)
    answers = await asyncio.gather(*(send(client, "again", 60) for _ in range(50)))
    assert {one.status_code for one in answers} == {429}
    assert {one.headers["Retry-After"] for one in answers} == {refused.headers["Retry-After"]}
    assert len(decoded) == 2
    await send(client, "less", 59)
    assert len(decoded) == 3  # it is shorter, and might have had room
    assert used(everything, fleet.tenant) == {WHOLE: 100}


async def test_a_gateway_that_waited_is_read_and_others_are_anyway(
    gate: Gate, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("twins.telemetry.gate.time.monotonic", lambda: clock[0])
    await limit(fleet.tenant, Meter.READINGS_PER_SECOND, 1000)  # a burst of 100,000
    await gate.enter(fleet.source, 100_000, now=NOW)
    with pytest.raises(LimitReachedError) as caught:
        await gate.enter(fleet.source, 500, now=NOW)
    gate.turn_away(fleet.source, 30_000, caught.value)
    other = Source(fleet.tenant, UUID(int=7))
    assert gate.comes_too_early(fleet.source, 30_000) is caught.value
    assert gate.comes_too_early(fleet.source, 29_999) is None
    assert gate.comes_too_early(other, 30_000) is None
    clock[0] += 0.5
    assert gate.comes_too_early(fleet.source, 30_000) is None


async def test_a_used_up_day_is_looked_at_four_times_a_second(
    client: httpx.AsyncClient, fleet: Fleet, decoded: list[int]
) -> None:
    await limit(fleet.tenant, Meter.READINGS_PER_DAY, 10)
    assert (await send(client, "first", 8)).status_code == 200
    for _ in range(4):  # each waits a quarter of a second for its refusal when it comes too early
        assert (await send(client, "more", 8)).status_code == 429
    assert len(decoded) <= 4
