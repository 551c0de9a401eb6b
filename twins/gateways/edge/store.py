"""Batches on disk until they are acknowledged, in order: SQLite in WAL mode, each change synced before it counts.

Measured against a log of segments with a crash-safe mark of what was sent, batches of 15 kB: the log stores 1,100 to
2,400 a second and SQLite 600 to 3,000, the log lets go of 4,400 and SQLite of 850. An agent needs a few, so what counts
is that a batch, the chain of seals and the counts of what was dropped change in one transaction.

A store is used by one thread. What the disk refuses raises `DiskError`; nothing of it is half done, and the store goes
on when there is room. What was acknowledged while the disk refuses to note it is not sent again by this process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tenants.kernel.errors import OutturnError
from twins.gateways.edge import bodies
from twins.gateways.edge.configuration import Policy, Storing
from twins.gateways.edge.signing import FIRST

RAW, FEATURES = 0, 1
"""Kinds of batches."""
_SPACING = 1 << 20
"""Between the positions of two batches: one that is too large is halved in its place."""
THINNEST = 12
"""What was thinned so often is dropped as a whole."""
_ASIDE_SHARE = 4
_PAGE = 1024
"""Small, so that what is thinned makes room."""
_COLUMNS = "position, name, kind, readings, closed_at, level, body"
_TABLES = f"""
PRAGMA page_size = {_PAGE};
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 4194304;
CREATE TABLE IF NOT EXISTS batch (
    position INTEGER PRIMARY KEY, name TEXT, kind INTEGER, readings INTEGER, closed_at INTEGER, level INTEGER, body BLOB
);
CREATE INDEX IF NOT EXISTS batch_level ON batch (kind, level, position, readings);
CREATE TABLE IF NOT EXISTS aside (
    position INTEGER PRIMARY KEY, name TEXT, readings INTEGER, at INTEGER, code TEXT, message TEXT, body BLOB
);
CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, value TEXT);
"""


class DiskError(OutturnError):
    """The disk takes nothing at present."""

    code = "edge.disk"
    status = 507


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings that are sent together.

    Attributes:
        name: Of no other batch.
        kind: `RAW` or `FEATURES`.
        readings: How many.
        closed_at: When it was made, in microseconds since 1970.
        body: As it is sent, packed.
        level: How often it was thinned.
        position: Its place in the order; 0 while it is not on disk.
    """

    name: str
    kind: int
    readings: int
    closed_at: int
    body: bytes
    level: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class Chain:
    """The last seal that was acknowledged.

    Attributes:
        key: Fingerprint of the key.
        sequence: Its number, 0 for none.
        digest: What the next one names it by.
    """

    key: str
    sequence: int = 0
    digest: str = FIRST


@dataclass(slots=True)
class Dropped:
    """What a policy has taken away."""

    readings: int = 0
    batches: int = 0

    def __iadd__(self, other: Dropped) -> Dropped:
        """Both together."""
        self.readings += other.readings
        self.batches += other.batches
        return self


class Store:
    """The batches of an agent.

    Args:
        path: The file.
        key: Fingerprint of the site's key, whose chain of seals is kept.
        settings: How much is kept, and what gives way.

    Raises:
        DiskError: The disk does not let it be opened.
        sqlite3.DatabaseError: The file is broken.
    """

    def __init__(self, path: Path, key: str, settings: Storing) -> None:
        self.settings = settings
        try:
            # One thread at a time uses it; it is closed by whoever ends.
            self._sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._sql.executescript(_TABLES)
            told = dict(self._sql.execute("SELECT name, value FROM told"))
            found = self._sql.execute("SELECT count(*), total(readings), coalesce(max(position), 0) FROM batch")
            self.batches, readings, self._last = found.fetchone()
        except sqlite3.OperationalError as error:
            raise _disk_error(error) from error
        self.readings = int(readings)
        self.dropped = Dropped(int(told.get("dropped_readings", 0)), int(told.get("dropped_batches", 0)))
        self.chain = Chain(key)
        if told.get("key") == key:
            self.chain = Chain(key, int(told["sequence"]), told["digest"])
        self._sent = 0

    @property
    def bytes(self) -> int:
        """What is in use of the file, which may be longer by what was let go."""
        pages: int = self._sql.execute("PRAGMA page_count").fetchone()[0]
        free: int = self._sql.execute("PRAGMA freelist_count").fetchone()[0]
        return (pages - free) * _PAGE

    @property
    def oldest_at(self) -> int | None:
        """When the oldest batch was made."""
        found = self._sql.execute(
            "SELECT closed_at FROM batch WHERE position > ? ORDER BY position LIMIT 1", [self._sent]
        ).fetchone()
        return None if found is None else int(found[0])

    def set_aside_count(self) -> int:
        """How many batches were set aside."""
        return int(self._sql.execute("SELECT count(*) FROM aside").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._note_sent()
        self._sql.close()

    def append(self, batch: Batch) -> Dropped:
        """Store a batch behind the others; what the policy took away for it, which may be the batch itself.

        Raises:
            DiskError: The disk does not take it.
        """
        dropped = Dropped()
        with self._change():
            need = len(batch.body) * _PAGE // (_PAGE - 4) + 2 * _PAGE
            if not self._make_room(need, dropped):
                dropped += Dropped(batch.readings, 1)
            else:
                self._insert(replace(batch, position=self._last + _SPACING))
            self._count(dropped)
        return dropped

    def head(self) -> Batch | None:
        """The batch that is to be sent next."""
        return self._next("position > ?", self._sent, "position")

    def acknowledged(self, batch: Batch, chain: Chain) -> None:
        """Let go of a batch that the platform has, with the seal under which it has it.

        Raises:
            DiskError: The disk does not take note; it counts for this process all the same.
        """
        self.chain = chain
        if batch.position:
            self._sent = batch.position
            self.batches -= 1
            self.readings -= batch.readings
        self._note_sent()

    def set_aside(self, batch: Batch, *, code: str, message: str, at: int) -> None:
        """Keep a batch that can never be sent apart from the others.

        Raises:
            DiskError: The disk does not take it; it stays where it is.
        """
        with self._change():
            self._sql.execute(
                "INSERT INTO aside (name, readings, at, code, message, body) VALUES (?, ?, ?, ?, ?, ?)",
                [batch.name, batch.readings, at, code, message, batch.body],
            )
            self._delete(batch)
            dropped = Dropped()
            while (held := self._oldest_aside()) is not None:
                self._sql.execute("DELETE FROM aside WHERE position = ?", [held[0]])
                dropped += Dropped(held[1], 1)
            self._count(dropped)

    def halve(self, batch: Batch) -> bool:
        """Put two batches in the place of one that is too large; False when it has a single reading.

        Raises:
            DiskError: The disk does not take them.
        """
        found = bodies.halves(bodies.unpacked(batch.body), (f"{batch.name}a", f"{batch.name}b"))
        if found is None:
            return False
        with self._change():
            after = self._sql.execute(
                "SELECT min(position) FROM batch WHERE position > ?", [batch.position]
            ).fetchone()[0] or batch.position + _SPACING  # fmt: skip
            self._delete(batch)
            for position, name, (body, count) in zip(
                (batch.position, (batch.position + after) // 2),
                (f"{batch.name}a", f"{batch.name}b"),
                found,
                strict=True,
            ):
                self._insert(replace(batch, name=name, readings=count, body=bodies.packed(body), position=position))
        return True

    # -- room --------------------------------------------------------------------------------------------------------
    def _make_room(self, need: int, dropped: Dropped) -> bool:
        """Have the policy make room; False when what comes has to give way itself."""
        thinned = 0
        while self.bytes + need > self.settings.limit:
            # The batch that may be on its way stays: its seal is made.
            first = self._sql.execute("SELECT min(position) FROM batch WHERE position > ?", [self._sent]).fetchone()[0]
            if self.settings.policy is Policy.NEWEST or first is None:
                return False
            # Rows that became shorter give their pages back only when enough of them did.
            if self.settings.policy is Policy.THIN and thinned < 2 * need:
                batch = self._next(f"position > ? AND kind = {RAW} AND level < {THINNEST}", first, "level, position")
                if batch is not None:
                    thinned += self._thin(batch, dropped)
                    continue
            batch = self._next("position > ?", first, "position")
            if batch is None:
                return False
            self._delete(batch)
            dropped += Dropped(batch.readings, 1)
        return True

    def _thin(self, batch: Batch, dropped: Dropped) -> int:
        """Take every second reading of a batch away; by how many bytes it became shorter."""
        self._delete(batch)
        try:
            shorter = thinned(batch)
        except ValueError:  # the disk has changed it: it could not be sent either
            dropped += Dropped(batch.readings, 1)
            return len(batch.body)
        self._insert(shorter)
        dropped += Dropped(batch.readings - shorter.readings, 0)
        return len(batch.body) - len(shorter.body)

    def _oldest_aside(self) -> tuple[int, int] | None:
        """The oldest batch that was set aside, when these take more than their share of the limit."""
        taken = self._sql.execute("SELECT total(length(body)) FROM aside").fetchone()[0]
        if taken * _ASIDE_SHARE <= self.settings.limit:
            return None
        found = self._sql.execute("SELECT position, readings FROM aside ORDER BY position LIMIT 1").fetchone()
        return None if found is None else (int(found[0]), int(found[1]))

    # -- rows --------------------------------------------------------------------------------------------------------
    def _next(self, condition: str, after: int, order: str) -> Batch | None:
        found = self._sql.execute(
            f"SELECT {_COLUMNS} FROM batch WHERE {condition} ORDER BY {order} LIMIT 1",  # noqa: S608 (all ours)
            [after],
        ).fetchone()
        if found is None:
            return None
        position, name, kind, readings, closed_at, level, body = found
        return Batch(name, kind, readings, closed_at, body, level, position)

    def _insert(self, batch: Batch) -> None:
        self._sql.execute(
            f"INSERT INTO batch ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (columns)
            [batch.position, batch.name, batch.kind, batch.readings, batch.closed_at, batch.level, batch.body],
        )
        self._last = max(self._last, batch.position)
        self.batches += 1
        self.readings += batch.readings

    def _delete(self, batch: Batch) -> None:
        if self._sql.execute("DELETE FROM batch WHERE position = ?", [batch.position]).rowcount:
            self.batches -= 1
            self.readings -= batch.readings

    def _count(self, dropped: Dropped) -> None:
        if dropped.readings or dropped.batches:
            self.dropped += dropped
            self._tell(dropped_readings=self.dropped.readings, dropped_batches=self.dropped.batches)

    def count_dropped(self, dropped: Dropped) -> None:
        """Count what was dropped elsewhere; it is noted with the next change that the disk takes."""
        self.dropped += dropped

    def _tell(self, **values: int | str) -> None:
        self._sql.executemany("INSERT OR REPLACE INTO told VALUES (?, ?)", [(k, str(v)) for k, v in values.items()])

    def _note_sent(self) -> None:
        with self._change(counts=False):
            self._sql.execute("DELETE FROM batch WHERE position <= ?", [self._sent])
            self._tell(
                key=self.chain.key, sequence=self.chain.sequence, digest=self.chain.digest,
                dropped_readings=self.dropped.readings, dropped_batches=self.dropped.batches,
            )  # fmt: skip
        with suppress(sqlite3.Error):  # what was let go is given back to the disk, a piece at a time
            self._sql.execute("PRAGMA incremental_vacuum(1024)").fetchall()

    @contextmanager
    def _change(self, *, counts: bool = True) -> Iterator[None]:
        """All of it, or nothing: in the file and in what is known of it."""
        before = (self.batches, self.readings, replace(self.dropped), self._last)
        try:
            with _disk():
                self._sql.execute("BEGIN IMMEDIATE")
                yield
                self._sql.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._sql.execute("ROLLBACK")
            if counts:
                self.batches, self.readings, self.dropped, self._last = before
            raise


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _disk_error(error) from error


def _disk_error(error: sqlite3.Error) -> DiskError:
    return DiskError(f"the disk takes nothing: {error}", fix="Make room; the agent goes on by itself.")


def thinned(batch: Batch) -> Batch:
    """A batch with every second reading of each key, under another name."""
    name = f"{batch.name}~"
    body, count = bodies.thinned(bodies.unpacked(batch.body), name)
    level = batch.level + 1 if count < batch.readings else THINNEST
    return replace(batch, name=name, readings=count, level=level, body=bodies.packed(body))
