"""A real Modbus TCP server as a process of its own; plan and orders as in ``opcua_server``."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

_FUNCTIONS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


class Plant:
    """The server, what its registers hold and how it misbehaves."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._silent: set[int] = set()
        self._awake = asyncio.Event()
        self._written: dict[tuple[int, str, int], list[int]] = {}
        self._exceptions: dict[int, int] = {}
        self.requests: list[tuple[int, str, int, int]] = []

    async def start(self) -> None:
        devices = [self._device(int(unit), tables) for unit, tables in self._plan["units"].items()]
        self.server = ModbusTcpServer(devices, address=("127.0.0.1", self._plan["port"]))
        await self.server.serve_forever(background=True)

    def _device(self, unit: int, tables: dict[str, dict[str, list[int]]]) -> SimDevice:
        async def act(
            function: int, start: int, address: int, count: int, registers: list[int], _set: Any
        ) -> ExcCodes | None:
            self.requests.append((unit, _FUNCTIONS[function], address, count))
            if unit in self._silent:
                await self._awake.wait()
            if unit in self._exceptions:
                return ExcCodes(self._exceptions[unit])
            for (whose, table, first), values in self._written.items():
                if (whose, table) == (unit, _FUNCTIONS[function]) and start <= first < start + len(registers):
                    registers[first - start : first - start + len(values)] = values
            return None

        coils, discrete = (_blocks(tables.get(table)) for table in ("coil", "discrete"))
        holding, inputs = (_words(tables.get(table)) for table in ("holding", "input"))
        return SimDevice(unit, simdata=(coils, discrete, holding, inputs), action=act)

    async def obey(self, order: dict[str, Any]) -> Any:
        """Do what a line says."""
        return await getattr(self, f"do_{order.pop('do')}")(**order)

    async def do_write(self, unit: int, table: str, address: int, values: list[int]) -> None:
        self._written[unit, table, address] = values

    async def do_hang(self, unit: int) -> None:
        self._silent.add(unit)
        self._awake.clear()

    async def do_wake(self) -> None:
        self._silent.clear()
        self._awake.set()

    async def do_refuse(self, unit: int, code: int) -> None:
        self._exceptions[unit] = code

    async def do_mend(self) -> None:
        self._exceptions.clear()

    async def do_requests(self) -> list[tuple[int, str, int, int]]:
        told, self.requests = self.requests, []
        return told


def _blocks(held: dict[str, list[int]] | None) -> list[SimData]:
    return [
        SimData(int(first), values=[bool(one) for one in values], datatype=DataType.BITS)
        for first, values in (held or {"60000": [0]}).items()
    ]


def _words(held: dict[str, list[int]] | None) -> list[SimData]:
    return [
        SimData(int(first), values=values, datatype=DataType.REGISTERS)
        for first, values in (held or {"60000": [0]}).items()
    ]


async def main() -> None:
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    plant = Plant(json.loads(await reader.readline()))
    await plant.start()
    print(json.dumps("ready"), flush=True)
    while line := await reader.readline():
        print(json.dumps(await plant.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
