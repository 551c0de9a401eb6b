"""What differs is told on pages in words, not as documents write it."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template

from twins.composer.domain.diff import Change, FieldChange
from twins.composer.previewing import Attributed
from twins.templatetags.differences import field_word, unit_of, value_word

PAGE = Template('{% include "composer/_changes.html" %}')


@pytest.mark.parametrize(
    ("name", "word"),
    [("at", "place"), ("part_of", "part of"), ("properties/rated_flow", "rated flow"), ("signals/flow", "flow")],
)
def test_a_field_is_called_as_people_call_it(name: str, word: str) -> None:
    assert str(field_word(name)) == word


@pytest.mark.parametrize(
    ("value", "word"), [(True, "yes"), (False, "no"), ([300, 40], "300, 40"), ("120", "120"), (1.5, "1.5"), ([], "")]
)
def test_a_value_is_read_without_signs_of_a_document(value: Any, word: str) -> None:
    assert str(value_word(value)) == word


@pytest.mark.parametrize(("code", "unit"), [("m3/h", "m³/h"), ("Cel", "°C"), ("", "")])
def test_a_unit_is_written_as_beside_any_number(code: str, unit: str) -> None:
    assert unit_of(FieldChange("properties/x", 1, 2, code)) == unit


def test_a_list_of_differences_is_in_words_and_bare_of_markup() -> None:
    fields = (
        FieldChange("at", [300, 40], [320, 240]),
        FieldChange("properties/rated_flow", "100", "120", "m3/h"),
        FieldChange("name", "<b>Left</b>", None),
    )
    change = Change("changed", "asset", "a", "Port", type="pump@1", assets=("a",), fields=fields)
    counts = {"added": 0, "removed": 0, "changed": 1, "moved": 0}
    page = PAGE.render(Context({"changes": [Attributed(change, ("ada",), 1)], "counts": counts, "more": 0}))
    assert "<div>place: 300, 40 → 320, 240</div>" in page
    assert "<div>rated flow: 100 → 120 m³/h</div>" in page
    assert "<div>name: <s>&lt;b&gt;Left&lt;/b&gt;</s></div>" in page
