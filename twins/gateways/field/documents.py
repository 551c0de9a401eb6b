"""Settings from a plain document, with errors that name the place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from tenants.kernel.errors import Finding
from twins.gateways.field.errors import FieldSettingsError

T = TypeVar("T", bound=msgspec.Struct)

MOST_POINTS = 20_000
KEY_PATTERN = r"^[^\s\x00-\x1f](?:[^\x00-\x1f]{0,198}[^\s\x00-\x1f])?$"
"""What a key may look like: one line, up to 200 characters, none of the outer ones a space."""

_PLACE = re.compile(r"^(?P<what>.*) - at `(?P<path>[^`]*)`$", re.DOTALL)
_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.?([A-Za-z_]\w*)")


def settings_from(document: object, kind: type[T]) -> T:
    """A document as frozen settings.

    Raises:
        FieldSettingsError: Something in it does not fit.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        told = _PLACE.match(str(error))
        what, path = (told["what"], told["path"]) if told else (str(error), "")
        place = "/".join(number or name for number, name in _STEP.findall(path.removeprefix("$")))
        raise FieldSettingsError(
            [Finding("field.settings", place, what[:1].lower() + what[1:], "Correct this value in the settings.")]
        ) from None


def repeated(names: Sequence[str], field: str) -> Iterable[Finding]:
    """A finding for each point whose name another has before it."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        first = seen.setdefault(name, number)
        if first != number:
            yield Finding(
                "field.repeated", f"points/{number}/{field}", f"points {first} and {number} have one {field}: {name}",
                f"Give each point a {field} of its own.",
            )  # fmt: skip


def refuse(findings: Iterable[Finding]) -> None:
    """Refuse settings in which there is anything wrong.

    Raises:
        FieldSettingsError: There is.
    """
    found = list(findings)
    if found:
        raise FieldSettingsError(found)


def too_many(points: Sequence[Any]) -> Iterable[Finding]:
    """A finding when there are more points than a connection may have."""
    if len(points) > MOST_POINTS:
        yield Finding(
            "field.too_many_points", "points", f"there are {len(points)} points, and {MOST_POINTS} are the most",
            "Make a second connection for the others.",
        )  # fmt: skip
