"""Documents to print: PDF/A-3 and PDF/UA-1 by typst, the same bytes for the same content, under a letterhead."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

ACCENT = "#1f5f8b"
"""Of a document that comes from nobody with a colour of their own; contrast with white 6.8."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """How a document looks that an organisation sends.

    Attributes:
        name: What stands at its top where there is no logo, and what the logo is called by a screen reader.
        accent: Six hexadecimal digits behind ``#``, dark enough to be read on white.
        logo: PNG or JPEG; empty for none.
    """

    name: str = ""
    accent: str = ACCENT
    logo: bytes = b""


def printed(
    template: bytes,
    content: Mapping[str, Any],
    *,
    at: datetime,
    letterhead: Letterhead | None = None,
    attached: Mapping[str, bytes] | None = None,
) -> bytes:
    """A document.

    Args:
        template: In typst; it reads ``sys.inputs.content``, to which the ``date`` of the moment is added.
        content: What it says, as JSON.
        at: The moment that stands in the file as its date.
        letterhead: Puts ``letter.typ`` before the template: `data`, colours, tables and `mark`.
        attached: Files in UTF-8 that the template attaches, by their names among the inputs.
    """
    import typst  # noqa: PLC0415 (only those who make documents load it)

    told = dict(content) | {"date": [at.year, at.month, at.day]}
    if letterhead is not None:
        template = _letter() + template
        told["letterhead"] = {
            "name": letterhead.name, "accent": letterhead.accent, "logo": list(letterhead.logo),
        }  # fmt: skip
    inputs = {name: data.decode() for name, data in (attached or {}).items()}
    made: bytes = typst.compile(
        template, format="pdf", ignore_system_fonts=True, pdf_standards=["a-3a", "ua-1"],
        sys_inputs={"content": json.dumps(told), **inputs}, timestamp=int(at.timestamp()),
    )  # fmt: skip
    return made


@cache
def _letter() -> bytes:
    return files("tenants.edge").joinpath("letter.typ").read_bytes()
