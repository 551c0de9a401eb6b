from __future__ import annotations

from pathlib import Path

import pytest

from deploy.env import SettingError, env_bool, env_int, env_list, env_secret, env_str


def test_text_comes_without_blanks_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OT_NAME", "  Meridian Engines ")
    assert env_str("OT_NAME") == "Meridian Engines"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("OT_NAME", raising=False)
    if value is not None:
        monkeypatch.setenv("OT_NAME", value)
    assert env_str("OT_NAME", "none") == "none"
    assert env_bool("OT_NAME", default=True) is True
    assert env_int("OT_NAME", 7) == 7
    assert env_list("OT_NAME", ["a"]) == ["a"]
    assert env_secret("OT_NAME", "") == ""
    with pytest.raises(SettingError, match="OT_NAME is not set") as caught:
        env_str("OT_NAME")
    assert caught.value.place == "OT_NAME"
    with pytest.raises(SettingError, match="OT_NAME is not set"):
        env_secret("OT_NAME")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", True),
        ("true", True),
        ("YES", True),
        ("On", True),
        ("0", False),
        ("False", False),
        ("no", False),
        ("OFF", False),
    ],
)
def test_yes_and_no(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("OT_FLAG", value)
    assert env_bool("OT_FLAG", default=not expected) is expected


def test_neither_yes_nor_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OT_FLAG", "maybe")
    with pytest.raises(SettingError, match="OT_FLAG='maybe' is neither yes nor no"):
        env_bool("OT_FLAG", default=False)


def test_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OT_PORT", "8080")
    assert env_int("OT_PORT", 1, minimum=8080) == 8080
    with pytest.raises(SettingError, match="OT_PORT=8080 is below 8081"):
        env_int("OT_PORT", 1, minimum=8081)


@pytest.mark.parametrize("value", ["8080.0", "x", "1e3", "0x10"])
def test_what_is_no_whole_number(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OT_PORT", value)
    with pytest.raises(SettingError, match=f"OT_PORT='{value}' is not a whole number"):
        env_int("OT_PORT", 1)


def test_a_list_drops_blanks_and_empty_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OT_HOSTS", " a.example, ,b.example,")
    assert env_list("OT_HOSTS", ["c"]) == ["a.example", "b.example"]


def test_a_secret_comes_from_the_variable_or_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OT_SECRET", "from the variable")
    assert env_secret("OT_SECRET") == "from the variable"
    monkeypatch.delenv("OT_SECRET")
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("OT_SECRET_FILE", str(tmp_path / "secret"))
    assert env_secret("OT_SECRET") == "from the file"


def test_two_sources_of_a_secret_are_one_too_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OT_SECRET", "hunter2")
    monkeypatch.setenv("OT_SECRET_FILE", str(tmp_path))
    with pytest.raises(SettingError, match="OT_SECRET and OT_SECRET_FILE are both set") as caught:
        env_secret("OT_SECRET")
    assert "hunter2" not in f"{caught.value} {caught.value.fix}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "it is not text")],
)
def test_a_file_that_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("OT_SECRET_FILE", str(file))
    with pytest.raises(SettingError, match=reason) as caught:
        env_secret("OT_SECRET", "a default does not hide it")
    assert caught.value.place == "OT_SECRET_FILE"
