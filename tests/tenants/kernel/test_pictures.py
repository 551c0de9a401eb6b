"""WebP, and what may be asked of a picture; PNG and JPEG are tried with the logo."""

from __future__ import annotations

import struct

import pytest

from tenants.kernel.pictures import PictureError, PictureTerms, read_picture
from tests.tenants.lifecycle.test_images import png

TERMS = PictureTerms(
    most_bytes=100_000, least_pixels=16, most_pixels=4000, place="content", kept="Nothing.", takes_webp=True
)


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webp(*chunks: bytes, behind: bytes = b"") -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body + behind


def lossless(width: int = 32, height: int = 16) -> bytes:
    return chunk(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\x07\x11")


def lossy(width: int = 32, height: int = 16, *, first: int = 0x30) -> bytes:
    return chunk(b"VP8 ", bytes((first, 1, 0)) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\x00" * 8)


EXTENDED = chunk(b"VP8X", b"\x1c\0\0\0\x1f\0\0\x0f\0\0")
ALPHA = chunk(b"ALPH", b"\x01\x02\x03")


@pytest.mark.parametrize("pixels", [lossless(), lossy()])
def test_a_still_webp_is_kept_without_where_it_was_taken(pixels: bytes) -> None:
    found = read_picture(webp(EXTENDED, chunk(b"ICCP", b"abc"), pixels, chunk(b"EXIF", b"place")), TERMS)
    assert (found.media_type, found.width, found.height) == ("image/webp", 32, 16)
    assert found.content == webp(pixels)


def test_the_transparency_of_a_lossy_webp_is_kept() -> None:
    found = read_picture(webp(EXTENDED, ALPHA, lossy(), chunk(b"XMP ", b"place")), TERMS)
    assert found.content == webp(chunk(b"VP8X", b"\x10\0\0\0\x1f\0\0\x0f\0\0"), ALPHA, lossy())


@pytest.mark.parametrize(
    "content",
    [
        webp(),
        webp(lossless(), lossless()),
        webp(EXTENDED, chunk(b"ANIM", b"\0" * 6), lossy()),
        webp(lossy(first=0x31)),
        webp(lossy().replace(b"\x9d\x01", b"\x9d\x02")),
        webp(lossless().replace(b"\x2f", b"\x2e")),
        webp(lossless(width=8)),
        webp(lossless(width=5000)),
        webp(lossless(), behind=b"<script>"),
        webp(lossless())[:-4],
        webp(b"VP8L" + struct.pack("<I", 2**31)),
        webp(chunk(b"VP8L", b"")),
        b"RIFF\x04\0\0\0WAVE",
        b"\0" * 200_000,
    ],
)
def test_any_other_webp_is_refused_and_says_what_to_do(content: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        read_picture(content, TERMS)
    assert caught.value.fix
    assert caught.value.place == "content"


def test_what_is_taken_is_said() -> None:
    assert read_picture(png(), TERMS).media_type == "image/png"
    with pytest.raises(PictureError) as caught:
        read_picture(b"GIF89a", TERMS)
    assert caught.value.fix == "Send the picture as PNG, JPEG or WebP; SVG is not taken."
    without = PictureTerms(most_bytes=99, least_pixels=1, most_pixels=9, place="logo", kept="The old one.")
    with pytest.raises(PictureError, match="no PNG or JPEG"):
        read_picture(webp(lossless()), without)
