"""Secrets that must be read again: sealed at rest, under keys that can change (Fernet: AES-128-CBC, HMAC-SHA-256)."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants.kernel.errors import OutturnError


class SealBrokenError(OutturnError):
    """A sealed secret cannot be read under any of the keys there are."""

    code = "secret.unreadable"
    status = 500


def seal(text: str, *, keys: Sequence[str], purpose: str) -> bytes:
    """A secret, sealed under the first of the keys.

    Args:
        text: The secret.
        keys: The installation's secrets, the newest first.
        purpose: What it is for, such as ``oidc``; a seal made for one purpose does not open for another.
    """
    return _box(keys, purpose).encrypt(text.encode())


def unseal(sealed: bytes, *, keys: Sequence[str], purpose: str) -> str:
    """The secret, whichever of the keys it was sealed under.

    Raises:
        SealBrokenError: None of the keys opens it, or it was changed.
    """
    try:
        return _box(keys, purpose).decrypt(bytes(sealed)).decode()
    except InvalidToken:
        raise SealBrokenError(
            f"the stored {purpose} secret cannot be read", place=purpose, kept="It is kept as it is.",
            fix="Add the former key to OUTTURN_FORMER_SECRETS, or enter the secret again.",
        ) from None  # fmt: skip


def reseal(sealed: bytes, *, keys: Sequence[str], purpose: str) -> bytes:
    """The same secret under the first of the keys: what a change of keys does to each; one already there stays.

    Raises:
        SealBrokenError: None of the keys opens it.
    """
    try:
        unseal(sealed, keys=keys[:1], purpose=purpose)
    except SealBrokenError:
        return seal(unseal(sealed, keys=keys, purpose=purpose), keys=keys, purpose=purpose)
    return bytes(sealed)


def _box(keys: Sequence[str], purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key, purpose)) for key in keys])


def _derived(key: str, purpose: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"outturn sealing " + purpose.encode())
    return base64.urlsafe_b64encode(derive.derive(key.encode()))
