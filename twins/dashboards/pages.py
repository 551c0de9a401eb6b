"""The pages of dashboards: the list, a new one, one to look at and to arrange, who sees it; and the customer's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Actor, Permission
from twins.catalog.selectors import resolved_types, template, templates
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import published_twin, twin_choices, twins
from twins.dashboards import selectors, services
from twins.dashboards.models import Dashboard
from twins.dashboards.schemas import DashboardDocument, Reach
from twins.dashboards.showing import configuration
from twins.sharing.selectors import shared_views


class DashboardForm(forms.Form):
    """What a new dashboard is of."""

    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    twin = forms.ChoiceField(label=gettext_lazy("Twin"))
    asset_type = forms.ChoiceField(
        label=gettext_lazy("For all assets of a type"), required=False,
        help_text=gettext_lazy("One dashboard for all of them: whoever looks at it chooses the asset."),
    )  # fmt: skip

    template = forms.ChoiceField(
        label=gettext_lazy("Template"), required=False,
        help_text=gettext_lazy("Begin with the widgets of a template, for all assets of its type."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        published = twins().filter(published__gt=0).only("id", "name")
        self.fields["twin"].choices = [(str(row.id), row.name) for row in published]  # type: ignore[attr-defined]
        keys = sorted({each.document.key for each in resolved_types().values()})
        self.fields["asset_type"].choices = [("", _("No, for chosen assets")), *((key, key) for key in keys)]  # type: ignore[attr-defined]
        if known := [(row.key, row.name) for row in templates("dashboard")]:
            self.fields["template"].choices = [("", _("None")), *known]  # type: ignore[attr-defined]
        else:
            del self.fields["template"]


class ReachForm(forms.Form):
    """Who else sees a dashboard."""

    is_shared = forms.BooleanField(
        required=False, label=gettext_lazy("Everybody in the organisation who may read dashboards")
    )
    views = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Customers, through a shared view"),
        help_text=gettext_lazy("They see the signals and the time of the view, and nothing else."),
    )  # fmt: skip

    def __init__(self, *args: Any, twin: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        views = shared_views().filter(twin=twin, revoked_at=None)
        self.fields["views"].choices = [(str(row.id), f"{row.customer} · {row.name}") for row in views]  # type: ignore[attr-defined]


@require_safe
@page(needs=Permission.DASHBOARDS_READ)
def dashboards(request: HttpRequest) -> HttpResponse:
    """One's own dashboards and the shared ones."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.dashboards(actor))
    context = {"listing": listed, "can_edit": actor.may(Permission.DASHBOARDS_EDIT)}
    return listed.csv or render(request, "dashboards/list.html", context)


def _listing(slug: str) -> Listing:
    return Listing(
        name="dashboards", caption=_("Dashboards"), order="name", search=("name", "twin__name"),
        columns=(
            Column("name", _("Name"), sort="name", link=lambda row: reverse("dashboard", args=[slug, row.id])),
            Column("twin__name", _("Twin")),
            Column("is_shared", _("Seen by"), value=lambda row: _("Everybody") if row.is_shared else _("Only you")),
            Column("made_by", _("Author")),
            Column("changed_at", _("Changed"), sort="changed_at", kind="age"),
        ),
        filters=(Filter("twin", _("Twin"), twin_choices, lambda rows, value: rows.filter(twin__name=value)),),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.DASHBOARDS_EDIT)
def new_dashboard(request: HttpRequest) -> HttpResponse:
    """A new dashboard, which opens to be arranged."""
    actor, form = actor_of(request), DashboardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        began = template("dashboard", values["template"]) if values.get("template") else None
        empty = DashboardDocument(asset_type=values["asset_type"] or None)
        document = began.document if began else empty.as_json()
        try:
            row = services.create_dashboard(
                twin=UUID(values["twin"]), name=values["name"], document=document, by=actor, now=utc_now()
            )
            return redirect(f"{reverse('dashboard', args=[actor.slug, row.id])}?edit=1")
        except OutturnError as error:
            put_error(form, error)
    return show_form(request, form, title=_("New dashboard"), submit=_("Arrange it"), frame=SHELL, back=_back(actor))


@require_safe
@page(needs=Permission.DASHBOARDS_READ)
def dashboard(request: HttpRequest, dashboard_id: UUID) -> HttpResponse:
    """One dashboard; `?edit` arranges it, `?wall` fills the screen, `?asset` chooses the asset."""
    actor = actor_of(request)
    row = _row(actor, dashboard_id)
    config = configuration(row, _document(row), DashboardDocument.model_validate(row.document)) | {
        "api": f"/t/{actor.slug}/api/v1",
        "websocket": f"/t/{actor.slug}/live/twins/{row.twin_id}/",
        "can_edit": actor.may(Permission.DASHBOARDS_EDIT),
        "alarms": reverse("alarms", args=[actor.slug]) if actor.may(Permission.ALARMS_READ) else None,
    }
    is_own = row.author == selectors.identity(actor) or actor.may(Permission.ORGANISATION_ADMINISTER)
    context = {"dashboard": row, "dashboard_config": config, "can_edit": config["can_edit"], "is_own": is_own}
    return render(request, "dashboards/dashboard.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.DASHBOARDS_EDIT)
def share(request: HttpRequest, dashboard_id: UUID) -> HttpResponse:
    """Who else sees a dashboard."""
    actor = actor_of(request)
    row = _row(actor, dashboard_id)
    initial = {"is_shared": row.is_shared, "views": [str(each.view_id) for each in selectors.shares(row)]}
    form = ReachForm(request.POST or None, initial=initial, twin=row.twin_id)
    if request.method == "POST" and form.is_valid():
        reach = Reach(form.cleaned_data["is_shared"], frozenset(form.cleaned_data["views"]))
        try:
            services.share_dashboard(dashboard=row.id, reach=reach, by=actor, now=utc_now())
            messages.success(request, _("Saved who sees the dashboard."))
            return redirect("dashboard", actor.slug, row.id)
        except OutturnError as error:
            put_error(form, error)
    back = (row.name, reverse("dashboard", args=[actor.slug, row.id]))
    return show_form(request, form, title=_("Share the dashboard"), submit=_("Save"), frame=SHELL, back=back)


@require_http_methods(["POST"])
@page(needs=Permission.DASHBOARDS_EDIT)
def duplicate(request: HttpRequest, dashboard_id: UUID) -> HttpResponse:
    """A copy of one's own."""
    actor = actor_of(request)
    row = _row(actor, dashboard_id)
    name = _("Copy of %(name)s") % {"name": row.name}
    copy = services.duplicate_dashboard(dashboard=row.id, name=name[:120], by=actor, now=utc_now())
    return redirect("dashboard", actor.slug, copy.id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.DASHBOARDS_EDIT)
def remove(request: HttpRequest, dashboard_id: UUID) -> HttpResponse:
    """Remove a dashboard, after its name was typed."""
    actor = actor_of(request)
    row = _row(actor, dashboard_id)
    form = NamedConfirmForm(request.POST or None, name=row.name)
    if request.method == "POST" and form.is_valid():
        try:
            services.remove_dashboard(dashboard=row.id, by=actor, now=utc_now())
            return redirect("dashboards", actor.slug)
        except OutturnError as error:
            form.add_error(None, error.told)
    return show_confirm(
        request, form, title=_("Remove the dashboard “%(name)s”") % {"name": row.name}, submit=_("Remove"),
        what=_("The arrangement goes for everybody who sees it; no reading does."), undo=_("It cannot be undone."),
        back=(row.name, reverse("dashboard", args=[actor.slug, row.id])),
    )  # fmt: skip


@require_safe
@page(needs=Permission.REPORTS_READ)
def shared_dashboards(request: HttpRequest) -> HttpResponse:
    """What is shown to an end customer's people."""
    shown = selectors.shown_to(actor_of(request), now=utc_now())
    return render(request, "dashboards/shared_list.html", {"shares": shown})


@require_safe
@page(needs=Permission.REPORTS_READ)
def shared_dashboard(request: HttpRequest, share_id: UUID) -> HttpResponse:
    """A dashboard as an end customer's people see it: through their view."""
    actor = actor_of(request)
    found = selectors.shown_to(actor, now=utc_now()).filter(id=share_id).first()
    if found is None:
        raise Http404
    row, view = found.dashboard, found.view
    document = selectors.within_view(DashboardDocument.model_validate(row.document), view)
    config = configuration(row, _document(row), document, view=view) | {
        "api": f"/t/{actor.slug}/api/v1",
        "view": {"id": str(view.id), "start": view.start.isoformat(), "end": view.end and view.end.isoformat()},
        "can_edit": False,
    }
    return render(request, "dashboards/shared.html", {"dashboard": row, "dashboard_config": config})


def _row(actor: Actor, dashboard_id: UUID) -> Dashboard:
    try:
        return selectors.dashboard(actor, dashboard_id)
    except NotFoundError:
        raise Http404 from None


def _document(row: Dashboard) -> TwinDocument | None:
    return published_twin(row.twin_id)


def _back(actor: Actor) -> tuple[Any, str]:
    return _("Dashboards"), reverse("dashboards", args=[actor.slug])
