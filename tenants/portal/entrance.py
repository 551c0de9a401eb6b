"""Coming in at a host of an organisation's own: people sign in at ours, and are handed over.

The way: the branded page there (`entrance`), to us (`leave`), where they sign in as ever and a code is made for this
person, host and browser (`hand_over`), and back (`arrive`), where the code opens a session of that host. The code is
good once, for a minute, and only in the browser that set out. See docs/decisions/013-custom-domains.md.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any, cast

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tenants.domains.dns import own_host
from tenants.domains.hosts import PLACE, address_of_host, home_at, home_of
from tenants.domains.schemas import Home
from tenants.edge.context import client_address
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotAllowedError
from tenants.lifecycle import selectors as lifecycle
from tenants.lifecycle.branding import style_of, style_version
from tenants.people.models import User
from tenants.people.selectors import organisation
from tenants.people.sign_ins import FACTOR_SET_UP
from tenants.portal.entering import answer_refusal, entry_refusal
from tenants.record.services import record_audit
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.sessions import KEY as SIGN_ON
from tenants.signon.sessions import session_reaches

SET_OUT = "set_out"
"""In a session of an organisation's host: by which states it set out to us, where to, and when."""
MOST_SET_OUT = 5
PATIENCE_S = 900
"""How long a sign-in may take."""
CODE_S = 60
_KEPT = "private, max-age=300"


class HandoverError(NotAllowedError):
    """A code that opens nothing here."""

    code = "entrance.handover"


@never_cache
@require_safe
def entrance(request: HttpRequest) -> HttpResponseBase:
    """The page on which somebody who is not signed in begins, in the organisation's look."""
    home, wanted = _home(request), _next(request)
    if request.user.is_authenticated:
        return redirect(wanted or "/")
    return _branded(request, home, "domains/entrance.html", {"next": wanted, "ours": own_host()})


@never_cache
@require_safe
def leave(request: HttpRequest) -> HttpResponseBase:
    """Set out to our own host."""
    home, state = _home(request), secrets.token_urlsafe(24)
    before = list(request.session.get(SET_OUT, {}).items())[-(MOST_SET_OUT - 1) :]
    attempt = {"next": _next(request), "at": utc_now().timestamp()}
    request.session[SET_OUT] = {**dict(before), state: attempt}
    asked = urlencode({"host": home.host, "state": state})
    return HttpResponseRedirect(f"{settings.BASE_URL}{reverse('entrance-on')}?{asked}")


@never_cache
@require_safe
@login_required
def hand_over(request: HttpRequest) -> HttpResponseBase:
    """At our own host: make a code for the person who is signed in, and send them back with it.

    A page does that, not a redirect: a browser that has just sent the form of the sign-in would not follow one to
    another host (``form-action``).
    """
    home = None if home_at(request) else home_of(request.GET.get("host", ""))
    user = cast("User", request.user)
    found = organisation(user.id, home.slug) if home else None
    if home is None or found is None or not session_reaches(request.session, found.tenant):
        raise Http404
    now = utc_now()
    refusal = entry_refusal(found, user=user.id, session=request.session, address=client_address(), now=now)
    if refusal is not None:
        return answer_refusal(request, found, refusal, api=False)
    code = secrets.token_urlsafe(32)
    kept = {"host": home.host, "user": str(user.id), "state": request.GET.get("state", ""), **_facts(request, home)}
    cache.set(_key(code), kept, CODE_S)
    back = f"{address_of_host(home.host)}{reverse('entrance-back')}?{urlencode({'code': code})}"
    return render(request, "domains/handover.html", {"back": back, "host": home.host, "organisation": found.name})


@never_cache
@require_safe
def arrive(request: HttpRequest) -> HttpResponseBase:
    """Open a session of this host with a code."""
    home, now = _home(request), utc_now()
    try:
        kept, wanted = _redeemed(request, home, now)
        user = User.objects.filter(id=kept["user"], is_active=True).first()
        if user is None:
            raise _refused()
    except HandoverError as error:
        response = _branded(request, home, "domains/entrance.html", {"error": error, "next": "", "ours": own_host()})
        response.status_code = error.status
        return response
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[PLACE] = str(home.tenant)
    request.session.update(kept["facts"])
    request.session.set_expiry(kept["age"])
    with scope(home.tenant):
        record_audit(
            action="sign_in.handed_over", subject=f"person/{user.id}", by=user.email, now=now,
            details={"host": home.host},
        )  # fmt: skip
    return redirect(wanted or "/")


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """The organisation's accent, for those who are not signed in too: it looks like that on its own host."""
    response = HttpResponse(style_of(_tenant(_home(request)).brand), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = _KEPT
    return response


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The organisation's logo."""
    home = _home(request)
    with scope(home.tenant):
        found = lifecycle.logo()
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = _KEPT
    return response


def _redeemed(request: HttpRequest, home: Home, now: datetime) -> tuple[dict[str, Any], str]:
    """What a code stands for, and where this browser wanted to go when it set out.

    Raises:
        HandoverError: The code is used, too old, for another host, or another browser set out for it.
    """
    key = _key(request.GET.get("code", "")[:200])
    kept = cache.get(key)
    if kept is None or not cache.delete(key) or kept["host"] != home.host:  # of two at once one has deleted it
        raise _refused()
    set_out = dict(request.session.get(SET_OUT, {}))
    attempt = set_out.pop(kept["state"], None)
    if attempt is None or now.timestamp() - attempt["at"] > PATIENCE_S:
        raise _refused()
    request.session[SET_OUT] = set_out
    return kept, str(attempt["next"])


def _facts(request: HttpRequest, home: Home) -> dict[str, Any]:
    """What the rules of entry ask of a session, as far as it concerns this organisation; and how long it may last."""
    session, tenant = request.session, str(home.tenant)
    facts: dict[str, Any] = {AUTHENTICATION_METHODS_SESSION_KEY: session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])}
    if FACTOR_SET_UP in session:
        facts[FACTOR_SET_UP] = session[FACTOR_SET_UP]
    if isinstance(entry := session.get(SIGN_ON), dict):
        at = (entry.get("tenants") or {}).get(tenant)
        facts[SIGN_ON] = {"confined": bool(entry.get("confined")), "tenants": {} if at is None else {tenant: at}}
    return {"facts": facts, "age": 0 if session.get_expire_at_browser_close() else session.get_expiry_age()}


def _branded(request: HttpRequest, home: Home, template: str, context: dict[str, Any]) -> HttpResponse:
    tenant = _tenant(home)
    brand = tenant.brand
    logo_, version = brand.get("logo"), style_version(brand)
    look = {
        "name": brand.get("product_name") or tenant.name,
        "style": f"{reverse('entrance-style')}?v={version}" if brand.get("accent_light") else None,
        "logo": f"{reverse('entrance-logo')}?v={logo_}" if logo_ else None,
    }
    return render(request, template, {**context, "shell": {"brand": look, "nav": []}})


def _home(request: HttpRequest) -> Home:
    home = home_at(request)
    if home is None:
        raise Http404
    return home


def _tenant(home: Home) -> Tenant:
    return Tenant.objects.get(id=home.tenant)


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")[:1000]
    return wanted if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


def _key(code: str) -> str:
    return f"handover:{hashlib.sha256(code.encode()).hexdigest()}"


def _refused() -> HandoverError:
    return HandoverError("this way in is used, too old, or was begun in another browser", fix="Sign in again.")
