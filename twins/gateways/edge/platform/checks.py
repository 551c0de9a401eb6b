"""Whether a document is a configuration that an agent can follow."""

from __future__ import annotations

import json
from typing import Any

from rfc8785 import CanonicalizationError

from tenants.edge.parsers import is_keepable
from tenants.kernel.canonical import canonical_json
from tenants.kernel.errors import Finding
from twins.gateways.edge.configuration import ConfigurationError, configuration_from

LARGEST = 512 * 1024
"""Bytes of a configuration's canonical JSON."""
MOST_FINDINGS = 200
CODE = "edge.configuration"


def findings_in(document: Any) -> list[Finding]:
    """What is wrong with a document, by place; nothing for a configuration."""
    if not isinstance(document, dict):
        return [Finding(CODE, "", "A configuration is an object of JSON.", "Begin with { and end with }.")]
    try:
        size = len(canonical_json(document)) if is_keepable(document) else 0
    except (CanonicalizationError, RecursionError):
        size = 0
    if not 0 < size <= LARGEST:
        message = f"It is not JSON that every reader reads alike, of at most {LARGEST} bytes."
        return [Finding(CODE, "", message, "Look for very large numbers, NUL characters and lone surrogates.")]
    try:
        configuration_from(document)
    except ConfigurationError as error:
        return list(error.findings[:MOST_FINDINGS])
    return []


def parsed(text: str) -> tuple[Any, list[Finding]]:
    """The document in a text, and what is wrong with it; the document is None when the text is no JSON."""
    try:
        document = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        return None, [Finding("edge.no_json", where, f"This is no JSON: {what}.", "Mend it there.")]
    return document, findings_in(document)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
