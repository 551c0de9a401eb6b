from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenants.record.domain.keys import KeyUnreadableError, unwrap_key, wrap_key

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"key").digest())
ORIGIN = "outturn.example/log/1"
WRAPPED = wrap_key(KEY, secret="secret", origin=ORIGIN, nonce=bytes(12))


def test_a_wrapped_key_comes_back() -> None:
    assert len(WRAPPED) == 60
    assert KEY.private_bytes_raw() not in WRAPPED
    assert unwrap_key(WRAPPED, secrets=["new", "secret"], origin=ORIGIN).private_bytes_raw() == KEY.private_bytes_raw()


def test_it_opens_with_its_own_secret_for_its_own_log_only() -> None:
    changed = WRAPPED[:-1] + bytes([WRAPPED[-1] ^ 1])
    for wrapped, secret, origin in (
        (WRAPPED, "another", ORIGIN),
        (WRAPPED, "secret", "outturn.example/log/2"),
        (changed, "secret", ORIGIN),
    ):
        with pytest.raises(KeyUnreadableError) as refused:
            unwrap_key(wrapped, secrets=[secret], origin=origin)
        assert (refused.value.code, refused.value.place) == ("record.key_unreadable", "OUTTURN_SECRET")
