"""Which servers a command of ``manage.py`` needs."""

from __future__ import annotations

from collections.abc import Sequence

_NONE = frozenset(
    {
        *("help", "version", "makemigrations", "makemessages", "compilemessages", "collectstatic", "findstatic"),
        *("diffsettings", "spectacular", "startapp", "startproject"),
        "replay",  # a gateway knows addresses and a token, no servers
    }
)
_NO_BROKER = frozenset(
    {"migrate", "showmigrations", "sqlmigrate", "dbshell", "inspectdb", "flush", "dumpdata", "loaddata", "check"}
)


def servers_for(arguments: Sequence[str]) -> tuple[str, ...]:
    """The names of the servers.

    Args:
        arguments: What stands after ``manage.py``.
    """
    command = next((argument for argument in arguments if not argument.startswith("-")), "help")
    if command in _NONE or {"--help", "-h", "--version"} & set(arguments):
        return ()
    if command == "check" and not any(argument.startswith("--database") for argument in arguments):
        return ()
    return ("postgres", "redis") if command in _NO_BROKER else ("postgres", "redis", "mqtt")
