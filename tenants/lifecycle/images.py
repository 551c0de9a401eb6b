"""The logo as people send it: what is asked of it."""

from __future__ import annotations

from tenants.kernel.pictures import Picture, PictureTerms
from tenants.kernel.pictures import read_picture as read

MOST_BYTES = 256 * 1024
_LOGO = PictureTerms(most_bytes=MOST_BYTES, least_pixels=16, most_pixels=2000, place="logo", kept="The logo there was.")


def read_picture(content: bytes) -> Picture:
    """The logo of what was sent.

    Raises:
        PictureError: It is too large, of another kind, damaged, or has more behind its end.
    """
    return read(content, _LOGO)
