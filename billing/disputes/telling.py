"""Mails to the other side of a dispute: what one side has said or done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts.shown import statement_shown
from billing.disputes.domain.steps import Side
from billing.disputes.models import Dispute
from billing.statements.models import Statement
from tenants.edge.addresses import address_for
from tenants.edge.formats import is_german, moment_shown
from tenants.kernel.calendars import time_zone
from tenants.post.registry import LetterKind
from tenants.post.schemas import Occasion, Text
from tenants.post.services import write_letters
from tenants.scope.actors import Permission

DISPUTE = LetterKind("dispute", "billing.disputes.telling.dispute_letter", Permission.CONTRACTS_APPROVE)
NEWS: dict[str, Any] = {
    "opened": gettext_lazy("A statement is disputed"),
    "said": gettext_lazy("There is an answer about a dispute"),
    "upheld": gettext_lazy("A dispute was upheld"),
    "offered": gettext_lazy("A middle way is offered for a dispute"),
    "declined": gettext_lazy("A dispute was declined"),
    "agreed": gettext_lazy("A dispute was settled"),
    "refused": gettext_lazy("The middle way was refused"),
    "withdrawn": gettext_lazy("A dispute was withdrawn"),
    "reopened": gettext_lazy("A dispute was taken up again"),
}
"""What has happened, as the subject of the mail says it."""


def tell_other_side(row: Dispute, *, side: Side, news: str, about: UUID, now: datetime) -> None:
    """Have the other side of a dispute told by mail what one side has done, after this transaction.

    Args:
        row: The dispute.
        side: Who has done it.
        news: What it is, one of `NEWS`.
        about: The dispute itself when it was opened, else the message or the step.
        now: The moment.
    """
    to = None if side == "customer" else row.customer_id
    write_letters(
        kind=DISPUTE.name, about=about, customer=to, facts={"dispute": str(row.id), "news": news}, now=now
    )  # fmt: skip


def dispute_letter(occasion: Occasion) -> Text:
    """What has happened, where to answer, and until when a decision counts."""
    found = Dispute.objects.select_related("statement__contract", "statement__contract_version")
    row = found.get(id=UUID(occasion.facts["dispute"]))
    news, title = NEWS[occasion.facts["news"]], row.statement.contract.title
    link = address_for(occasion.tenant.id) + reverse("dispute", args=[occasion.tenant.slug, row.id])
    body = [
        f"{news}: {title}, {_name(row.statement)}.",
        _("Read it, and answer, here:") + f"\n{link}",
        _("A decision changes the statement until %(moment)s UTC.") % {"moment": _until(row.closes_at)},
    ]
    return Text(subject=f"{news}: {title}", body="\n\n".join(body))


def _name(row: Statement) -> str:
    zone = time_zone(row.contract_version.document["terms"]["time_zone"])
    return statement_shown(row.period_start, row.period_end, zone, row.version)


def _until(moment: datetime) -> str:
    """A moment in UTC: readers sit in zones that nobody knows here."""
    local = moment.astimezone(UTC)
    return moment_shown(local) if is_german() else f"{local:%Y-%m-%d %H:%M}"
