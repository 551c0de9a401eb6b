"""One twin's version said of another twin: a test plant's design carried over to the plant that runs.

The ids follow from the target and the source's ids, so that a later promotion speaks of the same assets, whose signals
and history go on, and nothing has to be remembered of which stood for which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from twins.composer.domain.diff import Change, diff
from twins.composer.domain.transforming import fitting, transforming
from twins.composer.edits import Operation
from twins.composer.schemas import TwinDocument


@dataclass(frozen=True, slots=True)
class Carried:
    """What a promotion does to its target.

    Attributes:
        operations: What is applied to it.
        left: What cannot be, because what it edits was taken out of the target.
        overruled: What was changed in the target by itself and in the source too: the source's word counts.
    """

    operations: tuple[Operation, ...]
    left: tuple[Operation, ...]
    overruled: tuple[Change, ...]


def translated(document: TwinDocument, target: TwinDocument, gateways: Mapping[str, str | None]) -> TwinDocument:
    """What a document would be as the target's.

    Args:
        document: A version of the source.
        target: The target as it is, which keeps its own name.
        gateways: The gateway that stands for each of the source's, by id; what none stands for is not read.
    """
    space = UUID(target.twin)

    def there(key: str) -> str:
        return str(uuid5(space, key))

    assets = {
        there(key): asset.model_copy(update={"part_of": (there(asset.part_of[0]), asset.part_of[1])})
        if asset.part_of is not None
        else asset
        for key, asset in document.assets.items()
    }
    links = {
        there(key): link.model_copy(
            update={"from_": (there(link.from_[0]), link.from_[1]), "to": (there(link.to[0]), link.to[1])}
        )
        for key, link in document.links.items()
    }
    bindings = {
        f"{there(asset)}/{signal}": binding.model_copy(update={"gateway": gateway})
        for place, binding in document.bindings.items()
        for asset, _sep, signal in (place.partition("/"),)
        if (gateway := gateways.get(binding.gateway)) is not None
    }
    notes = {there(key): note for key, note in document.notes.items()}
    sections = {"assets": assets, "links": links, "bindings": bindings, "groups": document.groups, "notes": notes}
    return target.model_copy(update=sections)


def carried(before: TwinDocument, after: TwinDocument, target: TwinDocument) -> Carried:
    """What has changed in the source since its last promotion, as edits of the target: its own changes stay.

    Args:
        before: What was promoted last, translated; an empty twin at first.
        after: What is promoted, translated.
        target: The target as it is.
    """
    done, left = fitting(target, transforming(before, after))
    own = {(change.subject, change.key): change for change in diff(before, target)}
    touched = {place for each in done for place in touching(each.as_json())}
    overruled = tuple(change for place, change in own.items() if place in touched)
    return Carried(tuple(done), tuple(left), overruled)


def touching(operation: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """The parts that an operation in JSON is about, as the diff names them: subject and key."""
    for name, subject in (("asset", "asset"), ("link", "link"), ("group", "group"), ("note", "note")):
        # An asset is put into a group, which is no change of the group.
        if name in operation and not (name == "group" and "asset" in operation):
            return ((subject, str(operation[name])),)
    if "place" in operation:
        place = str(operation["place"])
        return (("binding", place), ("asset", place.partition("/")[0]))
    return (("twin", ""),)
