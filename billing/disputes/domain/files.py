"""Files that people attach: of few kinds, told by their content, under a name without a path.

Nothing in them is read but what tells their kind, and they are only ever given back as a download.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any

from tenants.kernel.errors import OutturnError

MOST_BYTES = 5 * 1024 * 1024
MOST_FILES = 20
MOST_LETTERS = 100
_SHEETS = "application/vnd.openxmlformats-officedocument."


class AttachmentError(OutturnError):
    """The file is not taken."""

    code = "dispute.file"
    status = 422


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that was taken: its cleaned name, the media type of its kind, and its bytes."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, 64 hexadecimal digits."""
        return sha256(self.content).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The file as documents name it."""
        return {
            "name": self.name,
            "media_type": self.media_type,
            "bytes": len(self.content),
            "sha256": self.sha256,
        }


def _begins(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(signatures)


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode()
    except UnicodeDecodeError:
        return False


def _is_office(part: str) -> Callable[[bytes], bool]:
    """Whether a ZIP file has the part that makes it such a document, and no program."""

    def fits(content: bytes) -> bool:
        try:
            names = set(zipfile.ZipFile(BytesIO(content)).namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return False
        has_program = any(name.lower().endswith("vbaproject.bin") for name in names)
        return {"[Content_Types].xml", part} <= names and not has_program

    return fits


KINDS: Mapping[str, tuple[str, Callable[[bytes], bool]]] = {
    "pdf": ("application/pdf", _begins(b"%PDF-")),
    "png": ("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", _begins(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _begins(b"\xff\xd8\xff")),
    "txt": ("text/plain", _is_text),
    "csv": ("text/csv", _is_text),
    "json": ("application/json", _is_text),
    "xlsx": (f"{_SHEETS}spreadsheetml.sheet", _is_office("xl/workbook.xml")),
    "docx": (f"{_SHEETS}wordprocessingml.document", _is_office("word/document.xml")),
}
"""By the ending of the name: the media type, and whether content is of that kind."""


def read_file(name: str, content: bytes) -> AttachedFile:
    """The file in what was sent.

    Args:
        name: What the sender calls it; of a path the last part counts.
        content: Its bytes.

    Raises:
        AttachmentError: It is empty or too large, of another kind, or not what its name says.
    """
    cleaned = clean_name(name)
    ending = cleaned.rpartition(".")[2].lower()
    if ending not in KINDS or cleaned.lower() == ending:
        raise _refused(f"{cleaned or 'A file without a name'} is of no kind that is taken.", f"Send {_kinds()}.")
    if not content:
        raise _refused(f"{cleaned} is empty.", "Choose the file again.")
    if len(content) > MOST_BYTES:
        raise _refused(f"{cleaned} has more than {MOST_BYTES // 2**20} MB.", "Send a smaller one, or part of it.")
    media_type, fits = KINDS[ending]
    if not fits(content):
        raise _refused(
            f"{cleaned} is not what its name says.", f"Save it as {ending} anew, or give it the name of its kind."
        )
    return AttachedFile(cleaned, media_type, content)


def clean_name(name: str) -> str:
    """A file name without its path, and without what is not seen or turns the order of letters around."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(" " if letter.isspace() else letter for letter in last if _is_seen(letter))
    stem, dot, ending = re.sub(r' +|["<>|:*?]', " ", seen).strip(" .").rpartition(".")
    return f"{stem[: MOST_LETTERS - len(ending) - 1].rstrip()}{dot}{ending}"[-MOST_LETTERS:]


def _is_seen(letter: str) -> bool:
    return letter.isspace() or not unicodedata.category(letter).startswith("C")


def _kinds() -> str:
    *most, last = (kind.upper() for kind in KINDS if kind != "jpeg")
    return f"{', '.join(most)} or {last}"


def _refused(message: str, fix: str) -> AttachmentError:
    return AttachmentError(message, place="files", kept="Nothing was sent.", fix=fix)
