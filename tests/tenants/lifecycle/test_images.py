"""Pictures that people send."""

from __future__ import annotations

import struct
import zlib

import pytest

from tenants.kernel.pictures import PictureError
from tenants.lifecycle.images import MOST_BYTES, read_picture

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int = 32, height: int = 16, *, more: bytes = b"", pixels: bytes | None = None) -> bytes:
    lines = (b"\0" + b"\x20\x40\x80" * width) * height if pixels is None else pixels
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return SIGNATURE + header + more + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def jpeg(width: int = 40, height: int = 20, *, more: bytes = b"", end: bytes = b"\xff\xd9") -> bytes:
    def piece(marker: int, data: bytes) -> bytes:
        return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data

    frame = piece(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    scan = piece(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    return b"\xff\xd8" + piece(0xE0, b"JFIF\0") + more + piece(0xDB, b"\0" * 65) + frame + scan + b"\x12\x34" + end


def test_a_png_is_kept_without_what_it_does_not_need() -> None:
    found = read_picture(png(more=chunk(b"tEXt", b"Author\0Somebody") + chunk(b"eXIf", b"where it was taken")))
    assert (found.media_type, found.width, found.height) == ("image/png", 32, 16)
    assert found.content == png()


def test_a_jpeg_is_kept_without_where_it_was_taken() -> None:
    exif = b"\xff\xe1" + struct.pack(">H", 16) + b"Exif\0\0place!!!"
    found = read_picture(jpeg(more=exif + b"\xff\xfe\x00\x06note"))
    assert (found.media_type, found.width, found.height) == ("image/jpeg", 40, 20)
    assert found.content == jpeg()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        SIGNATURE,
        png()[:-5],
        png() + b"<script>",
        png().replace(b"IDAT", b"IDAX"),
        png(width=8),
        png(width=2001),
        png(pixels=b"\0" * 5),
        png(pixels=b"\0" * 10_000_000),
        png(more=chunk(b"ABCD", b"")),
        png(more=chunk(b"IHDR", b"")),
        SIGNATURE + struct.pack(">I4s", 2**31, b"IHDR"),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x01",
        jpeg(end=b""),
        jpeg(end=b"\xff\xd9<?php ?>"),
        jpeg(width=4),
        jpeg(height=5000),
        jpeg(more=b"\xff\xc4\xff\xff"),
        jpeg(more=b"\x00\x01\x00\x02"),
        png() + b"\0" * MOST_BYTES,
    ],
)
def test_anything_else_is_refused_and_says_what_to_do(content: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        read_picture(content)
    assert caught.value.fix
