"""The evidence page: what each asset of a twin was over a month, and what that is told from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.composer.selectors import twin_by_slug
from twins.evidence.domain.items import EventKind
from twins.evidence.domain.rules import FLIES
from twins.evidence.domain.states import Cause
from twins.evidence.gathering import last_known_at
from twins.evidence.schemas import FLIGHTS, AssetStates, Figure, KnownEvent
from twins.evidence.selectors import RULE, asset_states

HOUR = timedelta(hours=1)
_MONTH = re.compile(r"^(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])$")
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))

LOOKS = {
    Cause.FLIGHTS: ("ok", gettext_lazy("Up"), gettext_lazy("flights keep coming")),
    Cause.SHOP_OUT: ("ok", gettext_lazy("Up"), gettext_lazy("on the word of its leaving the shop")),
    Cause.RETURNED: ("ok", gettext_lazy("Up"), gettext_lazy("on the word of its return")),
    Cause.FAILED: ("down", gettext_lazy("Down"), gettext_lazy("failed, and has not returned")),
    Cause.REPAIR: ("down", gettext_lazy("Down"), gettext_lazy("in the shop after a failure")),
    Cause.SHOP: ("planned", gettext_lazy("In the shop"), gettext_lazy("a visit without a failure")),
    Cause.BEFORE_FIRST_FLIGHT: ("unknown", gettext_lazy("Unknown"), gettext_lazy("before the first flight")),
    Cause.SILENCE: ("unknown", gettext_lazy("Unknown"), gettext_lazy("nothing heard for too long after the landing")),
    Cause.CONTRADICTION: ("unknown", gettext_lazy("Unknown"), gettext_lazy("took off while it was said to be down")),
    Cause.UNEXPLAINED: ("unknown", gettext_lazy("Unknown"), gettext_lazy("the beginning of an outage is missing")),
    Cause.HOLDS: ("ok", gettext_lazy("Up"), gettext_lazy("its signals say so")),
    Cause.HOLDS_NOT: ("down", gettext_lazy("Down"), gettext_lazy("its signals say so")),
    Cause.NO_READING: ("unknown", gettext_lazy("Unknown"), gettext_lazy("no reading that still holds")),
    Cause.RETIRED: ("idle", gettext_lazy("Retired"), gettext_lazy("no longer in service")),
}
"""Status, word and reason that each cause is shown with."""
LEGEND = (Cause.FLIGHTS, Cause.FAILED, Cause.SHOP, Cause.SILENCE, Cause.RETIRED)
EVENTS = {
    EventKind.FAILED: gettext_lazy("Failed"),
    EventKind.SHOP_IN: gettext_lazy("Entered the shop"),
    EventKind.SHOP_OUT: gettext_lazy("Left the shop"),
    EventKind.RETURNED: gettext_lazy("Returned to service"),
    EventKind.RETIRED: gettext_lazy("Retired"),
}


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC."""

    start: datetime

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """The month of a moment."""
        return cls(moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0))

    @classmethod
    def named(cls, name: str) -> Month:
        """The month of a name such as ``2026-09``.

        Raises:
            BadRequest: It is none of the years 1970 to 2099.
        """
        if not _MONTH.fullmatch(name):
            raise BadRequest(f"{name!r} is no month.")
        return cls(datetime.fromisoformat(f"{name}-01").replace(tzinfo=UTC))

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return Month.of(self.start + timedelta(days=31)).start

    @property
    def before(self) -> Month:
        """The month before it."""
        return Month.of(self.start - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.start:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch as it is shown.

    Attributes:
        status: What decides colour and icon; empty for time to come.
        word: What it is called.
        reason: Why.
    """

    start: datetime
    end: datetime
    status: str = ""
    word: Any = ""
    reason: Any = ""

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    @property
    def length_text(self) -> str:
        """The same in words."""
        return length_text(self.length)

    @property
    def share(self) -> str:
        """Its share of the bar, in seconds, as style sheets write numbers."""
        return f"{self.length.total_seconds():.0f}"


@dataclass(frozen=True, slots=True)
class Row:
    """An asset as it is shown."""

    found: AssetStates
    pieces: tuple[Piece, ...]

    @property
    def been(self) -> list[Piece]:
        """The pieces that have been."""
        return [piece for piece in self.pieces if piece.status]

    @property
    def spoken(self) -> str:
        """The bar in words."""
        words = [f"{piece.word} {piece.length_text} {piece.reason}" for piece in self.been]
        return ", ".join(words) or _("nothing yet")

    @property
    def up(self) -> str:
        """How much of its time in service it is known to have been up."""
        return percent_up(self.pieces)

    @property
    def figures(self) -> list[tuple[Any, str, str]]:
        """What its indicators came to: what is counted, how much, and the unit."""
        return [(_named(one), grouped(one.value), one.unit) for one in self.found.figures if one.key != FLIGHTS]

    @property
    def main(self) -> tuple[Any, str, str] | None:
        """The one of them that stands beside its name."""
        found = self.figures
        return next((one for one in found if one[0] == _("volume")), found[0] if found else None)

    @property
    def events(self) -> list[tuple[Any, KnownEvent]]:
        """The events with their names."""
        return [(EVENTS[event.kind], event) for event in self.found.events]


@require_safe
@page(needs=Permission.TWINS_READ)
def evidence(request: HttpRequest, twin: str) -> HttpResponse:
    """What each asset of a twin was over a month."""
    found, now = twin_by_slug(twin), utc_now()
    if found is None:
        raise Http404
    last = last_known_at(found.id)
    month = Month.named(request.GET["month"]) if "month" in request.GET else Month.of(last or now)
    rows = [_row(one, month, now) for one in asset_states(found.id, month.start, month.end)]
    days = (month.end - month.start).days
    context = {
        "twin": found,
        "month": month,
        "next": Month(month.end) if month.end <= now else None,
        "is_known": last is not None,
        "rows": rows,
        "figures": _figures(rows),
        "ticks": [(f"{100 * (day - 1) / days:.3f}", day) for day in (1, 8, 15, 22, 29) if day <= days],
        "legend": [LOOKS[cause][:2] for cause in LEGEND],
        "flies": any(row.found.rule["name"] == "flights" for row in rows),
        "is_read": any(row.found.rule["name"] == "signals" for row in rows),
        "flight": length_text(timedelta(milliseconds=RULE.flight_ms)),
        "max_gap": length_text(timedelta(milliseconds=RULE.max_gap_ms)),
    }
    return render(request, "evidence/month.html", context)


def _row(found: AssetStates, month: Month, now: datetime) -> Row:
    pieces = [Piece(one.start, min(one.end, now), *LOOKS[one.cause]) for one in found.stretches if one.start < now]
    if now < month.end:
        pieces.append(Piece(max(now, month.start), month.end))
    return Row(found, tuple(pieces))


def _figures(rows: Sequence[Row]) -> list[dict[str, Any]]:
    pieces = [piece for row in rows for piece in row.pieces]
    down, unknown = (_spent(pieces, *statuses) / HOUR for statuses in (("down", "planned"), ("unknown",)))
    in_service = _("of the assets' time in service")
    asset_hours = _("hours of assets")
    figures = [
        {"label": _("Known to be up"), "value": percent_up(pieces), "unit": "%", "note": in_service},
        {"label": _("Down"), "value": grouped(down), "unit": "h", "note": asset_hours},
        {"label": _("Unknown"), "value": grouped(unknown), "unit": "h", "note": asset_hours},
    ]
    if any(row.found.rule["name"] == "flights" for row in rows):
        flown = sum((row.found.figure(FLIES) for row in rows), Fraction(0))
        note = _("take-off to landing, as the rule says")
        figures.append({"label": _("Flown"), "value": grouped(flown), "unit": "h", "note": note})
    return figures


def _named(figure: Figure) -> Any:
    """The key of an indicator as words."""
    return _("flown") if figure.key == FLIES else figure.key.replace("_", " ")


def _spent(pieces: Iterable[Piece], *statuses: str) -> timedelta:
    return sum((piece.length for piece in pieces if piece.status in statuses), timedelta(0))


def percent_up(pieces: Sequence[Piece]) -> str:
    """The share of the time in service that was up, in percent, cut off after two digits; nothing of no time."""
    service = _spent(pieces, "ok", "down", "planned", "unknown")
    if not service:
        return ""
    return number_format(Decimal(10_000 * _spent(pieces, "ok") // service) / 100, 2)


def grouped(hours: float | Fraction) -> str:
    """Hours with one digit and separators."""
    return number_format(Decimal(round(10 * hours)) / 10, 1, force_grouping=True)


def length_text(length: timedelta) -> str:
    """A length of time in its two largest units, cut off below them."""
    rest = length // timedelta(seconds=1)
    parts: list[str] = []
    for size, unit in _UNITS:
        number, rest = divmod(rest, size)
        if number or parts:
            parts.append(f"{number} {unit}" if number else "")
    return " ".join(filter(None, parts[:2])) or _("less than 1 s")
