"""Readings as bytes: every bit comes back, and slow random walks of few decimals take about a byte each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.telemetry.packing import Kept, joined, none_kept, pack_chunk, pack_log, unpack_chunk, unpack_log
from twins.telemetry.schemas import Readings

INSTANTS = st.integers(-60_000_000_000_000_000, 250_000_000_000_000_000)
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**6), 10**6).map(lambda number: number / 100),
    st.sampled_from([0.0, -0.0, 5e-324, 2.0**53, -(2.0**53) - 2.0, 0.1, 1e-7]),
)
ROWS = st.lists(st.tuples(INSTANTS, VALUES, st.integers(0, 300), st.integers(1, 2**62)), max_size=40)


def kept(rows: list[tuple[int, float, int, int]], signal: int = 7) -> Kept:
    at, value, quality, commit = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    return Kept(
        np.full(len(rows), signal, np.int64),
        np.array(at, np.int64),
        np.array(value, np.float64),
        np.array(quality, np.int16),
        np.array(commit, np.int64),
    )


def same(one: Kept, other: Kept) -> bool:
    names = ("signal", "at", "value", "quality", "commit")
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)


@given(ROWS)
def test_a_chunk_comes_back_bit_by_bit(rows: list[tuple[int, float, int, int]]) -> None:
    one = kept(rows)
    assert same(unpack_chunk(pack_chunk(one), 7), one)


@given(ROWS, st.integers(1, 2**40))
def test_a_row_of_the_log_comes_back_bit_by_bit(rows: list[tuple[int, float, int, int]], commit: int) -> None:
    one = kept([(at, value, quality, commit) for at, value, quality, _ in rows], signal=2**55)
    packed = pack_log(Readings(one.signal, one.at, one.value, one.quality))
    assert same(unpack_log(packed, commit), one)


@pytest.mark.parametrize(("sigma", "decimals", "most"), [(0.05, 2, 1.0), (0.05, 15, 7.0), (0.0, 2, 0.1), (5.0, 1, 1.6)])
def test_an_hour_of_a_signal_is_small(sigma: float, decimals: int, most: float) -> None:
    chance, count = np.random.default_rng(3), 720
    hour = Kept(
        np.full(count, 7, np.int64),
        1_735_689_600_000_000 + np.arange(count) * 5_000_000,
        np.round(50 + np.cumsum(chance.normal(0, sigma, count)), decimals),
        np.zeros(count, np.int16),
        np.full(count, 900, np.int64),
    )
    packed = pack_chunk(hour)
    assert same(unpack_chunk(packed, 7), hour)
    assert len(packed) / count <= most


def test_none_joined_is_none() -> None:
    assert joined([]).size == none_kept().size == 0
