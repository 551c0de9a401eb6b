"""What is computed at the site from the values of a key, so that fast signals need not be sent as they are.

**Windows** tumble: window ``k`` of length ``w`` holds the values with instants in ``[k w, (k + 1) w)``, counted from
1970. Its results bear the instant of its end. It is closed by the first value after it, or when none has come for as
long as a window lasts and two seconds more; what comes for it later, or is dated more than a day ahead, is counted and
not computed with.

**Statistics** of the values ``x_1 .. x_N``: count, min, max, mean ``m``, std ``sqrt(sum (x_n - m)^2 / N)``, rms
``sqrt(sum x_n^2 / N)``.

**Bands** of frequencies: with ``X_k`` the discrete Fourier transform of the window and ``f`` the rate,

    P_k = c_k |X_k|^2 / N^2,   c_k = 1 for k = 0 and k = N / 2, else 2,   k = 0 .. N / 2

is the part of the mean square at the frequency ``k f / N``, and a band's energy the sum of those in ``[low, high)``, in
the square of the value's unit. By Parseval's theorem all parts together are ``rms^2``. The values must come evenly: a
window with a step that differs from ``1 / f`` by half of it or more gives no bands, and is counted.

**Thresholds** become 1 at the first value at the limit or beyond, and 0 at the first value that is back beyond the
limit by more than the hysteresis; each change is told at the instant of its value, and so is the first state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twins.gateways.edge.configuration import Band, Feature, Statistic, Threshold
from twins.gateways.field.samples import Sample, SampleQuality
from twins.gateways.field.troubles import now_us

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
GRACE_S = 2.0
_AHEAD_US = 86_400_000_000
_FEWEST = 4
"""Values that bands need."""
_STATISTICS: dict[Statistic, Callable[[Floats], float]] = {
    Statistic.COUNT: lambda x: float(x.size),
    Statistic.MIN: lambda x: float(x.min()),
    Statistic.MAX: lambda x: float(x.max()),
    Statistic.MEAN: lambda x: float(x.mean()),
    Statistic.STD: lambda x: float(x.std()),
    Statistic.RMS: lambda x: float(np.sqrt(np.mean(np.square(x)))),
}


def band_energies(values: Floats, rate_hz: float, bands: Sequence[Band]) -> list[float]:
    """The energies of bands, in the square of the values' unit; see the formula above."""
    count = values.size
    power = np.square(np.abs(np.fft.rfft(values))) / count**2
    power[1 : (count + 1) // 2] *= 2
    frequency = np.arange(power.size) * (rate_hz / count)
    return [float(power[(frequency >= band.low_hz) & (frequency < band.high_hz)].sum()) for band in bands]


def even_rate(at: Ints, rate_hz: float | None) -> float | None:
    """The rate of instants in microseconds that come evenly, at `rate_hz` if it is given; None if they do not."""
    if at.size < _FEWEST or at[-1] <= at[0]:
        return None
    step = (at[-1] - at[0]) / (at.size - 1) if rate_hz is None else 1e6 / rate_hz
    if (np.abs(np.diff(at) - step) >= step / 2).any():
        return None
    return float(1e6 / step)


def crossings(values: Floats, threshold: Threshold, state: int) -> tuple[Ints, Ints]:
    """The places at which a threshold changes its state, and what it becomes.

    Args:
        values: In order of time.
        threshold: Which.
        state: 1, 0, or -1 for not known yet.
    """
    sign = 1.0 if threshold.side == "above" else -1.0
    beyond, back = (
        sign * values >= sign * threshold.limit,
        sign * values < sign * threshold.limit - threshold.hysteresis,
    )
    if state < 0 and values.size and not beyond[0]:
        back[0] = True  # between the limit and its hysteresis: it was not crossed
    said = np.where(beyond, 1, np.where(back, 0, -1))
    last = np.maximum.accumulate(np.where(said >= 0, np.arange(1, values.size + 1), 0))
    states = np.concatenate([[state], said])[last]
    states[last == 0] = state
    places = np.flatnonzero(np.diff(states, prepend=state))
    return places, states[places]


class FeatureWindow:
    """One feature at work.

    Args:
        feature: Which.
    """

    def __init__(self, feature: Feature) -> None:
        self.feature = feature
        self.late = 0
        """Values that came after their window was closed."""
        self.uneven = 0
        """Windows without bands because their values did not come evenly."""
        self._length = round(feature.window_s * 1e6)
        self._open = self._first = -(1 << 62)  # the window that is open, and the first one that may still be
        self._parts: list[tuple[Ints, Floats]] = []
        self._doubtful = False
        self._states = [-1] * len(feature.thresholds)
        self._heard = 0.0

    def add(self, at: Ints, value: Floats, *, doubtful: bool = False) -> list[Sample]:
        """Take values in order of time; the results of windows that they close.

        Args:
            at: Microseconds since 1970.
            value: As many.
            doubtful: Whether the device is not sure of them: what is computed is uncertain then.
        """
        found = self._crossed(at, value, doubtful=doubtful)
        if not (self.feature.statistics or self.feature.bands):
            return found
        number, at, value = self._in_time(at, value)
        starts = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))
        for start, end in pairwise([*starts.tolist(), number.size]):
            if number[start] != self._open:
                found += self._close()
                self._open = self._first = int(number[start])
            self._parts.append((at[start:end], value[start:end]))
            self._doubtful = self._doubtful or doubtful
        return found

    def _in_time(self, at: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
        """Windows, instants and values without what comes after its window was closed, or a day before its time.

        When nothing else has come for as long as it takes to close a window, the device's clock was set back.
        """
        now = time.monotonic()
        sound = at < now_us() + _AHEAD_US
        number = at // self._length
        kept = sound & (number >= self._first)
        if sound.any() and not kept.any() and now - self._heard > self.feature.window_s + GRACE_S:
            kept = sound
        if kept.any():
            self._heard = now
        self.late += int(at.size - kept.sum())
        return number[kept], at[kept], value[kept]

    def idle(self, now: float) -> list[Sample]:
        """Close the window when nothing has come for it for long; `now` is of the monotonic clock."""
        if not self._parts or now - self._heard <= self.feature.window_s + GRACE_S:
            return []
        self._first = self._open + 1
        return self._close()

    def cut(self) -> list[Sample]:
        """Close the window early, because the agent stops: its results bear the instant of its last value."""
        return self._close(cut=True)

    def _close(self, *, cut: bool = False) -> list[Sample]:
        if not self._parts:
            return []
        at, value = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        quality = SampleQuality.UNCERTAIN if self._doubtful else SampleQuality.GOOD
        when = int(at[-1]) if cut else (self._open + 1) * self._length
        self._parts, self._doubtful = [], False
        return [Sample(key, when, result, quality) for key, result in self._results(at, value)]

    def _results(self, at: Ints, value: Floats) -> Iterable[tuple[str, float]]:
        feature = self.feature
        for statistic in feature.statistics:
            yield feature.key_of(statistic), _STATISTICS[statistic](value)
        if feature.bands:
            rate = even_rate(at, feature.rate_hz)
            if rate is None:
                self.uneven += 1
                return
            energies = band_energies(value, rate, feature.bands)
            yield from zip(map(feature.key_of, feature.bands), energies, strict=True)

    def _crossed(self, at: Ints, value: Floats, *, doubtful: bool) -> list[Sample]:
        found: list[Sample] = []
        quality = SampleQuality.UNCERTAIN if doubtful else SampleQuality.GOOD
        for number, threshold in enumerate(self.feature.thresholds):
            places, states = crossings(value, threshold, self._states[number])
            if places.size:
                self._states[number] = int(states[-1])
                key = self.feature.key_of(threshold)
                found += [
                    Sample(key, when, float(state), quality)
                    for when, state in zip(at[places].tolist(), states.tolist(), strict=True)
                ]
        return found


class FeatureSet:
    """All features of a configuration.

    Args:
        features: Which.
        former: The set before it, from which features that stay the same go on.
    """

    def __init__(self, features: Iterable[Feature], former: FeatureSet | None = None) -> None:
        kept = {window.feature: window for window in former.windows} if former else {}
        self.windows: list[FeatureWindow] = [
            kept.pop(feature) if feature in kept else FeatureWindow(feature) for feature in features
        ]
        self.ended = list(kept.values())
        """Those of the former set that are not in this one."""
        self._by_key: dict[str, list[FeatureWindow]] = {}
        for window in self.windows:
            self._by_key.setdefault(window.feature.key, []).append(window)

    @property
    def keys(self) -> frozenset[str]:
        """The keys that something is computed from."""
        return frozenset(self._by_key)

    def add(self, samples: Sequence[Sample]) -> list[Sample]:
        """Take samples; what they give. Those that the device calls bad are not computed with."""
        if not self._by_key:
            return []
        grouped: dict[str, list[Sample]] = {}
        for sample in samples:
            if sample.key in self._by_key and sample.quality is not SampleQuality.BAD:
                grouped.setdefault(sample.key, []).append(sample)
        found: list[Sample] = []
        for key, group in grouped.items():
            at = np.fromiter((sample.at for sample in group), np.int64, len(group))
            value = np.fromiter((sample.value for sample in group), np.float64, len(group))
            order = np.argsort(at, kind="stable")
            doubtful = any(sample.quality is not SampleQuality.GOOD for sample in group)
            for window in self._by_key[key]:
                found += window.add(at[order], value[order], doubtful=doubtful)
        return found

    def idle(self) -> list[Sample]:
        """Close the windows for which nothing comes any more."""
        now = time.monotonic()
        return [sample for window in self.windows for sample in window.idle(now)]

    def cut(self) -> list[Sample]:
        """Close all windows."""
        return [sample for window in self.windows for sample in window.cut()]
