"""The evidence under a report as a table: each span and each reading of its sealed segments, as CSV and as Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from billing.reports.bundles import Bundle
from tenants.kernel.cells import as_cells
from tenants.kernel.sinks import EmptiedSink

Json = Mapping[str, Any]
Row = tuple[str | None, ...]

COLUMNS = (
    "asset", "asset_name", "kind", "name", "reading", "from", "to", "state", "value", "received", "segment",
)  # fmt: skip
"""What each row says, all as it stands in the segment.

``kind`` is ``in_service`` (under contract from, to), ``initial`` (the state wherever no other is told), ``state``,
``counter``, ``rate`` (an error share), ``measure`` (a further counter, by ``name``) or ``condition`` (whether something
held, by ``name``); ``reading`` is the id of a counter's reading, which has no end; ``value`` is an exact decimal as
text; ``segment`` is the digest of the segment of evidence it stands in.
"""
_TIMES = frozenset({"from", "to", "received"})


def rows_by_segment(bundle: Bundle) -> Iterator[list[Row]]:
    """The rows of each segment that the run rests on, in its order.

    Args:
        bundle: The proof bundle, verified.
    """
    names = bundle.agreement.assets
    for digest in bundle.run["relies_on"].get("evidence_segment", ()):
        segment = bundle.documents["evidence_segment"][digest]
        asset = segment["asset"]
        place = (asset, names.get(asset, segment.get("name", asset)))
        yield [(*place, *row, digest) for row in _rows(segment)]


def csv_pieces(bundle: Bundle) -> Iterator[bytes]:
    """A CSV file, segment by segment; its first line names the columns."""
    yield _csv([COLUMNS])
    for rows in filter(None, rows_by_segment(bundle)):
        yield _csv(as_cells(row) for row in rows)


def parquet_pieces(bundle: Bundle) -> Iterator[bytes]:
    """A Parquet file, segment by segment: each is a row group; times are instants in milliseconds, in UTC."""
    import pyarrow as pa  # noqa: PLC0415 (only those who make such files load it)
    from pyarrow import parquet  # noqa: PLC0415

    instant = pa.timestamp("ms", tz="UTC")
    schema = pa.schema([(name, instant if name in _TIMES else pa.string()) for name in COLUMNS])
    sink = EmptiedSink()
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for rows in filter(None, rows_by_segment(bundle)):
            columns = [
                pa.array([_instant(each) for each in values] if field.type == instant else values, field.type)
                for field, values in zip(schema, zip(*rows, strict=True), strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            yield sink.taken()
    yield sink.taken()


def _rows(segment: Json) -> Iterator[Row]:
    """Kind, name, reading, from, to, state, value and received of all that a segment tells."""
    if (service := segment.get("in_service")) is not None:
        yield ("in_service", None, None, service.get("from"), service.get("to"), None, None, None)
    if (initial := segment.get("initial")) is not None:
        yield ("initial", None, None, segment["start"], segment["end"], initial, None, None)
    yield from _states("state", None, segment.get("states", ()))
    yield from _readings("counter", None, segment.get("counters", ()))
    for rate in segment.get("rates", ()):
        yield ("rate", None, None, rate["from"], rate["to"], None, rate["value"], rate.get("received"))
    for name, counters in segment.get("measures", {}).items():
        yield from _readings("measure", name, counters)
    for name, states in segment.get("conditions", {}).items():
        yield from _states("condition", name, states)


def _states(kind: str, name: str | None, states: Sequence[Json]) -> Iterator[Row]:
    for each in states:
        yield (kind, name, None, each["from"], each["to"], each["state"], None, each["received"])


def _readings(kind: str, name: str | None, counters: Sequence[Json]) -> Iterator[Row]:
    for each in counters:
        yield (kind, name, each["id"], each["at"], None, None, each["value"], each["received"])


def _csv(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
