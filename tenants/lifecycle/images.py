"""Pictures that people send: PNG (W3C, third edition) and JPEG (ITU-T T.81), read piece by piece.

What is kept is written anew from the pieces that a picture needs: no comment, no place where it was taken, nothing
behind its end. Anything else that calls itself a picture is refused, SVG among it, which can hold programs.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tenants.kernel.errors import OutturnError

MOST_BYTES = 256 * 1024
LEAST_PIXELS, MOST_PIXELS = 16, 2000
_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"IDAT", b"IEND"})
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_SCAN = 0xDA
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_TABLES = frozenset({0xC4, 0xDB, 0xDD, 0xE0, 0xEE})
"""Huffman and quantisation tables, restart interval, JFIF, and Adobe's word on what the colours mean."""


class PictureError(OutturnError):
    """A file that is no picture we take."""

    code = "brand.picture"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, written anew: its media type, size in pixels and bytes."""

    media_type: str
    width: int
    height: int
    content: bytes


def read_picture(content: bytes) -> Picture:
    """A picture of what was sent.

    Raises:
        PictureError: It is too large, of another kind, damaged, or has more behind its end.
    """
    if len(content) > MOST_BYTES:
        raise _refused(f"the file has {len(content):,} bytes", f"Send one of at most {MOST_BYTES:,} bytes.")
    try:
        if content.startswith(_PNG):
            return _png(content)
        if content.startswith(b"\xff\xd8\xff"):
            return _jpeg(content)
    except (struct.error, IndexError, zlib.error):
        raise _refused("the file is damaged", "Save the picture anew and send it again.") from None
    raise _refused("the file is no PNG or JPEG", "Send the picture as PNG or JPEG; SVG is not taken.")


def _refused(message: str, fix: str) -> PictureError:
    return PictureError(message, place="logo", kept="The logo there was.", fix=fix)


def _checked(width: int, height: int) -> None:
    if not all(LEAST_PIXELS <= each <= MOST_PIXELS for each in (width, height)):
        raise _refused(
            f"the picture has {width} × {height} pixels", f"Send one of {LEAST_PIXELS} to {MOST_PIXELS} on each side."
        )


def _png(content: bytes) -> Picture:
    chunks = list(_chunks(content))
    names = [name for name, _ in chunks]
    if not names or names[0] != b"IHDR" or names[-1] != b"IEND" or names.count(b"IHDR") != 1 or b"IDAT" not in names:
        raise _refused("the file is damaged", "Save the picture anew and send it again.")
    width, height, depth, kind, packing, filtering, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    _checked(width, height)
    if depth not in _DEPTHS.get(kind, ()) or packing or filtering or interlaced not in (0, 1):
        raise _refused("the file is of an unknown kind", "Save the picture as a plain PNG.")
    lines = height * (1 + (width * depth * _CHANNELS[kind] + 7) // 8)
    _check_pixels(b"".join(data for name, data in chunks if name == b"IDAT"), lines if not interlaced else None)
    kept = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
        if name in _KEPT_CHUNKS
    )
    return Picture("image/png", width, height, _PNG + kept)


def _check_pixels(packed: bytes, size: int | None) -> None:
    """Unpack no more than the picture can have: a few bytes may unpack to gigabytes."""
    most = MOST_PIXELS * (MOST_PIXELS * 8 + 1) * 2 if size is None else size
    unpacking = zlib.decompressobj()
    pixels = unpacking.decompress(packed, most + 1)
    if len(pixels) > most or (size is not None and len(pixels) != size) or not unpacking.eof:
        raise _refused("the file is damaged", "Save the picture anew and send it again.")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        data = content[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from(">I", content, at + 8 + length)
        if check != zlib.crc32(name + data) or (name[0] & 0x20 == 0 and name not in _KEPT_CHUNKS):
            raise _refused("the file is damaged", "Save the picture anew and send it again.")
        yield name, data
        at += 12 + length
        if name == b"IEND" and at != len(content):
            raise _refused("there is more in the file than a picture", "Save the picture anew and send it again.")


def _jpeg(content: bytes) -> Picture:
    kept, at, size = bytearray(b"\xff\xd8"), 2, (0, 0)
    while content[at + 1] != _SCAN:
        marker, piece = content[at + 1], _segment(content, at)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", piece, 5)
            _checked(width, height)
            size = (width, height)
        if marker in _FRAMES or marker in _TABLES:
            kept += piece
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            raise _refused("the file is of an unknown kind", "Save the picture as a plain JPEG.")
        at += len(piece)
    _segment(content, at)
    if size == (0, 0) or not content.endswith(b"\xff\xd9") or content.index(b"\xff\xd9", at) != len(content) - 2:
        raise _refused("the file is damaged or has more behind its end", "Save the picture anew and send it again.")
    return Picture("image/jpeg", *size, bytes(kept + content[at:]))


def _segment(content: bytes, at: int) -> bytes:
    """The piece of a JPEG that begins somewhere, with its marker and length."""
    (length,) = struct.unpack_from(">H", content, at + 2)
    piece = content[at : at + 2 + length]
    if content[at] != 0xFF or length < 2 or len(piece) != length + 2:
        raise _refused("the file is damaged", "Save the picture anew and send it again.")
    return piece
