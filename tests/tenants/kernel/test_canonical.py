"""The canonical form is that of RFC 8785, however it is made."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from tenants.kernel.canonical import Sealed, canonical_json, digest, json_text

texts = st.text() | st.sampled_from(
    ["2026-11-01T00:00:00.123Z", ",1.5,", "[1e5]", ":-0.25}", "\x7f\x1f\u2028", 'é/\\"']
)
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


@given(values)
@example({"\U0001f600": 1, "\uffff": 2})
@example([1e16, 1e-7, 5e-324, -0.0, 1.0, 100.0, 9007199254740991, -9007199254740991])
@example({"a": [0.5], "b": {"c": 1e300}})
@example(1.5)
@example(12345678901234567 % 2**53)
@example([0.0001, 0.00009999999999999999, 0.1 + 0.2, 999999999999999.9, 1e15 + 0.5, 1.5e-5])
def test_it_is_what_the_standard_says(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(values)
@example({"\ud800": "\udfff", "deep": [[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]})
@example([math.nan, math.inf, 2**80, {5: 1, None: 2, True: 3, 0.5: 4}])
def test_a_text_says_what_the_standard_library_says(value: Any) -> None:
    said, wanted = (json.loads(text) for text in (json_text(value), json.dumps(value)))
    assert repr(said) == repr(wanted)


@given(st.dictionaries(texts, values, max_size=4))
def test_a_sealed_object_is_written_once(value: dict[str, Any]) -> None:
    sealed = Sealed(value)
    assert sealed == value
    assert sealed.text == canonical_json(sealed) == json_text(sealed) == rfc8785.dumps(value)
    assert digest(sealed) == digest(value)
    assert canonical_json({"in": sealed}) == rfc8785.dumps({"in": value})


@pytest.mark.parametrize(
    "value",
    [
        math.nan, math.inf, [2**53], -(2**53), {"a": 2**60}, object(), {"a": {1, 2}}, "\ud800", {5: 1}, [b"bytes"],
        {"a": UUID(int=0)}, [datetime(2026, 11, 1, tzinfo=UTC)], Decimal("1.5"), {"a": [math.nan, 1]},
    ],
)  # fmt: skip
def test_what_json_cannot_carry_is_refused(value: Any) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_json(value)


@pytest.mark.parametrize("value", [b"bytes", {"a": {1, 2}}, [UUID(int=0)], datetime(2026, 11, 1, tzinfo=UTC)])
def test_what_the_standard_library_refuses_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        json_text(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    inner: list[Any] = []
    inner.append(inner)
    with pytest.raises((rfc8785.CanonicalizationError, RecursionError)):
        canonical_json(inner)


def test_a_digest_is_of_the_canonical_form() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest({"b": 1, "a": "ä"}) == digest({"a": "ä", "b": 1})
