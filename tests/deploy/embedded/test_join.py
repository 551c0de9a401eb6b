from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.embedded import Endpoints, ServerError, servers
from deploy.embedded.join import Membership, keep_alive
from deploy.embedded.places import PROJECT
from tests.deploy.embedded.conftest import ADDRESSES, Machine

Eventually = Callable[[Callable[[], Any]], Any]


def test_servers_run_for_the_life_of_the_context_and_leave_nothing_running(machine: Machine) -> None:
    with machine.alone():
        before = dict(os.environ)
        with machine.servers("postgres", "redis", "mqtt") as endpoints:
            told = {name: os.environ[name] for name in ADDRESSES}
            assert machine.processes() != []
        assert dict(os.environ) == before
    assert [told[name] for name in ADDRESSES[:5]] == [
        endpoints.database_url,
        endpoints.database_owner_url,
        endpoints.database_ingest_url,
        endpoints.redis_url,
        endpoints.mqtt_url,
    ]
    assert endpoints.redis_url == f"unix://{machine.path}/run/redis.sock?db=0"
    assert len(told["OUTTURN_SECRET"]) == 43
    assert machine.processes() == []
    assert not machine.home.endpoints.exists()


def test_the_next_start_has_the_same_addresses(wheel_machine: Machine) -> None:
    with wheel_machine.servers("postgres", "redis", "mqtt") as first:
        pass
    with wheel_machine.servers("postgres", "redis", "mqtt") as second:
        pass
    assert first == second


def test_only_what_is_wanted_is_started(wheel_machine: Machine) -> None:
    with wheel_machine.servers("redis") as endpoints:
        assert endpoints == Endpoints("", "", "", endpoints.redis_url, "")
        assert set(json.loads(wheel_machine.home.endpoints.read_text())["servers"]) == {"redis"}
        with wheel_machine.servers("mqtt") as more:
            assert more.mqtt_url.startswith("mqtt://outturn-consumer:")
            assert set(json.loads(wheel_machine.home.endpoints.read_text())["servers"]) == {"redis", "mqtt"}


def test_servers_stay_while_somebody_else_uses_them(wheel_machine: Machine) -> None:
    with wheel_machine.servers("redis"):
        process = wheel_machine.process("redis")
        with wheel_machine.servers("redis"):
            assert wheel_machine.process("redis") == process
        assert process.is_running()
    assert not process.is_running()


def test_addresses_in_the_environment_are_used_and_nothing_is_started(wheel_machine: Machine, tmp_path: Path) -> None:
    database, cache, broker = "postgresql://elsewhere/outturn", "redis://elsewhere", "mqtt://elsewhere"
    named = {"DATABASE_URL": database, "REDIS_URL": cache, "MQTT_URL": broker}
    with wheel_machine.alone(**named), servers(tmp_path / "home") as endpoints:
        assert endpoints == Endpoints(database, "", "", cache, broker)
        assert "OUTTURN_SECRET" not in os.environ
    assert not (tmp_path / "home").exists()


def test_one_address_in_the_environment_leaves_the_others_to_us(wheel_machine: Machine) -> None:
    with wheel_machine.alone(REDIS_URL="redis://elsewhere"):
        with servers(wheel_machine.path, want=("redis", "mqtt")) as endpoints:
            assert endpoints.redis_url == "redis://elsewhere"
            assert endpoints.mqtt_url.startswith("mqtt://outturn-consumer:")
            assert set(json.loads(wheel_machine.home.endpoints.read_text())["servers"]) == {"mqtt"}
        assert os.environ["REDIS_URL"] == "redis://elsewhere"


def test_a_user_that_is_killed_lets_the_servers_stop(wheel_machine: Machine, eventually: Eventually) -> None:
    script = "from deploy.embedded import servers\nwith servers(want=('redis',)): print('ready', flush=True); input()"
    with wheel_machine.alone():
        user = subprocess.Popen(
            [sys.executable, "-c", script], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    with user:
        assert user.stdout
        assert user.stdout.readline() == "ready\n"
        redis = wheel_machine.process("redis")
        user.kill()
    eventually(lambda: not redis.is_running())
    eventually(lambda: wheel_machine.processes() == [])


def test_a_killed_keeper_takes_its_servers_along_and_they_are_had_back(
    machine: Machine, eventually: Eventually
) -> None:
    with machine.servers("postgres", "redis", "mqtt") as endpoints:
        with psycopg.connect(endpoints.database_owner_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        old = [machine.process(name) for name in ("postgres", "redis", "mqtt")]
        machine.keeper().kill()
        eventually(lambda: not any(process.is_running() for process in old))
        keep_alive()
        with psycopg.connect(endpoints.database_owner_url) as connection:
            assert connection.execute("DROP TABLE kept").statusmessage == "DROP TABLE"
        assert machine.process("redis").is_running()
    assert machine.processes() == []


def test_a_keeper_that_is_told_to_stop_stops_its_servers(wheel_machine: Machine, eventually: Eventually) -> None:
    with wheel_machine.servers("postgres", "redis"):
        keeper = wheel_machine.keeper()
        keeper.terminate()
        eventually(lambda: wheel_machine.processes() == [])
        assert not wheel_machine.home.endpoints.exists()


def test_there_is_one_keeper_however_many_are_started(wheel_machine: Machine, eventually: Eventually) -> None:
    with wheel_machine.servers("redis"), wheel_machine.alone():
        keeper = wheel_machine.keeper()
        for _ in range(2):
            subprocess.run(
                [sys.executable, "-m", "deploy.embedded.keeper", str(wheel_machine.path)], cwd=PROJECT, check=True
            )
        eventually(lambda: len(wheel_machine.processes()) == 2)
        assert wheel_machine.keeper() == keeper
        assert {process.pid for process in wheel_machine.processes()} == {keeper.pid, wheel_machine.pid("redis")}


def test_secrets_and_addresses_are_for_their_owner_alone(machine: Machine) -> None:
    with machine.servers("postgres", "redis", "mqtt"):
        files = [path for path in machine.path.rglob("*") if path.is_file()]
        assert {"secrets.json", "endpoints.json", "postgres.log", "mqtt.log", "PG_VERSION"} <= {
            file.name for file in files
        }
        assert [file for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077] == []
        closed = ("run", "log", "redis", "postgres", "postgres/data", "postgres/socket")
        assert {stat.S_IMODE((machine.path / name).stat().st_mode) for name in closed} == {0o700}
        # As root another account must pass through the home to PostgreSQL's folder; it cannot list it.
        assert stat.S_IMODE(machine.path.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
        secrets = json.loads(machine.home.secrets.read_text())
        logs = "".join(file.read_text() for file in files if file.suffix == ".log")
        assert [name for name, secret in secrets.items() if name != "mqtt_port" and secret in logs] == []


def test_a_server_that_cannot_start_says_why(wheel_machine: Machine) -> None:
    with wheel_machine.alone(OUTTURN_PG_BIN="/nowhere"):
        with (
            pytest.raises(ServerError, match="There is no PostgreSQL in /nowhere") as caught,
            servers(wheel_machine.path),
        ):
            pass
        assert "set OUTTURN_PG_BIN" in str(caught.value)
        assert "DATABASE_URL" not in os.environ
    assert wheel_machine.processes() == []


def test_a_folder_that_cannot_be_made_is_named(wheel_machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with wheel_machine.alone(), pytest.raises(ServerError, match=f"{tmp_path}/file.*Not a directory") as caught:
        Membership(Machine(tmp_path / "file" / "home", wheel_machine.binaries).home, ["redis"])
    assert "OUTTURN_HOME" in caught.value.fix
