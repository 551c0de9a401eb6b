"""Conditions and values of alarms as people read them."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from twins.catalog.domain.alarms import RATES, condition_of
from twins.catalog.schemas import Alarm
from twins.language.symbols import symbol


def words(alarm: Alarm, unit: str) -> str:
    """A condition in words."""
    condition = condition_of(alarm) or ""
    if condition == "when":
        return str(alarm.when)
    if condition == "silent" and alarm.silent is not None:
        return _("%(signal)s silent for %(time)s s") % {
            "signal": alarm.signal, "time": f"{alarm.silent.total_seconds():g}",
        }  # fmt: skip
    sign = {"above": ">", "below": "<", "rising": "↑ >", "falling": "↓ >"}.get(condition, "?")
    per = "/s" if condition in RATES else ""
    delay = "" if alarm.for_ is None else f" ({alarm.for_.total_seconds():g} s)"
    return f"{alarm.signal} {sign} {getattr(alarm, condition, '')} {unit}{per}{delay}"


def measured(value: float, unit: str) -> str:
    """A value to six digits, with its unit as people write it."""
    return f"{number_format(Decimal(f'{value:.6g}'), use_l10n=True, force_grouping=True)} {symbol(unit)}".rstrip()
