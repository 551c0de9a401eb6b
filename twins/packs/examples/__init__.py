"""The packs that come with the product as examples, one JSON document a file, named ``<key>.json``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from twins.packs.schemas import PackDocument


@cache
def example_packs() -> Mapping[str, PackDocument]:
    """The examples by key, read once; each of them can be installed (a test holds that)."""
    documents = (entry for entry in files(__name__).iterdir() if entry.name.endswith(".json"))
    packs = (PackDocument.model_validate_json(document.read_bytes()) for document in documents)
    return MappingProxyType({found.key: found for found in sorted(packs, key=lambda found: found.key)})
