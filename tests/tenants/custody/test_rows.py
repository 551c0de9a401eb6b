"""Pages of rows: bounded in rows and in bytes, whatever the rows hold, and each row once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db.models import Q

from tenants.custody import rows
from tenants.custody.rows import Verbatim, as_json, blob_path, pages
from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db


def made(tenant: Tenant, *lengths: int) -> None:
    """Jobs whose parameters are so many characters long, in the order of their keys."""
    with scope(tenant.id):
        for length in lengths:
            Job.objects.create(kind="test", params={"x": "y" * (length - len('{"x": ""}'))}, created_at=utc_now())


def read(tenant: Tenant, size: int = 1000) -> list[list[int]]:
    """The lengths of the documents of each page."""
    found = [[len(row["params"]) for row in page] for page in pages(Job, tenant.id, where=Q(), size=size)]
    with scope(tenant.id):
        assert sum(len(page) for page in found) == Job.objects.count()
    return found


def test_a_page_has_no_more_long_values_than_fit(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_BYTES", 250)
    made(tenant, 100, 100, 100, 400, 100, 100)
    assert read(tenant) == [[100, 100], [100], [400], [100, 100]]


@pytest.mark.parametrize(("count", "expected"), [(0, []), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_a_page_has_no_more_rows_than_were_asked_for(tenant: Tenant, count: int, expected: list[int]) -> None:
    made(tenant, *[20] * count)
    assert [len(page) for page in read(tenant, size=3)] == expected


@pytest.mark.parametrize(
    "document", [{}, [], {"a": [1, 2.5, None, True]}, {"n": 2**60}, {"é": "\u2028\n\"'"}, "text", 7, None]
)
def test_a_document_is_written_as_the_database_has_it(tenant: Tenant, document: Any) -> None:
    with scope(tenant.id):
        Job.objects.create(kind="test", result=document, created_at=utc_now())
    ((row,),) = pages(Job, tenant.id, where=Q())
    found = as_json(Job, row, blobs=blob_path)["result"]
    assert (found is None) if document is None else isinstance(found, Verbatim)
    assert json.loads(found or "null") == document
