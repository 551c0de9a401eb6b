"""The asset types that every tenant starts with, one JSON document a file, named ``<key>@<version>.json``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from twins.catalog.schemas import AssetType


@cache
def built_in_types() -> Mapping[str, AssetType]:
    """The built-in types by ``key@version``, read once; each of them is sound (a test holds that)."""
    documents = (entry for entry in files(__name__).iterdir() if entry.name.endswith(".json"))
    types = (AssetType.model_validate_json(document.read_bytes()) for document in documents)
    return MappingProxyType({document.ref: document for document in sorted(types, key=lambda document: document.ref)})
