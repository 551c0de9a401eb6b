"""Register maps: the fewest requests, and what registers mean in each type and order."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways.field.errors import FieldSettingsError
from twins.gateways.field.registers import (
    MOST_BITS,
    MOST_REGISTERS,
    Block,
    Order,
    Register,
    Table,
    Type,
    modbus_settings,
    plan,
    split,
    value_of,
)


def point(address: int, **more: Any) -> Register:
    return Register(key=f"{more}{address}", address=address, **more)


def asked(blocks: list[Block]) -> list[tuple[int, str, int, int]]:
    return [(block.unit, str(block.table), block.start, block.count) for block in blocks]


class TestPlan:
    def test_neighbours_are_one_request_and_small_gaps_are_read_along(self) -> None:
        points = [point(10, type=Type.FLOAT32), point(12), point(21), point(40)]
        assert asked(plan(points, gap=8)) == [(1, "holding", 10, 12), (1, "holding", 40, 1)]
        assert asked(plan(points, gap=7)) == [(1, "holding", 10, 3), (1, "holding", 21, 1), (1, "holding", 40, 1)]

    def test_units_and_tables_are_apart(self) -> None:
        points = [point(1), point(2, unit=2), point(2, table=Table.INPUT), point(0, table=Table.COIL, type=Type.BIT)]
        assert asked(plan(points, gap=8)) == [
            (1, "coil", 0, 1), (1, "holding", 1, 1), (1, "input", 2, 1), (2, "holding", 2, 1),
        ]  # fmt: skip

    def test_no_request_asks_for_more_than_the_protocol_allows(self) -> None:
        registers = plan([point(number) for number in range(300)], gap=8)
        assert asked(registers) == [(1, "holding", 0, 125), (1, "holding", 125, 125), (1, "holding", 250, 50)]
        coils = plan([point(number, table=Table.COIL, type=Type.BIT) for number in range(2001)], gap=0)
        assert asked(coils) == [(1, "coil", 0, 2000), (1, "coil", 2000, 1)]
        # A value is never cut in two: the 125th register would be the first half of the last.
        floats = plan([point(2 * number, type=Type.FLOAT32) for number in range(63)], gap=0)
        assert asked(floats) == [(1, "holding", 0, 124), (1, "holding", 124, 2)]

    @given(st.lists(st.integers(0, 600), unique=True, max_size=80), st.integers(0, 40))
    def test_every_point_is_read_once_within_the_limits(self, addresses: list[int], gap: int) -> None:
        points = [point(address, type=Type.UINT32) for address in addresses]
        blocks = plan(points, gap=gap)
        assert sorted(one.address for block in blocks for one in block.points) == sorted(addresses)
        assert all(block.count <= MOST_REGISTERS for block in blocks)
        assert all(block.start <= one.address and one.end <= block.start + block.count
                   for block in blocks for one in block.points)  # fmt: skip

    @given(st.lists(st.integers(0, 300), unique=True, min_size=2, max_size=40))
    def test_splitting_ends_with_each_point_alone(self, addresses: list[int]) -> None:
        waiting, alone = plan([point(address) for address in addresses], gap=20), 0
        while waiting:
            block = waiting.pop()
            if len(block.points) == 1:
                alone += 1
                continue
            parts = split(block)
            assert len(parts) > 1
            waiting += parts
        assert alone == len(addresses)

    def test_two_bits_of_one_register_are_split_too(self) -> None:
        (block,) = plan([point(3, type=Type.BIT, bit=0), point(3, type=Type.BIT, bit=4)], gap=0)
        assert [part.points for part in split(block)] == [(block.points[0],), (block.points[1],)]


def read(wanted: Register, *words: int) -> float:
    return value_of(wanted, Block(1, wanted.table, 100, 2 + len(words), (wanted,)), [9, 9, *words])


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "words", "value"),
        [
            ("uint16", (65535,), 65535), ("int16", (65535,), -1), ("uint32", (1, 2), 65538),
            ("int32", (65535, 65535), -1), ("uint64", (0, 0, 1, 0), 65536), ("int64", (65535,) * 4, -1),
            ("float32", (0x3FC0, 0), 1.5), ("float64", (0x4004, 0, 0, 0), 2.5),
        ],
    )  # fmt: skip
    def test_each_type(self, kind: str, words: tuple[int, ...], value: float) -> None:
        assert read(point(102, type=Type(kind)), *words) == value

    def test_each_order_of_words_and_bytes(self) -> None:
        for word_order, byte_order, words in (
            (Order.BIG, Order.BIG, (0x3FC0, 0x1234)), (Order.LITTLE, Order.BIG, (0x1234, 0x3FC0)),
            (Order.BIG, Order.LITTLE, (0xC03F, 0x3412)), (Order.LITTLE, Order.LITTLE, (0x3412, 0xC03F)),
        ):  # fmt: skip
            wanted = point(102, type=Type.FLOAT32, word_order=word_order, byte_order=byte_order)
            assert read(wanted, *words) == struct.unpack(">f", bytes.fromhex("3fc01234"))[0]

    def test_bits(self) -> None:
        assert [read(point(102, type=Type.BIT, bit=bit), 0b1001) for bit in range(4)] == [1.0, 0.0, 0.0, 1.0]
        assert [read(point(102 + place, table=Table.COIL, type=Type.BIT), 1, 0) for place in range(2)] == [1.0, 0.0]

    @pytest.mark.parametrize("words", [(0x7FC0, 0), (0x7F80, 0), (0xFF80, 0)])
    def test_what_is_not_finite_is_no_value(self, words: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match="no finite number"):
            read(point(102, type=Type.FLOAT32), *words)

    @given(st.integers(-(2**31), 2**31 - 1))
    def test_every_integer_comes_back(self, number: int) -> None:
        high, low = struct.unpack(">HH", struct.pack(">i", number))
        assert read(point(102, type=Type.INT32), high, low) == number


class TestSettings:
    def test_a_plain_document_is_enough(self) -> None:
        found = modbus_settings({"host": "10.0.0.7", "points": [{"key": "p", "address": 3, "type": "float32"}]})
        assert (found.port, found.timeout_s, found.gap) == (502, 3.0, 8)
        assert found.points[0].place == "unit 1, holding 3"

    @pytest.mark.parametrize(
        ("points", "place", "code"),
        [
            ([{"key": "p"}], "points/0", "field.settings"),
            ([{"key": "p", "address": 70_000}], "points/0/address", "field.settings"),
            ([{"key": "p", "address": "3"}], "points/0/address", "field.settings"),
            ([{"key": "p", "address": 3, "type": "int8"}], "points/0/type", "field.settings"),
            ([{"key": "p", "address": 3, "scale": 2}], "points/0", "field.settings"),
            ([{"key": " p", "address": 3}], "points/0/key", "field.settings"),
            ([{"key": "p", "address": 65_535, "type": "uint32"}], "points/0/address", "modbus.address"),
            ([{"key": "p", "address": 3, "type": "bit"}], "points/0/bit", "modbus.bit"),
            ([{"key": "p", "address": 3, "bit": 2}], "points/0/bit", "modbus.bit"),
            ([{"key": "p", "address": 3, "table": "coil"}], "points/0/type", "modbus.bit_table"),
            ([{"key": "p", "address": 3}, {"key": "p", "address": 4}], "points/1/key", "field.repeated"),
        ],
    )
    def test_what_is_wrong_is_told_with_its_place(self, points: list[Any], place: str, code: str) -> None:
        with pytest.raises(FieldSettingsError) as error:
            modbus_settings({"host": "h", "points": points})
        (finding,) = error.value.findings
        assert (finding.place, finding.code) == (place, code)
        assert finding.fix

    @pytest.mark.parametrize("host", ["http://plant", "a b", "bücher"])
    def test_a_host_is_a_name_or_an_address(self, host: str) -> None:
        with pytest.raises(FieldSettingsError, match="is no host"):
            modbus_settings({"host": host})

    def test_a_coil_is_one_address_wide(self) -> None:
        assert MOST_BITS == 2000
        assert point(5, table=Table.COIL, type=Type.BIT).end == 6
