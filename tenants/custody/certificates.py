"""Certificates: documents that say what was erased and what is kept, in the tamper-evident log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.custody.models import Certificate
from tenants.kernel.canonical import digest
from tenants.kernel.clock import isoformat
from tenants.kernel.ids import new_id
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves
from tenants.scope.context import required_tenant
from tenants.scope.tables import Custody

LEAF = "erasure_certificate"
KEPT_YEARS = 10
"""The longest time for which the laws of the countries we know want records of a business (Germany: § 147 AO)."""
REASONS = {
    Custody.MONEY: "A record of money, or what it rests on: commercial and tax law want it kept, and the log that "
    "proves it holds only as a whole (GDPR Art. 17(3)(b) and (e)).",
    Custody.REFERRED: "Named by a record of money that is kept; what it need not say is emptied.",
}


def issue_certificate(
    *,
    subject: str,
    name: str,
    asked_by: str,
    asked_at: datetime,
    erased: Mapping[str, int],
    kept: Mapping[str, Mapping[str, Any]],
    now: datetime,
    id_: UUID | None = None,
) -> Certificate:
    """Write a certificate and append it to the log of the tenant in scope.

    Args:
        subject: Who or what was erased: ``organisation/0198…``.
        name: What it was called.
        asked_by: Who wanted it.
        asked_at: When.
        erased: How many rows are gone, by table.
        kept: What is left, by table: ``rows`` and ``class``, and a ``reason`` where it is not the one of the class.
        now: When it was done.
        id_: The certificate's id, when it was promised before.
    """
    id_ = id_ or new_id()
    document = {
        "certificate": 1,
        "id": str(id_),
        "tenant": str(required_tenant("a certificate")),
        "subject": subject,
        "name": name,
        "asked_by": asked_by,
        "asked_at": isoformat(asked_at),
        "erased_at": isoformat(now),
        "erased": {table: count for table, count in sorted(erased.items()) if count},
        "kept": _reasoned(kept, now),
    }
    row = Certificate.objects.create(id=id_, subject=subject, document=document, digest=digest(document), issued_at=now)
    append_leaves(entries=[NewEntry(LEAF, row.digest)], now=now)
    return row


def _reasoned(kept: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, dict[str, Any]]:
    """What is left, by table: why, and until when."""
    until = isoformat(now.replace(year=now.year + KEPT_YEARS, day=min(now.day, 28)))
    return {
        table: {"reason": REASONS.get(Custody(left["class"]), ""), "until": until} | dict(left)
        for table, left in sorted(kept.items())
    }
