"""What guests see by a link, without signing in: one report with its files, in the look of the organisation.

A token that is none, of a link that is over, or of an organisation that is closed, gives one and the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.reports.links import followed, link_in_force, note_opening
from billing.reports.models import Report, ReportLink
from billing.reports.showing import VERIFIER, file_of, has_file, shown, verifier_download
from tenants.domains.hosts import home_at
from tenants.edge.context import client_address
from tenants.edge.problems import InvalidRequestError, answer
from tenants.edge.rates import is_too_often
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.lifecycle.branding import style_of, style_version
from tenants.lifecycle.selectors import logo as logo_of_tenant
from tenants.record.selectors import handover_notes
from tenants.record.witnesses import head_for_witness
from tenants.scope.context import scope
from tenants.scope.models import Tenant

MOST_A_MINUTE = 120
"""Requests from one network address; a page with what belongs to it is four."""
HEAD = "head.json"
"""What the log is asked by, as it is noted."""
_SIZE = re.compile(r"[0-9]{1,15}")
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
GuestView = Callable[..., HttpResponseBase]


def _for_guests(view: Callable[..., HttpResponseBase]) -> GuestView:
    """Call a view with the link that is followed, in the scope of its tenant; or say that it leads nowhere."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        if is_too_often("report-link", most=MOST_A_MINUTE):
            return _private(render(request, "429.html", status=429))
        found, home = followed(token), home_at(request)
        if found is None or (home is not None and home.tenant != found.tenant):
            return _over(request)
        try:
            with scope(found.tenant):
                link = link_in_force(found.link, now=utc_now())
                if link is None:
                    raise Http404
                return _private(view(request, link, **kwargs))
        except Http404:
            return _over(request)

    return guarded


@require_safe
@_for_guests
def guest_report(request: HttpRequest, link: ReportLink) -> HttpResponseBase:
    """The report."""
    assert request.resolver_match is not None  # a view is called by an address
    token = request.resolver_match.kwargs["token"]
    found, files = shown(_opened(request, link, "page")), reverse("guest-report", args=[token])
    context = found | {
        "token": token,
        "expires_at": link.expires_at,
        "log_head": reverse("guest-head", args=[token]),
        "memory": f"outturn-guest-log:{found['content'].proof.log}",
        "files": files,
        "verifier": f"{files}{VERIFIER}",
        "shell": _shell(link.tenant, token),
    }
    return render(request, "reports/guest.html", context)


@require_safe
@_for_guests
def guest_file(request: HttpRequest, link: ReportLink, kind: str) -> HttpResponseBase:
    """A file of the report, or the verifier; what is neither is not noted."""
    if not has_file(kind):
        raise Http404
    row = _opened(request, link, kind)
    return verifier_download() if kind == VERIFIER else file_of(request, row, kind)


@require_safe
@_for_guests
def guest_head(request: HttpRequest, link: ReportLink) -> HttpResponseBase:
    """The newest head of the log, with the proof that it only grew since the guest's browser saw ``known`` entries.

    It tells how many entries there are by now, and of none what it is.
    """
    known = request.GET.get("known", "0")
    if not _SIZE.fullmatch(known):
        return answer(
            InvalidRequestError("this is no number of entries", place="known", fix="Ask from the size of a head.")
        )
    _opened(request, link, HEAD)
    try:
        found = head_for_witness(int(known))
    except OutturnError as error:
        return answer(error)
    return JsonResponse(
        {
            "size": found.head.size,
            "head": found.head.note,
            "key": str(found.verifier),
            "consistency": [value.hex() for value in found.consistency],
            "handovers": handover_notes(),
        }
    )


@require_safe
@_for_guests
def guest_style(_request: HttpRequest, link: ReportLink) -> HttpResponseBase:
    """The organisation's accent."""
    return HttpResponse(style_of(link.tenant.brand), content_type="text/css; charset=utf-8")


@require_safe
@_for_guests
def guest_logo(_request: HttpRequest, _link: ReportLink) -> HttpResponseBase:
    """The organisation's logo."""
    row = logo_of_tenant()
    if row is None:
        raise Http404
    response = HttpResponse(bytes(row.content), content_type=row.media_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _opened(request: HttpRequest, link: ReportLink, what: str) -> Report:
    """The report that a link leads to, once it is noted that it was followed."""
    program = request.headers.get("User-Agent", "")
    return note_opening(link=link, what=what, address=client_address(), program=program, now=utc_now())


def _shell(tenant: Tenant, token: str) -> dict[str, Any]:
    """The look of the organisation around the page, and no way into its house."""
    brand = tenant.brand
    logo, style = brand.get("logo"), f"{reverse('guest-style', args=[token])}?v={style_version(brand)}"
    look = {
        "name": brand.get("product_name") or tenant.name,
        "style": style if brand.get("accent_light") else None,
        "logo": f"{reverse('guest-logo', args=[token])}?v={logo}" if logo else None,
    }
    return {"brand": look, "nav": []}


def _over(request: HttpRequest) -> HttpResponse:
    """The one answer to every link that leads nowhere; it tells neither whose it was nor why."""
    response = render(request, "reports/over.html", status=404)
    _private(response)
    return response


def _private(response: HttpResponseBase) -> HttpResponseBase:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    return response
