"""A Modbus TCP server in a process of its own: polled in few requests, through exceptions, silence and restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymodbus.transaction import TransactionManager

from tests.processes import LONG_S
from tests.twins.gateways.field.conftest import Kept, MakeServer, Server
from twins.gateways.field.errors import UnreachableError
from twins.gateways.field.modbus import ModbusSource, read_once
from twins.gateways.field.registers import ModbusSettings, modbus_settings
from twins.gateways.field.troubles import GAP, any_address


def settings(server: Server, *points: dict[str, Any], **more: Any) -> ModbusSettings:
    quick = [{"every_ms": 50, **each} for each in points]
    return modbus_settings({"host": "127.0.0.1", "port": server.port, "timeout_s": 0.3, "points": quick, **more})


@asynccontextmanager
async def reading(wanted: ModbusSettings, **more: Any) -> AsyncIterator[Kept]:
    """A source at work, and what it has said so far."""
    kept = Kept()
    task = asyncio.create_task(ModbusSource(wanted, **{"refused_again_s": 0.2, **more}).run(kept))
    try:
        yield kept
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


def point(key: str, address: int, **more: Any) -> dict[str, Any]:
    return {"key": key, "address": address, **more}


async def test_every_table_is_read_in_one_request_each(modbus_server: MakeServer) -> None:
    server = modbus_server(units={"1": {
        "coil": {"0": [1, 0, 1]}, "discrete": {"5": [0, 1]}, "holding": {"10": [7, 0x3FC0, 0]}, "input": {"3": [65535]},
    }})  # fmt: skip
    wanted = settings(
        server, point("run", 0, table="coil", type="bit"), point("open", 2, table="coil", type="bit"),
        point("alarm", 6, table="discrete", type="bit"), point("level", 10), point("flow", 11, type="float32"),
        point("temperature", 3, table="input", type="int16"),
    )  # fmt: skip
    async with reading(wanted) as kept:
        await kept.until(lambda: len(kept.batches) >= 2)
    assert {sample.key: sample.value for sample in kept.batches[0]} == {
        "run": 1.0, "open": 1.0, "alarm": 1.0, "level": 7.0, "flow": 1.5, "temperature": -1.0,
    }  # fmt: skip
    asked = sorted(each[:3] for each in server.order("requests")[:4])
    assert asked == [[1, "coil", 0], [1, "discrete", 6], [1, "holding", 10], [1, "input", 3]]
    assert kept.troubles == []


async def test_values_are_read_as_often_as_asked(modbus_server: MakeServer) -> None:
    server = modbus_server(units={"1": {"holding": {"0": [1, 2]}}})
    async with reading(settings(server, point("fast", 0), point("slow", 1, every_ms=60_000))) as kept:
        await kept.until(lambda: len(kept.of("fast")) >= 4)
        server.order("write", unit=1, table="holding", address=0, values=[5])
        await kept.until(lambda: kept.of("fast")[-1] == 5.0)
    assert kept.of("slow") == [2.0]
    instants = [sample.at for sample in kept.all if sample.key == "fast"]
    assert instants == sorted(set(instants))


async def test_an_address_that_is_not_there_keeps_no_other_from_being_read(modbus_server: MakeServer) -> None:
    server = modbus_server(units={"1": {"holding": {"0": [1, 2, 3, 4], "6": [9]}}})
    wanted = settings(server, *(point(f"p{place}", place) for place in (0, 1, 3, 5, 6)))
    async with reading(wanted) as kept:
        await kept.until(lambda: kept.of("p6") and kept.troubles)
        await kept.until(lambda: len(kept.of("p0")) > 8)
    assert {sample.key: sample.value for sample in kept.all} == {"p0": 1.0, "p1": 2.0, "p3": 4.0, "p6": 9.0}
    (told,) = kept.troubles
    assert (told.code, told.place) == ("modbus.exception_2", "unit 1, holding 5")
    # Once it is known it is asked for only now and then.
    asked = [tuple(each) for each in server.order("requests")]
    assert asked.count((1, "holding", 5, 1)) < asked.count((1, "holding", 6, 1))


async def test_a_device_that_is_busy_is_told_and_read_when_it_is_not(modbus_server: MakeServer) -> None:
    server = modbus_server(units={"1": {"holding": {"0": [1]}}})
    async with reading(settings(server, point("level", 0))) as kept:
        await kept.until(lambda: kept.all)
        server.order("refuse", unit=1, code=6)
        await kept.until(lambda: kept.troubles)
        server.order("mend")
        seen = len(kept.all)
        await kept.until(lambda: len(kept.all) > seen)
    assert [(each.code, each.message) for each in kept.troubles] == [
        ("modbus.exception_6", "the device is busy (unit 1, holding 0, exception 6)")
    ]


async def test_a_unit_that_is_silent_keeps_no_other_from_being_read(modbus_server: MakeServer) -> None:
    server = modbus_server(units={"1": {"holding": {"0": [1]}}, "2": {"holding": {"0": [2]}}})
    async with reading(settings(server, point("one", 0), point("two", 0, unit=2))) as kept:
        await kept.until(lambda: kept.of("two"))
        server.order("hang", unit=1)
        await kept.until(lambda: kept.codes("unit 1, holding 0"))
        seen = len(kept.of("two"))
        await kept.until(lambda: len(kept.of("two")) > seen)
        server.order("wake")
        before = len(kept.of("one"))
        await kept.until(lambda: len(kept.of("one")) > before)
    assert kept.codes("unit 1, holding 0") == ["modbus.silent"]


async def test_a_server_that_hangs_is_given_up_and_read_again_when_it_wakes(modbus_server: MakeServer) -> None:
    server = modbus_server(units={"1": {"holding": {"0": [1]}}})
    async with reading(settings(server, point("level", 0))) as kept:
        await kept.until(lambda: kept.all)
        server.order("hang", unit=1)
        await kept.until(kept.codes)
        assert "did not answer within 0.3 s" in kept.troubles[0].message
        server.order("wake")
        seen = len(kept.all)
        await kept.until(lambda: len(kept.all) > seen)
    assert kept.codes() == ["field.lost", GAP]


async def test_a_server_that_is_restarted_is_read_again_and_the_gap_is_told(modbus_server: MakeServer) -> None:
    server = modbus_server(units={"1": {"holding": {"0": [1]}}})
    async with reading(settings(server, point("level", 0))) as kept:
        await kept.until(lambda: kept.all)
        server.kill()
        await kept.until(kept.codes)
        server.plan["units"]["1"]["holding"]["0"] = [8]
        server.start()
        await kept.until(lambda: kept.of("level")[-1] == 8.0)
    assert kept.codes()[0] in ("field.lost", "field.unreachable")
    assert kept.codes()[-1] == GAP


async def test_a_map_is_tried_out_once(modbus_server: MakeServer) -> None:
    server = modbus_server(units={"1": {"holding": {"0": [1], "9": [0x7FC0, 0]}}})
    wanted = settings(server, point("level", 0), point("odd", 9, type="float32"), point("gone", 40))
    once = await read_once(wanted, resolve=any_address)
    assert once.values == {"level": 1.0}
    assert {place: trouble.code for place, trouble in once.troubles.items()} == {
        "unit 1, holding 9": "field.not_a_number", "unit 1, holding 40": "modbus.exception_2",
    }  # fmt: skip
    server.kill()
    with pytest.raises(UnreachableError):
        await read_once(wanted, resolve=any_address)


@pytest.mark.parametrize("answer", [1, 2, 3])
async def test_a_cancellation_that_meets_an_answer_is_not_lost(
    answer: int, modbus_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = modbus_server(units={"1": {"holding": {"0": [1]}}})
    answers, hear = 0, TransactionManager.callback_data

    def met(self: TransactionManager, data: bytes, addr: tuple[Any, ...] | None = None) -> int:
        nonlocal answers
        answers += 1
        if answers == answer:  # the cancellation comes first, and the answer before anybody has woken
            task.cancel()
        return int(hear(self, data, addr))

    monkeypatch.setattr(TransactionManager, "callback_data", met)
    task = asyncio.create_task(ModbusSource(settings(server, point("level", 0))).run(Kept()))
    await asyncio.wait([task], timeout=LONG_S)
    assert task.cancelled()
    assert answers == answer
