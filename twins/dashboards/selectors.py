"""Dashboards to read: one's own and those that are shared; and for end customers those shown through their views."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Actor
from twins.dashboards.models import Dashboard, DashboardRevision, DashboardShare
from twins.dashboards.schemas import DashboardDocument
from twins.sharing.models import SharedView
from twins.sharing.selectors import views_seen_by


class DashboardNotFoundError(NotFoundError):
    """There is no such dashboard, or it is another's: the answer is the same."""

    code = "dashboard.not_found"

    def __init__(self) -> None:
        super().__init__("there is no such dashboard", place="dashboard", fix="Choose one from the list.")


def identity(actor: Actor) -> UUID:
    """What a dashboard is its author's by: the person, or the key."""
    found = actor.user or actor.key
    assert found is not None
    return found


def dashboards(actor: Actor) -> QuerySet[Dashboard]:
    """The dashboards that somebody sees: their own and the shared ones, of twins that are not in the trash."""
    seen = Q(author=identity(actor)) | Q(is_shared=True)
    return Dashboard.objects.select_related("twin").filter(seen, twin__trashed_at=None)


def dashboard(actor: Actor, dashboard_id: UUID) -> Dashboard:
    """One of them.

    Raises:
        DashboardNotFoundError: There is none, or not for them.
    """
    found = dashboards(actor).filter(id=dashboard_id).first()
    if found is None:
        raise DashboardNotFoundError
    return found


def revisions(row: Dashboard) -> QuerySet[DashboardRevision]:
    """What a dashboard was, the newest first."""
    return DashboardRevision.objects.filter(dashboard=row).order_by("-revision")


def shares(row: Dashboard) -> QuerySet[DashboardShare]:
    """The views through which end customers see a dashboard."""
    return DashboardShare.objects.filter(dashboard=row).select_related("view__customer")


def shown_to(actor: Actor, *, now: datetime) -> QuerySet[DashboardShare]:
    """What is shown to an end customer's people through their views in force; all such to who may read twins."""
    views = views_seen_by(actor, now=now).values("id")
    found = DashboardShare.objects.filter(view__in=views, dashboard__twin__trashed_at=None)
    return found.select_related("dashboard", "view").order_by("dashboard__name", "id")


def within_view(document: DashboardDocument, view: SharedView) -> DashboardDocument:
    """A dashboard as a view lets it be seen: signals that it does not share are gone, and so is who chooses assets."""
    shared = [
        each.model_copy(
            update={
                "signals": tuple(
                    one for one in each.signals
                    if one.key in (view.signals.get(one.asset, ()) if one.asset else _keys(view))
                )
            }
        )
        for each in document.widgets
    ]  # fmt: skip
    return document.model_copy(update={"widgets": tuple(shared)})


def _keys(view: SharedView) -> set[str]:
    return {key for keys in view.signals.values() for key in keys}
