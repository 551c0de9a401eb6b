"""The end customer's assets: what is shared with them, its newest values, and the history of a signal."""

from __future__ import annotations

import csv
import io
from datetime import MINYEAR, UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Permission
from twins.alarms.selectors import standing_of
from twins.sharing import domain, selectors
from twins.sharing.models import SharedView
from twins.telemetry.instants import micros, moment

LONGEST = timedelta(days=31)
"""How much of a history is shown at once."""
MOST_ALARMS = 20
USUAL = timedelta(days=1)
SPANS = ((timedelta(hours=1), "1 h"), (USUAL, "1 d"), (timedelta(days=7), "7 d"), (LONGEST, "31 d"))


@require_safe
@page(needs=Permission.REPORTS_READ)
def assets(request: HttpRequest) -> HttpResponse:
    """What is shared: with an end customer's people their own, with those who may read twins everything."""
    actor = actor_of(request)
    rows = selectors.views_seen_by(actor, now=utc_now())
    views = [{"row": row, "assets": len(row.signals), "signals": sum(map(len, row.signals.values()))} for row in rows]
    return render(request, "sharing/list.html", {"views": views, "is_preview": actor.customer is None})


@require_safe
@page(needs=Permission.REPORTS_READ)
def shared_view(request: HttpRequest, view: UUID) -> HttpResponse:
    """One view: the newest value of each of its signals."""
    return render(request, "sharing/view.html", _values(request, view))


@require_safe
@page(needs=Permission.REPORTS_READ)
def shared_values(request: HttpRequest, view: UUID) -> HttpResponse:
    """The newest values, asked for again and again by the view's page."""
    return render(request, "sharing/_values.html", _values(request, view))


@require_safe
@page(needs=Permission.REPORTS_READ)
def shared_signal(request: HttpRequest, view: UUID, asset: UUID, key: str) -> HttpResponse:
    """The history of one signal in a span of the view's time, as a drawing, a table and a file."""
    row = _view(request, view)
    start, end = _span(request, row)
    try:
        signal = selectors.signal_of(row, asset, key)
        series = selectors.history_of(row, asset, key, start, end)
    except NotFoundError:
        raise Http404 from None
    if request.GET.get("format") == "csv":
        return _csv(f"{key}.csv", zip(series.at.tolist(), series.value.tolist(), series.quality.tolist(), strict=True))
    found = domain.buckets(series.at, series.value, micros(start), micros(end))
    low, high = domain.bounds(found)
    context = {
        "view": row, "signal": signal, "start": start, "end": end, "count": series.at.size, "low": low, "high": high,
        "line": domain.line(found), "band": domain.band(found), "width": domain.WIDTH, "height": domain.HEIGHT,
        "rows": [{"at": moment(each.start), "bucket": each} for each in found if each.count],
        "spans": _choices(row, start, end), "csv_url": f"?{_query(start, end)}&format=csv",
    }  # fmt: skip
    return render(request, "sharing/signal.html", context)


def _values(request: HttpRequest, view: UUID) -> dict[str, Any]:
    row, now = _view(request, view), utc_now()
    slug = actor_of(request).slug
    values = [
        {"value": each, "url": reverse("shared-signal", args=[slug, row.id, each.signal.asset, each.signal.key])}
        for each in selectors.latest_of(row)
    ]
    signals = {UUID(asset): keys for asset, keys in row.signals.items()}
    return {
        "view": row,
        "values": values,
        "alarms": standing_of(signals, row.start, row.end)[:MOST_ALARMS],
        "is_over": row.end is not None and row.end <= now,
        "values_url": reverse("shared-values", args=[slug, row.id]),
    }


def _view(request: HttpRequest, view: UUID) -> SharedView:
    try:
        return selectors.view_seen_by(actor_of(request), view, now=utc_now())
    except NotFoundError:
        raise Http404 from None


def _span(request: HttpRequest, row: SharedView) -> tuple[datetime, datetime]:
    """The span that the address asks for, else the last day of the view's time."""
    last = min(row.end or datetime.max.replace(tzinfo=UTC), utc_now())
    end = _moment(request, "to") or max(last, row.start + timedelta(microseconds=1))
    start = _moment(request, "from") or max(end - USUAL, row.start)
    if end - start > LONGEST:
        raise BadRequest(f"A page shows at most {LONGEST.days} days.")
    return start, end


def _moment(request: HttpRequest, name: str) -> datetime | None:
    """A moment of the address; what says no zone is in UTC, as the form sends it.

    Raises:
        BadRequest: It is no moment.
    """
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text[:40])
        at = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        at = datetime.min.replace(tzinfo=UTC)
    if at.year == MINYEAR:  # before it there is no time in which a span could begin
        raise BadRequest(f"{text[:40]!r} is no time.")
    return at


def _choices(row: SharedView, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Spans that end where the shown one ends, as far as the view's time allows."""
    begun = {max(end - length, row.start): (length, label) for length, label in reversed(SPANS)}
    return [
        {"label": label, "url": f"?{_query(first, end)}", "active": first == start}
        for first, (_length, label) in sorted(begun.items(), reverse=True)
    ]


def _query(start: datetime, end: datetime) -> str:
    return urlencode({"from": isoformat(start), "to": isoformat(end)})


def _csv(name: str, rows: Any) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("at", "value", "quality"))
    writer.writerows((isoformat(moment(at)), value, quality) for at, value, quality in rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
