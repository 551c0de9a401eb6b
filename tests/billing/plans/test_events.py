"""CloudEvents are read strictly: what is taken is exact, what is not says where and why."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.plans.domain.events import Usage, is_binary, plain, read_event, read_headers, read_moment
from tests.billing.plans.world import event
from tests.billing.world import at

NOW = at("2026-09-20")


def read(**changes: Any) -> Usage:
    found = read_event(event(**changes), NOW)
    assert isinstance(found, Usage), found
    return found


def faults(**changes: Any) -> list[tuple[str, str]]:
    given = {name: value for name, value in event(**changes).items() if value != "absent"}
    found = read_event(given, NOW)
    assert isinstance(found, list), found
    assert all(each.message and each.fix for each in found)
    return [(each.code, each.place) for each in found]


def test_an_event_is_read() -> None:
    expected = Usage("/gpu/1", "e1", "gpu.seconds", "meridian", at("2026-09-10T10:00"), Decimal(3600))
    assert read(extension1="ignored", datacontenttype="application/json; charset=utf-8") == expected


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        ("12.5", "12.5"), (7, "7"), (Decimal("0.000000001"), "0.000000001"), ("-3", "-3"), ("0.50", "0.5"),
        ("999999999999999999.999999999", "999999999999999999.999999999"), (Decimal("1E+3"), "1000"),
    ],
)  # fmt: skip
def test_numbers_are_exact(value: object, exact: str) -> None:
    number = read(data={"value": value}).value
    assert number is not None
    assert plain(number) == exact


@pytest.mark.parametrize(
    "value", ["1e3", "NaN", "01", "", " 1", "1.", True, None, [], "0.0000000001", "1" + "0" * 18, 10**30, "٣"]
)
def test_what_is_no_exact_number_is_refused(value: object) -> None:
    assert faults(data={"value": value}) == [("usage.value", "data/value")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"specversion": "0.3"}, [("usage.specversion", "specversion")]),
        ({"id": "absent"}, [("usage.missing", "id")]),
        ({"source": " "}, [("usage.missing", "source")]),
        ({"subject": 7}, [("usage.missing", "subject")]),
        ({"time": "absent"}, [("usage.missing", "time")]),
        ({"id": "x" * 256}, [("usage.too_long", "id")]),
        ({"time": "yesterday"}, [("usage.time", "time")]),
        ({"time": "2026-09-10T10:00:00"}, [("usage.time", "time")]),
        ({"time": "2026-09-20T00:05:01Z"}, [("usage.too_far_ahead", "time")]),
        ({"time": "2025-09-18T23:59:59Z"}, [("usage.too_old", "time")]),
        ({"Bad-Name": 1}, [("usage.attribute", "Bad-Name")]),
        ({"data_base64": "AAAA"}, [("usage.data_form", "datacontenttype")]),
        ({"datacontenttype": "text/xml"}, [("usage.data_form", "datacontenttype")]),
        ({"data": "absent"}, [("usage.data", "data")]),
        ({"data": {"value": "1", "item": "a"}}, [("usage.data", "data")]),
        ({"data": {"item": ""}}, [("usage.item", "data/item")]),
        ({"id": 1, "time": "x", "data": {}},
         [("usage.missing", "id"), ("usage.data", "data"), ("usage.time", "time")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(changes: dict[str, Any], told: list[tuple[str, str]]) -> None:
    assert faults(**changes) == told


@pytest.mark.parametrize("given", [None, 7, "event", [], [{}]])
def test_what_is_no_object_is_refused(given: object) -> None:
    found = read_event(given, NOW)
    assert isinstance(found, list)
    assert [each.code for each in found] == ["usage.event"]


def test_the_last_five_minutes_ahead_are_taken() -> None:
    assert read(time="2026-09-20T00:05:00Z").at == at("2026-09-20T00:05")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-10T10:00:00Z", datetime(2026, 9, 10, 10, tzinfo=UTC)),
        ("2026-09-10t12:00:00.123456789+02:00", datetime(2026, 9, 10, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-09-10T10:00:00-00:00", datetime(2026, 9, 10, 10, tzinfo=UTC)),
        # A leap second stays in the day it ends; elsewhere there is none.
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2017-01-01T00:59:60.5+01:00", datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-09-10T10:00:60Z", None), ("2026-09-10T23:59:60Z", None),
        ("2026-02-30T00:00:00Z", None), ("2026-09-10T24:00:00Z", None), ("2026-09-10T10:00:00+24:00", None),
        ("2026-09-10T10:00:00+01:60", None), ("0001-01-01T00:00:00+01:00", None), ("2026-09-10 10:00:00Z", None),
    ],
)  # fmt: skip
def test_moments(text: str, moment: datetime | None) -> None:
    assert read_moment(text) == moment


def test_the_same_content_has_one_digest_however_it_is_written() -> None:
    one = read(time="2026-09-10T12:00:00.000+02:00", data={"value": "3600.0"}).digest_for("a")
    assert one == read(data={"value": 3600}).digest_for("a")
    others = [read(data={"value": "3601"}), read(time="2026-09-10T10:00:01Z"), read(type="disk")]
    assert len({one, read().digest_for("b"), *(each.digest_for("a") for each in others)}) == 5


def test_binary_mode_is_read_from_headers() -> None:
    headers = {
        "Content-Type": "application/json", "CE-SpecVersion": "1.0", "ce-id": "e%201", "ce-source": "/gpu/1",
        "ce-type": "gpu.seconds", "ce-subject": "meridian", "ce-time": "2026-09-10T10:00:00Z", "Accept": "*/*",
    }  # fmt: skip
    assert is_binary(headers)
    found = read_event(read_headers(headers, {"value": "3600"}), NOW)
    assert found == read(id="e 1")
    assert not is_binary({"Content-Type": "application/json"})
