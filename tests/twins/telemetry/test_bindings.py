"""What keys mean, worked out from bindings."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.kernel.errors import OutturnError
from tests.twins.telemetry.sample import GATEWAY, TENANT, TWIN, bindings, bound
from twins.telemetry.bindings import StoredSignal, bindings_of, declared_range
from twins.telemetry.schemas import Place


def test_keys_are_numbered_and_lead_to_their_signals() -> None:
    found = bindings(bound("b", key="x"), bound("a", key="y"), bound("b", asset=11, key="x"))
    assert dict(found.index) == {"b": 0, "a": 1}
    assert found.start.tolist() == [0, 2]
    assert found.count.tolist() == [2, 1]
    assert found.signal.tolist() == [1, 3, 2]
    assert found.places[3] == Place(TENANT, TWIN, UUID(int=11), "x")


def test_scale_comes_before_the_unit() -> None:
    found = bindings(bound("t", unit="Cel", sent_unit="[degF]", scale="10", offset="2", span=None))
    assert found.factor.tolist() == [pytest.approx(50 / 9, rel=1e-15)]
    assert found.offset.tolist() == [pytest.approx(-50 / 3, rel=1e-15)]


def test_a_binding_that_no_longer_converts_is_left_out() -> None:
    signals = [bound("a"), bound("b", key="level", unit="m")]
    stored = {(UUID(int=10), "flow"): StoredSignal(1, "m3/h"), (UUID(int=10), "level"): StoredSignal(2, "s")}
    found = bindings_of(TENANT, GATEWAY, signals, stored)
    assert dict(found.index) == {"a": 0}


def test_ranges_are_those_of_the_type_in_the_stored_unit() -> None:
    assert declared_range(bound("p", unit="bar", span=("-1", "16")), "kPa") == (-100.0, 1600.0)
    low, high = declared_range(bound("p", span=None), "m3/h")
    assert low == -high
    assert high > 1e308
    with pytest.raises(OutturnError):
        declared_range(bound("p", unit="bar"), "s")


def test_a_gateway_without_bindings() -> None:
    found = bindings_of(TENANT, GATEWAY, (), {})
    assert found.index == {}
    assert found.signal.size == 0


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "a\x00b", "", "d"]), max_size=40), max_size=8))
def test_lists_of_keys_are_recognised_and_never_mistaken(lists: list[list[str]]) -> None:
    found = bindings(bound("a", key="x"), bound("b", key="y"), bound("c", key="z"))
    for keys in (*lists, *lists):
        assert found.numbers(keys).tolist() == [found.index.get(key, -1) for key in keys]


def test_keys_with_nul_are_not_mistaken_for_others() -> None:
    found = bindings(bound("a", key="x"), bound("b", key="y"))
    whole, other = ["a", "b"] * 10, ["a\x00b", *["a", "b"] * 9, "a", "b"][:20]
    assert found.numbers(whole).tolist() == [0, 1] * 10
    assert found.numbers(other).tolist() == [found.index.get(key, -1) for key in other]
