"""A column for documents that are sealed whole: the bytes of their canonical form, compressed.

A column of JSON takes a large document apart to store it and compresses it slowly; what is only ever written once and
read whole needs neither. Nothing in such a document can be asked for by a query: what is to be, is a column beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import zstandard
from django.db import models

from tenants.kernel.canonical import canonical_json
from tenants.scope.context import set_local

_MAGIC = zstandard.FRAME_HEADER
_LEVEL = 1
"""The quickest: of documents as these, higher levels make nothing smaller."""


class _Codec(threading.local):
    """One of each for a thread: making them takes longer than a small document does, and no two may share them."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_codec = _Codec()


class DocumentField(models.BinaryField):  # type: ignore[type-arg] # it takes none when it runs
    """A JSON value. Rows of before it was compressed have it as plain text."""

    description = "A JSON document, compressed"

    def get_prep_value(self, value: Any) -> bytes | None:
        """The value as it is stored."""
        return None if value is None else packed_document(value)

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        """The value of what is stored."""
        return None if value is None else msgspec.json.decode(document_text(value))


def packed_document(value: Any) -> bytes:
    """A document as it is stored."""
    return _codec.compressor.compress(canonical_json(value))


def document_text(stored: bytes | memoryview) -> bytes:
    """The JSON of a document as it is stored."""
    raw = bytes(stored)
    return _codec.decompressor.decompress(raw) if raw.startswith(_MAGIC) else raw


def unpacked(tables: Sequence[str]) -> Callable[[Any, Any], None]:
    """A function for ``RunPython`` on the way back: the documents of append-only tables as the text of their JSON.

    It stays in the transaction of its migration, as the columns' new type must; ``for_each_tenant`` commits for each.

    Args:
        tables: Names of tables with a column ``document``.
    """

    def run(historical: Any, schema_editor: Any) -> None:
        database = schema_editor.connection.alias
        tenants = list(historical.get_model("tenants", "Tenant").objects.using(database).values_list("id", flat=True))
        with schema_editor.connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER append_only')
                for tenant in tenants:
                    cursor.execute(set_local(tenant))
                    cursor.execute(f'SELECT id, document FROM "{table}" WHERE tenant_id = %s', [tenant])  # noqa: S608
                    rows = [(document_text(stored), tenant, id_) for id_, stored in cursor.fetchall()]
                    change = f'UPDATE "{table}" SET document = %s WHERE tenant_id = %s AND id = %s'  # noqa: S608
                    cursor.executemany(change, rows)
                cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER append_only')

    return run
