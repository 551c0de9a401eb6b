"""The tamper-evident tree: append, root, inclusion and consistency proofs (RFC 6962 section 2.1, RFC 9162 section 2.1).

A log of ``size`` leaves is kept as the hashes of its perfect subtrees, each under ``(level, index)``: level 0 are the
leaves, node ``(l, i)`` covers the leaves ``[i * 2**l, (i + 1) * 2**l)``. Such a node never changes once it is written,
so proofs can be given for every size the log ever had. Every operation asks its store once, for O(log size) nodes a
proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import Protocol, TypeAlias

from tenants.kernel.errors import OutturnError

NodeKey: TypeAlias = tuple[int, int]
Range: TypeAlias = tuple[int, int]

EMPTY_ROOT = hashlib.sha256(b"").digest()


class LogRangeError(OutturnError):
    """A proof was asked for an entry or a size that the log does not have."""

    code = "record.out_of_range"


class LogDamagedError(OutturnError):
    """The store lacks nodes that a log of this size must have."""

    code = "record.damaged"
    status = 500


class NodeReader(Protocol):
    """Where the nodes of one log are read."""

    def get_many(self, keys: Collection[NodeKey]) -> Mapping[NodeKey, bytes]:
        """The hashes (32 bytes) of the nodes that exist among ``keys``."""
        ...


class NodeStore(NodeReader, Protocol):
    """Where the nodes of one log are kept."""

    def put_many(self, nodes: Mapping[NodeKey, bytes]) -> None:
        """Keep new nodes; none of them exists yet."""
        ...


class MemoryStore:
    """A log held in memory."""

    def __init__(self) -> None:
        self._nodes: dict[NodeKey, bytes] = {}

    def get_many(self, keys: Collection[NodeKey]) -> Mapping[NodeKey, bytes]:
        """The hashes of the nodes that exist among ``keys``."""
        return {key: self._nodes[key] for key in keys if key in self._nodes}

    def put_many(self, nodes: Mapping[NodeKey, bytes]) -> None:
        """Keep new nodes."""
        self._nodes.update(nodes)


class GrowingRoot:
    """The root of a tree whose leaf hashes are read one after the other; remembers one hash a bit of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> list[tuple[NodeKey, bytes]]:
        """Take the next leaf hash; the subtrees that it completes, from the smallest."""
        done, peak, level = self.size, leaf, 0
        completed: list[tuple[NodeKey, bytes]] = []
        while done & 1:
            peak = node_hash(self._peaks.pop(), peak)
            done, level = done >> 1, level + 1
            completed.append(((level, done), peak))
        self._peaks.append(peak)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root of the leaves so far."""
        return reduce(lambda right, left: node_hash(left, right), reversed(self._peaks)) if self._peaks else EMPTY_ROOT


def leaf_hash(content: bytes) -> bytes:
    """SHA-256(0x00 || content), 32 bytes."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(store: NodeStore, size: int, leaves: Sequence[bytes]) -> int:
    """Append leaf hashes to a log that has ``size`` leaves.

    Reads the open subtrees on the right edge once and writes every subtree that the batch completes once.

    Returns:
        The new size.

    Raises:
        LogDamagedError: The store does not hold a log of ``size`` leaves.
    """
    if not leaves:
        return size
    edge = _read(store, _perfect((0, size)))
    written: dict[NodeKey, bytes] = {}
    level, start, row = 0, size, list(leaves)
    while row:
        written.update(((level, start + offset), value) for offset, value in enumerate(row))
        if start & 1:
            start -= 1
            row.insert(0, edge[level, start])
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
        level, start = level + 1, start >> 1
    store.put_many(written)
    return size + len(leaves)


def root(store: NodeReader, size: int) -> bytes:
    """The root (32 bytes) of the log when it had ``size`` leaves.

    Raises:
        LogRangeError: The size is negative.
        LogDamagedError: The store does not hold that many leaves.
    """
    if size < 0:
        raise LogRangeError(f"A log cannot have {size} entries.", place="size", fix="Ask for a size from 0 on.")
    if size == 0:
        return EMPTY_ROOT
    return _hashes(store, [(0, size)])[0, size]


def inclusion_proofs(store: NodeReader, indexes: Sequence[int], size: int) -> list[tuple[bytes, ...]]:
    """The paths that tie leaves to the root of the log at ``size`` (RFC 9162 section 2.1.3.1), in the order asked.

    All of them are read from the store at once.

    Raises:
        LogRangeError: An index is not among the first ``size`` leaves.
        LogDamagedError: The store does not hold that many leaves.
    """
    for index in indexes:
        if not 0 <= index < size:
            raise LogRangeError(
                f"Entry {index} is not among the first {size} entries of the log.",
                place="index",
                fix="Take a head that was signed after the entry was written.",
            )
    paths = [_path(index, size) for index in indexes]
    hashes = _hashes(store, [span for path in paths for span in path])
    return [tuple(hashes[span] for span in path) for path in paths]


def inclusion_proof(store: NodeReader, index: int, size: int) -> tuple[bytes, ...]:
    """The path of one leaf, see ``inclusion_proofs``."""
    return inclusion_proofs(store, [index], size)[0]


def consistency_proof(store: NodeReader, old: int, new: int) -> tuple[bytes, ...]:
    """The nodes that show the log of ``old`` leaves to be the beginning of that of ``new`` (RFC 9162 section 2.1.4.1).

    Empty when ``old`` is 0 or equals ``new``.

    Raises:
        LogRangeError: Not ``0 <= old <= new``.
        LogDamagedError: The store does not hold that many leaves.
    """
    if not 0 <= old <= new:
        raise LogRangeError(
            f"A log of {old} entries cannot be the beginning of one of {new}.",
            place="old",
            fix="Name the smaller size first.",
        )
    if old in {0, new}:
        return ()
    spans = _growth(old, new)
    hashes = _hashes(store, spans)
    return tuple(hashes[span] for span in spans)


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether ``path`` ties the leaf hash at ``index`` to the root of a log of ``size`` entries."""
    if not 0 <= index < size:
        return False
    spans = _path(index, size)
    if len(path) != len(spans):
        return False
    value = leaf
    for (start, _), sibling in zip(spans, path, strict=True):
        value = node_hash(sibling, value) if start < index else node_hash(value, sibling)
    return value == expected_root


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether ``path`` shows the log of ``old`` entries to be the beginning of the log of ``new`` entries."""
    if not 0 <= old <= new:
        return False
    if old in {0, new}:
        return not path and old_root == (new_root if old else EMPTY_ROOT)
    spans = _growth(old, new)
    if len(path) != len(spans):
        return False
    steps = list(zip(spans, path, strict=True))
    # An old log that is one perfect subtree is where the proof starts and is not repeated in it.
    old_value = new_value = old_root if old & (old - 1) == 0 else steps.pop(0)[1]
    for (start, _), sibling in steps:
        if start < old:
            old_value, new_value = node_hash(sibling, old_value), node_hash(sibling, new_value)
        else:
            new_value = node_hash(new_value, sibling)
    return old_value == old_root and new_value == new_root


def _split(start: int, end: int) -> int:
    """Where RFC 6962 cuts a range of at least two leaves: after the largest power of two smaller than its length."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _path(index: int, size: int) -> list[Range]:
    """The leaf ranges whose hashes make the path of ``index``, from the leaf to the root."""
    start, end = 0, size
    spans: list[Range] = []
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def _growth(old: int, new: int) -> list[Range]:
    """The leaf ranges whose hashes make the consistency proof, ``0 < old < new``."""
    start, end = 0, new
    spans: list[Range] = []
    while old != end:
        middle = _split(start, end)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, end))
    return spans[::-1]


def _perfect(span: Range) -> list[NodeKey]:
    """The perfect subtrees that make up a range of a tree, from left to right."""
    start, end = span
    keys: list[NodeKey] = []
    while start < end:
        level = (end - start).bit_length() - 1
        keys.append((level, start >> level))
        start += 1 << level
    return keys


def _hashes(store: NodeReader, spans: Collection[Range]) -> dict[Range, bytes]:
    """The hash of each range, from one read of the store."""
    parts = {span: _perfect(span) for span in spans}
    nodes = _read(store, {key for keys in parts.values() for key in keys})
    hashes: dict[Range, bytes] = {}
    for span, keys in parts.items():
        value = nodes[keys[-1]]
        for key in keys[-2::-1]:
            value = node_hash(nodes[key], value)
        hashes[span] = value
    return hashes


def _read(store: NodeReader, keys: Collection[NodeKey]) -> Mapping[NodeKey, bytes]:
    nodes = store.get_many(keys) if keys else {}
    missing = [key for key in keys if key not in nodes]
    if missing:
        raise LogDamagedError(
            f"The log lacks {len(missing)} of the {len(keys)} nodes it must have here.",
            place="node/{}/{}".format(*min(missing)),
            kept="Nothing was written.",
            fix="Restore the log from its backup; do not append to it before.",
        )
    return nodes
