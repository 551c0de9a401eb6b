"""Answers of the API that are files and not JSON."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer


class BytesRenderer(BaseRenderer):
    """Sends bytes as they are; problem details, which are no bytes, as JSON."""

    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The bytes of the answer."""
        rendered: bytes = data if isinstance(data, bytes) else JSONRenderer().render(data)
        return rendered


class PdfRenderer(BytesRenderer):
    """A document."""

    media_type = "application/pdf"
    format = "pdf"


class XmlRenderer(BytesRenderer):
    """An electronic invoice."""

    media_type = "application/xml"
    format = "xml"
