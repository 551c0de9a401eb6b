"""What a gateway says of itself in the headers of a request."""

from __future__ import annotations

import pytest

from twins.gateways.said import said_in
from twins.telemetry.schemas import NO_TIME, Said

NOON = 1_795_262_400_000_000  # 2026-11-21T12:00:00Z


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, Said()),
        ({"x-gateway-version": " fw 2.1 ", "user-agent": "x"}, Said(version="fw 2.1")),
        ({"user-agent": "Telegraf/1.30"}, Said(version="Telegraf/1.30")),
        ({"x-gateway-version": "v" * 99}, Said(version="v" * 60)),
        ({"x-backlog": "120"}, Said(backlog=120)),
        ({"x-backlog": "-1"}, Said()), ({"x-backlog": "9" * 16}, Said()), ({"x-backlog": "²"}, Said()),
        ({"x-sent-at": "2026-11-21T12:00:00Z"}, Said(sent_at=NOON)),
        ({"x-sent-at": "2026-11-21T13:00:00+01:00"}, Said(sent_at=NOON)),
        ({"x-sent-at": "1795262400000"}, Said(sent_at=NOON)),
        ({"x-sent-at": "2026-11-21T12:00:00"}, Said()), ({"x-sent-at": "noon"}, Said()),
        ({"date": "Sat, 21 Nov 2026 12:00:00 GMT"}, Said(sent_at=NOON)),
        ({"date": "Sat, 21 Nov 2026 12:00:00 -0000"}, Said()), ({"date": "soon"}, Said()),
        ({"x-replayed": " 1 "}, Said(replayed=True)), ({"x-replayed": "yes"}, Said()),
        ({"date": "Sat, 21 Nov 99999 12:00:00 GMT"}, Said()),
    ],
)  # fmt: skip
def test_headers(headers: dict[str, str], said: Said) -> None:
    assert said_in(headers) == said


def test_nothing_is_no_time() -> None:
    assert Said().sent_at == NO_TIME
