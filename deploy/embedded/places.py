"""Where the embedded servers keep what they keep: data, sockets, logs, passwords.

Everything lies under one folder, ``.outturn`` unless ``OUTTURN_HOME`` names another. Two things may have to lie
elsewhere: a socket, because its path may hold no more than 107 bytes, and PostgreSQL's folder, because PostgreSQL
refuses to run as root and the user it runs as instead may not be allowed into the home folder. Folders that we make
are as closed as can be; the permissions of a folder that was there before are never changed.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.private import make_secrets, read_json
from deploy.env import env_str
from tenants.kernel.errors import OutturnError

PROJECT = Path(__file__).resolve().parent.parent.parent
LONGEST_SOCKET_PATH = 107  # bytes: sockaddr_un holds 108 on Linux, the last of them zero
MQTT_CONSUMER = "outturn-consumer"
OUTTURN_SECRET = "OUTTURN_SECRET"  # noqa: S105 - a name
_SECRETS = ("postgres", "outturn_owner", "outturn_app", "outturn_ingest", MQTT_CONSUMER, OUTTURN_SECRET)
_CLOSED = 0o700
_OUTSIDE = Path("/var/lib/outturn")


class ServerError(OutturnError):
    """An embedded server cannot be started, found or stopped."""

    code = "deploy.servers"
    status = 503


def told(error: OutturnError) -> str:
    """An error as the sentences a person reads: what happened, what was kept, what to do."""
    return " ".join(part.rstrip(".") + "." for part in (error.message, error.kept, error.fix) if part)


@dataclass(frozen=True, slots=True)
class User:
    """An account of the operating system that a server runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one set of embedded servers, and the places in it."""

    path: Path

    @classmethod
    def named(cls, path: Path | None = None) -> Home:
        """The folder asked for, else the one ``OUTTURN_HOME`` names, else ``.outturn`` in the project."""
        chosen = path or Path(env_str("OUTTURN_HOME", str(PROJECT / ".outturn")))
        return cls(chosen.expanduser().resolve())

    @property
    def marker(self) -> Path:
        """An empty file that says that all in the folder is ours to remove."""
        return self.path / ".made-by-outturn"

    @property
    def run(self) -> Path:
        """Locks, the endpoints file and Redis's socket: gone after a restart of the machine is fine."""
        return self.path / "run"

    @property
    def wanted(self) -> Path:
        """One empty file for each server that somebody waits for and that the keeper has not seen yet."""
        return self.run / "wanted"

    @property
    def endpoints(self) -> Path:
        """What runs and how to reach it, as JSON."""
        return self.run / "endpoints.json"

    @property
    def secrets(self) -> Path:
        """Generated passwords, and what else must be the same at the next start, as JSON."""
        return self.path / "secrets.json"

    def secret(self, name: str) -> str:
        """The generated password of a role or client."""
        return str(read_json(self.secrets)[name])

    @property
    def redis(self) -> Path:
        """Redis's data."""
        return self.path / "redis"

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.path / "log" / f"{name}.log"

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for this folder in the names of places outside it."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    @property
    def outside(self) -> tuple[Path, Path]:
        """The places that this home may use beyond its own folder: for PostgreSQL, and for sockets."""
        return _OUTSIDE / self.digest, Path(tempfile.gettempdir()) / f"outturn-{os.geteuid()}-{self.digest}"

    def prepare(self) -> None:
        """Make the folders and secrets that do not exist yet.

        Raises:
            ServerError: A folder cannot be made or entered.
        """
        try:
            # Another user must be able to pass through, and no more, when PostgreSQL runs as one.
            make_folder(self.path, 0o711 if os.geteuid() == 0 else _CLOSED)
            if not any(self.path.iterdir()):
                self.marker.touch(mode=0o600)
            for folder in (self.run, self.wanted, self.redis, self.log("x").parent):
                make_folder(folder, _CLOSED)
            make_secrets(self.secrets, _SECRETS)
        except OSError as error:
            raise ServerError(
                f"{error.filename or self.path} cannot be used: {error.strerror}",
                fix="Set OUTTURN_HOME to a folder that you may write to.",
            ) from error

    def postgres(self) -> tuple[Path, User]:
        """PostgreSQL's folder and who it runs as: where data is, there and as its owner.

        Otherwise in the home and as ourselves. PostgreSQL refuses root: as root it is the account ``postgres``, else
        ``nobody``, and ``/var/lib/outturn`` when that account cannot reach the home.

        Raises:
            ServerError: There is no account that it can run as.
        """
        inside, outside = self.path / "postgres", self.outside[0]
        if os.geteuid() != 0:
            return inside, _account(os.geteuid())
        for folder in (inside, outside):
            if (folder / "data").exists() and (uid := (folder / "data").stat().st_uid) != 0:
                return folder, _account(uid)
        user = _account("postgres", "nobody")
        return (inside if is_reachable(self.path, user) else outside), user

    def socket_folder(self, preferred: Path, socket_name: str) -> Path:
        """The folder asked for when a socket in it has a path that is short enough, else a short one (not yet made)."""
        path = preferred / socket_name
        # A comma separates hosts in a PostgreSQL address.
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and "," not in str(path):
            return preferred
        return self.outside[1] / preferred.name


def make_folder(path: Path, mode: int, owner: User | None = None) -> None:
    """Make a folder with exactly this mode and owner; one that exists is left as it is.

    Raises:
        OSError: It cannot be made, or something else is in its place.
    """
    try:
        path.mkdir(mode=_CLOSED, parents=True)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    if mode != _CLOSED:
        path.chmod(mode)
    if owner is not None and os.geteuid() == 0:
        # The parent may belong to that account, which could have put a link in the place of what we made.
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def make_postgres_folder(folder: Path, owner: User) -> None:
    """Make PostgreSQL's folder, closed to everybody but the account that it runs as."""
    if folder.parent == _OUTSIDE:
        make_folder(_OUTSIDE, 0o711)
    make_folder(folder, _CLOSED, owner)


def make_socket_folder(home: Home, folder: Path, owner: User | None = None) -> None:
    """Make a folder for a socket, closed to everybody but its owner.

    Raises:
        ServerError: Its parent in the temporary folder belongs to somebody else, who could replace the socket.
    """
    shared = home.outside[1]
    if folder.parent == shared:
        make_folder(shared, 0o711 if os.geteuid() == 0 else _CLOSED)
        found = shared.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
            raise ServerError(
                f"{shared} belongs to somebody else", fix="Remove it, or set OUTTURN_HOME to a shorter path."
            )
    make_folder(folder, _CLOSED, owner)


def is_reachable(path: Path, user: User) -> bool:
    """Whether the user can pass through every folder down to this path, itself included."""
    groups = set(os.getgrouplist(user.name, user.gid))
    return user.uid == 0 or all(_may_enter(folder.stat(), user.uid, groups) for folder in (path, *path.parents))


def _may_enter(status: os.stat_result, uid: int, groups: set[int]) -> bool:
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid in groups:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _account(*choices: str | int) -> User:
    for choice in choices:
        try:
            entry = pwd.getpwnam(choice) if isinstance(choice, str) else pwd.getpwuid(choice)
        except KeyError:
            continue
        return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ServerError(
        f"PostgreSQL needs an account to run as, and there is none: {', '.join(map(str, choices))}",
        fix="Make an account postgres, run as an ordinary user, or set DATABASE_URL.",
    )
