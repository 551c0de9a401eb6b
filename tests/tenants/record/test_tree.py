"""The tree against RFC 6962 written down naively, and against the vectors of the reference implementation."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.record.domain.tree import (
    EMPTY_ROOT,
    LogDamagedError,
    LogRangeError,
    MemoryStore,
    NodeKey,
    append,
    consistency_proof,
    inclusion_proof,
    inclusion_proofs,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

SIZES = range(1, 201)

REFERENCE_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
REFERENCE_PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) of RFC 6962 section 2.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = naive_cut(len(leaves))
    return hashlib.sha256(b"\x01" + naive_root(leaves[:cut]) + naive_root(leaves[cut:])).digest()


def naive_cut(count: int) -> int:
    cut = 1
    while cut * 2 < count:
        cut *= 2
    return cut


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    cut = naive_cut(len(leaves))
    if index < cut:
        return [*naive_path(index, leaves[:cut]), naive_root(leaves[cut:])]
    return [*naive_path(index - cut, leaves[cut:]), naive_root(leaves[:cut])]


def naive_growth(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    cut = naive_cut(len(leaves))
    if old <= cut:
        return [*naive_growth(old, leaves[:cut], whole), naive_root(leaves[cut:])]
    return [*naive_growth(old - cut, leaves[cut:], False), naive_root(leaves[:cut])]


def some_leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"leaf %d" % number) for number in range(count)]


class CountingStore(MemoryStore):
    """Counts how often and for how much it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[int] = []
        self.writes = 0

    def get_many(self, keys: Collection[NodeKey]) -> Mapping[NodeKey, bytes]:
        self.reads.append(len(keys))
        return super().get_many(keys)

    def put_many(self, nodes: Mapping[NodeKey, bytes]) -> None:
        self.writes += 1
        assert not super().get_many(nodes.keys())
        super().put_many(nodes)


LEAVES = some_leaves(SIZES[-1])


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    store = MemoryStore()
    append(store, 0, LEAVES)
    return store


def test_reference_roots() -> None:
    store = MemoryStore()
    for size, (content, expected) in enumerate(zip(REFERENCE_LEAVES, REFERENCE_ROOTS, strict=True)):
        assert append(store, size, [leaf_hash(content)]) == size + 1
        assert root(store, size + 1).hex() == expected
    assert root(store, 0).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root(store, 0) == EMPTY_ROOT


@pytest.mark.parametrize(("index", "size", "path"), REFERENCE_PATHS)
def test_reference_inclusion_paths(index: int, size: int, path: list[str]) -> None:
    store = MemoryStore()
    append(store, 0, [leaf_hash(content) for content in REFERENCE_LEAVES])
    assert [value.hex() for value in inclusion_proof(store, index, size)] == path


def test_roots_of_all_sizes_equal_the_naive_ones(store: MemoryStore) -> None:
    for size in SIZES:
        assert root(store, size) == naive_root(LEAVES[:size])


def test_inclusion_of_every_leaf_at_every_size(store: MemoryStore) -> None:
    for size in SIZES:
        head = root(store, size)
        for index, path in enumerate(inclusion_proofs(store, range(size), size)):
            assert verify_inclusion(LEAVES[index], index, size, path, head)
    for size in (1, 2, 3, 7, 8, 13, 64, 100, 199, 200):
        for index in range(size):
            assert list(inclusion_proof(store, index, size)) == naive_path(index, LEAVES[:size])


def test_consistency_of_all_pairs_of_sizes(store: MemoryStore) -> None:
    roots = [root(store, size) for size in range(SIZES[-1] + 1)]
    for new in SIZES:
        for old in range(new + 1):
            path = consistency_proof(store, old, new)
            assert verify_consistency(old, new, path, roots[old], roots[new])


def test_consistency_proofs_equal_the_naive_ones(store: MemoryStore) -> None:
    for new in (1, 2, 3, 6, 7, 8, 21, 64, 100):
        for old in range(1, new + 1):
            assert list(consistency_proof(store, old, new)) == naive_growth(old, LEAVES[:new])


@given(st.lists(st.integers(0, 40), max_size=8))
def test_batches_make_the_same_log_as_single_entries(batches: list[int]) -> None:
    store, size = CountingStore(), 0
    leaves = some_leaves(sum(batches))
    for batch in batches:
        store.reads.clear()
        writes = store.writes
        size = append(store, size, leaves[size : size + batch])
        assert len(store.reads) <= 1
        assert store.writes == writes + (batch > 0)
        assert root(store, size) == naive_root(leaves[:size])
    assert size == len(leaves)


@given(st.integers(1, 5000), st.data())
def test_proofs_read_the_store_once_and_little(size: int, data: st.DataObject) -> None:
    store = CountingStore()
    append(store, 0, some_leaves(size))
    store.reads.clear()
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    inclusion_proof(store, index, size)
    consistency_proof(store, old, size)
    root(store, size)
    bits = size.bit_length()
    assert len(store.reads) <= 3
    assert all(count <= 2 * bits for count in store.reads)


@given(st.integers(1, 300), st.data())
def test_nothing_else_verifies(size: int, data: st.DataObject) -> None:
    store = MemoryStore()
    leaves = some_leaves(size)
    append(store, 0, leaves)
    head = root(store, size)
    index = data.draw(st.integers(0, size - 1))
    path = list(inclusion_proof(store, index, size))
    other = data.draw(st.integers(-1, size + 1).filter(lambda number: number != index))
    assert not verify_inclusion(leaves[index], other, size, path, head)
    assert not verify_inclusion(leaf_hash(b"another"), index, size, path, head)
    assert not verify_inclusion(leaves[index], index, size, [*path, EMPTY_ROOT], head)
    assert not verify_inclusion(leaves[index], index, size, path, EMPTY_ROOT)
    for position in range(len(path)):
        assert not verify_inclusion(leaves[index], index, size, path[:position] + path[position + 1 :], head)
        assert not verify_inclusion(
            leaves[index], index, size, [*path[:position], EMPTY_ROOT, *path[position + 1 :]], head
        )
    old = data.draw(st.integers(1, size))
    proof, old_root = list(consistency_proof(store, old, size)), root(store, old)
    assert not verify_consistency(old, size, proof, EMPTY_ROOT, head)
    assert not verify_consistency(old, size, proof, old_root, EMPTY_ROOT)
    assert not verify_consistency(old, size, [*proof, EMPTY_ROOT], old_root, head)
    assert not verify_consistency(size + 1, size, proof, old_root, head)
    for position in range(len(proof)):
        assert not verify_consistency(old, size, proof[:position] + proof[position + 1 :], old_root, head)
        assert not verify_consistency(
            old, size, [*proof[:position], EMPTY_ROOT, *proof[position + 1 :]], old_root, head
        )


def test_a_rewritten_log_is_inconsistent() -> None:
    honest, rewritten = MemoryStore(), MemoryStore()
    append(honest, 0, LEAVES[:100])
    append(rewritten, 0, [leaf_hash(b"forged"), *LEAVES[1:150]])
    old_root, new_root = root(honest, 100), root(rewritten, 150)
    assert not verify_consistency(100, 150, consistency_proof(rewritten, 100, 150), old_root, new_root)


def test_the_empty_log_is_the_beginning_of_every_log(store: MemoryStore) -> None:
    assert consistency_proof(store, 0, 5) == ()
    assert verify_consistency(0, 5, (), EMPTY_ROOT, root(store, 5))
    assert not verify_consistency(0, 5, (), LEAVES[0], root(store, 5))
    assert not verify_consistency(0, 5, (LEAVES[0],), EMPTY_ROOT, root(store, 5))
    assert not verify_inclusion(LEAVES[0], 0, 0, (), EMPTY_ROOT)


def test_what_the_log_does_not_have(store: MemoryStore) -> None:
    for index in (-1, 5, 6):
        with pytest.raises(LogRangeError) as refused:
            inclusion_proof(store, index, 5)
        assert (refused.value.code, refused.value.place) == ("record.out_of_range", "index")
    with pytest.raises(LogRangeError):
        consistency_proof(store, 6, 5)
    with pytest.raises(LogRangeError):
        consistency_proof(store, -1, 5)
    with pytest.raises(LogRangeError):
        root(store, -1)


def test_a_damaged_store_is_noticed_before_anything_is_written() -> None:
    store = CountingStore()
    with pytest.raises(LogDamagedError) as refused:
        append(store, 7, [LEAVES[0]])
    assert refused.value.place == "node/0/6"
    assert store.writes == 0
    with pytest.raises(LogDamagedError):
        root(store, 1)
    with pytest.raises(LogDamagedError):
        inclusion_proof(store, 0, 2)


def test_leaves_and_nodes_are_told_apart() -> None:
    left, right = LEAVES[:2]
    assert node_hash(left, right) != leaf_hash(left + right)
