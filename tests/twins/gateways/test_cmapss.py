from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twins.gateways.cmapss import COLUMNS, CmapssFileError, CmapssMissingError, read_histories, read_running

REST = " ".join(str(column) for column in range(3, 27))


def line(unit: int, cycle: int) -> str:
    """A line as NASA prints it, whose values are the numbers of their columns."""
    return f"{unit} {cycle} {REST}  \n"


GOOD = line(1, 1) + line(1, 2) + line(2, 1)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def written(name: str, content: str) -> Path:
        (tmp_path / name).write_text(content)
        return tmp_path

    return written


def test_engines_are_read_in_order(write: Callable[[str, str], Path]) -> None:
    first, second = read_histories(write("train_FD001.txt", GOOD), "FD001")
    assert (first.unit, first.cycles.tolist()) == (1, [1, 2])
    assert (second.unit, second.cycles.tolist()) == (2, [1])
    assert first.settings.tolist() == [[3.0, 4.0, 5.0]] * 2
    assert first.sensors.tolist() == [list(range(6, 27))] * 2


def test_columns_are_called_as_the_catalogue_calls_them() -> None:
    assert COLUMNS[:7] == ("unit", "cycle", "altitude", "mach", "tra", "t2", "t24")
    assert COLUMNS[14:16] == ("epr", "ps30")
    assert COLUMNS[-1] == "w32"
    assert len(COLUMNS) == 26


def test_running_engines_come_with_the_flights_they_had_left(write: Callable[[str, str], Path]) -> None:
    folder = write("test_FD002.txt", GOOD)
    write("RUL_FD002.txt", "112 \n98 \n\n")
    assert [(engine.unit, left) for engine, left in read_running(folder, "FD002")] == [(1, 112), (2, 98)]


def test_files_may_be_compressed(tmp_path: Path) -> None:
    (tmp_path / "train_FD003.txt.gz").write_bytes(gzip.compress(GOOD.encode()))
    assert [engine.unit for engine in read_histories(tmp_path, "FD003")] == [1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "train_FD001.txt: It is empty."),
        (line(1, 1) + "1 2 3\n", "train_FD001.txt, line 2: The line has 3 columns where 26 are due."),
        (line(1, 1).replace(" 7 ", " x "), "train_FD001.txt, line 1, column 7: 'x' (t24) is not a number."),
        (line(1, 1).replace(" 26 ", " nan "), "train_FD001.txt, line 1, column 26: 'nan' (w32) is not a number."),
        (line(1, 1).replace("1 1 ", "1.5 1 ", 1), "train_FD001.txt, line 1, column 1: 1.5 (unit) is not a number to"),
        (line(0, 1), "train_FD001.txt, line 1, column 1: 0 (unit) is not a number to count by."),
        (line(1, 1) + line(1, 3), "train_FD001.txt, line 2, column 2: Flight 2 of engine 1 is due, and 3 is told."),
        (line(1, 2), "train_FD001.txt, line 1, column 2: Flight 1 of engine 1 is due, and 2 is told."),
        (GOOD + line(1, 3), "train_FD001.txt, line 4, column 1: Engine 1 was told to the end before engine 2."),
        (GOOD + "\xe9\n", "train_FD001.txt: It cannot be read as text"),
    ],
)
def test_a_broken_line_is_named(write: Callable[[str, str], Path], content: str, message: str) -> None:
    with pytest.raises(CmapssFileError) as caught:
        read_histories(write("train_FD001.txt", content), "FD001")
    assert caught.value.message.startswith(message)
    assert caught.value.message.startswith(caught.value.place)
    assert caught.value.fix


def test_a_torn_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "train_FD001.txt.gz").write_bytes(gzip.compress(GOOD.encode())[:-12])
    with pytest.raises(CmapssFileError, match=r"train_FD001.txt.gz: It cannot be read as text"):
        read_histories(tmp_path, "FD001")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("112\n9.5\n", "RUL_FD001.txt, line 2, column 1: '9.5' is not a number of flights."),
        ("112\n-3\n", "RUL_FD001.txt, line 2, column 1: '-3' is not a number of flights."),
        ("112 98\n", "RUL_FD001.txt, line 1, column 1: '112 98' is not a number of flights."),
        ("112\n", "RUL_FD001.txt: It has 1 lines for the 2 engines of the test set."),
    ],
)
def test_broken_remaining_flights_are_named(write: Callable[[str, str], Path], content: str, message: str) -> None:
    folder = write("test_FD001.txt", GOOD)
    write("RUL_FD001.txt", content)
    with pytest.raises(CmapssFileError) as caught:
        read_running(folder, "FD001")
    assert caught.value.message == message


def test_a_missing_file_says_where_it_is_published(tmp_path: Path) -> None:
    with pytest.raises(CmapssMissingError) as caught:
        read_histories(tmp_path, "FD004")
    assert caught.value.place == "train_FD004.txt"
    assert "C-MAPSS Aircraft Engine Simulator Data" in caught.value.fix
    assert "Turbofan Engine Degradation Simulation" in caught.value.fix


def test_an_unknown_subset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CmapssMissingError, match=r"There is no published subset '\.\./FD001'"):
        read_histories(tmp_path, "../FD001")


@pytest.mark.data
def test_the_published_files() -> None:
    folder = Path(os.environ["OUTTURN_DATA"]) / "data" / "cmapss"
    history, running = read_histories(folder, "FD001"), read_running(folder, "FD001")
    assert (len(history), sum(len(engine.cycles) for engine in history)) == (100, 20631)
    assert (len(running), sum(len(engine.cycles) for engine, _ in running)) == (100, 13096)
    assert history[0].sensors[0, [1, 10]].tolist() == [641.82, 47.47]
    assert np.mean([left for _, left in running]) == 75.52
