"""The data-quality page of a twin: what came of its signals, what is doubtful, and which gateway to look at."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.cells import as_cells
from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.actors import Permission
from twins.catalog.selectors import resolved_types
from twins.composer.models import Twin
from twins.composer.selectors import published_twin, twin_by_slug
from twins.gateways.quality_words import CLOCK_WORDS, drift_words, length_words, share_words, shares
from twins.gateways.selectors import gateways
from twins.telemetry.instants import moment
from twins.telemetry.models import Signal
from twins.telemetry.quality_figures import LEVELS
from twins.telemetry.quality_report import (
    LONGEST,
    GatewayQuality,
    SignalQuality,
    Span,
    TwinQuality,
    signal_quality,
    twin_quality,
)
from twins.telemetry.schemas import BoundSignal, Quality
from twins.telemetry.series import Grain

SHOWN = 100
MOST_GAPS = 50
DAY = timedelta(days=1)
SPANS = ((1, gettext_lazy("Today")), (7, gettext_lazy("7 days")), (30, gettext_lazy("30 days")))
GRAINS = {Grain.MINUTE: "minute", Grain.HOUR: "hour", Grain.DAY: "day"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The span that an address asks for: whole days of UTC, or the last 24 hours.

    Attributes:
        query: What says so in an address.
    """

    start: datetime
    end: datetime
    query: str

    @classmethod
    def of(cls, request: HttpRequest, now: datetime) -> Asked:
        """What a request asks for.

        Raises:
            BadRequest: Its days are none, the wrong way round, or too many.
        """
        first, last = request.GET.get("from", ""), request.GET.get("to", "")
        if not first and not last:
            return cls(now - DAY, now, "")
        start, end = _day(first or last), _day(last or first) + DAY
        if not start < end <= start + LONGEST:
            raise BadRequest("The last day must be the first or later, and within 366 days of it.")
        return cls(start, end, urlencode({"from": f"{start:%Y-%m-%d}", "to": f"{end - DAY:%Y-%m-%d}"}))

    @property
    def days(self) -> tuple[str, str]:
        """The first and the last day."""
        return f"{self.start:%Y-%m-%d}", f"{self.end - timedelta(microseconds=1):%Y-%m-%d}"


def _day(text: str) -> datetime:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise BadRequest(f"{text[:20]!r} is no day.") from None
    if not 1970 < day.year < 2200:
        raise BadRequest(f"{text[:20]!r} is too far away.")
    return day


@require_safe
@page(needs=Permission.TWINS_READ)
def quality(request: HttpRequest, twin: str) -> HttpResponse:
    """The data quality of a twin in a span, worst first."""
    row, now = _twin(twin), utc_now()
    asked = Asked.of(request, now)
    words, gateway = request.GET.get("q", "")[:120].lower().split(), request.GET.get("gateway", "")
    part = _number_of(request, "part")
    found = twin_quality(
        row.id, asked.start, asked.end, now=now, part=part - 1,
        first=lambda one: _fits(one.asset_name, one.key, one, words, gateway),
    )  # fmt: skip
    if part > 1 and not found.signals:
        raise Http404
    names = _names(one.gateway for one in found.gateways)
    signals = [one for one in found.signals if _fits(one.name, one.key, one.bound, words, gateway)]
    if request.GET.get("format") == "csv":
        return _csv(f"{row.slug}-quality", signals, names)
    slug, number = actor_of(request).slug, _number_of(request, "page")
    came, doubtful = sum(one.seen.came for one in signals), sum(_doubtful(one) for one in signals)
    expected = [one.seen.completeness for one in signals if one.seen.completeness is not None]
    longest = max((one.seen.gaps.longest_us for one in signals), default=0)
    context = {
        "twin": row,
        "asked": asked,
        "spans": _spans(now),
        "span": found.span,
        "grain": found.span.grain and GRAINS[found.span.grain],
        "figures": [
            {"label": _("Complete"), "value": share_words(sum(expected) / len(expected)) if expected else None},
            {"label": _("Readings"), "value": number_format(came, force_grouping=True)},
            {"label": _("Not good"), "value": share_words(doubtful / came) if came else None},
            {"label": _("Longest gap"), "value": length_words(longest)},
        ],
        "rows": [_row(one, names, slug, row, asked) for one in signals[(number - 1) * SHOWN : number * SHOWN]],
        "count": len(signals),
        "parts": _parts(request, part, found),
        "gateways": [_gateway(one, names, slug, found.span) for one in found.gateways],
        "choices": names,
        "pager": _pager(request, number, len(signals)),
        "csv_url": f"?{_query(request, format='csv')}",
        "is_narrowed": bool(request.GET.get("q") or request.GET.get("gateway")),
    }  # fmt: skip
    return render(request, "quality/twin.html", context)


@require_safe
@page(needs=Permission.TWINS_READ)
def signal(request: HttpRequest, twin: str, asset: UUID, key: str) -> HttpResponse:
    """What the figures of one signal are computed from."""
    row, now = _twin(twin), utc_now()
    found = Signal.objects.filter(twin=row.id, asset=asset, key=key).first()
    if found is None:
        raise Http404
    asked = Asked.of(request, now)
    detail = signal_quality(found, asked.start, asked.end, now=now)
    one = detail.quality
    names = _names([one.bound.gateway] if one.bound else [])
    gaps = [
        (moment(start), moment(end), length_words(end - start)) for start, end in one.seen.gaps.longest_first(MOST_GAPS)
    ]
    context = {
        "twin": row,
        "asked": asked,
        "spans": _spans(now),
        "span": detail.span,
        "grain": detail.span.grain and GRAINS[detail.span.grain],
        "one": one,
        "is_derived": one.bound is None and _is_derived(found),
        "row": _row(one, names, actor_of(request).slug, row, asked),
        "rate": one.bound and one.bound.rules.rate and length_words(one.bound.rules.rate // timedelta(microseconds=1)),
        "gaps": gaps,
        "gap_count": one.seen.gaps.start.size,
        "intervals": detail.intervals,
        "shares": shares(one.seen),
        "levels": _levels(detail.before.levels, one.seen.levels),
        "drift": drift_words(one.drift),
        "substitutions": detail.substitutions,
        "undoable": {each.id for each in detail.substitutions if each.undoes is None}
        - {each.undoes for each in detail.substitutions},
        "can_replace": actor_of(request).may(Permission.TWINS_OPERATE),
        "replace_url": reverse("quality-replace", args=[actor_of(request).slug, row.slug, asset, key]),
        "quality_url": f"{reverse('quality', args=[actor_of(request).slug, row.slug])}?{asked.query}",
    }  # fmt: skip
    return render(request, "quality/signal.html", context)


def _twin(slug: str) -> Twin:
    row = twin_by_slug(slug)
    if row is None:
        raise Http404
    return row


def _is_derived(signal: Signal) -> bool:
    """Whether a signal is worked out from others by a formula of its asset's type, and sent by no gateway."""
    document = published_twin(signal.twin)
    asset = document.assets.get(str(signal.asset)) if document else None
    found = resolved_types().get(asset.type) if asset else None
    return found is not None and signal.key in found.document.derived


def _names(ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(gateways().filter(id__in=list(ids)).values_list("id", "name"))


def _fits(name: str, key: str, bound: BoundSignal | None, words: Sequence[str], gateway: str) -> bool:
    """Whether a signal is one of those that are looked for."""
    text = f"{name} {key}".lower()
    return all(word in text for word in words) and (
        not gateway or (bound is not None and str(bound.gateway) == gateway)
    )


def _doubtful(one: SignalQuality) -> int:
    return one.seen.came - int(one.seen.by_quality[Quality.GOOD])


def _row(one: SignalQuality, names: dict[UUID, str], slug: str, twin: Twin, asked: Asked) -> dict[str, Any]:
    seen, gateway = one.seen, one.bound.gateway if one.bound else None
    worst = max(
        (quality for quality in Quality if quality and seen.by_quality[quality]),
        key=lambda quality: int(seen.by_quality[quality]),
        default=None,
    )
    return {
        "one": one,
        "url": f"{reverse('quality-signal', args=[slug, twin.slug, one.asset, one.key])}?{asked.query}",
        "complete": None if seen.completeness is None else share_words(seen.completeness),
        "status": _status(one),
        "longest_gap": length_words(seen.gaps.longest_us) if seen.gaps.start.size else "",
        "not_good": share_words(seen.doubtful) if seen.came and seen.doubtful else "",
        "worst": worst,
        "late": one.late,
        "worst_late": length_words(one.worst_us) if one.late else "",
        "drift": drift_words(one.drift) if one.drift and one.drift.is_told else "",
        "gateway": names.get(gateway) if gateway else None,
        "gateway_url": reverse("gateway", args=[slug, gateway]) if gateway in names else None,
    }  # fmt: skip


def _status(one: SignalQuality) -> tuple[str, Any]:
    if not one.seen.came:
        return "down", _("Silent")
    if one.badness >= 0.05:
        return "warning", _("Look at it")
    return "ok", _("Sound")


def _gateway(one: GatewayQuality, names: dict[UUID, str], slug: str, span: Span) -> dict[str, Any]:
    ours, silence = one.gateway in names, one.delivered.silence
    return {
        "one": one,
        "name": names.get(one.gateway, str(one.gateway)),
        "url": reverse("gateway", args=[slug, one.gateway]) if ours else None,
        "median": _length(one.delivered.median_us),
        "p95": _length(one.delivered.p95_us),
        "worst": _length(one.delivered.worst_us),
        "silence": length_words(silence[1] - silence[0]),
        "silent_from": moment(silence[0]),
        "is_silent": silence[1] == int(span.end.timestamp() * 1_000_000) and silence[1] - silence[0] > 3_600_000_000,
        "clock": _length(one.clock_us),
        "fault": CLOCK_WORDS.get(one.clock) if one.clock else None,
    }


def _length(microseconds: int | None) -> str:
    return "" if microseconds is None else length_words(microseconds)


def _levels(before: Any, recent: Any) -> list[tuple[str, float | None, float | None]]:
    if before is None and recent is None:
        return []
    of = [None] * len(LEVELS)
    pairs = zip(LEVELS, of if before is None else before, of if recent is None else recent, strict=True)
    return [(f"{level:.0%}", former, newer) for level, former, newer in pairs]


def _spans(now: datetime) -> list[tuple[Any, str]]:
    today = now.astimezone(UTC)
    return [
        (word, urlencode({"from": f"{today - (days - 1) * DAY:%Y-%m-%d}", "to": f"{today:%Y-%m-%d}"}))
        for days, word in SPANS
    ]


def _number_of(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _query(request: HttpRequest, **changed: str) -> str:
    kept = {name: request.GET[name] for name in ("from", "to", "q", "gateway", "part") if request.GET.get(name)}
    return urlencode(kept | changed)


def _pager(request: HttpRequest, number: int, count: int) -> dict[str, Any]:
    return {
        "previous_url": f"?{_query(request, page=str(number - 1))}" if number > 1 else None,
        "next_url": f"?{_query(request, page=str(number + 1))}" if number * SHOWN < count else None,
    }


def _parts(request: HttpRequest, part: int, found: TwinQuality) -> dict[str, Any] | None:
    """Which of very many signals these are, and the way to the others; None when these are all."""
    if not found.more:
        return None
    last = found.before + len(found.signals)
    return {
        "first": found.before + 1,
        "last": last,
        "total": found.total,
        "previous_url": f"?{_query(request, part=str(part - 1))}#signals" if part > 1 else None,
        "next_url": f"?{_query(request, part=str(part + 1))}#signals" if last < found.total else None,
    }


def _csv(name: str, signals: Sequence[SignalQuality], names: dict[UUID, str]) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ("asset", "signal", "unit", "gateway", "key", "readings", "completeness", "gaps", "longest_gap_s",
         *(one.name.lower() for one in Quality), "late", "worst_late_s", "moved", "change", "newest_at")
    )  # fmt: skip
    for one in signals:
        seen, bound = one.seen, one.bound
        writer.writerow(
            as_cells((
                one.name, one.key, one.unit, *((names.get(bound.gateway, ""), bound.sent_key) if bound else ("", "")),
                seen.came, seen.completeness, seen.gaps.start.size, seen.gaps.longest_us / 1e6,
                *seen.by_quality.tolist(),
                one.late, one.worst_us / 1e6, one.drift and one.drift.moved,
                one.drift.change.name if one.drift and one.drift.change else "",
                "" if seen.newest_at is None else isoformat(moment(seen.newest_at)),
            ))
        )  # fmt: skip
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response
