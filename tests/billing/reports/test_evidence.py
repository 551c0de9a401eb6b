"""The evidence of a report as a table: every span and reading of its segments, each with the segment's digest."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from django.core.cache import cache
from django.test import Client
from pyarrow import parquet

from billing.reports.bundles import Bundle
from billing.reports.evidence import COLUMNS, csv_pieces, parquet_pieces, rows_by_segment
from billing.reports.links import make_link
from billing.reports.models import ReportOpening
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.reports.test_links import actor
from tests.billing.world import House
from tests.conftest import Cast

SignIn = Callable[[User], Client]
DIGEST = "d" * 64


class Told(Bundle):
    """A bundle of one segment, as far as a table of it asks."""

    @property
    def agreement(self) -> Any:
        return type("Agreement", (), {"assets": {"a-1": "=Engine one"}})()

    @property
    def run(self) -> dict[str, Any]:
        return {"relies_on": {"evidence_segment": [DIGEST]}}


SEGMENT: dict[str, Any] = {
    "asset": "a-1", "start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z",
    "in_service": {"from": None, "to": "2026-11-20T00:00:00Z"}, "initial": "up",
    "states": [{"from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z", "state": "down",
                "received": "2026-11-04T00:00:00Z"}],
    "counters": [{"id": "r-1", "at": "2026-11-02T01:00:00.250Z", "value": "0.10", "received": "2026-11-04T00:00:00Z"}],
    "rates": [{"from": "2026-11-05T00:00:00Z", "to": "2026-11-05T00:05:00Z", "value": "0.25"}],
    "measures": {"good": [{"id": "g-1", "at": "2026-11-06T00:00:00Z", "value": "-5",
                           "received": "2026-11-06T00:00:01Z"}]},
    "conditions": {"cold": [{"from": "2026-11-07T00:00:00Z", "to": "2026-11-08T00:00:00Z", "state": "up",
                             "received": "2026-11-08T00:00:01Z"}]},
}  # fmt: skip
ROWS = [
    ("in_service", None, None, None, "2026-11-20T00:00:00Z", None, None, None),
    ("initial", None, None, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "up", None, None),
    ("state", None, None, "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z", "down", None, "2026-11-04T00:00:00Z"),
    ("counter", None, "r-1", "2026-11-02T01:00:00.250Z", None, None, "0.10", "2026-11-04T00:00:00Z"),
    ("rate", None, None, "2026-11-05T00:00:00Z", "2026-11-05T00:05:00Z", None, "0.25", None),
    ("measure", "good", "g-1", "2026-11-06T00:00:00Z", None, None, "-5", "2026-11-06T00:00:01Z"),
    ("condition", "cold", None, "2026-11-07T00:00:00Z", "2026-11-08T00:00:00Z", "up", None, "2026-11-08T00:00:01Z"),
]  # fmt: skip


def told() -> Told:
    return Told({}, {"evidence_segment": {DIGEST: SEGMENT}}, "", "")


def test_each_thing_that_a_segment_tells_is_a_row() -> None:
    assert list(rows_by_segment(told())) == [[("a-1", "=Engine one", *row, DIGEST) for row in ROWS]]


def test_a_csv_file_says_the_same_and_runs_no_formula() -> None:
    lines = list(csv.reader(io.StringIO(b"".join(csv_pieces(told())).decode(), newline="")))
    assert lines[0] == list(COLUMNS)
    assert lines[1:] == [["a-1", "'=Engine one", *(each or "" for each in row), DIGEST] for row in ROWS]


def test_a_parquet_file_has_instants_and_exact_values() -> None:
    table = parquet.read_table(io.BytesIO(b"".join(parquet_pieces(told()))))
    assert table.column_names == list(COLUMNS)
    assert {table.schema.field(name).type for name in ("from", "to", "received")} == {pa.timestamp("ms", tz="UTC")}
    rows = table.to_pylist()
    assert [row["kind"] for row in rows] == [row[0] for row in ROWS]
    assert rows[3]["from"] == datetime(2026, 11, 2, 1, 0, 0, 250_000, UTC)
    assert (rows[3]["value"], rows[3]["reading"], rows[3]["to"]) == ("0.10", "r-1", None)
    assert {row["segment"] for row in rows} == {DIGEST}


def test_a_report_without_evidence_is_a_file_of_headings() -> None:
    empty = Told({}, {"evidence_segment": {DIGEST: {"asset": "a-1", "initial": None}}}, "", "")
    assert b"".join(csv_pieces(empty)).decode() == ",".join(COLUMNS) + "\r\n"
    assert parquet.read_table(io.BytesIO(b"".join(parquet_pieces(empty)))).num_rows == 0


@pytest.mark.django_db
def test_a_customer_and_a_guest_take_the_same_files(cast: Cast, house: House, sign_in: SignIn) -> None:
    cache.clear()
    report = house.done.report
    with scope(cast.meridian.id):
        _link, address = make_link(report=report.id, name="Bank", days=1, by=actor(cast), now=utc_now())
    bundle = Bundle.read(bytes(report.bundle))
    (wanted,) = rows_by_segment(bundle)
    assert {row[2] for row in wanted} == {"state", "counter"}
    assert {row[1] for row in wanted} == {"Engine 081"}
    for client, path in (
        (sign_in(cast.reader), f"/t/meridian/reports/{report.id}/"), (Client(), urlsplit(address).path),
    ):  # fmt: skip
        page = client.get(path).content.decode()
        assert f'href="{path}evidence.csv"' in page
        answer: Any = client.get(f"{path}evidence.csv")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"] == 'attachment; filename="uptime-2026-11-01-v1-evidence.csv"'
        assert answer["Cache-Control"] == "private, no-store"
        lines = list(csv.reader(io.StringIO(answer.getvalue().decode(), newline="")))
        assert len(lines) == 1 + len(wanted)
        assert {line[-1] for line in lines[1:]} == {wanted[0][-1]}
        answer = client.get(f"{path}evidence.parquet")
        assert answer["Content-Type"] == "application/vnd.apache.parquet"
        assert parquet.read_table(io.BytesIO(answer.getvalue())).num_rows == len(wanted)
    with scope(cast.meridian.id):
        opened = list(ReportOpening.objects.order_by("id").values_list("what", flat=True))
    assert opened == ["page", "evidence.csv", "evidence.parquet"]
