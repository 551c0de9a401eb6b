"""What the proxy in front asks before it gets a certificate for a host."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tenants.domains.hosts import is_proven_host
from tenants.kernel.networks import is_within


@require_safe
def ask(request: HttpRequest) -> HttpResponse:
    """200 for a host that is an organisation's own, 404 for all others; whose it is, is not told.

    Only a proxy may ask: from its networks (`OUTTURN_PROXY_NETWORKS`), and itself. What it passes on for somebody else
    says so in a header, and is not answered.
    """
    is_passed_on = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    peer = request.META.get("REMOTE_ADDR") or ""
    if is_passed_on or not is_within(peer, settings.OUTTURN_PROXY_NETWORKS):
        raise Http404
    if not is_proven_host(request.GET.get("domain", "")[:253]):
        raise Http404
    return HttpResponse("proven\n", content_type="text/plain")
