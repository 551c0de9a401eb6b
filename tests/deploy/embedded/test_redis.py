from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from deploy.embedded import ServerError
from deploy.embedded.redis import Redis
from tests.deploy.embedded.conftest import Machine

Eventually = Callable[[Callable[[], Any]], Any]


def test_what_was_written_outlives_a_kill_and_a_restart(wheel_machine: Machine, eventually: Eventually) -> None:
    with wheel_machine.servers("redis") as endpoints:
        with redis.Redis.from_url(endpoints.redis_url) as client:
            client.set("written", "before the kill")
        killed = wheel_machine.process("redis")
        killed.kill()
        eventually(lambda: wheel_machine.pid("redis") not in (0, killed.pid))
        eventually(Redis(wheel_machine.home).is_ready)
        with redis.Redis.from_url(endpoints.redis_url) as client:
            assert client.get("written") == b"before the kill"
            client.set("written", "before the restart")
    with wheel_machine.servers("redis"), redis.Redis.from_url(endpoints.redis_url) as client:
        assert client.get("written") == b"before the restart"
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_without_the_wheel_it_says_what_to_do(wheel_machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ServerError, match="There is no redis-server") as caught:
        Redis(wheel_machine.home).start()
    assert "make setup" in caught.value.fix
