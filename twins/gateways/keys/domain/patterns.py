"""Binding many signals by a pattern: how a plant makes its keys of its assets and what they measure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tenants.kernel.errors import Finding, OutturnError
from twins.gateways.keys.domain.names import taken_apart
from twins.gateways.keys.domain.offers import OfferedKey, WantedSignal
from twins.gateways.keys.domain.units import fit

LONGEST_KEY = 256
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"\d+")
_WIDTH = re.compile(r"number(?::(\d))?")
NAMES = ("asset", "number", "signal", "type")

Parts: TypeAlias = tuple[tuple[str, int], ...]


class PatternError(OutturnError):
    """A pattern cannot be read."""

    code = "pattern.wrong"
    status = 422


class State(StrEnum):
    """What becomes of a signal."""

    FITS = "fits"
    """The gateway sends this key."""
    ALIKE = "alike"
    """It sends one that differs in capitals, separators or leading zeros only."""
    UNSENT = "unsent"
    """It has not sent any such key yet."""
    BOUND = "bound"
    """The signal is read from something already."""
    TAKEN = "taken"
    """Another signal reads the key."""
    AMBIGUOUS = "ambiguous"
    """Several keys are alike."""
    TWICE = "twice"
    """Another signal of the preview would get the same key."""
    NO_NUMBER = "no_number"
    """The name of the asset has no number."""
    TOO_LONG = "too_long"
    """The key would be longer than a key may be."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a pattern makes of one signal.

    Attributes:
        key: Which it would be bound to; what the pattern gives where no such key is known.
        unit: In which the binding should take the values, None for the signal's own.
    """

    signal: WantedSignal
    key: str
    state: State
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that was read: texts, and names of placeholders between them.

    Attributes:
        parts: Each a text and -1, or a placeholder's name and how many digits a number has at least.
    """

    parts: Parts

    def key_of(self, signal: WantedSignal) -> str | None:
        """The key that it gives a signal, None when the name of its asset lacks a number."""
        numbers = _NUMBER.findall(signal.asset_name)
        texts = {"asset": signal.asset_name, "signal": signal.signal, "type": signal.type_key}
        made = []
        for text, width in self.parts:
            if width < 0:
                made.append(text)
            elif text != "number":
                made.append(texts[text])
            elif not numbers:
                return None
            else:
                made.append(f"{int(numbers[-1]):0{width}}" if width else numbers[-1])
        return "".join(made)


def read_pattern(text: str) -> Pattern:
    """A pattern such as ``PLANT1.{asset}.{signal}`` or ``{number:3}/{signal}``.

    Raises:
        PatternError: It has a placeholder that there is none of, or none at all; findings say where.
    """
    parts: list[tuple[str, int]] = []
    findings, end = [], 0
    for found in _PLACEHOLDER.finditer(text):
        parts.append((text[end : found.start()], -1))
        width, end = _WIDTH.fullmatch(found[1]), found.end()
        if width is None and found[1] not in NAMES:
            fix = "Write {asset}, {number}, {number:3}, {signal} or {type}."
            place = f"pattern:{found.start()}-{found.end()}"
            findings.append(Finding("pattern.unknown_name", place, f"There is no placeholder {found[0]}.", fix))
            continue
        parts.append(("number", int(width[1] or 0)) if width else (found[1], 0))
    parts.append((text[end:], -1))
    stray = re.search(r"[{}]", _PLACEHOLDER.sub(lambda found: " " * len(found[0]), text))
    if stray is not None:
        place = f"pattern:{stray.start()}-{stray.end()}"
        findings.append(Finding("pattern.brace", place, "A brace stands alone.", "Write placeholders as {asset}."))
    if not findings and all(width < 0 for _, width in parts):
        message, fix = "It gives every signal the same key.", "Use a placeholder, as in {asset}/{signal}."
        findings.append(Finding("pattern.same_key", f"pattern:0-{len(text)}", message, fix))
    if findings:
        raise PatternError("the pattern cannot be read", place="pattern", fix=findings[0].fix, findings=findings)
    return Pattern(tuple((part, width) for part, width in parts if part))


def rows(
    pattern: Pattern, signals: Sequence[WantedSignal], keys: Iterable[OfferedKey], readers: Mapping[str, str]
) -> tuple[Row, ...]:
    """What a pattern makes of signals, in their order.

    Args:
        pattern: The pattern.
        signals: Bound or not.
        keys: What the gateway is known to send.
        readers: The place of the signal that reads each key already.
    """
    known = {one.key: one for one in keys}
    alike: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for key in sorted(known):
        alike[taken_apart(key).parts].append(key)
    made = [_row(pattern, signal, known, alike, readers) for signal in signals]
    often = Counter(row.key for row in made if row.state in _BINDS)
    return tuple(
        Row(row.signal, row.key, State.TWICE) if row.state in _BINDS and often[row.key] > 1 else row for row in made
    )


_BINDS = (State.FITS, State.ALIKE, State.UNSENT)


def _row(
    pattern: Pattern,
    signal: WantedSignal,
    known: Mapping[str, OfferedKey],
    alike: Mapping[tuple[str, ...], Sequence[str]],
    readers: Mapping[str, str],
) -> Row:
    if signal.bound is not None:
        return Row(signal, signal.bound[1], State.BOUND)
    key, state = pattern.key_of(signal), State.FITS
    if key is None:
        return Row(signal, "", State.NO_NUMBER)
    if not 0 < len(key) <= LONGEST_KEY:
        return Row(signal, key[:LONGEST_KEY], State.TOO_LONG)
    if key not in known:
        same = alike.get(taken_apart(key).parts, ())
        if len(same) > 1:
            return Row(signal, key, State.AMBIGUOUS)
        key, state = (same[0], State.ALIKE) if same else (key, State.UNSENT)
    if readers.get(key, signal.place) != signal.place:
        return Row(signal, key, State.TAKEN)
    offered = known.get(key)
    unit = fit(signal.unit, signal.range, offered.seen, offered.guess).unit if offered else None
    return Row(signal, key, state, unit)
