"""A Modbus register map: the points, the fewest requests that read them, and what their registers mean."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from tenants.kernel.errors import Finding
from twins.gateways.field.documents import KEY_PATTERN, refuse, repeated, settings_from, too_many

MOST_REGISTERS, MOST_BITS = 125, 2000
"""What one request may ask for (Modbus Application Protocol V1.1b3, 6.1 to 6.4)."""
_LAST_ADDRESS = 65_535
_BITS = 16


class Table(StrEnum):
    """The four tables of a device."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def has_bits(self) -> bool:
        """Whether it holds bits, and not registers."""
        return self in (Table.COIL, Table.DISCRETE)


class Type(StrEnum):
    """What the registers of a point hold."""

    BIT = "bit"
    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def width(self) -> int:
        """How many addresses it takes."""
        return 1 if self is Type.BIT else int(self[-2:]) // _BITS


class Order(StrEnum):
    """Whether the most significant part comes first."""

    BIG = "big"
    LITTLE = "little"


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point of a register map.

    Attributes:
        key: The gateway's name for it.
        unit: The device behind the address, also called unit or slave id.
        address: As it is sent: the first is 0 (40001 in many manuals is holding register 0).
        bit: Which bit of the register, 0 being the least significant; for the type ``bit`` of a register.
        word_order: Which of several registers has the most significant part.
        byte_order: The same for the two bytes of a register.
        every_ms: How often it is read.
    """

    key: Annotated[str, msgspec.Meta(pattern=KEY_PATTERN)]
    address: Annotated[int, msgspec.Meta(ge=0, le=_LAST_ADDRESS)]
    unit: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    table: Table = Table.HOLDING
    type: Type = Type.UINT16
    bit: Annotated[int, msgspec.Meta(ge=0, le=_BITS - 1)] | None = None
    word_order: Order = Order.BIG
    byte_order: Order = Order.BIG
    every_ms: Annotated[int, msgspec.Meta(ge=50, le=86_400_000)] = 1000

    @property
    def place(self) -> str:
        """Where it is, for people: ``unit 1, holding 100``."""
        bit = "" if self.bit is None else f".{self.bit}"
        return f"unit {self.unit}, {self.table} {self.address}{bit}"

    @property
    def end(self) -> int:
        """The address after its last."""
        return self.address + self.type.width


class ModbusSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a Modbus TCP device is read.

    Attributes:
        timeout_s: How long one answer may take.
        gap: How many addresses that nobody asked for may be read along to save a request.
    """

    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 502
    timeout_s: Annotated[float, msgspec.Meta(ge=0.1, le=30)] = 3.0
    gap: Annotated[int, msgspec.Meta(ge=0, le=100)] = 8
    points: tuple[Register, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One request.

    Attributes:
        start: The first address.
        count: How many.
        points: What is read by it, by address.
    """

    unit: int
    table: Table
    start: int
    count: int
    points: tuple[Register, ...]


def modbus_settings(document: Any) -> ModbusSettings:
    """Checked settings from a plain document.

    Raises:
        FieldSettingsError: Something in it does not fit.
    """
    settings = settings_from(document, ModbusSettings)
    refuse(_wrong(settings))
    return settings


def _wrong(settings: ModbusSettings) -> Iterator[Finding]:
    if not settings.host.isascii() or not settings.host.isprintable() or " " in settings.host or "/" in settings.host:
        yield Finding("modbus.host", "host", f"“{settings.host[:100]}” is no host", "Write its name or address alone.")
    for number, point in enumerate(settings.points):
        here = f"points/{number}"
        if point.table.has_bits and (point.type is not Type.BIT or point.bit is not None):
            yield Finding(
                "modbus.bit_table", f"{here}/type", f"the table {point.table} holds bits, not {point.type}",
                "Give it the type bit, and leave the bit's number empty.",
            )  # fmt: skip
        elif not point.table.has_bits and (point.type is Type.BIT) != (point.bit is not None):
            yield Finding(
                "modbus.bit", f"{here}/bit", "a register's bit needs a number, and another type has none",
                "Enter 0 to 15 for the type bit, and nothing for the others.",
            )  # fmt: skip
        if point.end > _LAST_ADDRESS + 1:
            yield Finding(
                "modbus.address", f"{here}/address", f"a {point.type} at {point.address} goes beyond {_LAST_ADDRESS}",
                "Correct the address.",
            )  # fmt: skip
    yield from repeated([point.key for point in settings.points], "key")
    yield from too_many(settings.points)


def plan(points: Iterable[Register], *, gap: int) -> list[Block]:
    """The fewest requests that read the points: from the lowest address on, each takes as many as it can."""
    blocks: list[Block] = []
    taken: list[Register] = []
    for point in sorted(points, key=lambda one: (one.unit, one.table, one.address, one.end)):
        if taken and not _fits(taken, point, gap):
            blocks.append(_block(taken))
            taken = []
        taken.append(point)
    return [*blocks, _block(taken)] if taken else blocks


def _fits(taken: Sequence[Register], point: Register, gap: int) -> bool:
    first, end = taken[0], max(one.end for one in taken)
    most = MOST_BITS if first.table.has_bits else MOST_REGISTERS
    is_near = (first.unit, first.table) == (point.unit, point.table) and point.address <= end + gap
    return is_near and max(end, point.end) - first.address <= most


def _block(points: Sequence[Register]) -> Block:
    first, end = points[0], max(point.end for point in points)
    return Block(first.unit, first.table, first.address, end - first.address, tuple(points))


def split(block: Block) -> list[Block]:
    """A request that is refused in several: without what nobody asked for, or else in halves."""
    apart = plan(block.points, gap=0)
    if len(apart) > 1:
        return apart
    addresses = sorted({point.address for point in block.points})
    if len(addresses) == 1:
        return [_block([point]) for point in block.points]
    middle = addresses[len(addresses) // 2]
    return [
        _block([point for point in block.points if point.address < middle]),
        _block([point for point in block.points if point.address >= middle]),
    ]


def value_of(point: Register, block: Block, held: Sequence[int | bool]) -> float:
    """What a point is in the answer to a request.

    Raises:
        ValueError: It is no finite number.
    """
    first = point.address - block.start
    words = held[first : first + point.type.width]
    if point.table.has_bits:
        return float(bool(words[0]))
    data = b"".join(int(word).to_bytes(2, point.byte_order.value) for word in _ordered(words, point.word_order))
    if point.type is Type.BIT:
        return float(int.from_bytes(data, "big") >> (point.bit or 0) & 1)
    if point.type in (Type.FLOAT32, Type.FLOAT64):
        number = float(struct.unpack(">f" if point.type is Type.FLOAT32 else ">d", data)[0])
        if not math.isfinite(number):
            raise ValueError(f"{number}, which is no finite number")
        return number
    return float(int.from_bytes(data, "big", signed=point.type.startswith("int")))


def _ordered(words: Sequence[int | bool], order: Order) -> Sequence[int | bool]:
    return words if order is Order.BIG else words[::-1]
