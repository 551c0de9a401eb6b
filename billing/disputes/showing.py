"""What the page of a dispute shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.contracts.shown import moment_shown
from billing.disputes import forms, selectors
from billing.disputes.acting import may_decide, side_of
from billing.disputes.deciding import is_own_favour
from billing.disputes.domain.steps import LIVING, State
from billing.disputes.models import Dispute
from billing.statements.lists import name_of
from billing.statements.models import Adjustment
from billing.statements.selectors import adjustments_of, charged_in, versions_of
from tenants.kernel.calendars import epoch_ms
from tenants.scope.actors import Actor, Permission

STATES: Mapping[State, tuple[str, Any]] = {
    "open": ("pending", _("Open")), "offered": ("working", _("Middle way offered")), "upheld": ("ok", _("Upheld")),
    "settled": ("ok", _("Settled")), "declined": ("cancelled", _("Declined")),
    "withdrawn": ("cancelled", _("Withdrawn")),
}  # fmt: skip
"""How a state looks, and its word."""
WORDS: Mapping[str, Any] = {
    "": _("said"), "offered": _("offered a middle way"), "agreed": _("agreed to it"), "refused": _("refused it"),
    "upheld": _("upheld the dispute"), "declined": _("declined the dispute"), "reopened": _("took it up again"),
    "withdrawn": _("withdrew the dispute"),
}  # fmt: skip
SIDES: Mapping[str, Any] = {"customer": _("Customer"), "provider": _("Provider")}
CATEGORIES: Mapping[str, tuple[str, Any]] = {
    "up": ("ok", _("up")), "down": ("down", _("down")), "excluded": ("planned", _("excluded")),
    "off_calendar": ("idle", _("no service owed")), "out_of_service": ("idle", _("not in service")),
}  # fmt: skip
"""How a category of time looks, and its word; any other is unknown."""


def detail(row: Dispute, actor: Actor, sent: forms.ActForm | None, now: datetime) -> dict[str, Any]:
    """The context of the page, with the form that was sent and did not fit."""
    agreement, zone, state = selectors.agreement_about(row), selectors.zone_of(row), selectors.state_of(row)
    look, word = STATES[state]
    return {
        "dispute": row, "state": state, "look": look, "word": word, "agreement": agreement,
        "held": dict(forms.HELD)[row.held], "name": name_of(row.statement), "zone": zone.key,
        "assets": [agreement.assets[asset] for asset in row.document["assets"]],
        "span": tuple(moment_shown(one, zone) for one in (row.start, row.end)),
        "conversation": [_said(one) for one in selectors.conversation(row)],
        "counted": _told(row, selectors.counted(row), agreement.assets),
        "reported": _told(row, selectors.reported(row), agreement.assets),
        "pictures": list(_pictures(row, agreement.assets)),
        "offer": selectors.offer_of(row), "later": _later(row),
        "is_late": now > row.closes_at, "is_living": state in LIVING, "is_own": actor.customer is None,
        "is_own_favour": is_own_favour(row),
        "can_read_money": actor.may(Permission.MONEY_READ), "can_bill": actor.may(Permission.MONEY_BILL),
        **_forms(row, actor, state, sent, now),
    }  # fmt: skip


def _forms(row: Dispute, actor: Actor, state: State, sent: forms.ActForm | None, now: datetime) -> dict[str, Any]:
    """The forms that can be sent now: to say something, and the steps of the actor's side."""
    side = side_of(actor)
    found: list[tuple[Any, Any, forms.ActForm]] = []
    if side == "customer":
        found = list(_of_customer(row, state, now))
    elif may_decide(actor) and state in LIVING:
        found = list(_of_provider(row, now))
    steps = [
        {"title": title, "submit": submit, "form": form if sent is None or sent.act != form.act else sent,
         "is_open": sent is not None and sent.act == form.act}
        for title, submit, form in found
    ]  # fmt: skip
    talks = side is not None and state in LIVING
    say = sent if sent is not None and sent.act == "say" else forms.SayForm()
    return {"steps": steps, "say": say if talks else None}


def _of_customer(row: Dispute, state: State, now: datetime) -> Iterator[tuple[Any, Any, forms.ActForm]]:
    in_time = now <= row.closes_at
    if state == "offered":
        if in_time:
            yield _("Agree to the middle way"), _("Agree"), forms.WhyForm("agreed")
        yield _("Refuse the middle way"), _("Refuse"), forms.WhyForm("refused")
    if state in LIVING:
        yield _("Withdraw the dispute"), _("Withdraw"), forms.WhyForm("withdrawn")
    if state == "declined" and in_time and "reopened" not in selectors.verdicts_of(row):
        yield _("Take it up again, once"), _("Take it up again"), forms.WhyForm("reopened")


def _of_provider(row: Dispute, now: datetime) -> Iterator[tuple[Any, Any, forms.ActForm]]:
    categories = selectors.categories(selectors.agreement_about(row), row.clause, row.document["assets"])
    if now <= row.closes_at:
        upheld = forms.UpholdForm(**upholding(row, categories))
        offered = forms.OfferForm(
            selectors.zone_of(row), (row.start, row.end), categories=categories, initial={"held": row.held}
        )
        if is_own_favour(row):
            yield _("Offer it to the customer: it counts once they agree"), _("Offer"), offered
            yield _("Record that the customer agreed: what you asked for counts"), _("Record the agreement"), upheld
        else:
            yield _("Uphold it: what is asked for counts"), _("Uphold"), upheld
            yield _("Offer a middle way: it counts once the customer agrees"), _("Offer"), offered
    yield _("Decline it: nothing changes"), _("Decline"), forms.WhyForm("declined")


def upholding(row: Dispute, categories: Sequence[str]) -> dict[str, Any]:
    """What the form that upholds a dispute asks for: a category, and on whose word the customer agreed."""
    return {"categories": categories if row.held == "excluded" else (), "needs_consent": is_own_favour(row)}


def _said(one: selectors.Said) -> dict[str, Any]:
    word = WORDS[one.verdict] if one.consent is None else _("recorded that the customer agreed")
    return {"said": one, "side": SIDES[one.side], "word": word, "effect": effect_words(one.effect)}


def effect_words(effect: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What an effect does: a word for it, and its span."""
    if effect is None:
        return None
    what = _state(effect["state"]) if effect["kind"] == "correction" else _("excluded as %s") % effect["category"]
    return {"what": what, **{name: datetime.fromisoformat(effect[side]) for name, side in _SPAN}}


def _state(state: str) -> Any:
    """What a correction makes of the time, in words; the value of a condition has none."""
    known = CATEGORIES.get(state)
    return state if known is None else known[1]


_SPAN = (("start", "from"), ("end", "to"))


def _told(row: Dispute, spans: Iterator[selectors.Counted], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Spans with the name of their asset, how their state looks, and what follows when they are held otherwise."""
    found = []
    for one in spans:
        look, word = CATEGORIES.get(one.state, ("unknown", _("unknown")))
        found.append({"asset": names.get(one.asset, one.asset), "span": one, "look": look, "word": word})
    return found


def _pictures(row: Dispute, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """For each asset the interval as a bar of a thousand units, as the statement counted it."""
    start, length = epoch_ms(row.start), epoch_ms(row.end) - epoch_ms(row.start)
    bars: dict[str, list[dict[str, Any]]] = {}
    for one in selectors.counted(row):
        left, right = ((epoch_ms(moment) - start) * 1000 / length for moment in (one.start, one.end))
        kind = one.state if one.state in CATEGORIES else "unknown"
        bars.setdefault(one.asset, []).append({"kind": kind, "x": f"{left:.2f}", "width": f"{right - left:.2f}"})
    for asset, spans in bars.items():
        yield {"asset": names.get(asset, asset), "bars": spans}


def _later(row: Dispute) -> list[dict[str, Any]]:
    """The versions of the statement since, with what each comes to more and where that is charged."""
    since = [one for one in versions_of(row.statement) if one.version > row.statement.version]
    return [{"row": one, "name": name_of(one), "differences": [_charged(each) for each in adjustments_of(one)]}
            for one in since]  # fmt: skip


def _charged(adjustment: Adjustment) -> dict[str, Any]:
    statement = charged_in(adjustment.id)
    return {"row": adjustment, "charged": statement, "name": None if statement is None else name_of(statement)}
