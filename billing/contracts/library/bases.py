"""What in a twin a template would be about: the assets, and the names they share, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from billing.contracts.library.told import KnownAsset, Told

_ENERGY = frozenset({"J", "kJ", "MJ", "GJ", "W.h", "kW.h", "MW.h", "GW.h"})
_PIECES = "1"
_COLD = ("limit", "cold", "chill", "temperature")
_VOLUMES = ("m3", "t")
"""Units that come first where there is a choice."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a contract would be about.

    Attributes:
        assets: Their ids, in the order of the twin.
        of: The measure or the condition, None where none is named.
        unit: What it is counted in, as a contract writes it.
        per: The one that it is divided by.
    """

    assets: tuple[str, ...]
    of: str | None = None
    unit: str = ""
    per: str | None = None

    @property
    def counted(self) -> str:
        """The unit as people say it."""
        return "hour" if self.unit == "h" else self.unit


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a template does not fit a twin, and what would mend that."""

    message: str
    fix: str


Find = Callable[[Sequence[KnownAsset]], Basis | Misfit]
_Names = Callable[[Told], Iterator[tuple[str | None, str, str | None]]]


def with_states(assets: Sequence[KnownAsset]) -> Basis | Misfit:
    """Those of which it is told when they are up."""
    found = tuple(asset.id for asset in assets if asset.told.has_state)
    if found:
        return Basis(found)
    return Misfit(
        "No type of its assets says when it is up.", "Give a type the indicator “availability”, or a state “down”."
    )


def with_hours(assets: Sequence[KnownAsset]) -> Basis | Misfit:
    """Those whose hours are counted."""
    return _most(assets, _hours) or Misfit(
        "No type of its assets counts hours.", "Give a type an indicator such as “time running”."
    )


def with_volume(assets: Sequence[KnownAsset]) -> Basis | Misfit:
    """Those that count what they move."""
    return _most(assets, _volumes) or Misfit(
        "No type of its assets counts a volume or a mass.",
        "Give a type an indicator such as “increase of” its counter of cubic metres.",
    )


def with_pieces(assets: Sequence[KnownAsset]) -> Basis | Misfit:
    """Those that count pieces."""
    return _most(assets, _pieces) or Misfit(
        "No type of its assets counts good pieces.", "Give a type an indicator such as “increase of good_count”."
    )


def with_energy(assets: Sequence[KnownAsset]) -> Basis | Misfit:
    """Those that count the energy they take, and what they do with it."""
    return _most(assets, _energies) or Misfit(
        "No type of its assets counts both energy and what it is used for.",
        "Give a type an indicator “increase of” its energy counter, and one of its volume or its hours.",
    )


def with_limits(assets: Sequence[KnownAsset]) -> Basis | Misfit:
    """Those that tell the share of time in which something holds."""
    return _most(assets, _limits) or Misfit(
        "No type of its assets tells the share of time in which limits are kept.",
        "Give a type an indicator “share of time” with the condition that has to hold.",
    )


def written_unit(code: str) -> str:
    """The unit as a contract writes it: the UCUM code, and a word for what has none."""
    return "piece" if code == _PIECES else code


def _most(assets: Sequence[KnownAsset], names: _Names) -> Basis | None:
    """The basis that the most assets share; of several the one that was named first."""
    order: dict[tuple[str | None, str, str | None], list[str]] = {}
    for asset in assets:
        for found in names(asset.told):
            order.setdefault(found, []).append(asset.id)
    if not order:
        return None
    (of, unit, per), ids = max(order.items(), key=lambda item: len(item[1]))
    return Basis(tuple(ids), of, unit, per)


def _hours(told: Told) -> Iterator[tuple[str | None, str, str | None]]:
    if told.flies:
        yield None, "h", None
    yield from ((name, "h", None) for name in sorted(told.hours, key=lambda name: (name not in told.measures, name)))


def _volumes(told: Told) -> Iterator[tuple[str | None, str, str | None]]:
    for name in sorted(_amounts(told), key=lambda name: (_rank(told.measures[name]), name)):
        yield name, told.measures[name], None


def _pieces(told: Told) -> Iterator[tuple[str | None, str, str | None]]:
    yield from ((name, written_unit(unit), None) for name, unit in told.measures.items() if unit == _PIECES)


def _energies(told: Told) -> Iterator[tuple[str | None, str, str | None]]:
    uses = {name: told.measures[name] for name in told.measures if told.measures[name] not in _ENERGY}
    divisors = sorted(uses, key=lambda name: (uses[name] == "h", name)) + sorted(told.times)
    for name, unit in told.measures.items():
        if unit in _ENERGY:
            yield from ((name, f"{unit}/{written_unit(uses.get(per, 'h'))}", per) for per in divisors)


def _limits(told: Told) -> Iterator[tuple[str | None, str, str | None]]:
    shares = sorted(told.shares, key=lambda name: (not any(word in name for word in _COLD), name))
    yield from ((name, "", None) for name in shares)


def _amounts(told: Told) -> list[str]:
    """The measures that are neither hours nor energy nor pieces."""
    return [name for name, unit in told.measures.items() if unit not in {"h", _PIECES, *_ENERGY}]


def _rank(unit: str) -> int:
    return _VOLUMES.index(unit) if unit in _VOLUMES else len(_VOLUMES)
