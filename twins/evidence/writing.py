"""Sealed segments written as columns: hundreds in one statement, in a third of the time that rows of it take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connection

from tenants.kernel.ids import new_id
from tenants.scope.context import required_tenant
from tenants.scope.documents import packed_document
from twins.evidence.schemas import SealedSegment

# A cluster takes INSERT .. SELECT from a role under row-level security only with ON CONFLICT; there can be no conflict
# while the twin is locked, so a row that is missing afterwards is a fault.
_SEGMENTS = """
INSERT INTO twins_evidencesegment
       (tenant_id, twin_id, start, "end", sealed_at, watermark, id, asset, revision, digest, document)
SELECT %s, %s, %s, %s, %s, %s, segment.*
FROM unnest(%s::uuid[], %s::uuid[], %s::integer[], %s::text[], %b::bytea[]) AS segment
ON CONFLICT DO NOTHING
"""


def write_segments(segments: Sequence[SealedSegment]) -> None:
    """Write new segments of one twin for one span, sealed at one time; the twin is locked.

    Raises:
        IntegrityError: A segment of this revision stands already.
    """
    if not segments:
        return
    one = segments[0]
    columns: list[list[Any]] = [
        [new_id() for _ in segments],
        [each.asset for each in segments],
        [each.revision for each in segments],
        [each.digest for each in segments],
        [packed_document(each.document) for each in segments],
    ]
    alike: list[Any] = [required_tenant("evidence"), one.twin, one.start, one.end, one.sealed_at, one.watermark]
    with connection.values_apart(), connection.cursor() as cursor:  # type: ignore[attr-defined] # of our backend
        cursor.execute(_SEGMENTS, [*alike, *columns])
        if cursor.rowcount != len(segments):
            raise IntegrityError(f"{len(segments) - cursor.rowcount} segments of twin {one.twin} stand already")
