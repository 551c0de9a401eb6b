"""Images on canvases over the REST API."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any, ClassVar

from django.http import HttpResponse, HttpResponseBase, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Permission
from twins.composer import images
from twins.composer.models import CanvasImage

_LETTERS = (images.MOST_BYTES + 2) // 3 * 4 + 4
_KINDS = ("image/png", "image/jpeg", "image/webp")


class ImageOutput(serializers.ModelSerializer[CanvasImage]):
    """A kept image; notes of a twin name its `digest` in `image`."""

    class Meta:
        model = CanvasImage
        fields = ("digest", "media_type", "width", "height")
        read_only_fields = fields


class ImageInput(serializers.Serializer[Any]):
    """An image to keep."""

    content = serializers.CharField(
        max_length=_LETTERS, help_text="The PNG, JPEG or WebP as base64: at most 1 MB, 16 to 4,000 pixels on each side."
    )

    def validate_content(self, value: str) -> bytes:
        """The bytes.

        Raises:
            ValidationError: It is no base64.
        """
        try:
            return b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise serializers.ValidationError("This is no base64.") from None


class CanvasImageViewSet(Idempotent, viewsets.ViewSet):
    """Images that lie on canvases."""

    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_EDIT}

    @extend_schema(request=ImageInput, responses={201: ImageOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Keep an image; one that is kept already is answered as it is."""
        wanted = ImageInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        kept = images.keep_image(content=wanted.validated_data["content"], by=by, now=utc_now())
        return Response(ImageOutput(kept).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("digest", str, OpenApiParameter.PATH, description="SHA-256 of the image")],
        responses={(200, kind): OpenApiTypes.BINARY for kind in _KINDS},
    )
    def retrieve(self, request: Request, digest: str, **_: Any) -> HttpResponseBase:
        """The image itself, which browsers may keep for good: its address is its content."""
        found = images.image(digest)
        if found is None:
            raise NotFoundError("there is no such image", place="digest", fix="Take the digest from a note of a twin.")
        tag = f'"{digest}"'
        response: HttpResponseBase = (
            HttpResponseNotModified()
            if request.headers.get("If-None-Match") == tag
            else HttpResponse(bytes(found.content), content_type=found.media_type)
        )
        response["ETag"] = tag
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Content-Disposition"] = "inline"
        return response
