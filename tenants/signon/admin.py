"""The page “Single sign-on” of an organisation's administration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tenants.edge.forms import NamedConfirmForm, show_confirm
from tenants.edge.http import actor_of
from tenants.edge.permissions import READING, page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.kernel.secrets import Token
from tenants.scope.actors import PERMISSIONS, Permission, Role
from tenants.scope.models import Tenant
from tenants.signon import selectors, services
from tenants.signon.domain import RoleRule
from tenants.signon.models import SignOn
from tenants.signon.pages import redirect_uri
from tenants.signon.schemas import Settings
from tenants.signon.selectors import base_url

NEEDS = Permission.ORGANISATION_ADMINISTER
MOST_RULES = 50


def _administrators(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only those change anything who may do all that an administrator may.

    What chooses the provider, and what its token provisions, decides who people are and which role they have.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in READING and not PERMISSIONS[Role.ADMINISTRATOR] <= actor_of(request).permissions:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


class SignOnForm(forms.Form):
    """The provider, and whom it lets in.

    Args:
        roles: The roles that a provider may give, by their keys.
        keeps_secret: Whether there is a secret already.
    """

    discovery_url = forms.CharField(
        max_length=500, label=gettext_lazy("Discovery address"), widget=forms.URLInput(attrs={"spellcheck": "false"}),
        help_text=gettext_lazy(
            "Your provider's issuer, or the address that ends in /.well-known/openid-configuration. Entra ID: "
            "https://login.microsoftonline.com/&lt;tenant id&gt;/v2.0 · Keycloak: https://…/realms/&lt;realm&gt; · "
            "Okta: https://&lt;name&gt;.okta.com"
        ),
    )  # fmt: skip
    client_id = forms.CharField(
        max_length=255, label=gettext_lazy("Client id"), widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("The provider shows it when you register Outturn there as a web application."),
    )  # fmt: skip
    client_secret = forms.CharField(
        max_length=1000, required=False, label=gettext_lazy("Client secret"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    domains = forms.CharField(
        max_length=2000, label=gettext_lazy("Email domains"),
        widget=forms.TextInput(attrs={"placeholder": "example.com, example.de", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "The domains of your people's addresses, with commas between. Nobody else can come by single sign-on."
        ),
    )  # fmt: skip
    creates_members = forms.BooleanField(
        required=False, label=gettext_lazy("Make people members at their first sign-in"),
        help_text=gettext_lazy("Without it, people come in only after an invitation, or when they are provisioned."),
    )  # fmt: skip
    default_role = forms.ChoiceField(
        required=False, label=gettext_lazy("Role when no group fits"),
        help_text=gettext_lazy("It also holds when you map no groups."),
    )  # fmt: skip
    is_enabled = forms.BooleanField(
        required=False, label=gettext_lazy("Let people sign in this way"),
        help_text=gettext_lazy("Save with this off first, and check the provider."),
    )  # fmt: skip

    def __init__(self, *args: Any, roles: dict[str, str], keeps_secret: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["default_role"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", _("None: they are refused")), *roles.items()]
        self.fields["client_secret"].help_text = (
            _("A secret is stored, and shown to nobody. Leave this empty to keep it.")
            if keeps_secret
            else _("Stored encrypted, and never shown again.")
        )


class RuleForm(forms.Form):
    """Which value of which claim gives which role; an empty row is none.

    Args:
        roles: The roles that a provider may give, by their keys.
    """

    claim = forms.CharField(
        max_length=200, required=False, label=gettext_lazy("Claim"),
        widget=forms.TextInput(attrs={"placeholder": "groups", "spellcheck": "false"}),
    )  # fmt: skip
    value = forms.CharField(max_length=255, required=False, label=gettext_lazy("Value, or name of a group"))
    role = forms.ChoiceField(required=False, label=gettext_lazy("Role"))

    def __init__(self, *args: Any, roles: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["role"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", "–"), *roles.items()]

    def clean(self) -> dict[str, Any]:
        """Refuse a row that is filled in half.

        Raises:
            ValidationError: A part is missing.
        """
        parts: dict[str, Any] = super().clean() or self.cleaned_data
        if any(parts.values()) and not all(parts.values()):
            raise forms.ValidationError(_("A row needs a claim, a value and a role. Empty all three to take it away."))
        return parts


RuleForms = forms.formset_factory(
    RuleForm, extra=2, max_num=MOST_RULES, validate_max=True, absolute_max=MOST_RULES + 10
)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
@_administrators
def sign_on(request: HttpRequest) -> HttpResponse:
    """The settings, what the last check found, and what there is to copy to the provider."""
    row = selectors.sign_on()
    form, rows = _forms(request, row)
    if request.method == "POST" and form.is_valid() & rows.is_valid():
        try:
            services.change_sign_on(wanted=_wanted(form, rows), by=actor_of(request).name, now=utc_now())
        except OutturnError as error:
            place = error.place if error.place in form.fields else None
            form.add_error(place, _told(error))
        else:
            messages.success(request, _("Saved. Check the provider, then try it yourself in a private window."))
            return _back(request)
    return _shown(request, row, form=form, rows=rows, status=400 if form.errors or rows.total_error_count() else 200)


@require_POST
@page(needs=NEEDS)
def check(request: HttpRequest) -> HttpResponse:
    """Ask the provider now."""
    with _gone_as_404():
        row = services.check_sign_on(now=utc_now())
    if row.findings:
        messages.error(request, _("The provider cannot be used yet: see what was found."))
    else:
        messages.success(request, _("The provider answers, and all we need is there."))
    return _back(request)


@require_POST
@page(needs=NEEDS)
@_administrators
def enforce(request: HttpRequest) -> HttpResponse:
    """Demand single sign-on of everybody, or stop demanding it."""
    wanted = request.POST.get("enforce") == "yes"
    try:
        services.enforce_sign_on(is_enforced=wanted, by=actor_of(request).name, now=utc_now())
    except OutturnError as error:
        messages.error(request, _told(error))
    return _back(request)


@require_POST
@page(needs=NEEDS)
@_administrators
def cut(request: HttpRequest, identity: UUID) -> HttpResponse:
    """Cut the link between a person and their subject at the provider."""
    with _gone_as_404():
        services.cut_identity(identity=identity, by=actor_of(request).name, now=utc_now())
    messages.success(request, _("The link is cut. At the next sign-in the address decides anew."))
    return _back(request)


@require_POST
@page(needs=NEEDS)
@_administrators
def new_token(request: HttpRequest) -> HttpResponse:
    """Make a provisioning token, and show it this once."""
    row = selectors.sign_on()
    try:
        _access, token = services.make_provisioning_token(by=actor_of(request).name, now=utc_now())
    except OutturnError as error:
        messages.error(request, _told(error))
        return _back(request)
    form, rows = _forms(request, row, is_bound=False)
    return _shown(request, row, form=form, rows=rows, token=token)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=NEEDS)
@_administrators
def withdraw_token(request: HttpRequest, token: UUID) -> HttpResponse:
    """Withdraw a provisioning token, after its beginning was typed."""
    row = next((each for each in selectors.provisioning_tokens() if each.id == token), None)
    if row is None:
        raise Http404
    form = NamedConfirmForm(request.POST or None, name=row.prefix)
    if request.method == "POST" and form.is_valid():
        with _gone_as_404():
            services.withdraw_provisioning_token(access=token, by=actor_of(request).name, now=utc_now())
        messages.success(request, _("The token is withdrawn; requests with it are refused from now on."))
        return _back(request)
    return show_confirm(
        request, form, title=_("Withdraw the token %(prefix)s…") % {"prefix": row.prefix},
        what=_("Requests with it are refused at once: nobody is added, changed or deactivated by it any more."),
        undo=_("This cannot be undone. Another token can be made, and given to the provider."),
        submit=_("Withdraw the token"),
        back=(_("Single sign-on"), reverse("single-sign-on", args=[actor_of(request).slug])),
    )  # fmt: skip


@contextmanager
def _gone_as_404() -> Iterator[None]:
    try:
        yield
    except NotFoundError as error:
        raise Http404 from error


def _forms(request: HttpRequest, row: SignOn | None, *, is_bound: bool = True) -> tuple[SignOnForm, Any]:
    roles = selectors.given_roles()
    data = request.POST if request.method == "POST" and is_bound else None
    initial: dict[str, Any] = {}
    if row is not None:
        names = ("discovery_url", "client_id", "creates_members", "default_role", "is_enabled")
        initial = {**{name: getattr(row, name) for name in names}, "domains": ", ".join(row.domains)}
    form = SignOnForm(data, initial=initial, roles=roles, keeps_secret=row is not None)
    rules = row.rules if row else []
    return form, RuleForms(data, initial=rules, prefix="rules", form_kwargs={"roles": roles})


def _wanted(form: SignOnForm, rows: Any) -> Settings:
    values = form.cleaned_data
    filled = [each.cleaned_data for each in rows if each.cleaned_data.get("claim")]
    return Settings(
        discovery_url=values["discovery_url"], client_id=values["client_id"].strip(),
        client_secret=values["client_secret"], default_role=values["default_role"],
        domains=[each.strip() for each in values["domains"].split(",") if each.strip()],
        rules=[RoleRule(claim=each["claim"], value=each["value"], role=each["role"]) for each in filled],
        creates_members=values["creates_members"], is_enabled=values["is_enabled"],
    )  # fmt: skip


def _shown(
    request: HttpRequest, row: SignOn | None, *, form: SignOnForm, rows: Any, token: Token | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor = actor_of(request)
    tenant = Tenant.objects.get(id=actor.tenant)
    is_enforced = bool(tenant.policy.get("sso_only"))
    context = {
        "form": form, "rows": rows, "sign_on": row, "is_enforced": is_enforced, "state": _state(row, is_enforced),
        "redirect_uri": redirect_uri(actor.slug), "people": selectors.linked_people(),
        "sign_in_url": settings.BASE_URL + reverse("sign-on", args=[actor.slug]),
        "may_provision": selectors.may_provision(tenant), "tokens": selectors.provisioning_tokens(),
        "domains": selectors.domains_told(row) if row else [],
        "secret": token and token.text, "scim_url": base_url(), "now": utc_now(),
    }  # fmt: skip
    response = render(request, "signon/admin.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _state(row: SignOn | None, is_enforced: bool) -> tuple[str, str]:  # noqa: FBT001
    """The state's look and word."""
    if row is None:
        return "unknown", _("Not set up")
    if not row.is_enabled:
        return "idle", _("Off")
    return "ok", _("On, and demanded of everybody") if is_enforced else _("On")


def _told(error: OutturnError) -> str:
    return f"{error.message[:1].upper()}{error.message[1:]}. {error.fix}"


def _back(request: HttpRequest) -> HttpResponse:
    return redirect("single-sign-on", actor_of(request).slug)
