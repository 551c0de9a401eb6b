from __future__ import annotations

from fractions import Fraction

from billing.outcomes.domain.counters import Volume, measure_volume
from billing.outcomes.domain.document import CounterReading


def reading(name: str, at: int, value: float, received: int = 0) -> CounterReading:
    return CounterReading(name, at, Fraction(value).as_integer_ratio(), received)


def volume(*readings: CounterReading) -> Volume:
    return measure_volume(readings, (100, 200))


def test_the_first_reading_is_only_a_base() -> None:
    found = volume(reading("a", 100, 1000), reading("b", 150, 1040))
    assert found.total == 40
    assert found.base == reading("a", 100, 1000)
    assert found.increases == (("b", 150, "1040", "40", False),)
    assert volume(reading("a", 150, 1000)) == Volume(Fraction(0), reading("a", 150, 1000), ())
    assert volume() == Volume(Fraction(0), None, ())


def test_a_drop_is_a_reset_and_counts_from_zero() -> None:
    found = volume(reading("a", 100, 900), reading("b", 120, 30), reading("c", 140, 50))
    assert [(int(one.increase), one.reset) for one in found.increases] == [(30, True), (20, False)]


def test_values_of_any_number_of_digits_add_up_exactly() -> None:
    readings = [
        CounterReading(str(at), at, Fraction(value).as_integer_ratio(), 0)
        for at, value in ((100, "0.1"), (120, "0.25"), (140, "1/3"), (160, "0.2"), (180, "7"))
    ]
    found = measure_volume(readings, (100, 200))
    assert [one.increase for one in found.increases] == ["3/20", "1/12", "1/5", "34/5"]
    assert [one.value for one in found.increases] == ["1/4", "1/3", "1/5", "7"]
    assert found.total == Fraction("0.15") + Fraction(1, 12) + 7


def test_zeros_after_the_point_change_nothing() -> None:
    readings = [
        CounterReading(str(at), at, ratio, 0) for at, ratio in ((100, (1250, 100)), (120, (13, 1)), (140, (130, 10)))
    ]
    found = measure_volume(readings, (100, 200))
    assert found.total == Fraction(1, 2)
    assert [(one.value, one.increase) for one in found.increases] == [("13", "1/2"), ("13", "0")]


def test_a_meter_that_is_exchanged_ends_before_the_next_begins() -> None:
    """Of one instant the reading received first comes first, whatever they say."""
    found = volume(
        reading("d", 160, 10), reading("b", 120, 0, received=4), reading("c", 120, 100, received=3),
        reading("a", 100, 90),
    )  # fmt: skip
    assert [(one.id, int(one.increase), one.reset) for one in found.increases] == [
        ("c", 10, False), ("b", 0, True), ("d", 10, False),
    ]  # fmt: skip
    assert found.total == 20


def test_no_change_is_no_reset() -> None:
    assert volume(reading("a", 100, 900), reading("b", 120, 900)).total == 0


def test_the_same_id_is_one_reading_as_received_last() -> None:
    found = volume(reading("a", 100, 0), reading("b", 120, 10, received=5), reading("b", 130, 25, received=3))
    assert found.total == 10
    assert found.increases[0].at == 120


def test_readings_at_the_same_moment_rise() -> None:
    assert volume(reading("a", 100, 0), reading("z", 120, 10), reading("b", 120, 30)).total == 30


def test_an_increase_belongs_to_the_period_in_which_it_ends() -> None:
    readings = [reading(str(at), at, at) for at in (50, 100, 130, 200, 230)]
    assert volume(*readings).total == 100
    assert volume(*readings).base == readings[1]
    assert volume(reading("a", 50, 0), reading("b", 130, 80), reading("c", 230, 200)).total == 80


def test_consecutive_periods_count_everything_once() -> None:
    readings = [reading(str(at), at, at * at % 97) for at in range(0, 300, 7)]
    parts = [measure_volume(readings, span).total for span in ((0, 100), (100, 203), (203, 300))]
    assert sum(parts) == measure_volume(readings, (0, 300)).total
