"""What a report says of the decisions about exclusions, in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from billing.contracts.shown import moment_shown
from tenants.edge.formats import day_shown
from tenants.edge.retelling import retell

Json = Mapping[str, Any]
IN_ADVANCE = "contract"
"""Stands for who decides where the contract approves what it allows in advance."""


def decided(claim: Json, decision: Json | None) -> str:
    """What was decided about a claim, and by whom; that it is proposed while nothing was."""
    if decision is None:
        return gettext("proposed")
    if is_silent(claim, decision):
        return gettext("approved by objection time")
    if "consent" in decision:
        return recorded(decision)
    if (decision["decision"], decision["decided_by"]) == ("approved", IN_ADVANCE):
        return gettext("approved by rules agreed in advance")
    values = {"by": decision["decided_by"]}
    told = {
        "approved": gettext("approved by %(by)s"),
        "declined": gettext("declined by %(by)s"),
        "withdrawn": gettext("withdrawn by %(by)s"),
    }
    return told[decision["decision"]] % values


def recorded(decision: Json) -> str:
    """On whose word it rests that the customer agreed: who recorded it, and who agreed, when, and how."""
    consent = decision["consent"]
    told = gettext("recorded by %(by)s: agreed by %(who)s on %(day)s (%(how)s)")
    day = day_shown(date.fromisoformat(consent["on"]))
    return told % {"by": decision["decided_by"], "who": consent["who"], "day": day, "how": consent["how"]}


def why_decided(claim: Json, decision: Json | None, zone: ZoneInfo) -> str:
    """Why it was decided so, in the words of who did; nothing while nothing was."""
    if decision is None:
        return ""
    if is_silent(claim, decision):
        moment = moment_shown(datetime.fromisoformat(claim["objection_until"]), zone)
        return gettext("Nobody had objected by %(moment)s.") % {"moment": moment}
    return retell(decision["why"])


def is_silent(claim: Json, decision: Json) -> bool:
    """Whether what stands for a decision is that nobody objected in time: such a one names no claim."""
    return "exclusion" not in decision and claim.get("objection_until") is not None
