"""Dunning in words: what comes next, and what became of a letter."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.dunning.letters import NAMES
from billing.dunning.models import DunningNotice
from billing.dunning.selectors import Look
from tenants.edge.formats import day_shown
from tenants.post.schemas import Delivery


def next_text(look: Look, coming: tuple[int, date] | None) -> str:
    """What is written next and from when on, or why nothing is."""
    if look.hold is not None:
        return f"{look.hold.label}: {look.reason}" if look.reason else str(look.hold.label)
    if coming is None:
        return _("Nothing more")
    return _("%(level)s from %(day)s on") % {"level": NAMES[coming[0] - 1], "day": day_shown(coming[1])}


def told_text(row: DunningNotice, told: Delivery) -> str:
    """What became of a letter."""
    if row.dropped:
        return _("Not sent: %(why)s") % {"why": row.get_dropped_display()}
    if told.sent:
        return ngettext("Sent to %(count)s person", "Sent to %(count)s people", told.sent) % {"count": told.sent}
    return _("On its way") if told.waiting else _("Reached nobody")
