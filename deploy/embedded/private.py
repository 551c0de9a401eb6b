"""Small JSON files that only their owner may read."""

from __future__ import annotations

import json
import math
import os
import secrets
from pathlib import Path
from typing import Any

from deploy.embedded.locks import FileLock


def read_json(path: Path) -> dict[str, Any]:
    """The object in the file; empty when there is no file."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace the file in one step, so that a reader or a crash finds the old or the new content, never half of it."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def update_json(path: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """Set some members of the object in the file, one process after the other; the whole object afterwards."""
    with FileLock(path.with_name(f".{path.name}.lock")) as lock:
        lock.take(seconds=math.inf)
        content = read_json(path) | changes
        write_json(path, content)
    return content


def make_secrets(path: Path, names: tuple[str, ...]) -> None:
    """Generate the secrets that the file lacks."""
    with FileLock(path.with_name(f".{path.name}.lock")) as lock:
        lock.take(seconds=math.inf)
        content = read_json(path)
        if any(name not in content for name in names):
            write_json(path, {name: secrets.token_urlsafe(32) for name in names} | content)
