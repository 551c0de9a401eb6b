"""Documents that are sealed whole: compressed in their column, and read and exported the same however old the row."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
import zstandard
from django.db import connection
from django.db.models import Q

from billing.outcomes.models import AssumedEvidence
from tenants.custody.rows import Verbatim, as_json, blob_path, columns, pages
from tenants.kernel.canonical import Sealed, canonical_json, digest
from tenants.scope.context import scope
from tenants.scope.documents import document_text
from tenants.scope.models import Tenant

DOCUMENT: dict[str, Any] = {"b": [1, "é\u2028", None, True, 0.5], "a": {"x": [], "long": "up, down, " * 200}}
CONVERSIONS = (
    ("billing.migrations.0016_documents_as_bytes", ("assumedevidence", "outcomerun")),
    ("twins.migrations.0025_documents_as_bytes", ("evidencesegment", "siterecord")),
)


def stored(tenant: Tenant) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT document FROM billing_assumedevidence WHERE tenant_id = %s", [tenant.id])
        return bytes(cursor.fetchone()[0])


@pytest.mark.django_db
@pytest.mark.parametrize("value", [DOCUMENT, Sealed(DOCUMENT)], ids=["plain", "sealed"])
def test_the_canonical_form_is_stored_compressed_and_read_as_it_was(tenant: Tenant, value: Any) -> None:
    with scope(tenant.id):
        AssumedEvidence.objects.create(digest=digest(value), document=value)
        raw, read = stored(tenant), AssumedEvidence.objects.get().document
    assert zstandard.decompress(raw) == canonical_json(DOCUMENT)
    assert len(raw) < len(canonical_json(DOCUMENT)) / 10
    assert type(read) is dict
    assert read == DOCUMENT


@pytest.mark.django_db
def test_a_row_from_before_it_was_compressed_is_read_and_exported_like_a_new_one(tenant: Tenant) -> None:
    with scope(tenant.id):
        new = AssumedEvidence.objects.create(digest=digest(DOCUMENT), document=DOCUMENT)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO billing_assumedevidence (tenant_id, id, digest, document)"
                " VALUES (%s, gen_random_uuid(), %s, convert_to(%s::jsonb::text, 'UTF8'))",
                [tenant.id, "0" * 64, json.dumps(DOCUMENT)],
            )
        old = AssumedEvidence.objects.exclude(id=new.id).get()
        assert (old.document, digest(old.document)) == (DOCUMENT, new.digest)
    (page,) = pages(AssumedEvidence, tenant.id, where=Q())
    exported = [as_json(AssumedEvidence, row, blobs=blob_path)["document"] for row in page]
    assert [type(each) for each in exported] == [Verbatim, Verbatim]
    assert [json.loads(each) for each in exported] == [DOCUMENT, DOCUMENT]
    assert {each.name: each.type for each in columns(AssumedEvidence)}["document"] == "json"


@pytest.mark.django_db
@pytest.mark.parametrize(("module", "models"), CONVERSIONS)
def test_rows_that_are_there_keep_their_documents(module: str, models: tuple[str, ...]) -> None:
    migration = import_module(module)
    assert models == migration.MODELS
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE before (document jsonb NOT NULL) ON COMMIT DROP")
        cursor.execute("INSERT INTO before VALUES (%s::jsonb)", [json.dumps(DOCUMENT)])
        cursor.execute(migration.BYTES % "before")
        cursor.execute("SELECT document FROM before")
        (raw,) = cursor.fetchone()
    assert json.loads(document_text(raw)) == DOCUMENT
