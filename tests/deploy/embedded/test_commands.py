from __future__ import annotations

import pytest

from deploy.embedded.commands import servers_for

ALL = ("postgres", "redis", "mqtt")


@pytest.mark.parametrize(
    "line",
    [
        *("", "help", "--version", "-h", "up --help", "migrate -h", "help migrate", "makemigrations --check --dry-run"),
        *("check", "check --deploy", "collectstatic --noinput", "spectacular --file x", "compilemessages"),
    ],
)
def test_commands_that_need_no_server(line: str) -> None:
    assert servers_for(line.split()) == ()


@pytest.mark.parametrize(
    "line", ["migrate", "--traceback migrate", "check --database owner", "check --database=owner", "dbshell"]
)
def test_commands_that_need_no_broker(line: str) -> None:
    assert servers_for(line.split()) == ("postgres", "redis")


@pytest.mark.parametrize("line", ["up", "demo --once", "bench ingest", "shell", "consume", "runserver"])
def test_commands_that_may_need_all(line: str) -> None:
    assert servers_for(line.split()) == ALL
