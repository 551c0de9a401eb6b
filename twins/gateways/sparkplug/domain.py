"""The life of one edge node of Sparkplug B as a host sees it: births, data in sequence, doubts, and deaths.

A data message names metrics by the aliases of a birth, and its number says whether one before it is missing. One that
comes too early waits a moment for those before it. Where one stays missing, where an alias is unknown, or where data
come before a birth, the node is asked to be born anew, and what it sends meanwhile is held: with the new birth it is
known what it means. A node that is not born anew in time is believed as far as its last birth goes, and its values are
uncertain. Nothing that can be read is thrown away.

Instants in payloads are milliseconds since 1970; ``now`` is a clock that only goes forward, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from twins.gateways.sparkplug.wire import Metric, Payload

REORDER_SECONDS = 1.0
"""How long a message waits for one before it."""
HOLD_SECONDS = 10.0
"""How long messages wait for a birth."""
MOST_HELD = 2000
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 300.0
"""Between two requests to one node to be born anew; doubled each time until it is."""
_AHEAD = 128
BD_SEQ = "bdSeq"


@dataclass(frozen=True)
class Birth:
    """What a birth declared.

    Attributes:
        metrics: Of each its name, its alias or None, and its data type.
    """

    metrics: tuple[tuple[str, int | None, int], ...]

    @cached_property
    def names(self) -> Mapping[int, str]:
        """The name of each alias."""
        return {alias: name for name, alias, _ in self.metrics if alias is not None}

    @cached_property
    def kinds(self) -> Mapping[str, int]:
        """The data type of each name."""
        return {name: kind for name, _, kind in self.metrics}


def birth_of(payload: Payload) -> Birth:
    """What a payload declares."""
    return Birth(tuple((one.name, one.alias, one.kind) for one in payload.metrics if one.name))


@dataclass(frozen=True, slots=True)
class Note:
    """A message of a node.

    Attributes:
        kind: The word in its topic, such as ``NDATA``.
        device: Empty for the node itself.
    """

    kind: str
    device: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Data:
    """Values to keep.

    Attributes:
        birth: What aliases mean; None where nothing says it.
        former: What they meant before a birth that came after these values; None where that is no question.
        is_sure: Whether it is certain that nothing has changed since the birth.
    """

    device: str
    payload: Payload
    birth: Birth | None
    former: Birth | None = None
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Born:
    """A birth, to be remembered; its values come as `Data`."""

    device: str
    birth: Birth
    at: int | None


@dataclass(frozen=True, slots=True)
class Died:
    """The node, or one device of it, is gone: its values are stale from then on.

    Attributes:
        births: By device, what it had declared.
        at: When; None for now.
    """

    device: str
    births: Mapping[str, Birth]
    at: int | None


@dataclass(frozen=True, slots=True)
class Ask:
    """The node is to be asked to be born anew."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages of the sequence did not come."""


Effect = Data | Born | Died | Ask | Gap


@dataclass
class Node:
    """One edge node.

    Attributes:
        former: By device, the births of a time that this process does not remember.
    """

    former: dict[str, Birth] = field(default_factory=dict)
    _births: dict[str, Birth] = field(default_factory=dict)
    _is_alive: bool = False
    _is_sure: bool = False
    _bd_seq: int | None = None
    _born_at: int | None = None
    _next: int | None = None
    _ahead: dict[int, tuple[Note, float]] = field(default_factory=dict)
    _held: list[tuple[Note, float]] = field(default_factory=list)
    _asked_at: float | None = None
    _pause: float = FIRST_PAUSE_SECONDS
    _silent_from: float | None = None

    def receive(self, note: Note, *, now: float) -> list[Effect]:
        """What follows from a message."""
        self._silent_from = None
        if note.kind == "NBIRTH":
            return list(self._born(note, now))
        if note.kind == "NDEATH":
            return list(self._died(note))
        return list(self._in_sequence(note, now) if self._is_alive else self._hold(note, now))

    def _in_sequence(self, note: Note, now: float) -> Iterator[Effect]:
        seq = note.payload.seq
        distance = 0 if seq is None or self._next is None else (seq - self._next) % 256
        if distance == 0:
            yield from chain(self._in_turn(note, now), self._drained(now))
        elif self._is_from_before(note.payload):
            yield from self._earlier(note, self.former, now)
        elif distance < _AHEAD:
            self._ahead[seq or 0] = note, now
        elif note.kind not in ("DBIRTH", "DDEATH"):
            yield from self._data(note, now)

    def expect_birth(self, *, now: float) -> list[Effect]:
        """Ask a node that was there when this process began: one that says nothing has died meanwhile."""
        self._silent_from = now
        return list(self._ask(now))

    def tick(self, *, now: float) -> list[Effect]:
        """What follows from the time alone."""
        effects: list[Effect] = []
        if self._ahead and now - min(came_at for _, came_at in self._ahead.values()) >= REORDER_SECONDS:
            effects += self._gap(now)
        if self._held and (now - self._held[0][1] >= HOLD_SECONDS or len(self._held) > MOST_HELD):
            effects += self._settle(now)
        if self._silent_from is not None and now - self._silent_from >= 3 * HOLD_SECONDS:
            self._silent_from = None
            effects.append(Died("", {**self.former, **self._births}, None))
        return effects

    @property
    def wants_tick(self) -> bool:
        """Whether time alone may change something."""
        return bool(self._ahead or self._held or self._silent_from is not None)

    def _born(self, note: Note, now: float) -> Iterator[Effect]:
        birth, payload = birth_of(note.payload), note.payload
        before = {**self.former, **self._births}
        waiting = [one for one, _ in sorted(self._ahead.values(), key=lambda item: item[1])]
        waiting += [one for one, _ in self._held]
        self._ahead, self._held, self.former = {}, [], before
        self._births = {"": birth}
        self._bd_seq, self._born_at, self._next = _bd_seq(payload), payload.at, ((payload.seq or 0) + 1) % 256
        self._is_alive = self._is_sure = True
        self._asked_at, self._pause = None, FIRST_PAUSE_SECONDS
        yield Born("", birth, payload.at)
        later = [one for one in waiting if _is_after(one.payload, payload)]
        for one in waiting:
            if not _is_after(one.payload, payload):
                yield from self._earlier(one, before, now)
        yield Data("", payload, birth)
        for one in sorted(later, key=lambda one: ((one.payload.seq or 0) - (self._next or 0)) % 256):
            yield from self.receive(one, now=now)

    def _earlier(self, note: Note, before: Mapping[str, Birth], now: float) -> Iterator[Effect]:
        """What was sent before a birth. A device's own birth is still to come: its data wait for that."""
        if note.kind == "DBIRTH":
            yield Data(note.device, note.payload, birth_of(note.payload))
        elif note.kind in ("NDATA", "DDATA") and note.device in self._births:
            former = before.get(note.device)
            yield Data(note.device, note.payload, self._births[note.device], former, is_sure=former is not None)
        elif note.kind == "DDATA":
            self._held.append((note, now))

    def _is_from_before(self, payload: Payload) -> bool:
        return payload.at is not None and self._born_at is not None and payload.at < self._born_at

    def _died(self, note: Note) -> Iterator[Effect]:
        """A death counts when it is that of the birth we know: a will of an earlier session may come late."""
        bd_seq = _bd_seq(note.payload)
        if bd_seq is not None and self._bd_seq is not None and bd_seq != self._bd_seq:
            return
        yield from self._everything()
        yield Died("", {**self.former, **self._births}, None)
        self.former = {**self.former, **self._births}
        self._births, self._is_alive, self._is_sure = {}, False, False
        self._bd_seq = self._next = self._born_at = None
        self._asked_at, self._pause = None, FIRST_PAUSE_SECONDS

    def _in_turn(self, note: Note, now: float) -> Iterator[Effect]:
        if note.payload.seq is not None:
            self._next = (note.payload.seq + 1) % 256
        if note.kind == "DBIRTH":
            yield from self._device_born(note, now)
        elif note.kind == "DDEATH":
            known = self._births.pop(note.device, None)
            if known is not None:
                self.former[note.device] = known
                yield Died(note.device, {note.device: known}, note.payload.at)
        else:
            yield from self._data(note, now)

    def _device_born(self, note: Note, now: float) -> Iterator[Effect]:
        birth = self._births[note.device] = birth_of(note.payload)
        yield Born(note.device, birth, note.payload.at)
        own = [one for one, _ in self._held if one.device == note.device]
        self._held = [item for item in self._held if item[0].device != note.device]
        for one in own:
            former = self.former.get(note.device)
            if _is_after(one.payload, note.payload):
                yield from self._data(one, now)
            else:
                yield Data(note.device, one.payload, birth, former, is_sure=former is not None)
        yield Data(note.device, note.payload, birth)

    def _data(self, note: Note, now: float) -> Iterator[Effect]:
        birth = self._births.get(note.device)
        if not self._is_sure:
            yield Data(note.device, note.payload, birth or self.former.get(note.device), is_sure=False)
            yield from self._ask(now)
        elif birth is None or any(_is_unknown(one, birth) for one in note.payload.metrics):
            yield from self._hold(note, now)
        else:
            yield Data(note.device, note.payload, birth)

    def _drained(self, now: float) -> Iterator[Effect]:
        while self._next is not None and self._next in self._ahead:
            note, _ = self._ahead.pop(self._next)
            yield from self._in_turn(note, now)

    def _gap(self, now: float) -> Iterator[Effect]:
        """What was to come before them does not come: whether it was a birth nobody knows."""
        notes = [note for note, _ in self._ahead.values()]
        self._ahead = {}
        start = self._next or 0
        self._is_alive = False
        yield Gap()
        for note in sorted(notes, key=lambda one: ((one.payload.seq or 0) - start) % 256):
            yield from self._hold(note, now)

    def _hold(self, note: Note, now: float) -> Iterator[Effect]:
        self._held.append((note, now))
        yield from self._ask(now)

    def _settle(self, now: float) -> Iterator[Effect]:
        """No birth has come: what is held is believed as far as the last one goes, and so is what follows."""
        last = self._held[-1][0].payload.seq
        yield from self._everything()
        self._births = {**self.former, **self._births}
        self._is_alive = bool(self._births)
        self._is_sure = False
        self._next = None if last is None else (last + 1) % 256
        yield from self._ask(now)

    def _everything(self) -> Iterator[Effect]:
        """All that waits, as well as it can be read."""
        notes = [note for note, _ in (*self._held, *self._ahead.values())]
        self._held, self._ahead = [], {}
        for note in notes:
            if note.kind == "DBIRTH":
                birth = self._births[note.device] = birth_of(note.payload)
                yield Born(note.device, birth, note.payload.at)
                yield Data(note.device, note.payload, birth)
            elif note.kind == "DDEATH":
                known_births = {one: birth for one, birth in self._births.items() if one == note.device}
                yield Died(note.device, known_births, note.payload.at)
            else:
                known = self._births.get(note.device) or self.former.get(note.device)
                yield Data(note.device, note.payload, known, is_sure=False)

    def _ask(self, now: float) -> Iterator[Effect]:
        if self._asked_at is None or now - self._asked_at >= self._pause:
            if self._asked_at is not None:
                self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            self._asked_at = now
            yield Ask()


def _bd_seq(payload: Payload) -> int | None:
    found = next((one.value for one in payload.metrics if one.name == BD_SEQ), None)
    return int(found) if isinstance(found, int) else None


def _is_after(payload: Payload, birth: Payload) -> bool:
    """Whether a message that came before a birth was sent after it."""
    return payload.at is not None and birth.at is not None and payload.at >= birth.at


def _is_unknown(metric: Metric, birth: Birth) -> bool:
    return not metric.name and metric.alias not in birth.names
