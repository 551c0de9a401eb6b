"""Readings as bytes: quickly for the log of what has just come, small for the chunks in which it stays.

A chunk holds the readings of one signal in the order of time. Instants and commits become differences, values whole
numbers of decimals where that gives back every bit, and differences of these; each column takes the fewest bytes its
span needs, bytes of the same weight stand together, and zstd takes what is left. Values that are no such decimals stay
64-bit floats. The idea of differences and whole numbers is that of T. Pelkonen et al., *Gorilla*, VLDB 2015; grouping
bytes by weight is what HDF5 and Blosc call shuffling.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import zstandard
from numpy.typing import NDArray

from twins.telemetry.schemas import Floats, Ints, Readings
from twins.telemetry.series import Rollups

MOST_DECIMALS = 6
"""Of a value that is kept as a whole number of decimals."""
_LARGEST_EXACT = float(2**53)
_LOG_LEVEL, _CHUNK_LEVEL = 1, 3
_PLAIN, _ZSTD = b"\x00", b"\x01"
_SHORTEST_PACKED = 64
_MOST_BYTES = 2**28
_INTS = struct.Struct("<qqqB")
_WIDTH = 24
"""Where in them the width stands."""
_COUNT = struct.Struct("<I")
_AS_FLOATS = 255
_POWERS = tuple(10.0**decimals for decimals in range(MOST_DECIMALS + 1))
_WIDTHS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Readings as they are kept; shape ``(n,)`` each.

    Attributes:
        signal: Whose.
        at: Instants, microseconds since 1970.
        value: In the unit of the signal.
        quality: Values of ``Quality``.
        commit: With which of the tenant's commits each became known.
    """

    signal: Ints
    at: Ints
    value: Floats
    quality: NDArray[np.int16]
    commit: Ints

    @property
    def size(self) -> int:
        """How many they are."""
        return int(self.at.size)

    def where(self, chosen: Any) -> Kept:
        """Some of them, by a mask, places or a slice."""
        return Kept(self.signal[chosen], self.at[chosen], self.value[chosen], self.quality[chosen], self.commit[chosen])


def joined(parts: list[Kept]) -> Kept:
    """Several one after the other."""
    if len(parts) == 1:
        return parts[0]
    parts = parts or [none_kept()]
    return Kept(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("signal", "at", "value", "quality", "commit")
        )
    )


def none_kept() -> Kept:
    """No readings."""
    none = np.empty(0, np.int64)
    return Kept(none, none, none.astype(np.float64), none.astype(np.int16), none)


def pack_log(readings: Readings) -> bytes:
    """The readings that one commit made of a tenant's, in the order of their arrival."""
    columns = [_offsets(readings.signal), _offsets(readings.at), _offsets(readings.quality.astype(np.int64))]
    body = b"".join([_COUNT.pack(readings.size), *columns, _shuffled(readings.value)])
    return _packed(body, _LOG_LEVEL)


def unpack_log(payload: bytes, commit: int) -> Kept:
    """What ``pack_log`` packed, of that commit."""
    reader = _Reader(_unpacked(payload))
    size = reader.count()
    signal, at, quality = (reader.offsets(size) for _ in range(3))
    value = reader.floats(size)
    return Kept(signal, at, value, quality.astype(np.int16), np.full(size, commit, np.int64))


def pack_chunk(kept: Kept) -> bytes:
    """Readings of one signal, ascending in time."""
    columns = [
        _differences(kept.at), _values(kept.value), _differences(kept.commit), _offsets(kept.quality.astype(np.int64)),
    ]  # fmt: skip
    return _packed(b"".join([_COUNT.pack(kept.size), *columns]), _CHUNK_LEVEL)


def unpack_chunk(payload: bytes, signal: int) -> Kept:
    """What ``pack_chunk`` packed, of that signal."""
    return unpack_chunks([(signal, payload)])


def unpack_chunks(chunks: Sequence[tuple[int, bytes]]) -> Kept:
    """Many at once, each with its signal: one after the other as they are given."""
    bodies = [_unpacked(payload) for _, payload in chunks]
    alike: dict[_Layout, list[int]] = {}
    for number, body in enumerate(bodies):
        alike.setdefault(_layout(body), []).append(number)
    sizes = np.zeros(len(bodies), np.int64)
    for layout, numbers in alike.items():
        sizes[numbers] = layout.size
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if sizes.size else 0
    at, commit = np.empty(total, np.int64), np.empty(total, np.int64)
    value, quality = np.empty(total, np.float64), np.empty(total, np.int16)
    kept: tuple[NDArray[Any], ...] = (at, value, commit, quality)
    begins = (ends - sizes).tolist()
    for layout, numbers in alike.items():
        columns = _columns([bodies[number] for number in numbers], layout)
        for found, column in zip(kept, columns, strict=True):
            for number, row in zip(numbers, column, strict=True):
                found[begins[number] : begins[number] + layout.size] = row
    signal = np.repeat(np.array([signal for signal, _ in chunks], np.int64), sizes)
    return Kept(signal, at, value, quality, commit)


def pack_rollups(rolled: Rollups) -> bytes:
    """Rollups of one signal, ascending in time."""
    whole = b"".join(_offsets(column) for column in (rolled.count, rolled.used, rolled.doubtful))
    values = b"".join(_values(column) for column in (rolled.low, rolled.high, rolled.sum, rolled.last))
    body = _COUNT.pack(rolled.start.size) + _differences(rolled.start) + whole + values
    return _packed(body, _CHUNK_LEVEL)


def unpack_rollups(payload: bytes) -> Rollups:
    """What ``pack_rollups`` packed."""
    reader = _Reader(_unpacked(payload))
    size = reader.count()
    start = reader.differences(size)
    count, used, doubtful = (reader.offsets(size) for _ in range(3))
    low, high, total, last = (reader.values(size) for _ in range(4))
    return Rollups(start, count, used, low, high, total, last, doubtful)


def _values(value: Floats) -> bytes:
    """As whole numbers of decimals, or as floats when one of them does not come back with every bit."""
    largest = float(abs(value).max(initial=0.0))
    some = value[:8]
    for decimals, power in enumerate(_POWERS):
        if largest * power >= _LARGEST_EXACT:
            break
        if (np.rint(some * power) / power != some).any():
            continue
        whole = np.rint(value * power).astype(np.int64)
        if (whole.astype(np.float64) / power).tobytes() == value.tobytes():
            return bytes([decimals]) + _differences(whole)
    return bytes([_AS_FLOATS]) + _shuffled(value)


def _differences(numbers: Ints) -> bytes:
    """The first, and how far each is from the one before."""
    if numbers.size < 2:
        return _INTS.pack(int(numbers[0]) if numbers.size else 0, 1, 0, 0)
    step = numbers[1:] - numbers[:-1]
    base = int(step.min())
    step = step - base
    most = int(step.max())
    unit = int(np.gcd.reduce(step)) if most > 255 else 1
    width = _width(most // unit)
    narrow = step if unit == 1 else step // unit
    return _INTS.pack(int(numbers[0]), unit, base, width) + _narrow(narrow, width)


def _offsets(numbers: Ints) -> bytes:
    """The smallest, and how far each is from it."""
    base = int(numbers.min()) if numbers.size else 0
    width = _width(int(numbers.max()) - base) if numbers.size else 0
    return _INTS.pack(base, 1, 0, width) + _narrow(numbers - base, width)


def _width(most: int) -> int:
    """Bytes that hold the numbers from 0 to this one."""
    return 0 if most == 0 else next(width for width in _WIDTHS if most < 1 << (8 * width))


def _narrow(numbers: Ints, width: int) -> bytes:
    return _shuffled(numbers.astype(f"<u{width}")) if width else b""


def _shuffled(numbers: NDArray[Any]) -> bytes:
    """Bytes of the same weight together: those of the highest hardly change, which zstd likes."""
    width = numbers.itemsize
    if width == 1:
        return numbers.tobytes()
    return numbers.view(np.uint8).reshape(-1, width).T.tobytes()


class _Reader:
    """Reads columns one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._place = 0

    def count(self) -> int:
        (size,) = _COUNT.unpack_from(self._body)
        self._place = _COUNT.size
        return int(size)

    def differences(self, size: int) -> Ints:
        first, unit, base, width = self._head()
        if size < 2:
            return np.full(size, first, np.int64)
        numbers = np.empty(size, np.int64)
        numbers[0] = first
        numbers[1:] = self._wide(size - 1, width) if width else 0
        if unit != 1:
            numbers[1:] *= unit
        if base:
            numbers[1:] += base
        return np.cumsum(numbers)

    def offsets(self, size: int) -> Ints:
        base, _, _, width = self._head()
        return self._wide(size, width).astype(np.int64) + base if width else np.full(size, base, np.int64)

    def values(self, size: int) -> Floats:
        decimals = self._body[self._place]
        self._place += 1
        if decimals == _AS_FLOATS:
            return self.floats(size)
        whole = self.differences(size).astype(np.float64)
        return whole / _POWERS[decimals] if decimals else whole

    def floats(self, size: int) -> Floats:
        found = self._bytes(size, 8)
        return np.ascontiguousarray(found.reshape(8, size).T).view("<f8").ravel()

    def _head(self) -> tuple[int, int, int, int]:
        found = _INTS.unpack_from(self._body, self._place)
        self._place += _INTS.size
        return found

    def _wide(self, size: int, width: int) -> NDArray[Any]:
        found = self._bytes(size, width)
        if width == 1:
            return found
        return np.ascontiguousarray(found.reshape(width, size).T).view(f"<u{width}").ravel()

    def _bytes(self, size: int, width: int) -> NDArray[np.uint8]:
        found = np.frombuffer(self._body, np.uint8, size * width, self._place)
        self._place += size * width
        return found


class _Layout(NamedTuple):
    """How many bytes the columns of a chunk take: chunks of one layout are read as one table."""

    size: int
    at: int
    decimals: int
    value: int
    commit: int
    quality: int


def _layout(body: bytes) -> _Layout:
    (size,) = _COUNT.unpack_from(body)
    steps = max(size - 1, 0)
    at = body[_COUNT.size + _WIDTH]
    place = _COUNT.size + _INTS.size + at * steps
    decimals = body[place]
    value = 0 if decimals == _AS_FLOATS else body[place + 1 + _WIDTH]
    place += 1 + (8 * size if decimals == _AS_FLOATS else _INTS.size + value * steps)
    commit = body[place + _WIDTH]
    return _Layout(size, at, decimals, value, commit, body[place + _INTS.size + commit * steps + _WIDTH])


def _columns(bodies: list[bytes], layout: _Layout) -> tuple[Ints, Floats, Ints, Ints]:
    """Instants, values, commits and qualities of chunks of one layout, shape ``(len(bodies), layout.size)`` each."""
    reader = _TableReader(bodies, layout.size)
    at = reader.differences(layout.at)
    reader.skip(1)
    value = reader.floats() if layout.decimals == _AS_FLOATS else reader.differences(layout.value).astype(np.float64)
    if layout.decimals != _AS_FLOATS and layout.decimals:
        value /= _POWERS[layout.decimals]
    return at, value, reader.differences(layout.commit), reader.offsets(layout.quality)


class _TableReader:
    """Reads columns of many bodies of one layout, one after the other."""

    def __init__(self, bodies: list[bytes], size: int) -> None:
        self._table = np.frombuffer(b"".join(bodies), np.uint8).reshape(len(bodies), -1)
        self._size = size
        self._place = _COUNT.size

    def skip(self, width: int) -> None:
        self._place += width

    def differences(self, width: int) -> Ints:
        first, unit, base = self._head()
        if not width:
            return np.asarray(first + base * np.arange(self._size))
        numbers = np.empty((first.size, self._size), np.int64)
        numbers[:, :1] = first
        numbers[:, 1:] = self._wide(self._size - 1, width)
        if (unit != 1).any():
            numbers[:, 1:] *= unit
        if base.any():
            numbers[:, 1:] += base
        return np.cumsum(numbers, axis=1, out=numbers)

    def offsets(self, width: int) -> Ints:
        base, _, _ = self._head()
        numbers = np.empty((base.size, self._size), np.int64)
        numbers[:] = base
        if width:
            numbers += self._wide(self._size, width)
        return numbers

    def floats(self) -> Floats:
        return self._wide(self._size, 8).view("<f8")

    def _head(self) -> tuple[Ints, Ints, Ints]:
        """First, unit and base of each body, shape ``(n, 1)``."""
        found = np.ascontiguousarray(self._table[:, self._place : self._place + _WIDTH]).view("<i8")
        self._place += _INTS.size
        return found[:, :1], found[:, 1:2], found[:, 2:]

    def _wide(self, size: int, width: int) -> NDArray[Any]:
        found = self._table[:, self._place : self._place + size * width]
        self._place += size * width
        if width == 1:
            return found
        by_number = found.reshape(-1, width, size).transpose(0, 2, 1)
        return np.ascontiguousarray(by_number).view(f"<u{width}").reshape(-1, size)


class _Codecs(threading.local):
    """Compressors and decompressors, which only one thread may use at a time."""

    def __init__(self) -> None:
        self.compressors = {
            level: zstandard.ZstdCompressor(level, write_checksum=False) for level in (_LOG_LEVEL, _CHUNK_LEVEL)
        }
        self.decompressor = zstandard.ZstdDecompressor()


_codecs = _Codecs()


def _packed(body: bytes, level: int) -> bytes:
    if len(body) >= _SHORTEST_PACKED:
        small = _codecs.compressors[level].compress(body)
        if len(small) < len(body):
            return _ZSTD + small
    return _PLAIN + body


def _unpacked(payload: bytes) -> bytes:
    if payload[:1] == _PLAIN:
        return payload[1:]
    return _codecs.decompressor.decompress(memoryview(payload)[1:], max_output_size=_MOST_BYTES)
