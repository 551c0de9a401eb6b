"""Two people edit one twin: what commutes, what conflicts, and how the later edit is carried over.

An operation writes a place (``assets/ID/name``) and needs assets to be there. Two operations made on the same document
conflict when one writes what the other writes or needs; all others give the same twin in either order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tenants.kernel.errors import ConflictError, Finding
from twins.composer.domain.operations import Applied, apply, apply_all
from twins.composer.schemas import (
    AddAsset,
    AddLink,
    Bind,
    Move,
    Operation,
    RemoveAsset,
    Rename,
    RenameTwin,
    SetProperty,
    TwinDocument,
    Unbind,
    Unlink,
)

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


def places(operation: Operation, document: TwinDocument) -> Touched:
    """What an operation touches.

    Args:
        operation: An operation that can be applied to the document.
        document: The document that it was made on; it knows which assets a link to be taken away joins.
    """
    match operation:
        case RenameTwin():
            return _touched("name")
        case AddLink() | Unlink():
            link = operation if isinstance(operation, AddLink) else document.links[operation.link]
            return _touched("links", operation.link, needs=[asset for asset, _port in link.ends])
        case Bind() | Unbind():
            return _touched("bindings", operation.place, needs=[operation.place.partition("/")[0]])
        case _:
            return _touched("assets", operation.asset, *_part(operation))


def conflicts(mine: Touched, theirs: Touched) -> tuple[str, ...]:
    """The places where two operations made on the same document conflict, none when they commute."""
    found = {need for need in mine.needs if _covers(theirs.write, need)}
    found |= {need for need in theirs.needs if _covers(mine.write, need)}
    if _covers(mine.write, theirs.write) or _covers(theirs.write, mine.write):
        found.add(max(mine.write, theirs.write, key=len))
    return tuple(sorted("/".join(place) for place in found))


def rebase(base: TwinDocument, theirs: Sequence[Operation], mine: Sequence[Operation]) -> Applied:
    """Carry operations made on an older revision over to the present one, all of them or none.

    Args:
        base: The document at the revision that ``mine`` were made on.
        theirs: What has been applied since, in order.
        mine: The operations to be carried over, in order.

    Returns:
        The present document with mine applied, and what they took out.

    Raises:
        EditConflictError: Some of mine conflict with some of theirs.
        OutturnError: Some of mine make no sense on ``base``.
    """
    since = list(_walk(base, theirs))
    pairs = [(own, other, conflicts(ours, others)) for own, ours in _walk(base, mine) for other, others in since]
    if clashes := [Clash(own, other, where) for own, other, where in pairs if where]:
        raise EditConflictError(clashes)
    return apply_all(apply_all(base, theirs).document, mine)


def _walk(document: TwinDocument, operations: Iterable[Operation]) -> Iterator[tuple[Operation, Touched]]:
    for operation in operations:
        after = apply(document, operation).document
        yield operation, places(operation, document)
        document = after


def _touched(*write: str, needs: Iterable[str] = ()) -> Touched:
    return Touched(write, frozenset(("assets", asset) for asset in needs))


def _part(operation: AddAsset | RemoveAsset | Move | Rename | SetProperty) -> Place:
    """The part of an asset that an operation writes; nothing means the whole of it."""
    match operation:
        case Move():
            return ("at",)
        case Rename():
            return ("name",)
        case SetProperty():
            return ("properties", operation.property)
        case _:
            return ()


def _covers(upper: Place, lower: Place) -> bool:
    return lower[: len(upper)] == upper


def _finding(clash: Clash) -> Finding:
    message = f"Your {clash.mine.op} and their {clash.theirs.op} touch the same place."
    return Finding("twin.conflict", ", ".join(clash.places), message, "Take theirs, or make yours again.")
