"""Simulated engines that fly until they fail, for trying the product without an engine.

Damage follows the model of Saxena, Goebel, Simon and Eklund, *Damage propagation modeling for aircraft engine
run-to-failure simulation*, PHM 2008. The high-pressure compressor loses efficiency ``e`` and flow ``f``:

    e(t) = 1 - d_e - exp(a_e(t) * t**b_e(t))        f(t) = 1 - d_f - exp(a_f(t) * t**b_f(t))

in which ``t`` is the flight, ``d`` the initial wear, and the exponential is measured from where it starts and as a
share of the wear that uses the margin up, ``(exp(...) - 1) / WEAR_AT_FAILURE``. The health of the engine is the smaller
margin, ``H(t) = min(e(t), f(t))``; the first flight with ``H <= 0`` is its last, and the last of its history.

Initial wear is uniform up to 3 % of the margin. ``b`` is uniform from 1.4 to 1.6 and ``a`` such that the margin without
initial wear lasts a life that is drawn from a log-normal distribution with the median of 210 flights, cut to 125..345;
one of the two margins, by chance, lasts up to 40 % longer. From flight to flight ``a`` and ``b`` vary a little about
their means, for what is not modelled, such as washing between flights.

The sensors answer linearly around sea-level operation at full throttle:

    sensor = mean + of_efficiency * (1 - e) + of_flow * (1 - f) + engine + noise

with a normal deviation of each engine, normal noise in each flight, and the decimals of the published files. The
figures in ``_RESPONSES`` are round ones of our own, of the size and direction that an engine shows at sea level; they
are not fitted to any history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tenants.kernel.errors import OutturnError
from twins.gateways.schemas import SENSOR_KEYS, FlightHistory

Floats = NDArray[np.float64]

WEAR_AT_FAILURE = 20.0
LONGEST_HISTORY = 360
"""By this flight every engine has failed, even one that was drawn to last longest and varied for the better."""


class _Response(NamedTuple):
    """How one sensor answers, in its own unit; all but the first three figures are about chance and print."""

    mean: float
    of_efficiency: float = 0.0
    of_flow: float = 0.0
    engine: float = 0.0
    noise: float = 0.0
    decimals: int = 2


_RESPONSES = {
    "t2": _Response(518.67),
    "t24": _Response(642.2, 0.9, 0.6, 0.1, 0.3),
    "t30": _Response(1586.0, 10.0, 7.0, 1.5, 4.0),
    "t50": _Response(1401.0, 20.0, 10.0, 2.0, 4.0),
    "p2": _Response(14.62),
    "p15": _Response(21.61),
    "p30": _Response(554.0, -1.2, -1.6, 0.2, 0.4),
    "nf": _Response(2388.05, 0.11, 0.09, 0.02, 0.03),
    "nc": _Response(9050.0, 100.0, -40.0, 4.0, 4.0),
    "epr": _Response(1.3),
    "ps30": _Response(47.3, 0.5, 0.4, 0.05, 0.1),
    "phi": _Response(522.0, -1.1, -1.3, 0.2, 0.3),
    "nrf": _Response(2388.05, 0.11, 0.09, 0.02, 0.03),
    "nrc": _Response(8135.0, 85.0, -45.0, 4.0, 3.0),
    "bpr": _Response(8.41, 0.06, 0.05, 0.006, 0.02, 4),
    "farb": _Response(0.03),
    "htbleed": _Response(392.0, 2.4, 2.0, 0.3, 1.0, 0),
    "nf_dmd": _Response(2388.0),
    "pcnfr_dmd": _Response(100.0),
    "w31": _Response(39.0, -0.3, -0.3, 0.03, 0.1),
    "w32": _Response(23.4, -0.18, -0.18, 0.02, 0.06, 4),
}
_SETTING_NOISE = np.array([0.002, 0.0003, 0.0])  # of altitude in 1000 ft, Mach number and throttle resolver angle
_SETTING_MEAN = np.array([0.0, 0.0, 100.0])


class SimulatedFleetError(OutturnError):
    """The fleet cannot be simulated as it is asked for."""

    code = "simulated.fleet"


def flights(seed: int, units: Iterable[int]) -> list[FlightHistory]:
    """The histories of engines from their first flight to their failure.

    An engine's history depends on the seed and its own number only, not on which others are asked for with it.

    Args:
        seed: Not negative; the same seed gives the same fleet.
        units: Numbers of the engines, counted from 1.

    Returns:
        One history an engine, in the order of ``units``, of about 120 to 350 flights.

    Raises:
        SimulatedFleetError: The seed or a number is out of range.
    """
    if seed < 0:
        raise SimulatedFleetError(f"The seed {seed} is negative.", place="seed", fix="Give 0 or a positive number.")
    return [_history(seed, unit) for unit in units]


def _history(seed: int, unit: int) -> FlightHistory:
    if unit < 1:
        raise SimulatedFleetError(f"There is no engine {unit}.", place="units", fix="Engines are counted from 1.")
    chance = np.random.default_rng([seed, unit])
    efficiency, flow = _margins(chance)
    failed = np.minimum(efficiency, flow) <= 0.0
    lost = 1.0 - np.stack([efficiency, flow])[:, : int(np.argmax(failed)) + 1]
    cycles = np.arange(1, lost.shape[1] + 1, dtype=np.int64)
    settings = _SETTING_MEAN + _SETTING_NOISE * _bounded_noise(chance, (cycles.size, 3))
    return FlightHistory(unit, cycles, settings.round(4), _sensors(chance, lost))


def _margins(chance: Generator) -> tuple[Floats, Floats]:
    """Efficiency and flow after each flight up to the longest history, as shares of their margins."""
    life = float(np.clip(210.0 * np.exp(0.27 * chance.standard_normal()), 125.0, 345.0))
    lives = np.array([life, life * chance.uniform(1.0, 1.4)])
    chance.shuffle(lives)
    first, second = (_margin(chance, float(lasting)) for lasting in lives)
    return first, second


def _margin(chance: Generator, lasting: float) -> Floats:
    """One margin after each flight, worn by chance so that it would last that many flights without initial wear."""
    flight = np.arange(1, LONGEST_HISTORY + 1, dtype=np.float64)
    initial, b = chance.uniform(0.0, 0.03), chance.uniform(1.4, 1.6)
    a = np.log1p(WEAR_AT_FAILURE) / lasting**b
    a_of_flight = a * (1.0 + 0.005 * _bounded_noise(chance, flight.shape))
    b_of_flight = b + 0.0005 * _bounded_noise(chance, flight.shape)
    worn: Floats = 1.0 - initial - np.expm1(a_of_flight * flight**b_of_flight) / WEAR_AT_FAILURE
    return worn


def _sensors(chance: Generator, lost: Floats) -> Floats:
    """The sensors of one engine, shape ``(n, 21)``, from its lost efficiency and flow, shape ``(2, n)``."""
    table = np.array([_RESPONSES[key] for key in SENSOR_KEYS])
    mean, of_lost, engine, noise, decimals = table[:, 0], table[:, 1:3], table[:, 3], table[:, 4], table[:, 5]
    base = mean + engine * _bounded_noise(chance, mean.shape)
    exact = base + (of_lost @ lost).T + noise * _bounded_noise(chance, (lost.shape[1], mean.size))
    return np.column_stack([exact[:, column].round(int(places)) for column, places in enumerate(decimals)])


def _bounded_noise(chance: Generator, shape: tuple[int, ...]) -> Floats:
    """Standard normal, cut at four standard deviations, so that no value is incredible."""
    return np.clip(chance.standard_normal(shape), -4.0, 4.0)
