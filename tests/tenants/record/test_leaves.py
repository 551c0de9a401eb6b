from __future__ import annotations

import hashlib

import pytest
import rfc8785

from tenants.record.domain.leaves import Leaf, LeafError

SALT = bytes(range(16))
DIGEST = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_the_hash_of_an_entry() -> None:
    leaf = Leaf.of("outcome_run", {}, SALT)
    assert leaf.digest == DIGEST
    content = (
        b'{"digest":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",'
        b'"kind":"outcome_run","salt":"000102030405060708090a0b0c0d0e0f"}'
    )
    assert leaf.content == content
    assert leaf.hash == hashlib.sha256(b"\x00" + content).digest()


def test_the_salt_hides_equal_documents() -> None:
    assert Leaf("statement", DIGEST, SALT).hash != Leaf("statement", DIGEST, bytes(16)).hash


@pytest.mark.parametrize("kind", ["", "Statement", "out come", "1st", "x" * 65, "statement\n", "größe"])
def test_a_kind_that_names_nothing(kind: str) -> None:
    with pytest.raises(LeafError) as refused:
        Leaf(kind, DIGEST, SALT)
    assert (refused.value.code, refused.value.place) == ("record.bad_leaf", "kind")


@pytest.mark.parametrize("digest", ["", DIGEST.upper(), DIGEST[1:], DIGEST + "0", "g" * 64])
def test_a_digest_that_is_none(digest: str) -> None:
    with pytest.raises(LeafError) as refused:
        Leaf("statement", digest, SALT)
    assert refused.value.place == "digest"


@pytest.mark.parametrize("salt", [b"", SALT[1:], SALT + b"\x00"])
def test_a_salt_of_another_length(salt: bytes) -> None:
    with pytest.raises(LeafError) as refused:
        Leaf("statement", DIGEST, salt)
    assert refused.value.place == "salt"


def test_a_document_that_is_not_json() -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        Leaf.of("statement", {"amount": float("nan")}, SALT)
