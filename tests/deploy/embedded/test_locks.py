from __future__ import annotations

from pathlib import Path

from deploy.embedded.locks import FileLock, is_held


def test_one_holds_it_for_itself_or_many_share_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock(path) as one, FileLock(path) as other:
        assert one.take(shared=True)
        assert other.take(shared=True)
        assert not one.take()
        other.release()
        assert one.take()
        assert not other.take(shared=True)
        assert not other.take(seconds=0.03)
        one.release()
        assert other.take()


def test_looking_whether_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    with FileLock(path) as lock:
        assert not is_held(path)
        lock.take(shared=True)
        assert not is_held(path)
        lock.take()
        assert is_held(path)
    assert not is_held(path)
