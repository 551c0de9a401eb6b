from __future__ import annotations

from pathlib import Path

import pytest

from deploy.clean import remove_home
from deploy.embedded.locks import FileLock
from deploy.embedded.places import Home, ServerError, make_socket_folder


def test_a_home_goes_with_its_places_outside(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    remove_home(home)
    home.prepare()
    make_socket_folder(home, home.outside[1] / "run")
    (home.path / "static").mkdir()
    remove_home(home)
    assert list(tmp_path.iterdir()) == []
    assert not home.outside[1].exists()


def test_a_home_in_use_stays(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    with FileLock(home.run / "users") as user:
        user.take(shared=True)
        with pytest.raises(ServerError, match="Something runs in") as caught:
            remove_home(home)
    assert caught.value.kept == "Nothing was removed"
    assert home.secrets.exists()


def test_a_folder_that_held_something_before_is_not_ours_to_remove(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("Dear Sir")
    home = Home(tmp_path)
    home.prepare()
    with pytest.raises(ServerError, match="held something before"):
        remove_home(home)
    assert (tmp_path / "letters.txt").read_text() == "Dear Sir"
    assert home.secrets.exists()
