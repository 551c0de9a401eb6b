"""The pages of an organisation's people: members, invitations, and the rules of entry."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.limits.registry import customers
from tenants.people import invitations as inviting
from tenants.people import members as writing
from tenants.people import selectors
from tenants.people.admission import has_second_factor
from tenants.people.entry import policy_of
from tenants.people.forms import InviteForm, PlacesForm, RoleForm, SecurityForm
from tenants.people.models import Membership, MembershipPlace
from tenants.people.schemas import Place
from tenants.people.security import change_policy
from tenants.people.standing import names_of_places, standing_of_member, table_of
from tenants.record.selectors import audit_entries
from tenants.scope.actors import Actor, Permission
from tenants.scope.models import Tenant

NEEDS = Permission.ORGANISATION_ADMINISTER
ASKING = ["GET", "HEAD", "POST"]


@require_safe
@page(needs=NEEDS)
def people(request: HttpRequest) -> HttpResponse:
    """Who belongs to the organisation, and as what."""
    actor, names = actor_of(request), selectors.role_names()
    listing = Listing(
        name="people", caption=_("People"), order="user__email", search=("user__email", "user__name"),
        columns=(
            Column("user__email", _("Email"), sort="user__email", link=lambda row: _link(actor, row)),
            Column("user__name", _("Name"), sort="user__name"),
            Column("role", _("Role"), sort="role", value=lambda row: names.get(row.role, row.role)),
            Column("is_held", _("Where"), value=lambda row: _("Some places") if row.is_held else _("Everywhere")),
            Column("created_at", _("Since"), sort="created_at", kind="moment"),
        ),
        filters=(Filter("role", _("Role"), list(names.items()), lambda rows, role: rows.filter(role=role)),),
    )  # fmt: skip
    listed = listing.page(request, selectors.members(actor.tenant))
    if listed.csv is not None:
        return listed.csv
    waiting = inviting.invitations().count()
    return render(request, "people/list.html", {"listing": listed, "waiting": waiting})


@require_safe
@page(needs=NEEDS)
def invitations(request: HttpRequest) -> HttpResponse:
    """Who has been asked to join and has not answered."""
    actor, names, now = actor_of(request), selectors.role_names(), utc_now()
    listing = Listing(
        name="invitations", caption=_("Invitations"), order="-created_at", search=("email",),
        columns=(
            Column("email", _("Email"), sort="email"),
            Column("role", _("Role"), sort="role", value=lambda row: names.get(row.role, row.role)),
            Column("invited_by", _("Invited by"), sort="invited_by"),
            Column("sent_at", _("Sent"), sort="sent_at", kind="age"),
            Column("expires_at", _("Valid until"), sort="expires_at", kind="moment"),
            Column("state", _("State"), value=lambda row: _("Too old") if row.expires_at <= now else _("Open")),
        ),
        filters=(Filter("role", _("Role"), list(names.items()), lambda rows, role: rows.filter(role=role)),),
    )  # fmt: skip
    listed = listing.page(
        request, inviting.invitations(), actions=lambda row: {"slug": actor.slug, "id": row.id, "email": row.email}
    )
    return listed.csv or render(request, "people/invitations.html", {"listing": listed})


@require_http_methods(ASKING)
@page(needs=NEEDS)
def invite(request: HttpRequest) -> HttpResponse:
    """Ask somebody to join, by mail."""
    actor = actor_of(request)
    form = InviteForm(request.POST or None, actor=actor, initial={"role": "viewer"})
    if request.method == "POST" and form.is_valid():
        try:
            row = inviting.invite(
                email=form.cleaned_data["email"], role=form.cleaned_data["role"], customer=form.chosen_customer(),
                places=form.chosen(), by=actor, now=utc_now(),
            )  # fmt: skip
            messages.success(request, gettext("%(email)s is invited; the mail is on its way.") % {"email": row.email})
            return redirect("invitations", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("Invite somebody"), submit=_("Send the invitation"),
        back=(_("People"), reverse("people", args=[actor.slug])),
        intro=_(
            "They get a mail with a link that works once and for a week. You can give roles that may do no more than "
            "you."
        ),
    )  # fmt: skip


@require_POST
@page(needs=NEEDS)
def invitation_again(request: HttpRequest, invitation: UUID) -> HttpResponse:
    """Mail an invitation anew."""
    actor = actor_of(request)
    try:
        row = inviting.send_again(invitation=_invitation(invitation), by=actor, now=utc_now())
    except OutturnError as error:
        return _refused(request, error)
    messages.success(request, gettext("A new mail to %(email)s is on its way.") % {"email": row.email})
    return redirect("invitations", actor.slug)


@require_POST
@page(needs=NEEDS)
def invitation_revoke(request: HttpRequest, invitation: UUID) -> HttpResponse:
    """Withdraw an invitation; the person can be invited again."""
    actor = actor_of(request)
    inviting.revoke_invitation(invitation=_invitation(invitation), by=actor, now=utc_now())
    messages.success(request, gettext("The invitation is withdrawn; its link works no more."))
    return redirect("invitations", actor.slug)


@require_safe
@page(needs=NEEDS)
def member(request: HttpRequest, membership: UUID) -> HttpResponse:
    """One member: what they are, where, what they may do and why, and what they did of late."""
    row, actor = _member(request, membership), actor_of(request)
    standing = standing_of_member(row)
    return render(
        request,
        "people/member.html",
        {
            "member": row,
            "role": standing.role,
            "customer": customers().get(row.customer) if row.customer else None,
            "places": names_of_places(row.id) if row.is_held else [],
            "areas": table_of(standing),
            "has_factor": has_second_factor(row.user_id),
            "may_audit": actor.may(Permission.AUDIT_READ),
            "entries": audit_entries().filter(by=row.user.email)[:8] if actor.may(Permission.AUDIT_READ) else (),
            "is_self": row.user_id == actor.user,
        },
    )


@require_http_methods(ASKING)
@page(needs=NEEDS)
def member_role(request: HttpRequest, membership: UUID) -> HttpResponse:
    """Give a member another role."""
    row, actor = _member(request, membership), actor_of(request)
    form = RoleForm(request.POST or None, actor=actor, initial={"role": row.role, "customer": row.customer})
    if request.method == "POST" and form.is_valid():
        try:
            role, customer = form.cleaned_data["role"], form.chosen_customer()
            writing.change_role(membership=row.id, role=role, customer=customer, by=actor, now=utc_now())
            messages.success(request, gettext("The role is changed. It holds from their next request on."))
            return _after(row, actor)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("Change the role"), submit=_("Change the role"),
        back=(row.user.email, _link(actor, row)),
        intro=_("It holds from their next request on; open pages that show live values are asked at once."),
    )  # fmt: skip


@require_http_methods(ASKING)
@page(needs=NEEDS)
def member_places(request: HttpRequest, membership: UUID) -> HttpResponse:
    """Hold a member to some places, or to none in particular."""
    row, actor = _member(request, membership), actor_of(request)
    held = MembershipPlace.objects.filter(membership=row.id).values_list("site_id", "twin")
    initial = {"places": [str(Place(site=site, twin=twin)) for site, twin in held]}
    form = PlacesForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            writing.hold_to_places(membership=row.id, places=form.chosen() or None, by=actor, now=utc_now())
            messages.success(request, gettext("The places are changed. They hold from the next request on."))
            return _after(row, actor)
        except OutturnError as error:
            put_error(form, error)
    return render(request, "people/places.html", {"form": form, "member": row}, status=400 if form.errors else 200)


@require_http_methods(ASKING)
@page(needs=NEEDS)
def member_remove(request: HttpRequest, membership: UUID) -> HttpResponse:
    """End a membership, after the address was typed."""
    row, actor = _member(request, membership), actor_of(request)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.user.email)
    if request.method == "POST" and form.is_valid():
        try:
            writing.remove_member(membership=row.id, by=actor, now=utc_now())
            gone = gettext("%(email)s does not belong to the organisation any more.") % {"email": row.user.email}
            messages.success(request, gone)
            return redirect("home") if row.user_id == actor.user else redirect("people", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    return show_confirm(
        request, form, title=gettext("Remove %(email)s") % {"email": row.user.email}, submit=_("Remove"),
        back=(row.user.email, _link(actor, row)),
        what=_(
            "Their open pages lose the organisation at once. What they did stays in the audit. API keys belong to the "
            "organisation, not to a person, and stay in force."
        ),
        undo=_("This cannot be undone, but they can be invited again."),
    )  # fmt: skip


@require_http_methods(ASKING)
@page(needs=NEEDS)
def security(request: HttpRequest) -> HttpResponse:
    """The rules of entry: second factor, length of sessions, networks."""
    actor = actor_of(request)
    kept = policy_of(Tenant.objects.values_list("policy", flat=True).get(id=actor.tenant))
    form = SecurityForm(request.POST if request.method == "POST" else None, kept=kept)
    if request.method == "POST" and form.is_valid():
        try:
            change_policy(policy=form.policy(), by=actor, now=utc_now())
            messages.success(request, gettext("The rules are changed and hold from now on."))
            return redirect("security", actor.slug)
        except OutturnError as error:
            put_error(form, error)
    context: dict[str, Any] = {"form": form, "address": actor.address, "kept": kept}
    return render(request, "people/security.html", context, status=400 if form.errors else 200)


def _member(request: HttpRequest, membership: UUID) -> Membership:
    row = selectors.members(actor_of(request).tenant).filter(id=membership).first()
    if row is None:
        raise Http404
    return row


def _link(actor: Actor, row: Membership) -> str:
    return reverse("member", args=[actor.slug, row.id])


def _after(row: Membership, actor: Actor) -> HttpResponse:
    """Back to the member; somebody who changed themselves may not see that page any more."""
    return redirect("home") if row.user_id == actor.user else redirect("member", actor.slug, row.id)


def _invitation(invitation: UUID) -> UUID:
    if not inviting.invitations().filter(id=invitation).exists():
        raise Http404
    return invitation


def _refused(request: HttpRequest, error: OutturnError) -> HttpResponse:
    transaction.set_rollback(True)
    messages.error(request, error.told)
    return redirect("invitations", actor_of(request).slug)
