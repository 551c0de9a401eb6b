from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.twins.catalog.documents import PUMP, asset_type
from twins.catalog.domain.changes import Changes, diff

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)


def test_a_document_is_no_different_from_itself() -> None:
    assert not diff(asset_type(PUMP), asset_type(PUMP))


def test_changes_are_told_by_path() -> None:
    old = asset_type(PUMP)
    signals = {key: value for key, value in PUMP["signals"].items() if key != "vibration_rms"}
    signals["discharge_pressure"] = signals["discharge_pressure"] | {"range": ["0", "10"]}
    signals["flow"] = {"unit": "m3/h"}
    assert diff(old, asset_type(PUMP, version=4, signals=signals)) == Changes(
        added={"signals/flow": {"unit": "m3/h"}},
        removed={"signals/vibration_rms": {"unit": "mm/s"}},
        changed={"signals/discharge_pressure/range": (["0", "16"], ["0", "10"]), "version": (3, 4)},
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (False, 0), ([False, False], [False, 0]), ([{"y": 1}], [{"y": True}]), ([[]], [{}])],
)
def test_what_python_alone_takes_for_equal_is_a_change(before: Any, after: Any) -> None:
    changes = diff(asset_type(extra={"a": {"x": before}}), asset_type(extra={"a": {"x": after}}))
    assert repr(changes) == repr(Changes({}, {}, {"extra/a/x": (before, after)}))


def test_a_number_is_the_same_however_it_is_written() -> None:
    old, new = asset_type(extra={"a": {"x": [1, 20.0]}}), asset_type(extra={"a": {"x": [1.0, 2e1]}})
    assert not diff(old, new)
    assert old.digest() == new.digest()


@given(JSON, JSON)
@example([False, False], [False, 0])
def test_what_is_added_one_way_is_removed_the_other_way(one: Any, other: Any) -> None:
    old, new = asset_type(extra={"a": one}), asset_type(extra={"a": other})
    there, back = diff(old, new), diff(new, old)
    assert there.added == back.removed
    assert there.removed == back.added
    assert there.changed == {path: (before, after) for path, (after, before) in back.changed.items()}
    assert bool(there) == (old.digest() != new.digest())
