from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from analytics.health.schemas import Driver, HealthError, RulConfig, UnitHistory


@pytest.mark.parametrize(
    ("cycles", "values", "message"),
    [
        ([], np.empty((0, 2)), "Unit 7 has 0 cycles and values of the shape (0, 2)."),
        ([1, 2], np.zeros((2, 1)), "Unit 7 has 2 cycles and values of the shape (2, 1)."),
        ([0, 1], np.zeros((2, 2)), "The cycles of unit 7 do not rise."),
        ([2, 2], np.zeros((2, 2)), "The cycles of unit 7 do not rise."),
        ([1, 2], np.full((2, 2), np.inf), "A value of unit 7 is infinite."),
    ],
)
def test_a_history_must_make_sense(cycles: list[int], values: np.ndarray, message: str) -> None:
    with pytest.raises(HealthError) as caught:
        UnitHistory("7", ("t24", "t30"), np.array(cycles, dtype=np.int64), values)
    assert caught.value.message == message
    assert caught.value.place == "7"
    assert caught.value.fix


@pytest.mark.parametrize(
    "changed",
    [
        {"signals": ()},
        {"signals": ("t24", "t24")},
        {"settings": ("t24",)},
        {"signals": ("cycles",)},
        {"cap": 0},
        {"cap": float("inf")},
        {"coverage": 1.0},
        {"folds": 1},
        {"stride": 0},
        {"depth": 3},
    ],
)
def test_a_configuration_must_make_sense(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RulConfig.model_validate({"signals": ("t24",), **changed})


@pytest.mark.parametrize(
    ("driver", "text"),
    [
        (
            Driver("ps30", -14.24, "shortens", "mean of the last 20 cycles", 1.96),
            "ps30 shortens it by 14.2 cycles: its mean of the last 20 cycles is 2.0 standard deviations above USUAL",
        ),
        (
            Driver("phi", 3.0, "lengthens", "trend since the first cycle", -0.5),
            "phi lengthens it by 3.0 cycles: its trend since the first cycle is 0.5 standard deviations below USUAL",
        ),
        (
            Driver("phi", 3.0, "lengthens", "trend since the first cycle", None),
            "phi lengthens it by 3.0 cycles: its trend since the first cycle is unknown",
        ),
    ],
)
def test_a_driver_says_what_it_shows(driver: Driver, text: str) -> None:
    assert driver.text == text.replace("USUAL", "what is usual in the training set")
