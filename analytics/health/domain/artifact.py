"""A model as bytes and JSON, and back: nothing in it is executed when it is read.

The payload is a zip of numpy arrays (``.npy``, without pickled objects) and of the trees in XGBoost's own format
(``.ubj``). Zipped without clock or names of people, so that the same model gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost
from pydantic import JsonValue, ValidationError

from analytics.features.domain.standard import Conditions, Standard
from analytics.health.domain.band import Band
from analytics.health.domain.beyond import Beyond
from analytics.health.domain.indices import Indices
from analytics.health.domain.member import Member, feature_labels
from analytics.health.domain.model import RulModel
from analytics.health.schemas import Artifact, ModelError, RulConfig
from tenants.kernel.canonical import digest

FORMAT = "outturn.rul/2"
"""Of metadata and payload; changes when a model of the old form can no longer be read."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def to_artifact(model: RulModel) -> Artifact:
    """The version that a model is stored as."""
    payload = _zipped(_parts(model))
    metadata: dict[str, JsonValue] = {
        "format": FORMAT,
        "config": model.config.model_dump(mode="json"),
        "features": list(feature_labels(model.config.signals)),
        "training": model.training,
        "payload_sha256": hashlib.sha256(payload).hexdigest(),
    }
    return Artifact(metadata, payload, digest(metadata))


def from_artifact(metadata: Mapping[str, Any], payload: bytes) -> RulModel:
    """The model of a stored version.

    Raises:
        ModelError: The format is unknown, or the payload is not the one that the metadata speak of.
    """
    fix = "Train a new version."
    if metadata.get("format") != FORMAT:
        message = f"The model has the format {metadata.get('format')!r}; {FORMAT!r} is read here."
        raise ModelError(message, place="format", fix=fix)
    if hashlib.sha256(payload).hexdigest() != metadata.get("payload_sha256"):
        raise ModelError("The stored model is not the one that was trained.", place="payload_sha256", fix=fix)
    try:
        config = RulConfig.model_validate(metadata["config"])
        parts = _unzipped(payload)
        members = tuple(_member(parts, f"members/{number}") for number in range(config.folds))
        band = Band(*(_array(parts[f"band/{name}"]) for name in ("predicted", "low", "high")))
        beyond = Beyond(*(_array(parts[f"beyond/{name}"]) for name in ("predicted", "share", "mean")))
        return RulModel(config, members, band, beyond, dict(metadata["training"]))
    except (ValidationError, KeyError, ValueError, zipfile.BadZipFile, zlib.error, xgboost.core.XGBoostError) as error:
        raise ModelError(f"The stored model cannot be read: {error}.", place="payload", fix=fix) from error


def _parts(model: RulModel) -> dict[str, bytes]:
    parts = {f"band/{name}": _npy(getattr(model.band, name)) for name in ("predicted", "low", "high")}
    parts |= {f"beyond/{name}": _npy(getattr(model.beyond, name)) for name in ("predicted", "share", "mean")}
    for number, member in enumerate(model.members):
        arrays = {
            "condition_centres": member.standard.conditions.centres,
            "condition_scale": member.standard.conditions.scale,
            "mean": member.standard.mean,
            "deviation": member.standard.deviation,
            "weights": member.indices.weights,
            "centre": member.centre,
            "spread": member.spread,
        }
        parts |= {f"members/{number}/{name}": _npy(array) for name, array in arrays.items()}
        parts[f"members/{number}/trees.ubj"] = bytes(member.booster.save_raw("ubj"))
    return parts


def _member(parts: Mapping[str, bytes], place: str) -> Member:
    def array(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return _array(parts[f"{place}/{name}"])

    conditions = Conditions(array("condition_centres"), array("condition_scale"))
    standard = Standard(conditions, array("mean"), array("deviation"))
    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(parts[f"{place}/trees.ubj"]))
    return Member(standard, Indices(array("weights")), array("centre"), array("spread"), booster)


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _array(content: bytes) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(np.load(io.BytesIO(content), allow_pickle=False), dtype=np.float64)


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), parts[name], zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _unzipped(payload: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
