"""Making, changing, sharing and removing dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from pydantic import ValidationError

from tenants.kernel.errors import ConflictError, Finding, NotAllowedError, OutturnError
from tenants.record.services import record_audit
from tenants.scope.actors import Actor, Permission
from twins.composer.selectors import twin as twin_by_id
from twins.dashboards import selectors
from twins.dashboards.domain import findings
from twins.dashboards.models import Dashboard, DashboardRevision, DashboardShare
from twins.dashboards.schemas import DashboardDocument, Reach
from twins.sharing.models import SharedView

MOST_DASHBOARDS = 500
"""Dashboards of an organisation."""
KEPT_REVISIONS = 100
"""So many saved states of a dashboard can be gone back to."""


class DashboardDocumentError(OutturnError):
    """A dashboard cannot be like that."""

    code = "dashboard.document"
    status = 422


class DashboardLimitError(OutturnError):
    """There are as many dashboards as there may be."""

    code = "dashboard.too_many"
    status = 422


class DashboardConflictError(ConflictError):
    """Somebody else has saved the dashboard since: nothing was changed, and the answer has theirs."""

    code = "dashboard.conflict"

    def __init__(self, row: Dashboard) -> None:
        super().__init__(
            f"{row.changed_by} has saved the dashboard since", place="base_revision",
            kept="Their dashboard as it is, and yours on your screen.", fix="Take theirs, or save yours over it.",
        )  # fmt: skip
        self.extra = {
            "dashboard": {"id": str(row.id), "name": row.name, "revision": row.revision, "document": row.document}
        }


class NotYourDashboardError(NotAllowedError):
    """Only its author or an administrator may do that with a dashboard."""

    code = "dashboard.not_yours"


def read_document(document: Mapping[str, Any]) -> DashboardDocument:
    """A document as it was sent.

    Raises:
        DashboardDocumentError: It is none, or widgets are where they cannot be.
    """
    try:
        read = DashboardDocument.model_validate(document)
    except ValidationError as error:
        found = [
            Finding("dashboard.shape", "/".join(map(str, each["loc"])), each["msg"], "Mend it or leave it out.")
            for each in error.errors(include_url=False, include_context=False, include_input=False)[:20]
        ]
        raise DashboardDocumentError("the document does not fit", place="document", findings=found) from None
    if wrong := findings(read):
        raise DashboardDocumentError(wrong[0].message, place="document", fix=wrong[0].fix, findings=wrong[:20])
    return read


def create_dashboard(
    *, twin: UUID, name: str, by: Actor, now: datetime, document: Mapping[str, Any] | None = None
) -> Dashboard:
    """A new dashboard of a twin, seen by its author until it is shared.

    Raises:
        TwinNotFoundError: There is no such twin, or it is out of reach.
        DashboardDocumentError: The document does not fit.
        DashboardLimitError: There are too many.
    """
    shown = read_document(document or {})
    row = twin_by_id(twin)
    with transaction.atomic():
        if Dashboard.objects.count() >= MOST_DASHBOARDS:
            raise DashboardLimitError(
                f"there are {MOST_DASHBOARDS} dashboards", place="dashboard", fix="Remove one that nobody needs."
            )
        made = Dashboard.objects.create(
            twin=row, name=name, document=shown.as_json(), author=selectors.identity(by), made_by=by.name, made_at=now,
            changed_by=by.name, changed_at=now,
        )  # fmt: skip
        _keep(made)
        _audit("made", made, by, now)
    return made


def save_dashboard(
    *, dashboard: UUID, base_revision: int, name: str, document: Mapping[str, Any], by: Actor, now: datetime
) -> Dashboard:
    """Save a dashboard that was changed from one of its revisions.

    Raises:
        DashboardNotFoundError: There is none, or not for them.
        DashboardDocumentError: The document does not fit.
        DashboardConflictError: Somebody has saved it since; theirs comes with the answer.
    """
    shown = read_document(document).as_json()
    with transaction.atomic():
        row = selectors.dashboard(by, dashboard)
        changed = Dashboard.objects.filter(id=row.id, revision=base_revision).update(
            name=name, document=shown, revision=base_revision + 1, changed_by=by.name, changed_at=now
        )
        row.refresh_from_db()
        if not changed:
            raise DashboardConflictError(row)
        _keep(row)
        _audit("saved", row, by, now)
    return row


def _keep(row: Dashboard) -> None:
    """Keep a state to go back to, and let the oldest go."""
    DashboardRevision.objects.create(
        twin_id=row.twin_id, dashboard=row, revision=row.revision, name=row.name, document=row.document,
        made_by=row.changed_by, made_at=row.changed_at,
    )  # fmt: skip
    DashboardRevision.objects.filter(dashboard=row, revision__lte=row.revision - KEPT_REVISIONS).delete()


def duplicate_dashboard(*, dashboard: UUID, name: str, by: Actor, now: datetime) -> Dashboard:
    """One's own copy of a dashboard, which nobody else sees.

    Raises:
        DashboardNotFoundError: There is none, or not for them.
        DashboardLimitError: There are too many.
    """
    row = selectors.dashboard(by, dashboard)
    return create_dashboard(twin=row.twin_id, name=name, document=row.document, by=by, now=now)


def share_dashboard(*, dashboard: UUID, reach: Reach, by: Actor, now: datetime) -> Dashboard:
    """Say who else sees a dashboard: colleagues, and end customers through views of the same twin.

    Raises:
        DashboardNotFoundError: There is none, or not for them.
        NotYourDashboardError: It is another's, or somebody who may not share with customers would.
        DashboardDocumentError: A view is not one of the dashboard's twin, or is revoked.
    """
    with transaction.atomic():
        row = _own(by, dashboard)
        before = {str(each.view_id) for each in selectors.shares(row)}
        if before != reach.views:
            _share_with_customers(row, reach, before, by, now)
        Dashboard.objects.filter(id=row.id).update(is_shared=reach.is_shared)
        row.refresh_from_db()
        _audit("shared", row, by, now, colleagues=reach.is_shared, views=sorted(reach.views))
    return row


def _share_with_customers(row: Dashboard, reach: Reach, before: set[str], by: Actor, now: datetime) -> None:
    if not (by.may(Permission.CONTRACTS_EDIT) or by.may(Permission.ORGANISATION_ADMINISTER)):
        raise NotYourDashboardError(
            "your role does not share with customers", place="views", fix="Ask somebody who may edit contracts."
        )
    found = SharedView.objects.filter(id__in=reach.views, twin=row.twin_id, revoked_at=None)
    if len(found) != len(reach.views):
        raise DashboardDocumentError(
            "a view is not one of this twin", place="views", fix="Choose views that share signals of this twin."
        )
    DashboardShare.objects.filter(dashboard=row).exclude(view__in=reach.views).delete()
    DashboardShare.objects.bulk_create(
        DashboardShare(twin_id=row.twin_id, dashboard=row, view=view, made_by=by.name, made_at=now)
        for view in found
        if str(view.id) not in before
    )


def remove_dashboard(*, dashboard: UUID, by: Actor, now: datetime) -> None:
    """Remove a dashboard and all that it was.

    Raises:
        DashboardNotFoundError: There is none, or not for them.
        NotYourDashboardError: It is another's.
    """
    with transaction.atomic():
        row = _own(by, dashboard)
        _audit("removed", row, by, now)
        row.delete()


def _own(by: Actor, dashboard: UUID) -> Dashboard:
    row = selectors.dashboard(by, dashboard)
    if row.author != selectors.identity(by) and not by.may(Permission.ORGANISATION_ADMINISTER):
        raise NotYourDashboardError(
            f"the dashboard is {row.made_by}'s", place="dashboard", kept="The dashboard as it is.",
            fix="Ask them, or make a copy of your own.",
        )  # fmt: skip
    return row


def _audit(deed: str, row: Dashboard, by: Actor, now: datetime, **more: Any) -> None:
    record_audit(
        action=f"dashboard.{deed}", subject=f"dashboard/{row.id}", by=by.name, now=now,
        details={"name": row.name, "revision": row.revision, **more},
    )  # fmt: skip
