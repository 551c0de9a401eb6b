"""A log's private key, encrypted for the database (AES-256-GCM under a key derived from the installation's secret)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants.kernel.errors import OutturnError

NONCE_BYTES = 12


class KeyUnreadableError(OutturnError):
    """The log's key was encrypted under another secret, or for another log."""

    code = "record.key_unreadable"
    status = 500


def wrap_key(key: Ed25519PrivateKey, *, secret: str, origin: str, nonce: bytes) -> bytes:
    """The key for one log, encrypted: 60 bytes (nonce, ciphertext, tag).

    Args:
        key: The private key.
        secret: The installation's secret.
        origin: The log it signs for; it opens for no other.
        nonce: 12 random bytes, new each time.
    """
    return nonce + _cipher(secret).encrypt(nonce, key.private_bytes_raw(), origin.encode())


def unwrap_key(wrapped: bytes, *, secrets: Sequence[str], origin: str) -> Ed25519PrivateKey:
    """The key that ``wrap_key`` encrypted, under whichever of the installation's secrets.

    Raises:
        KeyUnreadableError: It was none of these secrets, or the log is another.
    """
    nonce, ciphertext = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
    for secret in secrets:
        with suppress(InvalidTag):
            return Ed25519PrivateKey.from_private_bytes(_cipher(secret).decrypt(nonce, ciphertext, origin.encode()))
    raise KeyUnreadableError(
        f"The key of the log {origin} cannot be read with this secret.",
        place="OUTTURN_SECRET",
        kept="The log and its entries are untouched; only new heads cannot be signed.",
        fix="Add the secret it was made under to OUTTURN_FORMER_SECRETS.",
    )


def _cipher(secret: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"outturn: keys of logs").derive(secret.encode())
    return AESGCM(derived)
