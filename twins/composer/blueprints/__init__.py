"""The blueprints that every tenant starts with, one JSON document a file, named ``<key>.json``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from twins.composer.schemas import Blueprint


@cache
def built_in_blueprints() -> Mapping[str, Blueprint]:
    """The built-in blueprints by key, read once."""
    documents = (entry for entry in files(__name__).iterdir() if entry.name.endswith(".json"))
    blueprints = (Blueprint.model_validate_json(document.read_bytes()) for document in documents)
    return MappingProxyType({found.key: found for found in sorted(blueprints, key=lambda found: found.key)})
