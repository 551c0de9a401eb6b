"""Images on canvases: kept once for the organisation under the digest of their bytes, which documents name."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tenants.kernel.errors import OutturnError
from tenants.kernel.pictures import PictureTerms, read_picture
from twins.composer.models import CanvasImage

MOST_BYTES = 1_000_000
MOST_IMAGES = 1000
"""How many an organisation may keep: a gigabyte at most."""
_TERMS = PictureTerms(
    most_bytes=MOST_BYTES, least_pixels=16, most_pixels=4000, place="content", kept="Nothing was kept of it.",
    takes_webp=True,
)  # fmt: skip


class TooManyImagesError(OutturnError):
    """The organisation keeps as many images as it may."""

    code = "image.too_many"


def image(digest: str) -> CanvasImage | None:
    """The image with this digest."""
    return CanvasImage.objects.filter(digest=digest).first()


def keep_image(*, content: bytes, by: str, now: datetime) -> CanvasImage:
    """Keep an image, written anew without what it does not need; one that is there already stays as it is.

    Raises:
        PictureError: It is no picture that is taken.
        TooManyImagesError: There are as many as there may be.
    """
    picture = read_picture(content, _TERMS)
    digest = hashlib.sha256(picture.content).hexdigest()
    if (known := image(digest)) is not None:
        return known
    if CanvasImage.objects.count() >= MOST_IMAGES:
        raise TooManyImagesError(
            f"your organisation keeps {MOST_IMAGES:,} images already", place="content", kept="Those that are there.",
            fix="Use an image again that is on a canvas already: copy it there and paste it here.",
        )  # fmt: skip
    kept, _ = CanvasImage.objects.get_or_create(
        digest=digest,
        defaults={
            "media_type": picture.media_type, "width": picture.width, "height": picture.height,
            "content": picture.content, "added_by": by, "added_at": now,
        },
    )  # fmt: skip
    return kept
