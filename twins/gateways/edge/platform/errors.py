"""Why something about the agent at a site cannot be done."""

from __future__ import annotations

from collections.abc import Sequence

from tenants.kernel.errors import ConflictError, Finding, NotFoundError, OutturnError


class EdgeConfigurationError(OutturnError):
    """A configuration that no agent could follow; the findings name the places."""

    code = "edge.configuration"
    status = 422

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(
            "the configuration does not fit", kept="The version before it.", place=findings[0].place,
            fix="Mend the places named in `findings`.", findings=findings,
        )  # fmt: skip


class EdgeConfigurationNotFoundError(NotFoundError):
    """The gateway has no such version of a configuration."""

    code = "edge.no_configuration"

    def __init__(self) -> None:
        super().__init__("the gateway has no such configuration", place="configuration", fix="Save one first.")


class EdgeConfigurationChangedError(ConflictError):
    """Somebody has saved another version meanwhile."""

    code = "edge.configuration_changed"
    status = 412


class SiteKeyNotFoundError(NotFoundError):
    """The gateway has no such key."""

    code = "edge.no_key"

    def __init__(self) -> None:
        super().__init__("the gateway has no such site key", place="key", fix="Choose one of its keys.")


class SiteKeyRetiredError(ConflictError):
    """The key was retired, and does not come back."""

    code = "edge.key_retired"

    def __init__(self) -> None:
        super().__init__(
            "the key was replaced by another", place="key", kept="The key that is approved now.",
            fix="Make a new key at the site, and approve that.",
        )  # fmt: skip


class SealNotFoundError(NotFoundError):
    """No seal of this number is kept."""

    code = "edge.no_seal"

    def __init__(self) -> None:
        super().__init__(
            "no sealed batch of this number is kept", place="sequence",
            fix="Name the key too, and a number that it has; bodies are kept for as long as readings are.",
        )  # fmt: skip


class StatusError(OutturnError):
    """What an agent says of itself cannot be read."""

    code = "edge.status"
    status = 422
