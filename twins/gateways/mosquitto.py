"""Gateways as mosquitto knows them: a password file and an access control list, which it reads again on SIGHUP.

A token has 256 random bits, so nothing is gained by making its hash slow to compute.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from hashlib import pbkdf2_hmac

_ITERATIONS = 101


def password_hash(password: str) -> str:
    """A password as mosquitto's password file has it: PBKDF2 with HMAC-SHA-512 (type 7), a new salt each time."""
    salt = secrets.token_bytes(12)
    key = pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(key).decode()}"


def configuration(folder: str, *, port: int) -> str:
    """A ``mosquitto.conf`` that loses nothing: what it has confirmed is on the disk, and no queue is cut short.

    Args:
        folder: Where the two files are and mosquitto may write.
        port: Where it is to listen; put TLS before you open it to a network.
    """
    return f"""listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
pid_file {folder}/mosquitto.pid

# Sessions, what waits in them, and the retained state of the platform outlive a restart.
persistence true
persistence_location {folder}/
# Written every ten seconds and at a clean stop. When mosquitto is killed, what came since is lost, and gateways send it
# again because nobody has acknowledged it.
autosave_interval 10

# What waits for a consumer that is away. 0 would mean without end, but mosquitto 2.0 then ends the connection of
# whoever publishes what it may not.
max_queued_messages 1000000
max_queued_bytes 0
# A batch has at most 4 MiB.
max_packet_size 5242880
"""
