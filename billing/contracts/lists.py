"""Long lists on pages, a part at a time."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

SHOWN = 50


def list_page(request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
    """Template context: the ``rows`` of the page that the address names, their ``count``, and a ``pager``."""
    paginator = Paginator(rows, SHOWN)
    page = paginator.get_page(request.GET.get("page"))
    previous = _address(request, page.previous_page_number()) if page.has_previous() else None
    following = _address(request, page.next_page_number()) if page.has_next() else None
    pager = {
        "previous_url": previous, "next_url": following, "shown": f"{page.start_index()}–{page.end_index()}",
        "total": paginator.count,
    }  # fmt: skip
    return {"rows": list(page.object_list), "count": paginator.count, "pager": pager}


def _address(request: HttpRequest, number: int) -> str:
    """Another page of the same list, with what it is filtered by."""
    wanted = request.GET.copy()
    wanted["page"] = str(number)
    return f"?{wanted.urlencode()}"
