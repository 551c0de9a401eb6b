from __future__ import annotations

import json
import os
import pwd
import stat
from pathlib import Path

import pytest

from deploy.embedded.places import (
    LONGEST_SOCKET_PATH,
    PROJECT,
    Home,
    ServerError,
    User,
    is_reachable,
    make_folder,
    make_socket_folder,
    told,
)

NOBODY = User("nobody", pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)


def test_the_home_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OUTTURN_HOME", f"{tmp_path}/a/../b")
    assert Home.named().path == tmp_path / "b"
    assert Home.named(tmp_path / "c").path == tmp_path / "c"
    monkeypatch.delenv("OUTTURN_HOME")
    assert Home.named().path == PROJECT / ".outturn"
    assert (PROJECT / "manage.py").exists()


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    secrets = home.secrets.read_text()
    assert set(json.loads(secrets)) == {
        *("postgres", "outturn_owner", "outturn_app", "outturn_ingest", "outturn-consumer", "OUTTURN_SECRET"),
    }
    assert len(set(json.loads(secrets).values())) == 6
    home.prepare()
    assert home.secrets.read_text() == secrets
    assert home.secret("outturn_app") == json.loads(secrets)["outturn_app"]


def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir(mode=0o750)
    make_folder(made, 0o711)
    assert stat.S_IMODE(made.stat().st_mode) == 0o750
    make_folder(made / "new", 0o711)
    assert stat.S_IMODE((made / "new").stat().st_mode) == 0o711


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ServerError, match="home cannot be used: File exists"):
        Home(tmp_path / "home").prepare()


def test_another_account_reaches_what_every_folder_lets_it_through_to(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and len(folder.parts) > 2:
            folder.chmod(0o711)
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o711)
    assert is_reachable(inner, NOBODY)
    tmp_path.chmod(0o700)
    assert not is_reachable(inner, NOBODY)
    assert is_reachable(inner, User("root", 0, 0))
    assert is_reachable(inner, User(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), os.getegid()))


def test_as_root_postgres_leaves_a_home_that_its_account_cannot_reach(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    home = Home(tmp_path / "home")
    home.prepare()
    folder, user = home.postgres()
    if os.geteuid() == 0:
        assert folder == Path("/var/lib/outturn") / home.digest
        assert user.name in {"postgres", "nobody"}
    else:
        assert (folder, user.uid) == (tmp_path / "home/postgres", os.geteuid())
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_socket_stays_in_its_folder_while_its_path_is_short_enough() -> None:
    home = Home(Path("/h"))
    room = LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432")
    fits = Path("/" + "x" * (room - 1))
    assert home.socket_folder(fits, ".s.PGSQL.5432") == fits
    assert home.socket_folder(Path(f"{fits}x"), ".s.PGSQL.5432").parent == home.outside[1]
    umlauts = Path("/" + "ü" * (room - 1))
    assert home.socket_folder(umlauts, ".s.PGSQL.5432").parent == home.outside[1]
    assert home.socket_folder(Path("/a,b/socket"), ".s.PGSQL.5432") == home.outside[1] / "socket"


def test_a_shared_folder_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    home = Home(tmp_path / "home")
    shared = home.outside[1]
    shared.mkdir(mode=0o700)
    shared.chmod(0o777)
    with pytest.raises(ServerError, match=f"{shared} belongs to somebody else"):
        make_socket_folder(home, shared / "run")
    shared.rmdir()
    shared.symlink_to(tmp_path)
    with pytest.raises(ServerError, match=f"{shared} belongs to somebody else"):
        make_socket_folder(home, shared / "run")
    shared.unlink()
    make_socket_folder(home, shared / "run")
    assert stat.S_IMODE((shared / "run").stat().st_mode) == 0o700


def test_an_error_is_told_in_sentences() -> None:
    assert told(ServerError("It broke", kept="All is kept.", fix="Mend it")) == "It broke. All is kept. Mend it."
    assert told(ServerError("It broke.")) == "It broke."
