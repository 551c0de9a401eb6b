"""Two people edit one twin: what commutes, what conflicts, and how the later edit is carried over.

An operation writes a place (``assets/ID/name``) and needs assets to be there. Two operations made on the same document
conflict when one writes what the other writes or needs; all others give the same twin in either order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from tenants.kernel.errors import ConflictError, Finding
from twins.composer.domain.operations import Sketch
from twins.composer.edits import (
    AddAsset,
    AddGroup,
    AddLink,
    AddNote,
    Attach,
    Bind,
    Collapse,
    EditNote,
    Move,
    MoveNote,
    Operation,
    RemoveAsset,
    RemoveGroup,
    RemoveNote,
    Rename,
    RenameGroup,
    RenameTwin,
    ResizeNote,
    SetGroup,
    SetKind,
    SetProperty,
    SetType,
    Unbind,
    Unlink,
)  # fmt: skip
from twins.composer.schemas import TwinDocument

Place = tuple[str, ...]
"""A path into the document; it covers everything below."""


@dataclass(frozen=True, slots=True)
class Touched:
    """The places of one operation.

    Attributes:
        write: What it makes, changes or takes away.
        needs: What must be there for it, and neither comes nor goes by it.
    """

    write: Place
    needs: frozenset[Place]


@dataclass(frozen=True, slots=True)
class Clash:
    """One of my operations, the one of theirs that it conflicts with, and the places where."""

    mine: Operation
    theirs: Operation
    places: tuple[str, ...]


class EditConflictError(ConflictError):
    """Somebody has changed the same places of the twin in the meantime.

    Attributes:
        clashes: Both sides of every conflict.
    """

    code = "twin.conflict"

    def __init__(self, clashes: Sequence[Clash]) -> None:
        super().__init__(
            "Somebody has changed the same places of this twin since you loaded it.",
            place=clashes[0].places[0],
            kept="Their changes stand; yours are not applied.",
            fix="Look at both sides, then make your change again on the present twin, or leave theirs.",
            findings=[_finding(clash) for clash in clashes],
        )
        self.clashes = tuple(clashes)


def places(operation: Operation, sketch: Sketch) -> Touched:
    """What an operation touches.

    Args:
        operation: An operation that can be applied to the sketch.
        sketch: The document as it is before; it knows which assets a link to be taken away joins.
    """
    match operation:
        case RenameTwin():
            return _touched("name")
        case AddLink() | Unlink() | SetKind():
            return _of_link(operation, sketch)
        case Bind() | Unbind():
            return _touched("bindings", operation.place, needs=[("assets", operation.place.partition("/")[0])])
        case AddGroup() | RenameGroup() | Collapse() | RemoveGroup():
            return _touched("groups", operation.group, *_FIELD.get(type(operation), ()))
        case AddNote() | EditNote() | MoveNote() | ResizeNote() | RemoveNote():
            return _touched("notes", operation.note, *_FIELD.get(type(operation), ()))
        case _:
            return _of_asset(operation)


def _of_link(operation: AddLink | Unlink | SetKind, sketch: Sketch) -> Touched:
    link = operation if isinstance(operation, AddLink) else sketch.links.get(operation.link)
    needs: list[Place] = [("assets", asset) for asset, _port in (link.ends if link else ())]
    return _touched("links", operation.link, *_FIELD.get(type(operation), ()), needs=needs)


def _of_asset(
    operation: AddAsset | Move | Rename | SetType | SetGroup | Attach | SetProperty | RemoveAsset,
) -> Touched:
    needs: list[Place] = []
    below = _FIELD.get(type(operation), ())
    match operation:
        case SetProperty():
            below = ("properties", operation.property)
        case SetGroup() if operation.group is not None:
            needs = [("groups", operation.group)]
        case Attach() if operation.part_of is not None:
            needs = [("assets", operation.part_of[0])]
    return _touched("assets", operation.asset, *below, needs=needs)


_FIELD: dict[type[Operation], Place] = {
    Move: ("at",), Rename: ("name",), SetType: ("type",), SetGroup: ("group",), Attach: ("part_of",),
    SetKind: ("kind",),
    RenameGroup: ("name",), Collapse: ("collapsed",), EditNote: ("text",), MoveNote: ("at",), ResizeNote: ("size",),
}  # fmt: skip
"""The field of a part that an operation writes; one that is not here writes the whole part."""


def rebase(base: TwinDocument, theirs: Sequence[Operation], mine: Sequence[Operation]) -> tuple[Operation, ...]:
    """Carry operations made on an older revision over to the present one, all of them or none.

    What both sides say in the same words is no conflict; it is done already, and left out.

    Args:
        base: The document at the revision that ``mine`` were made on.
        theirs: What has been applied since, in order.
        mine: The operations to be carried over, in order.

    Returns:
        Those of mine that are to be applied to the present document.

    Raises:
        EditConflictError: Some of mine conflict with some of theirs.
        OutturnError: Some of mine make no sense on ``base``.
    """
    since = _Since()
    for operation, touched in _walk(base, theirs):
        since.add(operation, touched)
    carried: list[Operation] = []
    clashes: list[Clash] = []
    for operation, touched in _walk(base, mine):
        met = since.meeting(touched)
        if met and since.operations[max(met)] == operation:
            continue
        carried.append(operation)
        clashes += [Clash(operation, since.operations[number], tuple(sorted(met[number]))) for number in sorted(met)]
    if clashes:
        raise EditConflictError(clashes)
    return tuple(carried)


@dataclass(slots=True)
class _Since:
    """What others have done, found by its places: one look a place, however much it was.

    Attributes:
        written: The operations that write exactly a place.
        below: Those that write it or something below it.
        needed: Those that need it or something below it.
    """

    operations: list[Operation] = field(default_factory=list)
    written: defaultdict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))
    below: defaultdict[Place, list[tuple[int, Place]]] = field(default_factory=lambda: defaultdict(list))
    needed: defaultdict[Place, list[tuple[int, Place]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, operation: Operation, touched: Touched) -> None:
        number = len(self.operations)
        self.operations.append(operation)
        self.written[touched.write].append(number)
        for upper in _uppers(touched.write):
            self.below[upper].append((number, touched.write))
        for need in touched.needs:
            for upper in _uppers(need):
                self.needed[upper].append((number, need))

    def meeting(self, mine: Touched) -> dict[int, set[str]]:
        """The operations that conflict with one of mine, by number, and the places where."""
        found: defaultdict[int, set[str]] = defaultdict(set)
        for number, place in (*self.below.get(mine.write, ()), *self.needed.get(mine.write, ())):
            found[number].add("/".join(place))
        for place in (mine.write, *mine.needs):
            for upper in _uppers(place):
                for number in self.written.get(upper, ()):
                    found[number].add("/".join(place))
        return found


def _uppers(place: Place) -> Iterator[Place]:
    """The place itself and all that it lies in."""
    return accumulate((part,) for part in place)


def _walk(document: TwinDocument, operations: Iterable[Operation]) -> Iterator[tuple[Operation, Touched]]:
    sketch = Sketch(document)
    for operation in operations:
        touched = places(operation, sketch)
        sketch.apply(operation)
        yield operation, touched


def _touched(*write: str, needs: Iterable[Place] = ()) -> Touched:
    return Touched(write, frozenset(needs))


def _finding(clash: Clash) -> Finding:
    message = f"Your {clash.mine.op} and their {clash.theirs.op} touch the same place."
    return Finding("twin.conflict", ", ".join(clash.places), message, "Take theirs, or make yours again.")
