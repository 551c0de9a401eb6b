"""Signing in by single sign-on: finding the door, going to the provider, coming back."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any

from authlib.common.security import generate_token
from django.conf import settings
from django.contrib.auth import login
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tenants.edge.http import address_of
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon import oidc, selectors
from tenants.signon.admission import admit, record_refusal
from tenants.signon.domain import Claimed, SignOnError, claimed
from tenants.signon.schemas import Attempt, Provider
from tenants.signon.services import unsealed_secret
from tenants.signon.sessions import KEY, entry_after

logger = logging.getLogger(__name__)
ATTEMPTS = "sign_on_attempts"
MOST_ATTEMPTS = 5
PATIENCE_S = 600
"""How long a person may take at their provider."""
TRIES_PER_MINUTE = 300
"""From one network address; a plant's people often share one."""
OFF = "sign_on.off"
View = Callable[..., HttpResponseBase]


def _throttled(view: View) -> View:
    """Refuse an address that asks too often: each try costs its provider requests, and its organisation audit lines."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        minute = int(utc_now().timestamp()) // 60
        key = f"sign-on:tries:{address_of(request)}:{minute}"
        cache.add(key, 0, 120)
        if cache.incr(key) > TRIES_PER_MINUTE:
            error = SignOnError("too_often", "too many sign-ins come from your network", fix="Wait a minute.")
            return _refused(request, error, status=429)
        return view(request, *args, **kwargs)

    return guarded


@never_cache
@require_safe
@_throttled
def find(request: HttpRequest) -> HttpResponseBase:
    """Ask for the organisation or an address of mail, and show the doors that fit.

    They are shown, not opened: several organisations may declare one domain, and the person must see whose door it is.
    """
    asked = request.GET.get("organisation", "").replace("\x00", "")[:254].strip()
    context = {"asked": asked, "doors": selectors.doors(asked) if asked else [], "next": _next(request)}
    return render(request, "signon/find.html", context)


@never_cache
@require_safe
@_throttled
def start(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Send the browser to the organisation's provider."""
    tenant = selectors.organisation(slug)
    try:
        provider = _provider(tenant)
        discovery = oidc.discovery(provider.discovery_url)
    except SignOnError as error:
        return _refused(request, error, tenant=tenant if error.code != OFF else None)
    state = generate_token(48)
    attempt = Attempt(
        tenant=str(provider.tenant), discovery_url=provider.discovery_url, nonce=generate_token(48),
        verifier=generate_token(64), next=_next(request), started=utc_now().timestamp(),
    )  # fmt: skip
    under_way = list(request.session.get(ATTEMPTS, {}).items())[-(MOST_ATTEMPTS - 1) :]
    request.session[ATTEMPTS] = {**dict(under_way), state: asdict(attempt)}
    hint = request.GET.get("login_hint", "")[:254]
    client = oidc.Client(provider.client_id, "", redirect_uri(slug))
    return HttpResponseRedirect(oidc.authorization_url(discovery, client, attempt, state=state, hint=hint))


@never_cache
@require_safe
@_throttled
def callback(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Take what the provider sends back, and let the person in or say why not."""
    tenant, who, now = selectors.organisation(slug), None, utc_now()
    try:
        tenant, attempt = _attempt(request, tenant)
    except SignOnError as error:
        # Anybody can call this address with anything: it is no line in the audit of the organisation.
        logger.info("sign-on without an attempt", extra={"organisation": slug, "reason": error.code})
        return _refused(request, error)
    try:
        who = _vouched(request, _provider(tenant), attempt)
        with scope(tenant.id):
            user = admit(who=who, now=now)
    except OutturnError as error:
        with scope(tenant.id):
            record_refusal(error=error, who=who, now=now)
        return _refused(request, error, tenant=tenant)
    _open_session(request, user, tenant)
    return redirect(attempt.next or reverse("overview", args=[slug]))


def redirect_uri(slug: str) -> str:
    """The address that an organisation's provider must send people back to."""
    return f"{settings.BASE_URL}{reverse('sign-on-callback', args=[slug])}"


def _vouched(request: HttpRequest, provider: Provider, attempt: Attempt) -> Claimed:
    """Who the provider says has come: from the answer in the address, by the code, to checked claims."""
    if provider.discovery_url != attempt.discovery_url:
        raise SignOnError("changed", "the identity provider was changed meanwhile", fix="Sign in again.")
    discovery = oidc.discovery(provider.discovery_url)
    issuer = request.GET.get("iss")
    if (issuer is None and discovery.names_issuer) or issuer not in (None, discovery.issuer):
        raise SignOnError("issuer", "the answer is not from your identity provider", fix="Sign in again.")
    if said := request.GET.get("error"):
        shown = said[:80] if said.isprintable() else "error"
        raise SignOnError("denied", f"your identity provider did not sign you in ({shown})", fix="Try again.")
    code = request.GET.get("code", "")
    if not 0 < len(code) <= 4096:
        raise SignOnError("code", "your identity provider sent no code", fix="Sign in again.")
    client = oidc.Client(provider.client_id, unsealed_secret(provider.sealed_secret), redirect_uri(provider.slug))
    return claimed(oidc.claims_of(discovery, client, attempt, code=code))


def _attempt(request: HttpRequest, tenant: Tenant | None) -> tuple[Tenant, Attempt]:
    """The organisation, and the attempt that the answer belongs to; it is good for one answer."""
    attempts = dict(request.session.get(ATTEMPTS, {}))
    given = request.GET.get("state", "")
    state = next((each for each in attempts if secrets.compare_digest(each.encode(), given.encode())), None)
    if state is None:
        raise SignOnError("state", "this browser has not begun this sign-in, or has ended it", fix="Sign in again.")
    attempt = Attempt(**attempts.pop(state))
    request.session[ATTEMPTS] = attempts
    request.session.save()  # a second answer must not find it, even if this one fails
    if tenant is None or attempt.tenant != str(tenant.id):
        raise SignOnError("state", "this sign-in was begun for another organisation", fix="Sign in again.")
    if utc_now().timestamp() - attempt.started > PATIENCE_S:
        raise SignOnError("late", "this sign-in was begun too long ago", fix="Sign in again.")
    return tenant, attempt


def _open_session(request: HttpRequest, user: User, tenant: Tenant) -> None:
    is_same = request.user.is_authenticated and request.user.pk == user.pk
    entry = entry_after(request.session, tenant=tenant.id, is_same_person=is_same, at=utc_now().timestamp())
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[KEY] = entry


def _provider(tenant: Tenant | None) -> Provider:
    """The organisation's provider; that there is no such organisation is told like that it has none, as slowly."""
    tenant = tenant or Tenant(id=new_id())
    with scope(tenant.id):
        provider = selectors.provider(tenant)
    if provider is None:
        raise SignOnError(
            "off", "there is no single sign-on at this address", fix="Sign in with your address and password."
        )
    return provider


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")[:500]
    return wanted if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


def _refused(
    request: HttpRequest, error: OutturnError, *, tenant: Tenant | None = None, status: int | None = None
) -> HttpResponse:
    context = {"error": error, "organisation": tenant}
    return render(request, "signon/refused.html", context, status=status or error.status)
