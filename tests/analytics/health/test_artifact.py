from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest

from analytics.health.domain.artifact import from_artifact, to_artifact
from analytics.health.domain.model import RulModel, predict
from analytics.health.schemas import ModelError
from tenants.kernel.canonical import digest
from tests.analytics.health.histories import CONFIG, worn


def test_a_model_comes_back_as_it_was(model: RulModel) -> None:
    artifact = to_artifact(model)
    stored = json.loads(json.dumps(artifact.metadata))
    again = from_artifact(stored, artifact.payload)
    units = [worn(200, until=30), worn(201)]
    assert predict(again, units) == predict(model, units)
    assert to_artifact(again) == artifact


def test_metadata_tell_what_the_version_is(model: RulModel) -> None:
    artifact = to_artifact(model)
    assert artifact.digest == digest(artifact.metadata)
    assert artifact.metadata["format"] == "outturn.rul/2"
    assert artifact.metadata["config"] == CONFIG.model_dump(mode="json")
    assert artifact.metadata["training"] == model.training
    assert artifact.metadata["payload_sha256"] == hashlib.sha256(artifact.payload).hexdigest()
    features = artifact.metadata["features"]
    assert isinstance(features, list)
    assert features[0] == "heat mean of the last 20 cycles"
    assert features[-1] == "number of cycles in service"
    assert len(features) == len(model.members[0].centre)


def test_an_unknown_format_is_refused(model: RulModel) -> None:
    artifact = to_artifact(model)
    with pytest.raises(ModelError, match=r"The model has the format 'outturn\.rul/9'"):
        from_artifact(artifact.metadata | {"format": "outturn.rul/9"}, artifact.payload)


def test_a_changed_payload_is_refused(model: RulModel) -> None:
    artifact = to_artifact(model)
    with pytest.raises(ModelError, match="is not the one that was trained"):
        from_artifact(artifact.metadata, artifact.payload + b"\0")


def _zip(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("payload", [b"no zip", _zip(), _zip(**{"members/0/mean": b"no array"})])
def test_a_payload_that_is_no_model_is_refused(model: RulModel, payload: bytes) -> None:
    metadata = to_artifact(model).metadata | {"payload_sha256": hashlib.sha256(payload).hexdigest()}
    with pytest.raises(ModelError, match="The stored model cannot be read"):
        from_artifact(metadata, payload)


def test_a_configuration_that_is_none_is_refused(model: RulModel) -> None:
    artifact = to_artifact(model)
    with pytest.raises(ModelError, match="The stored model cannot be read"):
        from_artifact(artifact.metadata | {"config": {"signals": []}}, artifact.payload)
