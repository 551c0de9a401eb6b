"""Pictures that people send: PNG (W3C, third edition), JPEG (ITU-T T.81) and WebP (RFC 9649), read piece by piece.

What is kept is written anew from the pieces that a picture needs: no comment, no place where it was taken, nothing
behind its end. Anything else that calls itself a picture is refused, SVG among it, which can hold programs.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tenants.kernel.errors import OutturnError

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

    code = "picture.refused"


@dataclass(frozen=True, slots=True)
class PictureTerms:
    """What is asked of a picture, and what is said of one that is refused.

    Attributes:
        most_bytes: The largest file.
        least_pixels: The shortest side.
        most_pixels: The longest side.
        place: Where the picture was to go.
        kept: What is there still.
        takes_webp: Whether WebP is taken besides PNG and JPEG.
    """

    most_bytes: int
    least_pixels: int
    most_pixels: int
    place: str
    kept: str
    takes_webp: bool = False

    @property
    def kinds(self) -> str:
        """The kinds that are taken, in words."""
        return "PNG, JPEG or WebP" if self.takes_webp else "PNG or JPEG"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, written anew: its media type, size in pixels and bytes."""

    media_type: str
    width: int
    height: int
    content: bytes


def read_picture(content: bytes, terms: PictureTerms) -> Picture:
    """A picture of what was sent.

    Raises:
        PictureError: It is too large, of another kind, damaged, or has more behind its end.
    """
    try:
        picture = _read(content, terms)
        sides = (picture.width, picture.height)
        if not all(terms.least_pixels <= side <= terms.most_pixels for side in sides):
            raise _RefusalError(
                f"the picture has {picture.width} × {picture.height} pixels",
                f"Send one of {terms.least_pixels} to {terms.most_pixels} on each side.",
            )
    except _RefusalError as refusal:
        raise PictureError(refusal.message, place=terms.place, kept=terms.kept, fix=refusal.fix) from None
    except (struct.error, IndexError, zlib.error):
        fix = "Save the picture anew and send it again."
        raise PictureError("the file is damaged", place=terms.place, kept=terms.kept, fix=fix) from None
    return picture


class _RefusalError(Exception):
    def __init__(self, message: str, fix: str = "Save the picture anew and send it again.") -> None:
        super().__init__(message)
        self.message, self.fix = message, fix


def _read(content: bytes, terms: PictureTerms) -> Picture:
    if len(content) > terms.most_bytes:
        raise _RefusalError(f"the file has {len(content):,} bytes", f"Send one of at most {terms.most_bytes:,} bytes.")
    if content.startswith(_PNG):
        return _png(content, terms.most_pixels)
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    if terms.takes_webp and content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    raise _RefusalError(f"the file is no {terms.kinds}", f"Send the picture as {terms.kinds}; SVG is not taken.")


def _png(content: bytes, most_pixels: int) -> Picture:
    chunks = list(_chunks(content))
    names = [name for name, _ in chunks]
    if not names or names[0] != b"IHDR" or names[-1] != b"IEND" or names.count(b"IHDR") != 1 or b"IDAT" not in names:
        raise _RefusalError("the file is damaged")
    width, height, depth, kind, packing, filtering, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if max(width, height) > most_pixels:
        return Picture("image/png", width, height, b"")  # refused for its size; its pixels are not worth unpacking
    if depth not in _DEPTHS.get(kind, ()) or packing or filtering or interlaced not in (0, 1):
        raise _RefusalError("the file is of an unknown kind", "Save the picture as a plain PNG.")
    lines = height * (1 + (width * depth * _CHANNELS[kind] + 7) // 8)
    _check_pixels(b"".join(data for name, data in chunks if name == b"IDAT"), lines, is_exact=not interlaced)
    kept = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
        if name in _KEPT_CHUNKS
    )
    return Picture("image/png", width, height, _PNG + kept)


def _check_pixels(packed: bytes, size: int, *, is_exact: bool) -> None:
    """Unpack no more than the picture can have: a few bytes may unpack to gigabytes."""
    most = size if is_exact else size * 2 + 64
    unpacking = zlib.decompressobj()
    pixels = unpacking.decompress(packed, most + 1)
    if len(pixels) > most or (is_exact and len(pixels) != size) or not unpacking.eof:
        raise _RefusalError("the file is damaged")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        data = content[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from(">I", content, at + 8 + length)
        if check != zlib.crc32(name + data) or (name[0] & 0x20 == 0 and name not in _KEPT_CHUNKS):
            raise _RefusalError("the file is damaged")
        yield name, data
        at += 12 + length
        if name == b"IEND" and at != len(content):
            raise _RefusalError("there is more in the file than a picture")


def _jpeg(content: bytes) -> Picture:
    kept, at, size = bytearray(b"\xff\xd8"), 2, (0, 0)
    while content[at + 1] != _SCAN:
        marker, piece = content[at + 1], _segment(content, at)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", piece, 5)
            size = (width, height)
        if marker in _FRAMES or marker in _TABLES:
            kept += piece
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            raise _RefusalError("the file is of an unknown kind", "Save the picture as a plain JPEG.")
        at += len(piece)
    _segment(content, at)
    if size == (0, 0) or not content.endswith(b"\xff\xd9") or content.index(b"\xff\xd9", at) != len(content) - 2:
        raise _RefusalError("the file is damaged or has more behind its end")
    return Picture("image/jpeg", *size, bytes(kept + content[at:]))


def _segment(content: bytes, at: int) -> bytes:
    """The piece of a JPEG that begins somewhere, with its marker and length."""
    (length,) = struct.unpack_from(">H", content, at + 2)
    piece = content[at : at + 2 + length]
    if content[at] != 0xFF or length < 2 or len(piece) != length + 2:
        raise _RefusalError("the file is damaged")
    return piece


def _webp(content: bytes) -> Picture:
    """A still picture; what it was taken with and where, its colour profile and its frames in time are not kept."""
    if struct.unpack_from("<I", content, 4)[0] + 8 != len(content):
        raise _RefusalError("the file is damaged or has more behind its end")
    chunks = list(_riff(content))
    names = [name for name, _ in chunks]
    pixels = [(name, data) for name, data in chunks if name in {b"VP8 ", b"VP8L"}]
    if len(pixels) != 1 or b"ANIM" in names or b"ANMF" in names:
        raise _RefusalError("the file is damaged or moves", "Save the picture as a plain WebP.")
    (name, data), alpha = pixels[0], [each for each in chunks if each[0] == b"ALPH"]
    width, height = _vp8(data) if name == b"VP8 " else _vp8l(data)
    kept = [*alpha[:1], (name, data)] if name == b"VP8 " else [(name, data)]
    if len(kept) > 1:
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        kept.insert(0, (b"VP8X", b"\x10\0\0\0" + sides))
    body = b"WEBP" + b"".join(
        each + struct.pack("<I", len(held)) + held + b"\0" * (len(held) % 2) for each, held in kept
    )
    return Picture("image/webp", width, height, b"RIFF" + struct.pack("<I", len(body)) + body)


def _riff(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        data = content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
        if len(data) != length or at > len(content):
            raise _RefusalError("the file is damaged")
        yield name, data


def _vp8(data: bytes) -> tuple[int, int]:
    """Width and height of a lossy picture (RFC 6386, 9.1)."""
    if data[0] & 1 or data[3:6] != b"\x9d\x01\x2a":
        raise _RefusalError("the file is damaged")
    width, height = struct.unpack_from("<HH", data, 6)
    return width & 0x3FFF, height & 0x3FFF


def _vp8l(data: bytes) -> tuple[int, int]:
    """Width and height of a lossless picture (RFC 9649, 3.4)."""
    (bits,) = struct.unpack_from("<I", data, 1)
    if data[0] != 0x2F or bits >> 29:
        raise _RefusalError("the file is damaged")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
