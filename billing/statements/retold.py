"""The lines of statements and invoices as people read them: they are sealed in English, and told in other languages.

Each form of sentence that `billing.statements.domain` and the services of invoices write is known here; a text of no
known form, such as the reason of a credit note, is told as it was sealed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from django.utils.translation import get_language, gettext

from billing.contracts.shown import percent_shown
from tenants.edge.formats import month_shown, number_shown

_LIMIT = " as far as the caps leave room"
_NUMBER = r"-?[0-9][0-9,]*(?:[./][0-9]+)?"
_PRICE = rf"(?P<price>{_NUMBER}) (?P<currency>[A-Z]{{3}})"
_Told = Callable[[re.Match[str]], str]


def retold(text: str) -> str:
    """The text of a line in the language of the page; in English, and where its form is not known, as it was sealed."""
    if get_language() in (None, "en"):
        return text
    for form, tell in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return tell(found)
    return text


def _fee(_found: re.Match[str]) -> str:
    return gettext("Fee")


def _fee_of_assets(found: re.Match[str]) -> str:
    return gettext("Fee for %(count)s assets") % {"count": number_shown(found["count"])}


def _fee_at_price(found: re.Match[str]) -> str:
    values = {name: number_shown(found[name]) for name in ("volume", "price")}
    values |= {name: found[name] for name in ("unit", "currency")}
    return gettext("Fee for %(volume)s %(unit)s at %(price)s %(currency)s per %(unit)s") % values


def _fee_by_tiers(found: re.Match[str]) -> str:
    values = {"volume": number_shown(found["volume"]), "unit": found["unit"]}
    if found["mode"] == "volume":
        return gettext("Fee for %(volume)s %(unit)s by volume tiers") % values
    return gettext("Fee for %(volume)s %(unit)s by graduated tiers") % values


def _clause(found: re.Match[str]) -> str:
    effects = {"no credit": gettext("no credit"), "credit": gettext("credit"), "bonus": gettext("bonus")}
    percent = "–" if found["percent"] == "–" else percent_shown(f"{found['percent']}0000")
    return f"{found['clause']} {percent} %: {effects[found['effect']]}"


def _restated(found: re.Match[str]) -> str:
    values = found.groupdict() | {"period": _period(found["period"])}
    return gettext("%(period)s, %(clause)s: version %(new)s in place of version %(old)s") % values


def _difference(found: re.Match[str]) -> str:
    values = found.groupdict() | {"period": _period(found["period"])}
    return gettext("%(period)s, version %(new)s: %(clause)s") % values


def _stands(found: re.Match[str]) -> str:
    values = {"clause": found["clause"], "version": found["version"]}
    if found["limit"]:
        return (
            gettext("%(clause)s: indeterminate, what version %(version)s settled stands as far as the caps leave room")
            % values
        )
    return gettext("%(clause)s: indeterminate, what version %(version)s settled stands") % values


def _period(text: str) -> str:
    """A period as it was sealed: a month in the language of the page, another span as it is."""
    try:
        return month_shown(datetime.strptime(text, "%B %Y"))  # noqa: DTZ007 (a month, on no clocks)
    except ValueError:
        return text


_FORMS: tuple[tuple[re.Pattern[str], _Told], ...] = tuple(
    (re.compile(form), tell)
    for form, tell in (
        (r"Fee", _fee),
        (rf"Fee for (?P<count>{_NUMBER}) assets", _fee_of_assets),
        (
            rf"Fee for (?P<volume>{_NUMBER}) (?P<unit>\S+) at {_PRICE} per (?P=unit)",
            _fee_at_price,
        ),
        (rf"Fee for (?P<volume>{_NUMBER}) (?P<unit>\S+) by (?P<mode>graduated|volume) tiers", _fee_by_tiers),
        (rf"(?P<clause>.+) (?P<percent>{_NUMBER}|–) %: (?P<effect>no credit|credit|bonus)", _clause),
        (r"(?P<period>.+), (?P<clause>[^,:]+): version (?P<new>\d+) in place of version (?P<old>\d+)", _restated),
        (
            rf"(?P<clause>.+): indeterminate, what version (?P<version>\d+) settled stands(?P<limit>{_LIMIT})?",
            _stands,
        ),
        (r"(?P<period>.+), version (?P<new>\d+): (?P<clause>[^:]+)", _difference),
    )
)
"""The forms of sentences, each with what tells it."""
