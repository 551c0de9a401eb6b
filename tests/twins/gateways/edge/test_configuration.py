"""The document and the agent's file: what fits, and where what does not fit is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twins.gateways.edge.bootstrap import Bootstrap, bootstrap_from
from twins.gateways.edge.configuration import Configuration, ConfigurationError, Feature, Policy, configuration_from
from twins.gateways.edge.files import FolderError, lock, read_secret, secret_of, site_key, write_whole

OPCUA = {"name": "line", "kind": "opcua", "settings": {
    "url": "opc.tcp://plc:4840", "points": [{"node": "ns=2;s=P", "key": "p"}, {"node": "ns=2;s=Q", "key": "q"}],
}}  # fmt: skip
MODBUS = {"name": "tank", "kind": "modbus", "settings": {"host": "10.0.0.7", "points": [{"key": "l", "address": 4}]}}
MQTT = {"name": "broker", "kind": "mqtt", "settings": {"url": "mqtt://broker:1883", "topics": [{"topic": "a/#"}]},
        "secrets": {"password": {"env": "EDGE_BROKER"}}}  # fmt: skip


def test_a_whole_document() -> None:
    found = configuration_from({
        "sources": [OPCUA, MODBUS, MQTT],
        "features": [{"key": "v", "statistics": ["rms", "max"], "bands": [{"low_hz": 10, "high_hz": 100}],
                      "thresholds": [{"limit": 7.1, "hysteresis": 0.5}, {"limit": -2, "side": "below"}]}],
        "forwarding": {"raw": "unfeatured"}, "store": {"limit": 1 << 24, "policy": "thin"},
    })  # fmt: skip
    assert [part.kind for part in found.sources] == ["opcua", "modbus", "mqtt"]
    assert found.features[0].outputs == ["v.rms", "v.max", "v.band_10_100", "v.above_7.1", "v.below_-2"]
    assert found.store.policy is Policy.THIN
    assert Configuration.model_validate(found.model_dump(mode="json")) == found
    assert configuration_from({}).store.policy is Policy.OLDEST


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        ({"sources": [{**OPCUA, "settings": {"url": "http://x"}}]}, "opcua.address", "sources/0/settings/url"),
        ({"sources": [MODBUS, {**OPCUA, "settings": {"url": "opc.tcp://x", "points": [
            {"node": "ns=2;s=P", "key": "p"}, {"node": "{} no node", "key": "q"}]}}]}, "opcua.node",
         "sources/1/settings/points/1/node"),
        ({"sources": [{**MODBUS, "settings": {"host": 1}}]}, "field.settings", "sources/0/settings/host"),
        ({"sources": [{**MQTT, "settings": {"url": "mqtt://u:p@h", "topics": [{"topic": "a"}]}}]}, "edge.broker",
         "sources/0/settings"),
        ({"sources": [{**MQTT, "secrets": {"password": "hunter2"}}]}, "edge.configuration",
         "sources/0/secrets/password"),
        ({"sources": [{**MQTT, "secrets": {"password": {"file": "../../etc/shadow"}}}]}, "edge.configuration",
         "sources/0/secrets/password/file"),
        ({"sources": [{**MQTT, "secrets": {"password": {"env": "HOME"}}}]}, "edge.configuration",
         "sources/0/secrets/password/env"),
        ({"sources": [{**MQTT, "secrets": {"password": {}}}]}, "edge.secret", "sources/0/secrets/password"),
        ({"sources": [{"name": "x", "kind": "s7"}]}, "edge.configuration", "sources/0"),
        ({"sources": [MODBUS, MODBUS]}, "edge.repeated", "sources/1/name"),
        ({"features": [{"key": "v"}]}, "edge.empty_feature", "features/0"),
        ({"features": [{"key": "v", "statistics": ["rms", "rms"]}]}, "edge.repeated", "features/0"),
        ({"features": [{"key": "v", "bands": [{"low_hz": 5, "high_hz": 5}]}]}, "edge.band", "features/0/bands/0"),
        ({"features": [{"key": " v", "statistics": ["rms"]}]}, "edge.configuration", "features/0/key"),
        ({"features": [{"key": "v", "thresholds": [{"limit": float("nan")}]}]}, "edge.configuration",
         "features/0/thresholds/0/limit"),
        ({"store": {"policy": "newset"}}, "edge.configuration", "store/policy"),
        ({"store": {"limit": 5}}, "edge.configuration", "store/limit"),
        ({"forwarding": {"batch_readings": 20_001}}, "edge.configuration", "forwarding/batch_readings"),
        ({"sorces": []}, "edge.configuration", "sorces"),
        ([], "edge.configuration", ""),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(document: Any, code: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configuration_from(document)
    found = [(each.code, each.place) for each in caught.value.findings]
    assert (code, place) in found
    assert all(each.message and each.fix for each in caught.value.findings)
    assert "hunter2" not in str(caught.value.findings)


def test_all_findings_come_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        configuration_from({"sources": [{**MODBUS, "settings": {"host": 1}}], "store": {"limit": 5}, "more": 1})
    assert len(caught.value.findings) == 3


def test_features_of_one_key_need_names() -> None:
    fast, slow = ({"key": "v", "statistics": ["rms"], "window_s": length} for length in (1, 60))
    with pytest.raises(ConfigurationError):
        configuration_from({"features": [fast, slow]})
    configuration_from({"features": [fast, {**slow, "name": "v.minute"}]})
    assert Feature.model_validate({**slow, "name": "v.minute"}).outputs == ["v.minute.rms"]


def file_with(folder: Path, text: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(text)
    return path


def test_the_file_names_paths_from_where_it_lies(tmp_path: Path) -> None:
    path = file_with(
        tmp_path,
        'server = "https://outturn.example"\ntoken_file = "t"\nfolder = "/var/lib/x"\n[store]\nlimit = 2097152',
    )
    found = bootstrap_from(path)
    assert (found.token_file, found.folder, found.secrets) == (
        tmp_path / "t",
        Path("/var/lib/x"),
        Path("/var/lib/x/secrets"),
    )
    assert found.configuration.store.limit == 2 << 20


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('token_file = "t"\nfolder = "f"', "server"),
        ('server = "outturn.example"\ntoken_file = "t"\nfolder = "f"', ""),
        ('server = "https://u:p@x"\ntoken_file = "t"\nfolder = "f"', ""),
        ('server = "https://x"\ntoken_file = "t"\nfolder = "f"\ntoken = "x"', "token"),
        ('server = "https://x"\ntoken_file = "t"\nfolder = "f"\n[store]\nlimit = 1', "store/limit"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        bootstrap_from(file_with(tmp_path, text))
    assert caught.value.place == place


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (file_with(tmp_path, "= no"), tmp_path / "none.toml"):
        with pytest.raises(ConfigurationError) as caught:
            bootstrap_from(path)
        assert caught.value.findings[0].code == "edge.file"


def test_the_key_is_made_once_and_is_the_sites_alone(tmp_path: Path) -> None:
    first = site_key(tmp_path)
    path = tmp_path / "site.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert site_key(tmp_path).private_bytes_raw() == first.private_bytes_raw()
    path.write_text("no key")
    with pytest.raises(FolderError, match=r"no Ed25519 key"):
        site_key(tmp_path)


def test_secrets_come_from_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Bootstrap(server="https://x", token_file=tmp_path / "t", folder=tmp_path)
    told.secrets.mkdir()
    write_whole(told.secrets / "plc", b"a word\n")
    assert (told.secrets / "plc").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("EDGE_BROKER", "another")
    part = configuration_from({"sources": [{**MQTT, "secrets": {"password": {"file": "plc"}}}, {**MQTT, "name": "b"}]})
    names = [source.secrets.password for source in part.sources if source.kind == "mqtt"]
    assert [secret_of(told, name) for name in names] == ["a word", "another"]
    assert secret_of(told, None) == ""
    monkeypatch.delenv("EDGE_BROKER")
    (told.secrets / "plc").unlink()
    for name in names:
        with pytest.raises(FolderError):
            secret_of(told, name)
    with pytest.raises(FolderError):
        read_secret(tmp_path)


def test_a_folder_is_one_agents(tmp_path: Path) -> None:
    lock(tmp_path / "new" / "home")
    with pytest.raises(FolderError, match="another agent"):
        lock(tmp_path / "new" / "home")
    file_with(tmp_path, "")
    with pytest.raises(FolderError):
        lock(tmp_path / "edge.toml")
