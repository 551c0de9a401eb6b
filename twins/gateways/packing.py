"""Bodies that come packed, and how far they may unpack."""

from __future__ import annotations

import zlib

import zstandard

from twins.gateways.errors import MessageTooLargeError, MessageTypeError
from twins.telemetry.decode import LARGEST_BODY
from twins.telemetry.errors import BrokenMessageError

PACKINGS = ("identity", "gzip", "zstd")
_LARGEST_WINDOW = 8 * 1024 * 1024
"""What every reader of zstd has to support (RFC 8878); a frame that asks for more memory is refused."""


def check_packing(packing: str) -> None:
    """Refuse what cannot be unpacked here.

    Raises:
        MessageTypeError: It is packed in another way.
    """
    if packing not in PACKINGS:
        raise MessageTypeError(
            f"{packing[:60]} is not taken", place="Content-Encoding",
            fix="Send it as it is, or packed with gzip or zstd.",
        )  # fmt: skip


def unpacked(body: bytes, packing: str) -> bytes:
    """A body as it was before it was packed; never more than `LARGEST_BODY` bytes.

    Args:
        body: What came.
        packing: One of `PACKINGS`.

    Raises:
        MessageTooLargeError: It unpacks to more.
        BrokenMessageError: It says that it is packed, and is not.
    """
    if packing == "gzip":
        return _gunzipped(body)
    return _from_zstd(body) if packing == "zstd" else body


def too_large() -> MessageTooLargeError:
    """The refusal of a body that is too long."""
    return MessageTooLargeError(
        f"the message has more than {LARGEST_BODY} bytes", place="body", fix="Send the readings in several batches."
    )


def _gunzipped(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        body = unpacking.decompress(packed, LARGEST_BODY + 1)
    except zlib.error as error:
        raise BrokenMessageError("the body is not packed with gzip", place="body", fix="Pack it again.") from error
    if len(body) > LARGEST_BODY:
        raise too_large()
    if not unpacking.eof:
        raise BrokenMessageError("the packed body ends too early", place="body", fix="Send it again.")
    return body


def _from_zstd(packed: bytes) -> bytes:
    """One frame. Its header may say how long it is, and may lie: nothing beyond the bound is ever written."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    try:
        size = zstandard.get_frame_parameters(packed).content_size
        if size == zstandard.CONTENTSIZE_UNKNOWN:
            # A frame that ends too early is read like one that ends; once its length is known it is read as a whole.
            size = len(unpacker.stream_reader(packed, read_across_frames=False).read(LARGEST_BODY + 1))
        if size > LARGEST_BODY:
            raise too_large()
        return bytes(unpacker.decompress(packed, max_output_size=max(size, 1), allow_extra_data=False))
    except zstandard.ZstdError as error:
        raise BrokenMessageError("the body is not one frame of zstd", place="body", fix="Pack it again.") from error
