"""The organisation's own administration: its people and its API keys."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.keys import selectors as keys
from tenants.keys.services import create_key, revoke_key
from tenants.people.selectors import members
from tenants.scope.actors import Permission, Role

KEY_ROLES = (
    (Role.VIEWER.value, "Viewer: may read everything"),
    (Role.ENGINEER.value, "Engineer: may also edit, publish and operate"),
    (Role.OWNER.value, "Owner: may do everything"),
)


class KeyForm(forms.Form):
    """What a new API key is for."""

    name = forms.CharField(max_length=120, help_text="What uses it, so that you recognise it when you withdraw it.")
    role = forms.ChoiceField(choices=KEY_ROLES, help_text="Give no more than the program needs.")


@require_safe
@page(needs=Permission.ADMINISTER)
def people(request: HttpRequest) -> HttpResponse:
    """Who belongs to the organisation, and as what."""
    return render(request, "portal/people.html", {"members": members(actor_of(request).tenant)})


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ADMINISTER)
def api_keys(request: HttpRequest) -> HttpResponse:
    """The API keys, and a new one, whose secret this page shows once."""
    form, token, made = KeyForm(request.POST or None), None, None
    if request.method == "POST" and form.is_valid():
        role = Role(form.cleaned_data["role"])
        made, token = create_key(name=form.cleaned_data["name"], role=role, now=utc_now())
        form = KeyForm()
    status = 400 if form.errors else 200
    context = {"form": form, "keys": keys.keys(), "made": made, "secret": token and token.text, "now": utc_now()}
    response = render(request, "portal/keys.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@page(needs=Permission.ADMINISTER)
def withdraw_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Withdraw a key for good."""
    try:
        revoke_key(key=key_id, now=utc_now())
        messages.success(request, "The key is withdrawn; requests with it are refused from now on.")
    except NotFoundError:
        messages.info(request, "That key was not in force any more.")
    return redirect("api-keys", actor_of(request).slug)
