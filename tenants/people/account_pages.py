"""The pages of a person, outside any organisation: their account, and the invitations they were sent."""

from __future__ import annotations

from typing import cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter as sessions_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.context import client_address
from tenants.edge.forms import NamedConfirmForm, put_error
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.people import invitations as inviting
from tenants.people import selectors
from tenants.people.forms import NameForm
from tenants.people.language import checked_language, keep_language, remember_language
from tenants.people.members import leave
from tenants.people.models import User
from tenants.people.services import rename_person
from tenants.scope.context import scope

ASKING = ["GET", "HEAD", "POST"]
CONTINUE = "continue_to"
"""In a session: the page of an organisation that waits until the person has a second factor."""
TOKEN = "invitation"  # noqa: S105 (the name of a key)
"""In a session: the token of the invitation that was opened, so that it stands in no address that others may see."""


@login_required
@require_http_methods(ASKING)
def account(request: HttpRequest) -> HttpResponse:
    """What a person may change about themselves."""
    user = _person(request)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        rename_person(user=user.id, name=form.cleaned_data["name"])
        messages.success(request, gettext("Your name is changed."))
        return redirect("account")
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = next((each for each in factors if each.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "form": form,
        "addresses": EmailAddress.objects.filter(user=user).order_by("-primary", "email"),
        "totp": next((each for each in factors if each.type == Authenticator.Type.TOTP), None),
        "passkeys": [each for each in factors if each.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "sessions": UserSession.objects.filter(user=user).count(),
        "organisations": selectors.organisations(user.id),
    }
    return render(request, "people/account.html", context, status=400 if form.errors else 200)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language that somebody chose, with their account and by their browser, and go on where they were."""
    try:
        language = checked_language(request.POST.get("language", ""))
    except OutturnError as error:
        raise SuspiciousOperation(error.told) from error
    if request.user.is_authenticated:
        keep_language(user=_person(request).pk, language=language)
    back = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = redirect(back if is_ours else "/")
    remember_language(response, language)
    return response


@login_required
@require_POST
def end_session(request: HttpRequest, session: int) -> HttpResponse:
    """Sign out one session, wherever it is open."""
    row = UserSession.objects.filter(user=_person(request), id=session).first()
    if row is None:
        raise Http404
    if row.is_current():
        return redirect("account_logout")
    sessions_adapter().end_sessions([row])
    messages.success(request, gettext("That session is signed out."))
    return redirect("usersessions_list")


@login_required
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """Where somebody without a second factor is led when an organisation asks for one."""
    return render(request, "people/second_factor.html", {"continue_to": request.session.get(CONTINUE)})


@login_required
@require_http_methods(ASKING)
def leave_organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """End one's own membership, after the organisation's name was typed."""
    user = _person(request)
    found = selectors.organisation(user.id, slug)
    if found is None:
        raise Http404
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=found.name)
    if request.method == "POST" and form.is_valid():
        try:
            with scope(found.tenant):
                actor = selectors.actor_of_member(found, user=user.id, name=user.email, address=client_address())
                leave(by=actor, now=utc_now())
            messages.success(request, gettext("You have left %(name)s.") % {"name": found.name})
            return redirect("account")
        except OutturnError as error:
            put_error(form, error)
    context = {"form": form, "organisation": found}
    return render(request, "people/leave.html", context, status=400 if form.errors else 200)


@require_safe
def invitation_link(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address: it would stand in the history and be told to whatever the page loads."""
    request.session[TOKEN] = token
    return redirect("invitation")


@never_cache
@require_http_methods(ASKING)
def invitation(request: HttpRequest) -> HttpResponse:
    """Show an invitation, and let the person join that it is for."""
    token, now = str(request.session.get(TOKEN, "")), utc_now()
    user = _person(request) if request.user.is_authenticated else None
    try:
        found = inviting.invited(token, now=now)
        if request.method == "POST" and user is not None:
            inviting.accept(token=token, user=user, now=now)
            del request.session[TOKEN]
            messages.success(request, gettext("Welcome to %(name)s.") % {"name": found.organisation})
            return redirect("home")
    except OutturnError as error:
        return render(request, "people/no_invitation.html", {"error": error}, status=error.status)
    if user is None:
        # The link came by mail, so whoever holds it has shown that the address is theirs.
        request.session["account_verified_email"] = found.email
    context = {
        "invited": found,
        "is_theirs": user is not None and found.email in inviting.proven_addresses(user),
        "has_account": user is None and inviting.has_account(found.email),
    }
    return render(request, "people/invitation.html", context)


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)
