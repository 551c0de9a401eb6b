"""An archive as an answer: streamed, and resumed where a download broke off (RFC 9110, section 14)."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from tenants.custody.archive import ARCHIVE
from tenants.custody.models import Export
from tenants.custody.storage import ArchiveStore
from tenants.edge.streaming import streamed
from tenants.kernel.errors import NotFoundError
from tenants.scope.context import required_tenant

CONTENT_TYPE = "application/zip"
_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


def archive_answer(request: HttpRequest, row: Export) -> HttpResponseBase:
    """The archive, or the part of it that the request asks for.

    Raises:
        NotFoundError: Its files are gone.
    """
    store = ArchiveStore(required_tenant("an archive"), row.id)
    if not store.has(ARCHIVE):
        raise NotFoundError("The archive's file is gone.", place="export", fix="Ask for another one.")
    tag, span = f'"{row.sha256}"', (0, row.size)
    asked = request.headers.get("Range", "")
    if asked and request.headers.get("If-Range", tag) == tag:
        wanted = byte_range(asked, row.size)
        if wanted is None:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{row.size}"})
        span = wanted
    pieces = store.pieces(ARCHIVE, *span)
    partial = span != (0, row.size)
    response = StreamingHttpResponse(
        streamed(request, pieces), status=206 if partial else 200, content_type=CONTENT_TYPE
    )
    if partial:
        response["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{row.size}"
    response["Content-Length"] = str(span[1] - span[0])
    response["Content-Disposition"] = f'attachment; filename="outturn-{row.asked_at:%Y-%m-%d}.zip"'
    response["Accept-Ranges"], response["ETag"], response["Cache-Control"] = "bytes", tag, "private, no-store"
    return response


def byte_range(asked: str, size: int) -> tuple[int, int] | None:
    """The bytes ``[start, end)`` that a Range header asks for; all of them for a form we do not serve, None for none.

    Args:
        asked: The header's value.
        size: Bytes there are.
    """
    found = _RANGE.match(asked.strip())
    if found is None or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    return (start, end) if start < end else None
