"""What each kind of job does; domains register theirs when their app is ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast
from uuid import UUID

from django.utils.module_loading import import_string


class Reporter(Protocol):
    """How the work tells how far it is, and learns that it is no longer wanted."""

    tenant: UUID

    def progress(self, share: float, message: str) -> None:
        """Say how far the work is (0 to 1). Raises JobCancelledError when a person has cancelled it."""

    def cancelled(self) -> bool:
        """Whether a person has asked to cancel; for work that must wind down by itself."""


Handler = Callable[[Reporter, Mapping[str, Any]], Mapping[str, Any]]
"""Does the work outside any scope (opening its own short ones) and returns the result; safe to run twice."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job: what people call it, and what does it, or where that is to be found.

    Attributes:
        is_free: Whether it costs no job minutes and is never refused for them: what people have a right to.
    """

    label: str
    handler: Handler | str
    is_free: bool = False


_kinds: dict[str, JobKind] = {}


class JobCancelledError(Exception):
    """A person cancelled the job; the handler lets it pass."""


def register_job(kind: str, handler: Handler | str, *, label: str, is_free: bool = False) -> None:
    """Name the handler of a kind of job, and what people call it.

    A handler given as a dotted path is imported when such a job is run, so that the web server need not load what only
    the worker computes with.

    Raises:
        ValueError: The kind has another handler already.
    """
    known = _kinds.setdefault(kind, JobKind(label, handler, is_free))
    if known.handler != handler:
        raise ValueError(f"two handlers for jobs of the kind {kind}")


def handler_of(kind: str) -> Handler:
    """The handler of a kind.

    Raises:
        KeyError: Nobody registered it.
    """
    handler = _kinds[kind].handler
    return cast("Handler", import_string(handler)) if isinstance(handler, str) else handler


def is_free(kind: str) -> bool:
    """Whether a kind of job costs no job minutes."""
    known = _kinds.get(kind)
    return known is not None and known.is_free


def label_of(kind: str) -> str:
    """What people call a kind; its key, for one that is no longer there."""
    known = _kinds.get(kind)
    return known.label if known else kind
