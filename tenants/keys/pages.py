"""The pages of API keys and service accounts: what is in force, a new key shown once, replacing and revoking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.edge.words import permission_words
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.networks import NetworkError, read_networks
from tenants.kernel.secrets import Token
from tenants.keys import accounts as writing
from tenants.keys import selectors, services
from tenants.keys.models import ApiKey, ServiceAccount
from tenants.keys.schemas import LONGEST_OVERLAP, AccountTerms, KeyTerms
from tenants.people.places import twin_places
from tenants.people.selectors import role_names, sites
from tenants.scope.actors import Actor, Permission, Role

NEEDS = Permission.ORGANISATION_ADMINISTER
STATES = (
    ("in_force", gettext_lazy("In force")),
    ("ending", gettext_lazy("Ends within 30 days")),
    ("expired", gettext_lazy("Expired")),
    ("disabled", gettext_lazy("Account disabled")),
    ("revoked", gettext_lazy("Revoked")),
)
LENGTHS = (
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("1 year")),
    ("", gettext_lazy("Without end")),
)


class AccountForm(forms.Form):
    """What a service account is to be.

    Args:
        actor: Who may give no more than they have.
    """

    name = forms.CharField(max_length=120, label=gettext_lazy("Name"), help_text=gettext_lazy("Of the program."))
    purpose = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("What it is for"),
        help_text=gettext_lazy("Whoever meets it in two years wants to know."),
    )  # fmt: skip
    role = forms.ChoiceField(
        required=False, label=gettext_lazy("Role"), help_text=gettext_lazy("Give no more than the program needs.")
    )
    permissions = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Permissions of its own"),
        help_text=gettext_lazy("For an account without a role."),
    )  # fmt: skip
    sites = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Held to sites"),
        help_text=gettext_lazy("With no site and no twin it works everywhere."),
    )  # fmt: skip
    twins = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Held to twins"),
        help_text=gettext_lazy("With no site and no twin it works everywhere."),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(key, word) for key, word in role_names().items() if key != Role.CUSTOMER]
        choices: dict[str, list[tuple[str, Any]]] = {
            "role": [*roles, ("", _("None: permissions of its own"))],
            "permissions": [(each.value, permission_words(each)) for each in Permission if actor.may(each)],
            "sites": [(str(site.id), site.name) for site in sites()],
            "twins": [(str(place.twin), place.name) for place in twin_places()],
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]
            if not offered:
                del self.fields[name]

    def clean(self) -> None:
        """Refuse permissions beside a role, which would count for nothing."""
        if self.cleaned_data.get("role") and self.cleaned_data.get("permissions"):
            self.add_error("role", _("Choose “None: permissions of its own”, or take the permissions out below."))

    def terms(self) -> AccountTerms:
        """What was filled in."""
        values = self.cleaned_data
        return AccountTerms(
            name=values["name"], purpose=values["purpose"], role=values["role"],
            permissions=frozenset(map(Permission, values["permissions"])),
            sites=frozenset(map(UUID, values.get("sites", ()))), twins=frozenset(map(UUID, values.get("twins", ()))),
        )  # fmt: skip


class KeyForm(forms.Form):
    """What a new key of an account is to be."""

    name = forms.CharField(
        max_length=120, label=gettext_lazy("Name"), help_text=gettext_lazy("Where it will lie, such as a machine.")
    )
    days = forms.ChoiceField(choices=LENGTHS, required=False, initial="365", label=gettext_lazy("Holds for"))
    scopes = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Only for"),
        help_text=gettext_lazy("With none chosen it opens all that the account may do."),
    )  # fmt: skip
    networks = forms.CharField(
        required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), label=gettext_lazy("Networks"),
        help_text=gettext_lazy("One on a line, like 192.0.2.0/24 or 2001:db8::/32; everywhere when empty."),
    )  # fmt: skip

    def __init__(self, *args: Any, account: ServiceAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        may = writing.reach(account)
        offered = [(each.value, permission_words(each)) for each in Permission if each in may]
        self.fields["scopes"].choices = offered  # type: ignore[attr-defined]

    def clean_networks(self) -> list[str]:
        """Refuse what is no network.

        Raises:
            ValidationError: A line is none.
        """
        try:
            return read_networks(self.cleaned_data["networks"].splitlines())
        except NetworkError as error:
            raise forms.ValidationError(error.told) from error

    def terms(self) -> KeyTerms:
        """What was filled in."""
        values, days = self.cleaned_data, self.cleaned_data["days"]
        return KeyTerms(
            name=values["name"], scopes=frozenset(map(Permission, values["scopes"])) or None,
            expires_at=utc_now() + timedelta(days=int(days)) if days else None, networks=tuple(values["networks"]),
        )  # fmt: skip


class RotateForm(forms.Form):
    """How long the former secret goes on."""

    overlap_days = forms.IntegerField(
        min_value=0, max_value=LONGEST_OVERLAP.days, initial=7, label=gettext_lazy("The former secret goes on for"),
        help_text=gettext_lazy("Long enough to change it everywhere; 0 refuses it at once."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["overlap_days"].unit = _("days")  # type: ignore[attr-defined]


@require_safe
@page(needs=NEEDS)
def api_keys(request: HttpRequest) -> HttpResponse:
    """The keys of all service accounts."""
    slug, now = actor_of(request).slug, utc_now()

    def account(row: ApiKey) -> str:
        return reverse("service-account", args=[slug, row.account_id])

    listing = Listing(
        name="api-keys", caption=_("API keys"), order="-created_at", search=("name", "prefix", "account__name"),
        columns=(
            Column("name", _("Name"), sort="name", link=account),
            Column("account", _("Service account"), sort="account__name", value=lambda row: row.account.name),
            Column("prefix", _("Begins with"), kind="code", value=lambda row: f"{row.prefix}…"),
            Column("state", _("State"), kind="status", value=lambda row: selectors.state_of(row, now=now)),
            Column("expires_at", _("Holds until"), kind="moment"),
            Column("last_used_at", _("Last used"), kind="age"),
            Column("last_used_from", _("From")),
            Column("created_at", _("Made"), sort="created_at", kind="age"),
        ),
        filters=(
            Filter("state", _("State"), STATES, lambda rows, state: selectors.keys_in_state(rows, state, now=now)),
        ),
    )  # fmt: skip
    listed = listing.page(request, selectors.keys())
    return listed.csv or render(request, "keys/list.html", {"listing": listed, "active": "keys"})


@require_safe
@page(needs=NEEDS)
def service_accounts(request: HttpRequest) -> HttpResponse:
    """The service accounts."""
    slug, roles, now = actor_of(request).slug, role_names(), utc_now()
    alive = Q(keys__revoked_at=None) & (Q(keys__expires_at=None) | Q(keys__expires_at__gt=now))
    listing = Listing(
        name="service-accounts", caption=_("Service accounts"), order="name", search=("name", "purpose"),
        columns=(
            Column("name", _("Name"), sort="name", link=lambda row: reverse("service-account", args=[slug, row.id])),
            Column("purpose", _("What it is for")),
            Column("role", _("Role"), value=lambda row: roles.get(row.role, "") or _("Permissions of its own")),
            Column("in_force", _("Keys in force"), kind="number"),
            Column("state", _("State"), kind="status", value=lambda row: "disabled" if row.disabled_at else "in_force"),
            Column("created_at", _("Made"), sort="created_at", kind="moment"),
        ),
    )  # fmt: skip
    rows = selectors.accounts().annotate(in_force=Count("keys", filter=Q(keys__id__isnull=False) & alive))
    listed = listing.page(request, rows)
    return listed.csv or render(request, "keys/accounts.html", {"listing": listed, "active": "accounts"})


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def new_account(request: HttpRequest) -> HttpResponse:
    """A new service account; its first key is made on its page."""
    actor = actor_of(request)
    form = AccountForm(request.POST or None, actor=actor, initial={"role": Role.VIEWER.value})
    if request.method == "POST" and form.is_valid():
        try:
            row = writing.open_account(terms=form.terms(), by=actor, now=utc_now())
            return redirect("new-api-key", actor.slug, row.id)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("New service account"), submit=_("Make the account"),
        back=(_("Service accounts"), reverse("service-accounts", args=[actor.slug])),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def edit_account(request: HttpRequest, account: UUID) -> HttpResponse:
    """Another name, purpose, role or other places for a service account."""
    actor, row = actor_of(request), _account(account)
    sites_, twins = selectors.places_of(row)
    initial = {
        "name": row.name, "purpose": row.purpose, "role": row.role, "permissions": row.permissions,
        "sites": list(map(str, sites_)), "twins": list(map(str, twins)),
    }  # fmt: skip
    form = AccountForm(request.POST or None, actor=actor, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            writing.change_account(account=row.id, terms=form.terms(), by=actor, now=utc_now())
            messages.success(request, _("Changed. Its keys follow from the next request on."))
            return redirect("service-account", actor.slug, row.id)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("Change %(name)s") % {"name": row.name}, submit=_("Save"),
        back=_back(request, row),
    )  # fmt: skip


@require_safe
@page(needs=NEEDS)
def service_account(request: HttpRequest, account: UUID) -> HttpResponse:
    """One service account: what it may do and its keys."""
    return _detail(request, _account(account))


@require_POST
@page(needs=NEEDS)
def disable_account(request: HttpRequest, account: UUID) -> HttpResponse:
    """Refuse all keys of an account; it can be enabled again."""
    row = writing.disable_account(account=_account(account).id, by=actor_of(request), now=utc_now())
    messages.success(request, _("%(name)s is disabled: its keys are refused from now on.") % {"name": row.name})
    return redirect("service-account", actor_of(request).slug, row.id)


@require_POST
@page(needs=NEEDS)
def enable_account(request: HttpRequest, account: UUID) -> HttpResponse:
    """Take the keys of an account again."""
    row, actor = _account(account), actor_of(request)
    try:
        writing.enable_account(account=row.id, by=actor, now=utc_now())
        messages.success(request, _("%(name)s is enabled: its keys are taken again.") % {"name": row.name})
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("service-account", actor.slug, row.id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def new_key(request: HttpRequest, account: UUID) -> HttpResponse:
    """A new key of an account; the answer shows its secret once."""
    row = _account(account)
    form = KeyForm(request.POST or None, account=row)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.issue_key(account=row.id, terms=form.terms(), by=actor_of(request), now=utc_now())
            return _detail(request, row, *made)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("New key"), submit=_("Make the key"), back=_back(request, row),
        intro=_("The next page shows its secret, once."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def rotate_key(request: HttpRequest, key: UUID) -> HttpResponse:
    """A new secret for a key; the answer shows it once."""
    row = _key(key)
    form = RotateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        overlap = timedelta(days=form.cleaned_data["overlap_days"])
        try:
            made = services.rotate_key(key=row.id, overlap=overlap, by=actor_of(request), now=utc_now())
            return _detail(request, row.account, *made)
        except OutturnError as error:
            put_error(form, error)
    return show_form(
        request, form, title=_("New secret for %(name)s") % {"name": row.name}, submit=_("Make the secret"),
        back=_back(request, row.account),
        intro=_(
            "The next page shows the new secret, once. The key holds as long again as it did; name, scopes and "
            "networks stay."
        ),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
def revoke_key(request: HttpRequest, key: UUID) -> HttpResponse:
    """Revoke a key for good, after its name was typed."""
    row, actor = _key(key), actor_of(request)
    form = NamedConfirmForm(request.POST or None, name=row.name)
    if request.method == "POST" and form.is_valid():
        try:
            services.revoke_key(key=row.id, by=actor, now=utc_now())
            messages.success(request, _("The key is revoked; requests with it are refused from now on."))
        except NotFoundError:
            messages.info(request, _("That key was not in force any more."))
        return redirect("service-account", actor.slug, row.account_id)
    return show_confirm(
        request, form, title=_("Revoke the key “%(name)s”") % {"name": row.name}, submit=_("Revoke the key"),
        back=_back(request, row.account),
        what=_("Requests with %(prefix)s… and its former secrets are refused from the next one on.")
        % {"prefix": row.prefix},
        undo=_("This cannot be undone. To pause a program, disable its account."),
    )  # fmt: skip


def _back(request: HttpRequest, row: ServiceAccount) -> tuple[str, str]:
    return row.name, reverse("service-account", args=[actor_of(request).slug, row.id])


def _detail(
    request: HttpRequest, row: ServiceAccount, made: ApiKey | None = None, token: Token | None = None
) -> HttpResponse:
    now = utc_now()
    found = list(selectors.keys().filter(account=row.id))
    former, may = selectors.former_secrets([each.id for each in found], now=now), writing.reach(row)
    context = {
        "account": row,
        "role": role_names().get(row.role, ""),
        "permissions": [each for each in Permission if each in may],
        "places": _place_names(row) if row.is_held else [],
        "keys": [
            {"row": each, "state": selectors.state_of(each, now=now), "former": former.get(each.id)} for each in found
        ],
        "made": made,
        "secret": token and token.text,
    }
    response = render(request, "keys/account.html", context)
    if token:
        response["Cache-Control"] = "no-store"
    return response


def _place_names(row: ServiceAccount) -> list[str]:
    site_ids, twin_ids = selectors.places_of(row)
    names = [site.name for site in sites().filter(id__in=site_ids)]
    return names + [place.name for place in twin_places() if place.twin in twin_ids]


def _account(account: UUID) -> ServiceAccount:
    try:
        return selectors.account(account)
    except NotFoundError:
        raise Http404 from None


def _key(key: UUID) -> ApiKey:
    try:
        return selectors.key(key)
    except NotFoundError:
        raise Http404 from None
