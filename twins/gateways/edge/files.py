"""The agent's folder: its key, its certificate, its lock, and files that are written whole or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from tenants.kernel.errors import OutturnError
from twins.gateways.edge.bootstrap import Bootstrap
from twins.gateways.edge.configuration import Secret
from twins.gateways.field.certificates import Application, make_application


class FolderError(OutturnError):
    """Something that the agent needs is not in its place."""

    code = "edge.folder"
    status = 500


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file so that a crash leaves the former one or this one.

    Raises:
        OSError: It cannot be written.
    """
    beside = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def lock(folder: Path) -> int:
    """Make the folder this process's own, for as long as it lives.

    Raises:
        FolderError: Another agent has it, or it cannot be written to.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FolderError(f"{folder} cannot be used: {error.strerror}", place="folder", fix="Name another.") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        fix = "Stop it, or give this agent a folder of its own."
        raise FolderError(f"another agent is at work in {folder}", place="folder", fix=fix) from None
    return held


def site_key(folder: Path) -> Ed25519PrivateKey:
    """The site's private key, made at the first start.

    Raises:
        FolderError: There is a file in its place that is no such key.
        OSError: It cannot be written.
    """
    path = folder / "site.key"
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        write_whole(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        fix = "Bring the file back, or remove it: the next start makes another, which the platform has to approve."
        raise FolderError(f"{path.name} is no Ed25519 key", place=str(path), fix=fix)
    return key


def application(folder: Path, hosts: Sequence[str]) -> Application:
    """Who the agent is to OPC UA servers, made when it is first needed.

    Raises:
        OSError: It cannot be written.
    """
    uri, certificate, key = (folder / name for name in ("opcua.uri", "opcua.der", "opcua.key"))
    if not uri.exists():
        made = make_application(owner=uuid4(), hosts=hosts, now=datetime.now(UTC), name="Outturn edge agent")
        write_whole(certificate, made.certificate, mode=0o644)
        write_whole(key, made.private_key.encode())
        write_whole(uri, made.uri.encode(), mode=0o644)
    return Application(uri.read_text(), certificate.read_bytes(), key.read_text())


def secret_of(bootstrap: Bootstrap, secret: Secret | None) -> str:
    """A secret that a configuration names; empty when it names none.

    Raises:
        FolderError: It is not there.
    """
    if secret is None:
        return ""
    if secret.env is not None:
        found = os.environ.get(secret.env)
        if found is None:
            raise FolderError(f"the variable {secret.env} is not set", place="secrets", fix="Set it for the agent.")
        return found
    assert secret.file is not None
    return read_secret(bootstrap.secrets / secret.file)


def read_secret(path: Path) -> str:
    """What a file holds, without the line's end.

    Raises:
        FolderError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise FolderError(f"{path.name} cannot be read: {why}", place=str(path), fix="Put it there.") from None
