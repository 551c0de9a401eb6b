"""Statuses and cells of lists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe

from tenants.kernel.money import Money
from tenants.templatetags.assets import icon
from tenants.templatetags.cells import shown, state

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIME = '<time datetime="2026-11-21T12:00:00Z">2026-11-21 12:00 UTC</time>'


def _cell(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "value": value, "url": None, "word": None, "template": "", **more}


def test_a_status_has_an_icon_a_tone_and_a_word() -> None:
    drawn = icon("circle-check")
    assert state("done") == (f'<span class="state state-good" data-status="done">{drawn}<span>Done</span></span>')
    assert state("done", "Version <2>").endswith("<span>Version &lt;2&gt;</span></span>")
    assert 'data-status="&lt;b&gt;"' in state("<b>")


def test_the_part_says_the_same() -> None:
    part = Template('{% include "parts/status.html" with status="done" word="" only %}').render(Context())
    assert part.strip() == state("done")


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("text", "Pump <1>", "Pump &lt;1&gt;"), ("text", "", "–"), ("text", None, "–"),
        ("code", "a&b", "<code>a&amp;b</code>"), ("code", "", "–"),
        ("number", 1234567, "1,234,567"), ("number", 0, "0"), ("number", None, "–"),
        ("day", NOON, "21 Nov 2026"), ("day", date(2026, 1, 2), "2 Jan 2026"), ("day", None, "–"),
        ("moment", None, "–"), ("age", None, "–"), ("money", None, "–"),
        ("money", Money(123456, "USD"), "1,234.56 USD"), ("text", mark_safe("<b>bold</b>"), "<b>bold</b>"),
        ("moment", NOON, f"<viewer-time>{TIME}</viewer-time>"), ("age", NOON, f"<live-age>{TIME}</live-age>"),
    ],
)  # fmt: skip
def test_each_kind_is_written_in_its_way(kind: str, value: object, written: str) -> None:
    page = Template("{% load cells %}{{ cell|shown }}")
    assert page.render(Context({"cell": _cell(kind, value)})) == written


def test_a_link_is_around_the_value() -> None:
    assert shown(_cell("text", "A & B", url="/t/a/?x=1&y=2")) == '<a href="/t/a/?x=1&amp;y=2">A &amp; B</a>'
    assert shown(_cell("status", "done", url="/x", word="Over")) == f'<a href="/x">{state("done", "Over")}</a>'
