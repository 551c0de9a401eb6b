from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenants.record.domain.heads import Head, InconsistentHeadsError, check_growth, open_head, sign_head
from tenants.record.domain.notes import NoteError, sign_note, verifier_of
from tenants.record.domain.tree import MemoryStore, append, consistency_proof, leaf_hash, root

ORIGIN = "outturn.example/log/1"
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"key").digest())
VERIFIER = verifier_of(ORIGIN, KEY)
ROOT = hashlib.sha256(b"root").digest()


def heads_of(*sizes: int) -> tuple[MemoryStore, list[Head]]:
    store = MemoryStore()
    append(store, 0, [leaf_hash(b"%d" % number) for number in range(max(sizes))])
    return store, [Head(ORIGIN, size, root(store, size)) for size in sizes]


def test_a_signed_head() -> None:
    head = Head(ORIGIN, 20852163, ROOT)
    note = sign_head(head, KEY)  # the expected signature was made with the command line of OpenSSL
    assert note == (
        "outturn.example/log/1\n"
        "20852163\n"
        "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
        "\n"
        "— outturn.example/log/1 "
        "j+NV0PC0yZqH4tORPbi5QgSOiQ2UlGKRDUkq1SN7dBMl0xu/YQLn5xPi+zMWUteljUL3V6PhyrRGQkPp7FM84DylwQM=\n"
    )
    assert open_head(note, VERIFIER) == head


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{ORIGIN}\n5\n",
        f"{ORIGIN}\n05\n{'A' * 43}=\n",
        f"{ORIGIN}\n-5\n{'A' * 43}=\n",
        f"{ORIGIN}\n5\n{'A' * 40}\n",
        f"{ORIGIN}\n5\n{'A' * 42}B=\n",
        f"{ORIGIN}\n5\n{'A' * 43}=\nextension\n",
        f"\n5\n{'A' * 43}=\n",
        f"{ORIGIN}\n{'9' * 20}\n{'A' * 43}=\n",
    ],
)
def test_what_is_not_a_head(text: str) -> None:
    with pytest.raises(NoteError, match="A head is"):
        Head.parse(text)
    if text:
        with pytest.raises(NoteError):
            open_head(sign_note(text, ORIGIN, KEY), VERIFIER)


def test_a_root_of_another_length_is_not_signed() -> None:
    with pytest.raises(NoteError):
        sign_head(Head(ORIGIN, 1, ROOT[1:]), KEY)


def test_the_head_of_another_log() -> None:
    note = sign_note(Head("outturn.example/log/2", 1, ROOT).text, ORIGIN, KEY)
    with pytest.raises(NoteError, match="another log"):
        open_head(note, VERIFIER)


def test_growth_between_heads() -> None:
    store, (older, newer) = heads_of(5, 12)
    check_growth(older, newer, consistency_proof(store, 5, 12))
    check_growth(older, older, ())


def test_heads_that_do_not_belong_together() -> None:
    store, (older, newer) = heads_of(5, 12)
    path = consistency_proof(store, 5, 12)
    with pytest.raises(InconsistentHeadsError) as refused:
        check_growth(Head(ORIGIN, 5, ROOT), newer, path)
    assert (refused.value.code, refused.value.place) == ("record.inconsistent_heads", "consistency")
    with pytest.raises(InconsistentHeadsError):
        check_growth(newer, older, path)
    with pytest.raises(InconsistentHeadsError) as refused:
        check_growth(Head("another", 5, older.root), newer, path)
    assert refused.value.place == "origin"
