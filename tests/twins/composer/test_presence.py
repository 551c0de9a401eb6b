"""What browsers say of themselves: heard when it makes sense, bounded, and told on as little as can be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.twins.composer.drafts import A
from twins.composer.presence import LONGEST_SAID, Allowance, Said, events_in_one, read_said

WHOLE: dict[str, Any] = {"cursor": [1.5, -2], "selected": [A], "editing": f"assets/{A}/name", "view": [0, 0, 1]}


def test_what_makes_sense_is_heard() -> None:
    assert read_said(json.dumps(WHOLE)) == Said((1.5, -2.0), (A,), f"assets/{A}/name", (0.0, 0.0, 1.0))
    assert read_said("{}") == Said()


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{", "7", '"x"', "\ud800", '{"cursor": NaN}',
        json.dumps(WHOLE | {"name": "Somebody else"}),
        json.dumps(WHOLE | {"tab": "another's"}),
        json.dumps({"cursor": [1]}),
        json.dumps({"cursor": [1e300, 0]}),
        json.dumps({"cursor": ["1", "2"]}),
        json.dumps({"selected": [A] * 51}),
        json.dumps({"selected": ["<script>"]}),
        json.dumps({"selected": ["x" * 37]}),
        json.dumps({"editing": "x" * 161}),
        json.dumps({"editing": "<img src=x>"}),
        json.dumps({"view": [0, 0, 0]}),
        " " * LONGEST_SAID + "{}",
    ],
)  # fmt: skip
def test_what_makes_none_is_not(text: str) -> None:
    assert read_said(text) is None


def test_too_many_messages_are_not_heard_and_in_the_end_not_suffered() -> None:
    allowance = Allowance()
    heard = [allowance.take() for _ in range(1000)]
    assert 40 <= sum(heard) < 100
    assert [allowance.refuse() for _ in range(501)] == [*[False] * 500, True]


def test_of_many_events_the_last_of_each_tab_and_every_edit_is_told() -> None:
    def presence(tab: str, x: int) -> dict[str, Any]:
        return {"kind": "presence", "tab": tab, "at": {"cursor": [x, 0]}}

    edits = [{"kind": "edits", "revision": number} for number in (1, 2)]
    texts = [
        [presence("a", 1)], [edits[0]], [presence("b", 1)], [presence("a", 2)], [edits[1]],
        [{"kind": "gone", "tab": "b"}],
    ]  # fmt: skip
    told = json.loads(events_in_one(json.dumps(each) for each in texts))
    assert told == [edits[0], presence("a", 2), edits[1], {"kind": "gone", "tab": "b"}]
