"""Reader of the published run-to-failure files of turbofan engines (C-MAPSS), whose flights the gateway replays.

The files are those of Saxena and Goebel, *Turbofan Engine Degradation Simulation Data Set*, NASA Prognostics Data
Repository 2008: ``train_FD001.txt`` (engines that fly until they fail), ``test_FD001.txt`` (histories that end some
time before) and ``RUL_FD001.txt`` (the flights that each engine of the test set had left), and so on to ``FD004``;
each may be compressed (``.gz``). A line holds 26 numbers separated by spaces: unit, cycle, 3 settings, 21 sensors.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tenants.kernel.errors import OutturnError
from twins.gateways.schemas import SENSOR_KEYS, SETTING_KEYS, FlightHistory

COLUMNS = ("unit", "cycle", *SETTING_KEYS, *SENSOR_KEYS)
SUBSETS = ("FD001", "FD002", "FD003", "FD004")

_WHERE = (
    "NASA publishes the files in its Open Data Portal as 'C-MAPSS Aircraft Engine Simulator Data', and in the "
    "Prognostics Data Repository as 'Turbofan Engine Degradation Simulation'; put them into the folder."
)
_INTACT = "Nothing was read. Take the file as it was published; it may be compressed with gzip."


class CmapssFileError(OutturnError):
    """A published file is damaged; the error names the file, the line and the column."""

    code = "cmapss.broken_file"


class CmapssMissingError(OutturnError):
    """A published file is not in the folder."""

    code = "cmapss.missing_file"


def read_histories(folder: Path, subset: str) -> list[FlightHistory]:
    """The engines of a training set, each from its first flight to its failure, which is its last flight.

    Raises:
        CmapssMissingError: The file is not there.
        CmapssFileError: A line is broken.
    """
    return _engines(_named(folder, "train", subset))


def read_running(folder: Path, subset: str) -> list[tuple[FlightHistory, int]]:
    """The engines of a test set from their first flight on, each with the number of flights it had left.

    Raises:
        CmapssMissingError: One of the two files is not there.
        CmapssFileError: A line is broken, or the files speak of different numbers of engines.
    """
    engines = _engines(_named(folder, "test", subset))
    path = _named(folder, "RUL", subset)
    remaining = _remaining(path)
    if len(remaining) != len(engines):
        raise _broken(path, f"It has {len(remaining)} lines for the {len(engines)} engines of the test set.")
    return list(zip(engines, remaining, strict=True))


def _named(folder: Path, kind: str, subset: str) -> Path:
    if subset not in SUBSETS:
        fix = f"Give one of {', '.join(SUBSETS)}."
        raise CmapssMissingError(f"There is no published subset {subset!r}.", place="subset", fix=fix)
    plain = folder / f"{kind}_{subset}.txt"
    for path in (plain, plain.with_name(f"{plain.name}.gz")):
        if path.is_file():
            return path
    raise CmapssMissingError(f"{plain.name} (or {plain.name}.gz) is not in {folder}.", place=plain.name, fix=_WHERE)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The number of each line that is not blank, and its words."""
    try:
        with gzip.open(path, "rt", encoding="ascii") if path.suffix == ".gz" else path.open(encoding="ascii") as file:
            for number, line in enumerate(file, 1):
                if words := line.split():
                    yield number, words
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _broken(path, f"It cannot be read as text: {error}.") from error


def _remaining(path: Path) -> list[int]:
    remaining = []
    for number, words in _lines(path):
        if len(words) != 1 or not words[0].isdecimal():
            raise _broken(path, f"{' '.join(words)!r} is not a number of flights.", number, 1)
        remaining.append(int(words[0]))
    return remaining


def _engines(path: Path) -> list[FlightHistory]:
    rows: dict[int, list[list[float]]] = {}
    last = 0
    for number, words in _lines(path):
        values = _numbers(path, number, words)
        unit, cycle = (_count(path, number, column, values[column]) for column in (0, 1))
        if unit != last and unit in rows:
            raise _broken(path, f"Engine {unit} was told to the end before engine {last}.", number, 1)
        flown = rows.setdefault(unit, [])
        if cycle != len(flown) + 1:
            raise _broken(path, f"Flight {len(flown) + 1} of engine {unit} is due, and {cycle} is told.", number, 2)
        flown.append(values[2:])
        last = unit
    if not rows:
        raise _broken(path, "It is empty.")
    return [_history(unit, np.array(flown)) for unit, flown in rows.items()]


def _history(unit: int, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> FlightHistory:
    split = len(SETTING_KEYS)
    return FlightHistory(unit, np.arange(1, len(values) + 1, dtype=np.int64), values[:, :split], values[:, split:])


def _numbers(path: Path, number: int, words: list[str]) -> list[float]:
    if len(words) != len(COLUMNS):
        raise _broken(path, f"The line has {len(words)} columns where {len(COLUMNS)} are due.", number)
    values = []
    for column, word in enumerate(words, 1):
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise _broken(path, f"{word!r} ({COLUMNS[column - 1]}) is not a number.", number, column)
        values.append(value)
    return values


def _count(path: Path, number: int, column: int, value: float) -> int:
    if value < 1 or not value.is_integer():
        raise _broken(path, f"{value:g} ({COLUMNS[column]}) is not a number to count by.", number, column + 1)
    return int(value)


def _broken(path: Path, message: str, line: int = 0, column: int = 0) -> CmapssFileError:
    place = path.name + (f", line {line}" if line else "") + (f", column {column}" if column else "")
    return CmapssFileError(f"{place}: {message}", place=place, fix=_INTACT)
