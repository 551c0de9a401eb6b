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
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tenants.kernel.errors import OutturnError
from twins.gateways.edge import bodies
from twins.gateways.edge.batches import RAW, THINNEST, Batch, Chain, Dropped, joined, thinned
from twins.gateways.edge.configuration import Policy, Storing

_SPACING = 1 << 20
"""Between the positions of two batches: one that is too large is halved in its place."""
_ASIDE_SHARE = 4
_PAGE = 1024
"""Small, so that what is thinned makes room."""
_COLUMNS = "position, name, kind, readings, closed_at, level, body"
_MOST_PARTS = 2_000
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
CREATE TABLE IF NOT EXISTS joined (
    position INTEGER PRIMARY KEY, name TEXT, kind INTEGER, readings INTEGER, closed_at INTEGER, level INTEGER,
    body BLOB, parts INTEGER
);
CREATE TABLE IF NOT EXISTS aside (
    position INTEGER PRIMARY KEY, name TEXT, readings INTEGER, at INTEGER, code TEXT, message TEXT, body BLOB
);
CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, value TEXT);
"""


class DiskError(OutturnError):
    """The disk takes nothing at present."""

    code = "edge.disk"
    status = 507


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
        self._sent, self._is_noted = 0, True

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
            if not self._is_noted:  # the disk took no note of it before
                self._write_sent()
            if not self._make_room(_room_for(batch.body), dropped):
                dropped += Dropped(batch.readings, 1)
            else:
                self._insert(replace(batch, position=self._last + _SPACING))
            self._count(dropped)
        self._is_noted = True
        return dropped

    def head(self) -> Batch | None:
        """The batch that is to be sent next."""
        found = self._sql.execute(
            f"SELECT {_COLUMNS}, parts FROM joined WHERE position > ?",  # noqa: S608 (columns)
            [self._sent],
        ).fetchone()
        return self._next("position > ?", self._sent, "position") if found is None else _batch(*found)

    def join(self, *, most: int, before: int | None) -> Batch | None:
        """Have the next batches sent as one, if there are several; none of them may have been tried before.

        They stay what they are until the one is acknowledged, and it is on disk before it is tried: whatever happens,
        its name stands for the same readings.

        Args:
            most: Bytes of their bodies, unpacked.
            before: They are to be closed before this instant, in microseconds since 1970; None for any.

        Raises:
            DiskError: The disk does not take it.
        """
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM batch WHERE position > ? ORDER BY position LIMIT {_MOST_PARTS}",  # noqa: S608 (ours)
            [self._sent],
        )
        with closing(rows):
            made = joined((_batch(*row) for row in rows), most=most, before=before)
        if made is None or self.bytes + _room_for(made.body) > self.settings.limit:
            return None
        values = [made.position, made.name, made.kind, made.readings, made.closed_at, made.level, made.body, made.parts]
        with self._change():
            self._sql.execute(
                f"INSERT INTO joined ({_COLUMNS}, parts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (columns)
                values,
            )
        return made

    def part(self, batch: Batch) -> None:
        """Have batches that were joined sent one by one.

        Raises:
            DiskError: The disk does not take it; they stay joined.
        """
        with self._change():
            self._sql.execute("DELETE FROM joined WHERE position = ?", [batch.position])

    def acknowledged(self, batch: Batch, chain: Chain) -> None:
        """Let go of a batch that the platform has, with the seal under which it has it.

        Raises:
            DiskError: The disk does not take note; it counts for this process all the same.
        """
        self.chain = chain
        if batch.position:
            self._sent = batch.position
            self.batches -= batch.parts
            self.readings -= batch.readings
        self._is_noted = False
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
            first = self._sql.execute(
                "SELECT coalesce((SELECT position FROM joined WHERE position > ?1), "
                "(SELECT min(position) FROM batch WHERE position > ?1))", [self._sent],
            ).fetchone()[0]  # fmt: skip
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
        return None if found is None else _batch(*found)

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
            self._write_sent()
        self._is_noted = True
        with suppress(sqlite3.Error):  # what was let go is given back to the disk, a piece at a time
            self._sql.execute("PRAGMA incremental_vacuum(1024)").fetchall()

    def _write_sent(self) -> None:
        for table in ("batch", "joined"):
            self._sql.execute(f"DELETE FROM {table} WHERE position <= ?", [self._sent])  # noqa: S608 (ours)
        self._tell(
            key=self.chain.key, sequence=self.chain.sequence, digest=self.chain.digest,
            dropped_readings=self.dropped.readings, dropped_batches=self.dropped.batches,
        )  # fmt: skip

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


def _batch(
    position: int, name: str, kind: int, readings: int, closed_at: int, level: int, body: bytes, parts: int = 1
) -> Batch:
    return Batch(name, kind, readings, closed_at, body, level, position, parts)


def _room_for(body: bytes) -> int:
    """Bytes of the file that a body takes, and what the rest of its row may."""
    return len(body) * _PAGE // (_PAGE - 4) + 2 * _PAGE
