"""Which key goes with which signal: by the words of their names, by the asset that a key names, by unit and range."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twins.gateways.keys.domain.names import Name, taken_apart
from twins.gateways.keys.domain.offers import Candidate, OfferedKey, Suggestion, WantedSignal
from twins.gateways.keys.domain.units import Fit, fit
from twins.gateways.keys.domain.vocabulary import OPPOSITES, QUALIFIERS, QUANTITIES

Floats: TypeAlias = NDArray[np.float64]

GOOD = 0.6
"""From this score on a key that no other comes near is offered as the right one."""
_MARGIN = 0.05
"""How much better than every other a good one is."""
_LEAST = 0.3
"""What scores less is not offered."""
_WEIGHTS = {"name": 0.55, "asset": 0.35, "fit": 0.10}
_UNNAMED = 0.3
"""What a key has of the score for its asset when it names none at all."""
_ELSEWHERE = -0.4
"""The same when it has a number, and none of the asset's."""
_MOST_OFFERED = 3


class _Kind(NamedTuple):
    """What signals of one type have in common: it is compared with the keys once, however many assets there are."""

    type_key: str
    signal: str
    names: tuple[str, ...]
    unit: str
    range: tuple[float, float] | None


def suggest(signals: Sequence[WantedSignal], keys: Iterable[OfferedKey]) -> tuple[Suggestion, ...]:
    """The keys that fit each signal, best first, and which of them it should have when every key is given once.

    The answer is the same for the same signals and keys, in whatever order the keys come.

    Args:
        signals: That nothing is read for.
        keys: That nothing reads.
    """
    offered = sorted(keys, key=lambda one: (one.key, one.gateway))
    if not offered or not signals:
        return tuple(Suggestion(signal) for signal in signals)
    names = [taken_apart(one.key) for one in offered]
    assets = _by_asset(signals, names)
    own = frozenset(word for name in {signal.asset_name for signal in signals} for word in taken_apart(name).meanings)
    kinds: dict[_Kind, tuple[Floats, list[Fit]]] = {}
    scores = np.zeros((len(signals), len(offered)))
    for row, signal in enumerate(signals):
        kind = _Kind(signal.type_key, signal.signal, signal.names, signal.unit, signal.range)
        if kind not in kinds:
            kinds[kind] = _of_kind(kind, offered, names, own - QUANTITIES - QUALIFIERS)
        likeness, _ = kinds[kind]
        whole = likeness + _WEIGHTS["asset"] * assets[signal.asset]
        scores[row] = np.where(likeness > 0, np.clip(whole, 0.0, 1.0), 0.0).round(4)
    taken = _given_once(scores)
    found = []
    for row, signal in enumerate(signals):
        kind = _Kind(signal.type_key, signal.signal, signal.names, signal.unit, signal.range)
        found.append(_suggestion(signal, scores[row], offered, kinds[kind][1], taken.get(row)))
    return tuple(found)


def _suggestion(
    signal: WantedSignal,
    scores: Floats,
    keys: Sequence[OfferedKey],
    fits: Sequence[Fit],
    taken: tuple[int, bool] | None,
) -> Suggestion:
    def candidate(place: int) -> Candidate:
        return Candidate(keys[place], float(scores[place]), fits[place].unit, fits[place].in_range)

    best = [place for place in np.argsort(-scores, kind="stable")[:_MOST_OFFERED].tolist() if scores[place] >= _LEAST]
    if taken is None:
        return Suggestion(signal, tuple(map(candidate, best)))
    place, is_good = taken
    offered = [*best, *([place] if place not in best else [])]
    # What lies outside the range in every unit may be raw, and a person should look.
    is_good = is_good and fits[place].in_range is not False and not fits[place].clashes
    return Suggestion(signal, tuple(map(candidate, offered)), candidate(place), is_good)


def _of_kind(
    kind: _Kind, keys: Sequence[OfferedKey], names: Sequence[Name], own: frozenset[str]
) -> tuple[Floats, list[Fit]]:
    """Of every key, what its name and its values are worth for a kind of signal; nothing where it measures another.

    Words of assets' names say nothing of a signal: in ``own`` are those that are left out.
    """
    alternatives = [taken_apart(text) for text in (kind.signal, *kind.names)]
    worth, fits = np.zeros(len(keys)), []
    for place, (key, name) in enumerate(zip(keys, names, strict=True)):
        likeness = max(name_likeness(one, name, own) for one in alternatives)
        found = fit(kind.unit, kind.range, key.seen, key.guess) if likeness > 0 else Fit()
        fits.append(found)
        if likeness > 0:
            share = {None: 0.0, True: 1.0, False: -1.0}[found.in_range]
            whole = _WEIGHTS["name"] * likeness + _WEIGHTS["fit"] * share
            worth[place] = max(whole * (0.3 if found.clashes else 1.0), 1e-6)
    return worth, fits


def name_likeness(signal: Name, key: Name, own: frozenset[str] = frozenset()) -> float:
    """How much of a signal's name a key says, from 0 to 1; words in ``own`` are those of assets."""
    wanted, given = signal.meanings, key.meanings - own
    if key.contains(signal):
        share = 1.0
    elif wanted & QUANTITIES and given & QUANTITIES and not wanted & given & QUANTITIES:
        return 0.0
    else:
        whole = sum(_weight(one) for one in wanted)
        said = sum(_weight(one) * _says(given, one) for one in wanted)
        share = 0.95 * said / whole if whole else 0.0
    if not share:
        return 0.0
    foreign = len((key.qualifiers - signal.qualifiers) - set(signal.parts))
    contrary = sum((a in wanted and b in given - wanted) or (b in wanted and a in given - wanted) for a, b in OPPOSITES)
    return max(0.0, share - 0.12 * min(foreign, 3) - 0.5 * contrary)


def _weight(meaning: str) -> float:
    return 2.0 if meaning in QUANTITIES else 1.0


def _says(given: frozenset[str], wanted: str) -> float:
    """Whether a meaning is among others, as it is or cut short."""
    if wanted in given:
        return 1.0
    return 0.8 if any(len(one) >= 3 and wanted.startswith(one) for one in given) else 0.0


def asset_likeness(asset: Name, key: Name) -> float:
    """Whether a key names an asset: 1 when it does in full, less than nothing when it names another one."""
    if key.contains(asset):
        return 1.0
    if _names_another(asset, key):
        return _ELSEWHERE
    words = {part for part in asset.parts if not part.isdigit()}
    shared = len(words & set(key.parts)) / len(words) if words else 0.0
    if asset.numbers or asset.vague:
        numbers = asset.numbers | asset.vague
        if numbers <= key.numbers:
            return 0.85
        if numbers <= key.numbers | key.vague and (numbers & key.numbers or not key.numbers):
            return 0.4
        return _ELSEWHERE if key.numbers else _UNNAMED * (1 + shared)
    return max(shared * 0.8, _UNNAMED)


def _names_another(asset: Name, key: Name) -> bool:
    """Whether a key has a word of the asset before a number, and never the asset's."""
    return bool(asset.numbered & key.numbered) and not asset.pairs & key.pairs


def _by_asset(signals: Sequence[WantedSignal], names: Sequence[Name]) -> Mapping[str, Floats]:
    """Of every asset, how much each key names it."""
    wanted = {signal.asset: signal.asset_name for signal in signals}
    return {
        asset: np.array([asset_likeness(taken_apart(name), key) for key in names]) for asset, name in wanted.items()
    }


def _given_once(scores: Floats) -> dict[int, tuple[int, bool]]:
    """For each row a column of its own, the highest scores first, and whether no other free one comes near it."""
    rows, columns = np.nonzero(scores >= _LEAST)
    order = np.lexsort((columns, rows, -scores[rows, columns]))
    pairs = list(zip(rows[order].tolist(), columns[order].tolist(), scores[rows, columns][order].tolist(), strict=True))
    by_row: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    by_column: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for row, column, score in pairs:
        by_row[row].append((column, score))
        by_column[column].append((row, score))
    given: dict[int, tuple[int, bool]] = {}
    gone: set[int] = set()
    for row, column, score in pairs:
        if row in given or column in gone:
            continue
        rival_columns = next((other for one, other in by_row[row] if one != column and one not in gone), 0.0)
        rival_rows = next((other for one, other in by_column[column] if one != row and one not in given), 0.0)
        given[row] = column, score >= GOOD and score - max(rival_columns, rival_rows) >= _MARGIN
        gone.add(column)
    return given
