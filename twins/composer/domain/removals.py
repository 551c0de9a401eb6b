"""What was taken out of a draft, to be brought back: it is read off the operations, which are kept for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from twins.composer.domain.operations import Removed, Sketch, restoring
from twins.composer.domain.transforming import fitting
from twins.composer.edits import Operation
from twins.composer.schemas import TwinDocument

Subject = Literal["asset", "link", "binding", "group", "note"]
_SUBJECTS: tuple[tuple[str, Subject], ...] = (
    ("assets", "asset"), ("groups", "group"), ("notes", "note"), ("links", "link"), ("bindings", "binding"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RemovedPart:
    """A part that one operation took out, with what went along with it.

    Attributes:
        number: Which of the operations took it out.
        subject: What it was.
        key: Its key in its section.
        name: What people called it.
        parts: All that went.
    """

    number: int
    subject: Subject
    key: str
    name: str
    parts: Removed

    def restoring(self, document: TwinDocument) -> list[Operation]:
        """The operations that bring back as much of it as has a place in a document."""
        return fitting(document, restoring(self.parts))[0]


def removals(start: TwinDocument, operations: Iterable[Operation]) -> Iterator[RemovedPart]:
    """What operations took out of a document, in their order.

    Args:
        start: The document that the first was made on.
        operations: The operations, each of which makes sense where it stands.
    """
    sketch = Sketch(start)
    for number, operation in enumerate(operations):
        sketch.removed = Removed()
        names = _Names(sketch)
        sketch.apply(operation)
        for section, subject in _SUBJECTS:
            if found := getattr(sketch.removed, section):
                key = next(iter(found))
                yield RemovedPart(number, subject, key, names.of(subject, key, sketch.removed), sketch.removed)
                break


def missing(part: RemovedPart, document: TwinDocument) -> bool:
    """Whether a document does without a part that was taken out once."""
    section = next(section for section, subject in _SUBJECTS if subject == part.subject)
    return part.key not in getattr(document, section)


@dataclass(frozen=True, slots=True)
class _Names:
    """What parts are called in a sketch."""

    sketch: Sketch

    def of(self, subject: Subject, key: str, removed: Removed) -> str:
        """The name of a part that was just taken out."""
        match subject:
            case "asset":
                return removed.assets[key].name
            case "group":
                return removed.groups[key].name
            case "note":
                return removed.notes[key].text
            case "link":
                return " → ".join(f"{self._asset(asset)} {port}" for asset, port in removed.links[key].ends)
            case _:
                asset, _, signal = key.partition("/")
                return f"{self._asset(asset)} {signal}"

    def _asset(self, key: str) -> str:
        found = self.sketch.assets.get(key)
        return found.name if found is not None else key
