from __future__ import annotations

import stat
import threading
from pathlib import Path

from deploy.embedded.private import make_secrets, read_json, update_json, write_json


def test_what_is_written_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    assert read_json(path) == {}
    write_json(path, {"a": "secret"})
    assert read_json(path) == {"a": "secret"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_draft_that_a_crash_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    (tmp_path / "secrets.json.new").write_text("{")
    write_json(path, {"a": 1})
    assert read_json(path) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets.json"]


def test_two_who_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    threads = [threading.Thread(target=update_json, args=[path, {str(number): number}]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_json(path) == {str(number): number for number in range(20)}


def test_secrets_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    write_json(path, {"kept": "as it was", "port": 7})
    make_secrets(path, ("kept", "new"))
    made = read_json(path)
    assert (made["kept"], made["port"], len(made["new"])) == ("as it was", 7, 43)
    make_secrets(path, ("kept", "new"))
    assert read_json(path) == made
