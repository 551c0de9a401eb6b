"""Asking, and comparing answers: what a caller could tell apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, transaction
from django.http import StreamingHttpResponse

from tenants.scope.context import scope
from tenants.scope.tables import ReferenceTable, TenantTable

# What differs from one answer to the next whoever asks: the request's id, and the token against forged requests.
_CHANCE = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")\w+|(?<=name="csrf-token" content=")\w+|\b[0-9a-f]{32}\b')
_OWN_HEADERS = frozenset({"X-Request-Id", "Content-Length", "Set-Cookie"})


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a caller learns from an answer, with the ids they sent themselves taken out.

    Attributes:
        status: Of HTTP.
        headers: Without the request's own id.
        text: Without the request's own id.
        queries: How often the database was asked, which is what the answer's time depends on.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str
    queries: int


def answer_of(response: Any, queries: int, sent: Iterable[UUID | str | int]) -> Answer:
    """What a caller learns from a response."""
    content = b"".join(response) if isinstance(response, StreamingHttpResponse) else response.content
    # What is said with a redirect is shown by the page after it.
    said = [str(each) for each in getattr(getattr(response, "wsgi_request", None), "_messages", ())]
    kept = ((name, _plain(value, sent)) for name, value in response.headers.items() if name not in _OWN_HEADERS)
    return Answer(
        response.status_code,
        tuple(sorted(kept)),
        _plain(content.decode(errors="replace") + "".join(said), sent),
        queries,
    )


def _plain(text: str, sent: Iterable[UUID | str | int]) -> str:
    for each in sent:
        text = text if isinstance(each, int) else text.replace(str(each), "<sent>")
    return _CHANCE.sub("<chance>", text)


def as_a_test_does() -> None:
    """Mark the transaction that was just begun as a test's, inside which scopes may be opened."""
    block: Any = connection.atomic_blocks[-1]
    block._from_testcase = True


@contextmanager
def savepoint() -> Iterator[None]:
    """What is written inside is kept only if the caller says so; scopes may be opened in it."""
    with transaction.atomic():
        as_a_test_does()
        yield


_USES = {
    "tenants_apikey": ("(to_jsonb(t) - 'last_used_at' - 'last_used_from')::text", ""),
    "tenants_auditentry": ("t::text", " AND action <> 'key.used'"),
}
"""Where the use of a key is noted, and what is left without: the columns, and the rows."""


def fingerprint(tenant: UUID, *, but_uses: bool = False) -> str:
    """A digest of every row of a tenant: of its own tables, and of those that all tenants share.

    Args:
        tenant: Whose.
        but_uses: Leave out that keys were used; only for what is asked with a key of this tenant's own.
    """
    own = [model._meta.db_table for model in apps.get_models() if issubclass(model, TenantTable)]
    shared = [
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, ReferenceTable) and any(field.name == "tenant" for field in model._meta.get_fields())
    ]
    parts = [
        f"SELECT md5(string_agg({row}, '|' ORDER BY {row})) FROM \"{table}\" t WHERE tenant_id = %s{besides}"
        for table in sorted(own + shared)
        for row, besides in [_USES.get(table, ("t::text", "")) if but_uses else ("t::text", "")]
    ]
    parts.append("SELECT md5(t::text) FROM tenants_tenant t WHERE id = %s")
    with scope(tenant), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), [tenant] * len(parts))
        return repr(cursor.fetchall())
