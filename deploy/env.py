"""Typed readers of environment variables: the only way settings come in from outside.

A variable that is set to nothing counts as not set, because compose files and charts pass on empty values. Every error
names the variable and what it may hold; no error shows the value of a secret.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tenants.kernel.errors import OutturnError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class SettingError(OutturnError):
    """An environment variable is missing or cannot be read."""

    code = "deploy.setting"
    status = 500


def env_str(name: str, default: str | None = None) -> str:
    """The variable as text, without blanks around it.

    Raises:
        SettingError: It is not set and there is no default.
    """
    value = _read(name)
    if value is not None:
        return value
    if default is None:
        raise SettingError(f"{name} is not set", place=name, fix=f"Set the environment variable {name}.")
    return default


def env_bool(name: str, *, default: bool) -> bool:
    """The variable as a yes or no: 1, true, yes, on; 0, false, no, off; in any case of letters.

    Raises:
        SettingError: It is set to something else.
    """
    value = _read(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise SettingError(f"{name}={value!r} is neither yes nor no", place=name, fix=f"Set {name} to 1 or 0.")


def env_int(name: str, default: int, *, minimum: int | None = None) -> int:
    """The variable as a whole number.

    Raises:
        SettingError: It is not a whole number, or below the minimum.
    """
    value = _read(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError:
        raise SettingError(
            f"{name}={value!r} is not a whole number", place=name, fix=f"Set {name} to a number such as {default}."
        ) from None
    if minimum is not None and number < minimum:
        raise SettingError(f"{name}={number} is below {minimum}", place=name, fix=f"Set {name} to {minimum} or more.")
    return number


def env_list(name: str, default: Sequence[str] = ()) -> list[str]:
    """The variable as a list, split at commas; blanks around items and empty items are dropped."""
    value = _read(name)
    if value is None:
        return list(default)
    return [item for part in value.split(",") if (item := part.strip())]


def env_secret(name: str, default: str | None = None) -> str:
    """A secret, from the variable itself or from the file named by ``NAME_FILE`` (as Docker and Kubernetes do).

    Raises:
        SettingError: Both are set, the file cannot be read or is empty, or neither is set and there is no default.
    """
    value, file_name = _read(name), _read(f"{name}_FILE")
    if value is not None and file_name is not None:
        raise SettingError(f"{name} and {name}_FILE are both set", place=name, fix="Keep one of the two.")
    if file_name is not None:
        return _secret_file(f"{name}_FILE", Path(file_name))
    if value is not None:
        return value
    if default is None:
        raise SettingError(f"{name} is not set", place=name, fix=f"Set {name}, or {name}_FILE to the path of a file.")
    return default


def _read(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _secret_file(name: str, path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingError(
            f"{name}: {path} cannot be read ({reason})", place=name, fix=f"Set {name} to a readable text file."
        ) from error
    if not secret:
        raise SettingError(f"{name}: {path} is empty", place=name, fix="Write the secret into that file.")
    return secret
