"""Accepting the data-processing agreement: for the organisation, once for each thing that it says."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tenants.kernel.canonical import digest
from tenants.kernel.errors import ConflictError
from tenants.lifecycle.models import Agreement
from tenants.lifecycle.selectors import terms
from tenants.record.services import record_audit


class AgreementChangedError(ConflictError):
    """The agreement says something else than what was read."""

    code = "agreement.changed"


def accept_agreement(*, read: str, by: str, now: datetime) -> Agreement:
    """Accept the agreement as it is now for the organisation in scope; again, it stays as it was accepted first.

    Args:
        read: The digest of what the person was shown.
        by: Who accepts.
        now: The moment.

    Raises:
        AgreementChangedError: It has changed since it was shown.
    """
    document = terms().document()
    if (is_now := digest(document)) != read:
        raise AgreementChangedError(
            "the agreement has changed since you opened it", place="agreement", kept="Nothing was accepted.",
            fix="Read it again, and accept it then.",
        )  # fmt: skip
    with transaction.atomic():
        row, is_new = Agreement.objects.get_or_create(
            digest=is_now,
            defaults={"version": document["version"], "document": document, "accepted_by": by, "accepted_at": now},
        )
        if is_new:
            record_audit(
                action="agreement.accepted", subject=f"agreement/{row.id}", by=by, now=now,
                details={"version": row.version, "digest": row.digest},
            )  # fmt: skip
    return row
