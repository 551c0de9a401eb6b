"""The operators' console at ``/operators/``: which organisations there are and how they stand, never what is theirs.

Django's admin with its own gate: operators only, with a second factor, from the networks that are allowed. Every write
about an organisation goes through the services, so it stands in that organisation's audit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from tenants.edge.context import client_address
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.lifecycle import support
from tenants.lifecycle.domain import MOVES, Mover, State
from tenants.lifecycle.models import Level, Notice, SupportAccess
from tenants.lifecycle.selectors import is_operator, support_accesses, support_name
from tenants.lifecycle.services import move_tenant
from tenants.lifecycle.tasks import tell_of_notice
from tenants.limits.domain.amounts import shown
from tenants.limits.domain.plans import PLANS, Meter
from tenants.limits.domain.standing import Standing
from tenants.limits.selectors import usage
from tenants.limits.services import change_plan, raise_limit
from tenants.scope.context import scope
from tenants.scope.models import Tenant

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _NoticeForm = forms.ModelForm[Notice]
else:
    _ModelAdmin = admin.ModelAdmin
    _NoticeForm = forms.ModelForm


class Console(admin.AdminSite):
    """The site, for operators only; to anybody else it is not there."""

    site_header = site_title = "Outturn operators"
    index_title = "The installation"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether an operator asks."""
        return is_operator(request.user, session=request.session, address=client_address())

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send somebody who has not signed in to do so; to others there is nothing here.

        Raises:
            Http404: They have signed in, and are no operator, or not from here, or without a second factor.
        """
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.GET.get("next") or request.path)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Sign out, as everywhere else."""
        if request.method == "POST":
            logout(request)
        return redirect("account_login")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The page on which everybody changes their password."""
        return redirect("account_change_password")


class _Shown(_ModelAdmin):
    """Rows that operators see; what they may do with them each kind says."""

    actions = None
    media = forms.Media()  # none of its scripts is needed, and jQuery tries inline styles, which our policy refuses

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MoveForm(forms.Form):
    """Another state."""

    to = forms.ChoiceField(label="State")
    reason = forms.CharField(max_length=200, min_length=3, help_text="The organisation reads it.")

    def __init__(self, *args: Any, state: State, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [to for (at, to), movers in MOVES.items() if at is state and Mover.OPERATOR in movers]
        self.fields["to"].choices = [(to.value, to.value.replace("_", " ")) for to in found]  # type: ignore[attr-defined]


class PlanForm(forms.Form):
    """A plan that was agreed."""

    plan = forms.ChoiceField(choices=[(plan.key, plan.name) for plan in PLANS.values()])


class LimitForm(forms.Form):
    """One limit in place of the plan's."""

    meter = forms.ChoiceField(choices=[(meter.value, meter.label) for meter in Meter])
    value = forms.IntegerField(min_value=0, required=False, help_text="Empty: no limit.")
    until = forms.DateTimeField(required=False, help_text="UTC, such as 2026-12-31 00:00. Empty: until it is changed.")
    reason = forms.CharField(max_length=200, min_length=3)


class AskForm(forms.Form):
    """A wish to enter."""

    level = forms.ChoiceField(choices=Level.choices)
    hours = forms.IntegerField(min_value=1, max_value=support.MOST_HOURS, initial=4)
    reason = forms.CharField(max_length=300, min_length=5, help_text="An administrator of theirs reads it.")


class TenantAdmin(_Shown):
    """Organisations: how they stand, and what operators do about it."""

    list_display = ("name", "slug", "state", "state_until", "plan", "region", "created_at")
    list_filter = ("state", "plan")
    search_fields = ("name", "slug")
    ordering = ("name",)
    list_per_page = 50

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One organisation.

        Raises:
            Http404: There is none of this id.
        """
        tenant = self.get_object(request, object_id)
        if tenant is None:
            raise Http404
        forms_ = {
            "move": MoveForm(request.POST if "move" in request.POST else None, state=State(tenant.state)),
            "plan": PlanForm(request.POST if "plan_set" in request.POST else None, initial={"plan": tenant.plan}),
            "limit": LimitForm(request.POST if "limit" in request.POST else None),
            "ask": AskForm(request.POST if "ask" in request.POST else None),
        }
        bound = next((name for name, form in forms_.items() if form.is_bound), "")
        if bound and forms_[bound].is_valid() and _done(request, tenant, bound, forms_[bound].cleaned_data):
            return redirect(request.path)
        if request.method == "POST" and "end" in request.POST:
            _ended(request, tenant)
            return redirect(request.path)
        with scope(tenant.id):
            held, accesses = usage(now=utc_now()), list(support_accesses()[:20])
        context = {
            **self.admin_site.each_context(request), "title": tenant.name, "tenant": tenant,
            "usage": [_used(one) for one in held.whole], "accesses": accesses, "forms": forms_, "opts": self.opts,
            "now": utc_now(),
        }  # fmt: skip
        return TemplateResponse(request, "lifecycle/console_tenant.html", context)


class SupportAdmin(_Shown):
    """Support accesses of all organisations."""

    list_display = ("tenant", "level", "reason", "asked_by", "asked_at", "granted_by", "expires_at", "ended_at")
    list_filter = ("level",)
    search_fields = ("tenant__name", "reason", "asked_by")
    list_select_related = ("tenant",)


class NoticeForm(_NoticeForm):
    """A notice; the organisation is named by its address, for there may be many."""

    organisation = forms.SlugField(
        required=False, help_text="The address of the one organisation it is for, such as meridian. Empty: all."
    )
    text = forms.CharField(max_length=4000, widget=forms.Textarea(attrs={"rows": 8, "cols": 32}))
    start = forms.DateTimeField(help_text="UTC, such as 2026-12-31 00:00.")
    end = forms.DateTimeField(required=False, help_text="UTC.")

    class Meta:
        model = Notice
        fields = ("kind", "severity", "state", "title", "text", "region", "start", "end")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.tenant is not None:
            self.fields["organisation"].initial = self.instance.tenant.slug

    def clean_organisation(self) -> Tenant | None:
        """The organisation of that address.

        Raises:
            ValidationError: There is none.
        """
        slug = self.cleaned_data["organisation"]
        found = Tenant.objects.filter(slug=slug).first() if slug else None
        if slug and found is None:
            raise forms.ValidationError("There is no organisation at this address.")
        return found

    def clean(self) -> dict[str, Any]:
        """Give the notice its organisation."""
        given = super().clean() or {}
        self.instance.tenant = given.get("organisation")
        return given


class NoticeAdmin(_Shown):
    """Notices: written and changed here, mailed whenever their state changes."""

    list_display = ("title", "kind", "severity", "state", "region", "tenant", "start", "end")
    list_filter = ("kind", "state", "severity")
    search_fields = ("title", "text")
    form = NoticeForm
    change_form_template = "lifecycle/console_notice.html"
    list_select_related = ("tenant",)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Operators write them."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And change them while things go on."""
        return True

    def save_model(self, request: HttpRequest, obj: Notice, form: Any, change: bool) -> None:  # noqa: FBT001
        """Write it down with who did, and have it mailed once it is committed."""
        if not change:
            obj.made_by, obj.made_at = _name(request), utc_now()
        super().save_model(request, obj, form, change)
        transaction.on_commit(lambda: tell_of_notice.delay(str(obj.id)))


Deed = Callable[[dict[str, Any], str, datetime], None]


def _move(given: dict[str, Any], by: str, now: datetime) -> None:
    move_tenant(to=State(given["to"]), mover=Mover.OPERATOR, by=by, reason=given["reason"], now=now)


def _set_plan(given: dict[str, Any], by: str, now: datetime) -> None:
    change_plan(plan=given["plan"], by=by, now=now, agreed=True)


def _used(one: Standing) -> dict[str, Any]:
    limit = "no limit" if one.limit is None else shown(one.meter, one.limit)
    return {"meter": one.meter, "used": shown(one.meter, one.used_units), "limit": limit}


def _raise_limit(given: dict[str, Any], by: str, now: datetime) -> None:
    raise_limit(**given, by=by, now=now)


DEEDS: dict[str, Deed] = {"move": _move, "plan": _set_plan, "limit": _raise_limit}


def _done(request: HttpRequest, tenant: Tenant, name: str, given: dict[str, Any]) -> bool:
    """Do what a form asks, in the organisation's scope; whether it was done."""
    assert request.user.pk is not None  # the gate let an operator in
    try:
        with scope(tenant.id):
            if name == "ask":
                support.ask_access(operator=request.user.pk, name=_name(request), **given, now=utc_now())
            else:
                DEEDS[name](given, support_name(_name(request)), utc_now())
    except OutturnError as error:
        messages.error(request, error.told)
        return False
    messages.success(request, "Done. It stands in the organisation's audit.")
    return True


def _ended(request: HttpRequest, tenant: Tenant) -> None:
    try:
        with scope(tenant.id):
            support.end_access(access=UUID(request.POST["end"]), by=support_name(_name(request)), now=utc_now())
        messages.success(request, "The access has ended.")
    except (OutturnError, ValueError) as error:
        messages.error(request, str(error))


def _name(request: HttpRequest) -> str:
    return str(request.user.get_username())


console = Console(name="operators")
console.register(Tenant, TenantAdmin)
console.register(SupportAccess, SupportAdmin)
console.register(Notice, NoticeAdmin)
