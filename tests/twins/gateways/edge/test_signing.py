"""Seals of batches: signed once, read back from their header, broken by any change."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways.edge.signing import FIRST, HEADER, Seal, fingerprint, holds, seal_digest, seal_in, sealed, statement

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_what_is_signed_is_canonical() -> None:
    body = hashlib.sha256(b"{}").hexdigest()
    assert statement(b"{}", sequence=7, previous=FIRST) == (
        f'{{"body":"{body}","previous":"{FIRST}","sequence":7,"v":1}}'.encode()
    )


@given(body=st.binary(max_size=200), sequence=st.integers(1, 10**15 - 1))
def test_a_seal_travels_in_a_header_and_holds(body: bytes, sequence: int) -> None:
    seal = sealed(body, KEY, sequence=sequence, previous=FIRST)
    assert seal_in({HEADER.lower(): seal.header}) == seal
    assert holds(seal, body, KEY.public_key())


def test_any_change_breaks_it() -> None:
    seal = sealed(b"body", KEY, sequence=2, previous=FIRST)
    other = Ed25519PrivateKey.generate()
    assert not holds(seal, b"Body", KEY.public_key())
    assert not holds(Seal(seal.key, 3, seal.previous, seal.signature), b"body", KEY.public_key())
    assert not holds(Seal(seal.key, 2, "1" * 64, seal.signature), b"body", KEY.public_key())
    assert not holds(seal, b"body", other.public_key())
    claimed = Seal(fingerprint(other.public_key()), 2, FIRST, seal.signature)
    assert not holds(claimed, b"body", other.public_key())


def test_the_next_seal_names_the_one_before() -> None:
    first = seal_digest(b"one", sequence=1, previous=FIRST)
    assert first == hashlib.sha256(statement(b"one", sequence=1, previous=FIRST)).hexdigest()
    assert sealed(b"two", KEY, sequence=2, previous=first).previous == first


def test_no_seal_is_none() -> None:
    assert seal_in({}) is None


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("", "four parts"),
        ("a;b;c", "four parts"),
        (f"{'A' * 64};1;{FIRST};AA==", "SHA-256"),
        (f"{FIRST};1;short;AA==", "SHA-256"),
        (f"{FIRST};0;{FIRST};AA==", "from 1"),
        (f"{FIRST};-1;{FIRST};AA==", "from 1"),
        (f"{FIRST};\u0661;{FIRST};AA==", "from 1"),
        (f"{FIRST};{10**15};{FIRST};AA==", "from 1"),
        (f"{FIRST};1;{FIRST};*", "base64"),
        (f"{FIRST};1;{FIRST};AA==", "64 bytes"),
    ],
)
def test_what_is_no_seal_is_said(told: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        seal_in({HEADER.lower(): told})
