"""The prices of a plan in plain sentences: what a person reads before they publish, and what was published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.contracts.shown import money_shown
from billing.plans.schemas import MeterDocument, PlanPricesDocument
from tenants.edge.formats import number_shown
from tenants.kernel.money import exponent

AGGREGATES: dict[str, Any] = {
    "sum": gettext_lazy("What is used in a month is added up."),
    "max": gettext_lazy("The highest amount of a month counts."),
    "last": gettext_lazy("The latest amount of a month counts."),
    "unique": gettext_lazy("Each different item of a month counts once."),
}
ZONES: dict[str, Any] = {
    "organisation": gettext_lazy(
        "A month begins at midnight in the time zone that the organisation had when it became a customer."
    ),
    "operator": gettext_lazy("A month begins at midnight in the time zone that you had when it became a customer."),
}
ROUNDINGS: dict[str, Any] = {
    "half_even": gettext_lazy("a half goes to the even digit"),
    "half_up": gettext_lazy("a half goes up"),
    "up": gettext_lazy("always up"),
    "down": gettext_lazy("always down"),
}


@dataclass(frozen=True, slots=True)
class MeterTold:
    """A meter in words: what counts and what is included, and the price of each tier."""

    name: str
    type: str
    sentences: Sequence[str]
    tiers: Sequence[str]


def terms_told(document: PlanPricesDocument) -> list[tuple[str, str]]:
    """What holds for a plan as a whole, each with what it is about."""
    return [
        (_("Monthly fee"), _fee(document)),
        (_("Months"), str(ZONES[document.zone])),
        (_("Rounding"), _rounding(document)),
        (_("Bill"), _bill(document.grace_hours)),
        (_("Payment"), _payment(document.payment_days)),
        (_("Tax"), _("That of your legal entity; while there is none, %(percent)s %% of the sum.")
         % {"percent": number_shown(document.tax_percent)}),
    ]  # fmt: skip


def meters_told(document: PlanPricesDocument) -> list[MeterTold]:
    """What is metered beside the fee."""
    return [
        MeterTold(meter.name, meter.type, list(_counting(meter)), list(_tiers(meter, document.currency)))
        for meter in document.meters
    ]


def in_short(document: PlanPricesDocument) -> str:
    """The price of a plan in one sentence."""
    fee = money_shown(document.monthly_minor, document.currency)
    names = ", ".join(meter.name for meter in document.meters)
    if not names:
        return _("%(fee)s a month.") % {"fee": fee}
    return _("%(fee)s a month, and what is used: %(names)s.") % {"fee": fee, "names": names}


def _fee(document: PlanPricesDocument) -> str:
    if not document.monthly_minor:
        return _("There is none.")
    fee = money_shown(document.monthly_minor, document.currency)
    return _("%(fee)s for a whole month; who holds the plan for a part of it pays that share.") % {"fee": fee}


def _rounding(document: PlanPricesDocument) -> str:
    smallest = money_shown(1, document.currency)
    how = ROUNDINGS[document.rounding]
    return _("Each line is rounded once, to %(smallest)s: %(how)s.") % {"smallest": smallest, "how": how}


def _bill(hours: int) -> str:
    if not hours:
        when = _("It is made when a month ends.")
    else:
        when = ngettext(
            "It is made %(hours)s hour after a month.", "It is made %(hours)s hours after a month.", hours
        ) % {"hours": hours}  # fmt: skip
    return f"{when} {_('What comes in later is charged, or given back, by the next one.')}"


def _payment(days: int) -> str:
    if not days:
        return _("Due on the day the invoice is issued.")
    return ngettext("Due %(days)s day after the invoice.", "Due %(days)s days after the invoice.", days) % {
        "days": days
    }


def _counting(meter: MeterDocument) -> Iterator[str]:
    yield str(AGGREGATES[meter.aggregate])
    if Decimal(meter.per) != 1:
        yield _("One %(unit)s is %(per)s of what the events count.") % {"unit": meter.unit, "per": _plain(meter.per)}
    is_any = Decimal(meter.included) > 0
    if is_any:
        yield _("Included in the fee: %(amount)s %(unit)s.") % {"amount": _plain(meter.included), "unit": meter.unit}
    else:
        yield _("Nothing is included in the fee.")
    if len(meter.tiers) == 1:
        return
    if meter.mode == "graduated":
        yield (
            _("Of what is above, each unit has the price of the tier that it lies in:")
            if is_any
            else _("Each unit has the price of the tier that it lies in:")
        )
    else:
        yield (
            _("What is above has, all of it, the price of the tier that it reaches:")
            if is_any
            else _("All of it has the price of the tier that it reaches:")
        )


def _tiers(meter: MeterDocument, currency: str) -> Iterator[str]:
    is_any = Decimal(meter.included) > 0
    for number, tier in enumerate(meter.tiers):
        price = price_shown(tier.price, currency)
        told = {"price": price, "unit": meter.unit, "from": _plain(tier.low), "to": _plain(tier.high or "0")}
        if len(meter.tiers) == 1:
            yield (_("Each unit above that costs %(price)s.") if is_any else _("Each unit costs %(price)s.")) % told
        elif number == 0:
            yield _("up to %(to)s %(unit)s: %(price)s each") % told
        elif tier.high is None:
            yield _("above %(from)s %(unit)s: %(price)s each") % told
        else:
            yield _("above %(from)s, up to %(to)s %(unit)s: %(price)s each") % told


def price_shown(price: str, currency: str) -> str:
    """A price per unit with its currency, with at least the digits that the currency has."""
    whole, _point, rest = _grouped(price).partition(".")
    digits = rest.ljust(exponent(currency), "0")
    return f"{number_shown(whole + ('.' + digits if digits else ''))} {currency}"


def _plain(number: str) -> str:
    """A decimal of a document in the language of the page."""
    return number_shown(_grouped(number))


def _grouped(number: str) -> str:
    """A decimal of a document with thousands apart, and no noughts at its end."""
    whole, _point, rest = number.partition(".")
    rest = rest.rstrip("0")
    return f"{int(whole):,}" + (f".{rest}" if rest else "")
