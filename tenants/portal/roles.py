"""Roles: what each lets its people do, and those of the organisation's own making."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import NamedConfirmForm, put_error, show_confirm
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.edge.words import AREAS, DEEDS, permission_words
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.keys.selectors import accounts
from tenants.people.models import CustomRole
from tenants.people.roles import BUILT_IN, change_role, create_role, delete_role
from tenants.people.selectors import members, roles
from tenants.scope.actors import PERMISSIONS, Actor, Permission, Role, permissions_named

GIVEN = tuple(each for each in Permission if each != Permission.ORGANISATION_OWN)


class RoleForm(forms.Form):
    """What a role is called and may do."""

    name = forms.CharField(max_length=60, label=_("Name"))
    description = forms.CharField(max_length=200, label=_("What it is for"), required=False)
    permissions = forms.MultipleChoiceField(
        choices=[(each.value, each.value) for each in GIVEN], widget=forms.MultipleHiddenInput, label=_("Permissions"),
        error_messages={"required": _("Tick at least one.")},
    )  # fmt: skip

    def matrix(self) -> list[dict[str, Any]]:
        """The permissions as rows of areas, with a cell for each deed: its value, and whether it is ticked."""
        ticked = set(self["permissions"].value() or ())
        return _matrix(ticked)


def _matrix(held: Any) -> list[dict[str, Any]]:
    rows = []
    for area, label in AREAS.items():
        cells: list[dict[str, Any] | None] = []
        for deed, word in DEEDS.items():
            name = f"{area}.{deed}"
            is_one = bool(permissions_named({name}))
            cells.append({"name": name, "deed": word, "held": name in held} if is_one else None)
        rows.append({"area": label, "cells": cells})
    return rows


@require_safe
@page(needs=Permission.ORGANISATION_ADMINISTER)
def all_roles(request: HttpRequest) -> HttpResponse:
    """The roles that every organisation has, and the list of its own, each with how many have it."""
    actor = actor_of(request)
    people, programs = _by_role(members(actor.tenant)), _by_role(accounts())
    listed = _listing(actor.slug, people, programs).page(request, roles())
    built_in = [
        {"key": role.value, "name": role.value.capitalize(), "what": BUILT_IN[role],
         "permissions": len(PERMISSIONS[role]), "people": people.get(role, 0), "accounts": programs.get(role, 0)}
        for role in Role
    ]  # fmt: skip
    return listed.csv or render(request, "portal/roles.html", {"listing": listed, "built_in": built_in})


def _by_role(holders: QuerySet[Any]) -> Mapping[str, int]:
    """How many have each role; one that nobody has is not in it."""
    return dict(holders.order_by().values_list("role").annotate(count=Count("id")))


def _listing(slug: str, people: Mapping[str, int], programs: Mapping[str, int]) -> Listing:
    return Listing(
        name="roles", caption=_("Your own roles"), order="name", search=("name", "description"),
        columns=(
            Column("name", _("Role"), sort="name", link=lambda row: reverse("role", args=[slug, row.id])),
            Column("description", _("What it is for")),
            Column("count", _("Permissions"), kind="number", value=lambda row: len(row.permissions)),
            Column("permissions", _("Lets them"), is_shown=False, value=lambda row: ", ".join(row.permissions)),
            Column("people", _("People"), kind="number", value=lambda row: people.get(str(row.id), 0)),
            Column("accounts", _("Service accounts"), kind="number", value=lambda row: programs.get(str(row.id), 0)),
            Column("created_at", _("Made"), sort="created_at", kind="moment"),
        ),
        filters=(
            Filter("permission", _("Permission"), [(each.value, permission_words(each)) for each in GIVEN],
                   lambda rows, value: rows.filter(permissions__contains=[value])),
        ),
    )  # fmt: skip


@require_safe
@page(needs=Permission.ORGANISATION_ADMINISTER)
def built_in_role(request: HttpRequest) -> HttpResponse:
    """What a role that every organisation has (``?role=``) lets its people do."""
    role = request.GET.get("role", "")
    if role not in PERMISSIONS:
        raise Http404
    found = Role(role)
    context = {
        "name": found.value.capitalize(), "what": BUILT_IN[found], "matrix": _matrix(PERMISSIONS[found]),
        "deeds": DEEDS.values(), "copy_url": f"{reverse('new-role', args=[actor_of(request).slug])}?from={role}",
        "owns": Permission.ORGANISATION_OWN in PERMISSIONS[found],
    }  # fmt: skip
    return render(request, "portal/role.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def new_role(request: HttpRequest) -> HttpResponse:
    """A new role, begun as a copy of another or of nothing."""
    actor, model = actor_of(request), request.GET.get("from", "")
    start = (
        {"permissions": [each.value for each in PERMISSIONS[Role(model)] if each in GIVEN]}
        if model in PERMISSIONS
        else {}
    )
    form = RoleForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_role(**_asked(form), by=actor, now=utc_now())
            messages.success(request, gettext("The role “%s” is made.") % made.name)
            return redirect("roles", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    return _edit(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def own_role(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """A role of the organisation's own: what it may do, to be changed."""
    actor, found = actor_of(request), _found(role_id)
    start = {"name": found.name, "description": found.description, "permissions": found.permissions}
    form = RoleForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_role(role=found.id, **_asked(form), by=actor, now=utc_now())
            messages.success(request, gettext("“%s” is changed; it holds from now on.") % changed.name)
            return redirect("roles", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    return _edit(request, form, found)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def remove_role(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Take a role away, once its name has been typed."""
    actor, found = actor_of(request), _found(role_id)
    form = NamedConfirmForm(request.POST or None, name=found.name)
    if request.method == "POST" and form.is_valid():
        try:
            delete_role(role=found.id, by=actor, now=utc_now())
            messages.success(request, gettext("The role “%s” is gone.") % found.name)
            return redirect("roles", actor.slug)
        except OutturnError as error:
            form.add_error("typed", error.told)
    return show_confirm(
        request, form, title=gettext("Delete the role “%s”") % found.name, submit=_("Delete the role"),
        back=(found.name, reverse("role", args=[actor.slug, found.id])),
        what=_("Nobody may have it any more when it goes; nothing else is touched."),
        undo=_("This cannot be undone, but a role with the same permissions can be made again."),
    )  # fmt: skip


def _found(role_id: UUID) -> CustomRole:
    found = roles().filter(id=role_id).first()
    if found is None:
        raise Http404
    return found


def _asked(form: RoleForm) -> dict[str, Any]:
    values = form.cleaned_data
    permissions = [Permission(each) for each in values["permissions"]]
    return {"name": values["name"], "description": values["description"], "permissions": permissions}


def _edit(request: HttpRequest, form: RoleForm, found: CustomRole | None) -> HttpResponse:
    context = {"form": form, "role": found, "deeds": DEEDS.values(), "mine": _mine(actor_of(request))}
    return render(request, "portal/role_edit.html", context, status=400 if form.errors else 200)


def _mine(actor: Actor) -> set[str]:
    """What the viewer may give: what they have."""
    return {each.value for each in actor.permissions}
