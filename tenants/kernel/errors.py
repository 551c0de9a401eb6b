"""Errors and findings that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a document or a request.

    Attributes:
        code: Dotted and stable, such as ``twin.unknown_signal``.
        place: Where it is, as a path into the document (``assets/0198/name``) or the name of a field.
        message: What is wrong, in one sentence.
        fix: What the person can do about it, in one sentence.
    """

    code: str
    place: str
    message: str
    fix: str

    def as_dict(self) -> dict[str, str]:
        """The finding as it is printed in answers and documents."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class OutturnError(Exception):
    """Something a caller did that cannot be done, told so that they can mend it.

    Subclasses set ``code`` (dotted, stable) and ``status`` (the HTTP status it becomes at the edge).

    Args:
        message: What happened, in one sentence.
        place: The field or path it happened at.
        kept: What was kept in spite of it.
        fix: What to do next.
        findings: The single things that are wrong, when there are several.
    """

    code = "request.invalid"
    status = 400

    def __init__(
        self, message: str, *, place: str = "", kept: str = "", fix: str = "", findings: Sequence[Finding] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.kept = kept
        self.fix = fix
        self.findings = tuple(findings)

    @property
    def told(self) -> str:
        """What happened and what to do next, as the sentences that a page or a terminal shows."""
        return f"{self.message.removesuffix('.')}. {self.fix}".strip()


class NotFoundError(OutturnError):
    """There is no such thing here, or it is not the caller's to see: the answer is the same for both."""

    code = "request.not_found"
    status = 404


class NotAllowedError(OutturnError):
    """The caller is known, and their role does not allow this."""

    code = "request.not_allowed"
    status = 403


class ConflictError(OutturnError):
    """The thing has changed since the caller read it."""

    code = "request.conflict"
    status = 409
