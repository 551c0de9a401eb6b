"""Shapes of an organisation's life."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict


class BlockKind(StrEnum):
    """What a piece of an agreement's text is."""

    HEADING = "heading"
    TEXT = "text"
    LIST = "list"


class Block(TypedDict):
    """A piece of an agreement's text: a heading and a paragraph have one line, a list one for each item."""

    kind: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement as it is shown, printed and accepted: everything filled in.

    Attributes:
        version: Of the text.
        title: Of the agreement.
        organisation: Whose data it is about.
        provider: Who runs the installation.
        region: Where the data lies.
        sub_processors: Who else processes it, each as the operator describes them.
        blocks: The text.
    """

    version: int
    title: str
    organisation: str
    provider: str
    region: str
    sub_processors: tuple[str, ...]
    blocks: tuple[Block, ...]

    def document(self) -> dict[str, Any]:
        """As it is kept and digested."""
        return {
            "agreement": "data-processing", "version": self.version, "title": self.title,
            "organisation": self.organisation, "provider": self.provider, "region": self.region,
            "sub_processors": list(self.sub_processors), "blocks": list(self.blocks),
        }  # fmt: skip
