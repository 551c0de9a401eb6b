"""Rows of any table, a page at a time in the order of their key, as values of JSON."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Cast, Coalesce, Length

from tenants.custody.schemas import ExportedColumn
from tenants.kernel.clock import isoformat
from tenants.scope.context import scope
from tenants.scope.documents import DocumentField, document_text

PAGE = 1000
SECRETS = frozenset({"password", "session_key"})
"""Columns of models that are not ours and cannot say so."""
FIRST_TRY = 16
"""Rows whose long values are measured for the first page; twice as many as fitted for each one after it."""
MOST_BYTES = 4 << 20
"""Of long values on a page of more than one row."""
SMALL = 64
"""Bytes of a column that stand in the row itself; longer ones are files of their own."""
_TYPES: tuple[tuple[type[models.Field[Any, Any]], Any], ...] = (
    (models.UUIDField, "uuid"),
    (models.ForeignKey, "uuid"),
    (models.DateTimeField, "moment"),
    (models.DateField, "date"),
    (models.BooleanField, "boolean"),
    (models.FloatField, "number"),
    (models.IntegerField, "integer"),
    (models.JSONField, "json"),
    (DocumentField, "json"),
    (models.BinaryField, "bytes"),
    (ArrayField, "list"),
)
_DOCUMENTS = (models.JSONField, DocumentField)


class Verbatim(str):
    """A document as JSON that is written as it stands."""

    __slots__ = ()


Blobs = Callable[[bytes], str]
"""Puts bytes into a file of the archive; gives its path."""
Row = dict[str, Any]


def columns(model: Any) -> list[ExportedColumn]:
    """The columns that leave the house."""
    return [
        ExportedColumn(name=field.column, type=_type(field)) for field in _fields(model) if not _is_secret(model, field)
    ]


def left_out(model: Any) -> list[str]:
    """The columns with secrets."""
    return [field.column for field in _fields(model) if _is_secret(model, field)]


def pages(model: Any, tenant: UUID, *, where: models.Q, size: int = PAGE) -> Iterator[list[Row]]:
    """All rows of a tenant in the order of their key, each page read in a scope of its own.

    A page has no more long values than `MOST_BYTES`, but for a single row: memory does not grow with what rows hold.
    Documents are read as the text that the database makes of them (`Verbatim`), or as the bytes that it keeps of them.

    Args:
        model: The table.
        tenant: Whose rows.
        where: Which of them.
        size: Rows of a page at most.
    """
    fields = [field for field in _fields(model) if not _is_secret(model, field)]
    long = [field for field in fields if _is_long(field)]
    last: Any = None
    tried = min(size, FIRST_TRY) if long else size
    while True:
        rows = model._base_manager.filter(where).order_by("pk")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        with scope(tenant):
            fitting, is_last = _fitting(rows, long, tried)
            page = list(_values(rows, fields)[:fitting])
        if page:
            yield [_as_fields(row, fields) for row in page]
        if is_last or len(page) < fitting:
            return
        last, tried = page[-1]["pk"], min(size, 2 * fitting)


def _fitting(rows: models.QuerySet[Any], long: list[Any], size: int) -> tuple[int, bool]:
    """How many of so many next rows make a page, and whether nothing follows them, as far as is known."""
    if not long:
        return size, False
    lengths = [Coalesce(Length(Cast(field.attname, _text_of(field))), 0) for field in long]
    total, sizes = 0, list(rows.annotate(length_=sum(lengths[1:], lengths[0])).values_list("length_", flat=True)[:size])
    for place, length in enumerate(sizes):
        total += length
        if total > MOST_BYTES and place:
            return place, False
    return len(sizes), len(sizes) < size


def _text_of(field: Any) -> Any:
    return models.BinaryField() if isinstance(field, models.BinaryField) else models.TextField()


def _values(rows: models.QuerySet[Any], fields: list[Any]) -> models.QuerySet[Any, Row]:
    # attname is what values() takes, column what the archive says; both are the same but for renamed columns.
    plain = [field.attname for field in fields if not isinstance(field, _DOCUMENTS) and field.attname != "pk"]
    raw = {
        f"{field.attname}_": Cast(field.attname, _text_of(field)) for field in fields if isinstance(field, _DOCUMENTS)
    }
    found: models.QuerySet[Any, Row] = rows.annotate(**raw).values("pk", *plain, *raw)
    return found


def _as_fields(row: Row, fields: list[Any]) -> Row:
    names = (field.attname for field in fields if isinstance(field, _DOCUMENTS))
    return row | {name: Verbatim(raw) if isinstance(raw := row.pop(f"{name}_"), str) else raw for name in names}


def as_json(model: Any, row: Row, *, blobs: Blobs) -> Row:
    """A row of `pages` as values of JSON, by column."""
    return {
        field.column: _value(field, row[field.attname], blobs)
        for field in _fields(model)
        if not _is_secret(model, field)
    }


def _fields(model: Any) -> list[Any]:
    """All columns but the one that says whose the row is, which is the same for the whole archive."""
    return [field for field in model._meta.concrete_fields if field.column and field.column != "tenant_id"]


def _is_long(field: Any) -> bool:
    """Whether a column's values have no bound of their own."""
    if isinstance(field, models.BinaryField):
        return field.max_length is None or field.max_length > SMALL
    return isinstance(field, (models.JSONField, models.TextField, ArrayField))


def _is_secret(model: Any, field: Any) -> bool:
    return field.name in getattr(model, "secret_fields", ()) or field.column in SECRETS


def _type(field: Any) -> Any:
    return next((name for kind, name in _TYPES if isinstance(field, kind)), "string")


def _value(field: Any, value: Any, blobs: Blobs) -> Any:
    if isinstance(field, DocumentField) and value is not None:
        return Verbatim(document_text(value).decode())
    if isinstance(value, (bytes, memoryview)):
        raw = bytes(value)
        is_small = field.max_length is not None and field.max_length <= SMALL
        return base64.b64encode(raw).decode() if is_small else blobs(raw)
    if isinstance(value, (list, tuple)):
        return [_value(field, each, blobs) for each in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case datetime():
            return isoformat(value)
        case date():
            return value.isoformat()
        case None | bool() | int() | str() | dict():
            return value
    return str(value)


def blob_path(raw: bytes) -> str:
    """Where a blob is in an archive: the same bytes are there once."""
    return f"blobs/{hashlib.sha256(raw).hexdigest()}"
