from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deploy.benchmarks import Limits, data_below, keeps, named, names


def bench(*arguments: str) -> list[dict[str, Any]]:
    """The figures of each line of stdout."""
    out = StringIO()
    call_command("bench", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("figure", "limits", "kept"),
    [
        (11.5, {"at_most": 11.5}, True),
        (11.6, {"at_most": 11.5, "ambition": 12.0}, False),
        (0.9, {"at_least": 0.87, "at_most": 0.93}, True),
        (0.8, {"at_least": 0.87}, False),
        (None, {"at_least": 0.87}, False),
    ],
)
def test_targets(figure: float | None, limits: Limits, kept: bool) -> None:
    assert keeps({"figure": figure}, {"figure": limits}) is kept


def test_a_figure_that_is_not_there_keeps_nothing() -> None:
    assert not keeps({}, {"figure": {"at_most": 1.0}})


def test_every_benchmark_keeps_the_contract() -> None:
    assert "rul" in names()
    for name in names():
        benchmark = named(name)
        assert benchmark.DATA is None or not Path(benchmark.DATA).is_absolute()
        assert callable(benchmark.add_arguments)
        assert callable(benchmark.run)


def test_rul_measures_simulated_engines_when_no_data_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    (figures,) = bench("rul", "--toy", "--seeds", "1")
    assert figures["bench"] == "rul"
    assert figures["ok"] is True
    assert figures["targets"] == {}
    assert figures["protocol"] == "cap"
    assert figures["subset"] == "simulated"
    assert figures["engines"] == {"trained_on": 20, "predicted": 10}
    assert set(figures["spread"]) >= {"rmse", "score", "coverage90", "interval_width", "fit_s", "predict_per_s"}
    assert figures["spread"]["rmse"] == 0.0
    assert 0.0 < figures["rmse"] < 25.0
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "rul: Reading the engines"
    assert told[-1] == "rul: Seed 1 of 1: Trained"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rul", "--subset", "FD009"), "manage.py bench rul: argument --subset: invalid choice: 'FD009'"),
        (("rul", "--seeds", "0"), "manage.py bench rul: argument --seeds: '0' is not a positive number"),
        (("rul", "--seeds", "few"), "manage.py bench rul: argument --seeds: 'few' is not a positive number"),
        (("rul", "--data", "nowhere"), "bench rul: train_FD001.txt (or train_FD001.txt.gz) is not in nowhere. NASA"),
        (("all", "--subset", "FD001"), "manage.py bench all: unrecognized arguments: --subset FD001"),
    ],
)
def test_what_cannot_run_says_why_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        bench(*arguments)
    text = str(caught.value)
    assert text.startswith(message)
    assert caught.value.returncode == 1
    assert "\n" not in text


def test_all_looks_for_the_data_of_each_below_the_folder() -> None:
    assert data_below(Path("reference"), named("rul")) == Path("reference/data/cmapss")
    assert data_below(None, named("rul")) is None


@pytest.mark.data
def test_rul_on_the_published_engines() -> None:
    folder = Path(os.environ["OUTTURN_DATA"]) / "data" / "cmapss"
    (figures,) = bench("rul", "--subset", "FD001", "--seeds", "1", "--data", str(folder))
    assert figures["engines"] == {"trained_on": 100, "predicted": 100}
    assert figures["rmse"] <= 11.5
    assert figures["score"] <= 200.0
    assert figures["interval_width"] < figures["gaussian_width"]
    assert 0.85 <= figures["coverage90"] <= 0.95
