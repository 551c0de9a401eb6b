"""The text of the data-processing agreement: read from its file, filled in, and made a PDF (PDF/A-3, PDF/UA-1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from tenants.edge.printing import printed
from tenants.lifecycle.schemas import Block, BlockKind, Terms

VERSION = 1
"""Of the text: a change of it is a new file and the next number, and asks everybody again."""
NOBODY = "nobody"
SOMEWHERE = "where the operator of this installation runs it"
SOMEBODY = "the operator of this installation"


def fill(*, organisation: str, provider: str, region: str, sub_processors: tuple[str, ...]) -> Terms:
    """The agreement of the present version for one organisation; what the operator does not name is said in words."""
    title, blocks = _read(VERSION)
    names = {
        "organisation": organisation, "provider": provider or SOMEBODY, "region": region or SOMEWHERE,
        "sub_processors": "; ".join(sub_processors) or NOBODY,
    }  # fmt: skip
    filled: tuple[Block, ...] = tuple(
        {"kind": block["kind"], "lines": [Template(line).substitute(names) for line in block["lines"]]}
        for block in blocks
    )
    return Terms(VERSION, title, organisation, names["provider"], names["region"], sub_processors, filled)


def parse(text: str) -> tuple[str, tuple[Block, ...]]:
    """The title and the pieces of a text: ``# title``, ``## heading``, ``- item``, a paragraph on each other line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0].removeprefix("# "), tuple(_blocks(lines[1:]))


def pdf_of(document: Mapping[str, Any], *, digest: str, accepted: tuple[str, datetime] | None, now: datetime) -> bytes:
    """An agreement to print; the same bytes for the same acceptance.

    Args:
        document: What it says.
        digest: The SHA-256 of it.
        accepted: By whom and when, or None for one that nobody has accepted.
        now: The date of one that nobody has accepted.
    """
    by, at = accepted or ("", now)
    content = dict(document) | {"digest": digest, "accepted_by": by, "at": f"{at:%Y-%m-%d %H:%M} UTC"}
    return printed(_agreements().joinpath("agreement.typ").read_bytes(), content, at=at)


def _blocks(lines: list[str]) -> Iterator[Block]:
    items: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("- "):
            items.append(line.removeprefix("- "))
            continue
        if items:
            yield {"kind": BlockKind.LIST.value, "lines": items}
            items = []
        if line.startswith("## "):
            yield {"kind": BlockKind.HEADING.value, "lines": [line.removeprefix("## ")]}
        elif line:
            yield {"kind": BlockKind.TEXT.value, "lines": [line]}


def _agreements() -> Any:
    return files("tenants.lifecycle").joinpath("agreements")


@cache
def _read(version: int) -> tuple[str, tuple[Block, ...]]:
    return parse(_agreements().joinpath(f"data-processing-{version}.md").read_text(encoding="utf-8"))
