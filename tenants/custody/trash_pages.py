"""The page of what lies in the trash."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tenants.custody import selectors, services
from tenants.custody.kinds import trash_kind, trash_kinds
from tenants.custody.models import TrashItem
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission

NEEDS = Permission.ORGANISATION_OPERATE


def _kinds() -> list[tuple[str, Any]]:
    return [(kind.key, kind.label) for kind in trash_kinds()]


def _what(item: TrashItem) -> Any:
    return trash_kind(item.kind).label


LIST = Listing(
    name="trash",
    caption=gettext_lazy("Trash"),
    columns=(
        Column("name", gettext_lazy("Name"), sort="name"),
        Column("kind", gettext_lazy("What"), sort="kind", value=_what),
        Column("trashed_by", gettext_lazy("Put there by"), sort="trashed_by"),
        Column("trashed_at", gettext_lazy("Put there"), sort="trashed_at", kind="moment"),
        Column("due_at", gettext_lazy("Goes for good"), sort="due_at", kind="moment"),
        Column("kept_because", gettext_lazy("Note")),
    ),
    search=("name", "trashed_by"),
    filters=(Filter("kind", gettext_lazy("What"), _kinds, lambda rows, value: rows.filter(kind=value)),),
    order="-trashed_at",
)


@require_safe
@page(needs=NEEDS)
def trash(request: HttpRequest) -> HttpResponse:
    """What lies in the trash, and until when."""
    actor = actor_of(request)
    listing = LIST.page(request, selectors.trash(), actions=lambda row: {"may": actor.may(trash_kind(row.kind).needs)})
    return listing.csv or render(request, "custody/trash.html", {"listing": listing})


@require_POST
@page(needs=NEEDS)
def put(request: HttpRequest, kind: str, thing: UUID) -> HttpResponse:
    """Put a thing into the trash."""
    actor = actor_of(request)
    try:
        if not actor.may(trash_kind(kind).needs):
            raise PermissionDenied
        item = services.put_in_trash(kind=kind, thing=thing, by=actor.name, now=utc_now())
    except NotFoundError as error:
        raise Http404 from error
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("trash", actor.slug)
    said = _("“%(name)s” lies in the trash and can be restored for 30 days.") % {"name": item.name}
    messages.success(request, f"{said} {trash_kind(kind).note}".strip())
    return redirect("trash", actor.slug)


@require_POST
@page(needs=NEEDS)
def take_out(request: HttpRequest, item: UUID) -> HttpResponse:
    """Take a thing out of the trash."""
    actor = actor_of(request)
    try:
        found = services.restore(item=item, by=actor.name, now=utc_now(), may=actor.permissions)
        said = _("“%(name)s” is back.") % {"name": found.name}
        messages.success(request, f"{said} {trash_kind(found.kind).note}".strip())
    except NotFoundError as error:
        raise Http404 from error
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("trash", actor.slug)
