"""Which tenant the running code acts for, and the transaction that carries it to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction

_current: ContextVar[UUID | None] = ContextVar("outturn_tenant", default=None)
_held_to: ContextVar[frozenset[UUID] | None] = ContextVar("outturn_twins", default=None)


class NoScopeError(RuntimeError):
    """A tenant's table was used by code that acts for no tenant."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} belongs to a tenant, and no tenant scope is open: wrap the work in `with scope(tenant):`"
        )


class NestedScopeError(RuntimeError):
    """A second tenant scope was opened inside a first: a transaction belongs to one tenant."""


def current_tenant() -> UUID | None:
    """The tenant whose scope is open, or None."""
    return _current.get()


def required_tenant(what: str = "this") -> UUID:
    """The tenant whose scope is open.

    Raises:
        NoScopeError: No scope is open; ``what`` names the thing that needed one.
    """
    tenant = _current.get()
    if tenant is None:
        raise NoScopeError(what)
    return tenant


def twins_in_reach() -> frozenset[UUID] | None:
    """The twins that the running code is held to, or None for all of the tenant's."""
    return _held_to.get()


@contextmanager
def held_to(twins: frozenset[UUID] | None) -> Iterator[None]:
    """Let every query of a model that stands in a twin (``PerTenant.twin_path``) see and change these twins' rows only.

    None holds to nothing. Inside another the reach can only become smaller.
    """
    outer = _held_to.get()
    token = _held_to.set(twins if outer is None else outer if twins is None else outer & twins)
    try:
        yield
    finally:
        _held_to.reset(token)


def set_local(tenant: UUID | None) -> str:
    """The statement that tells PostgreSQL which tenant the transaction is for.

    A UUID has no character that needs quoting, so the text is safe as it is. Only ``SET LOCAL`` as a plain statement
    reaches the workers of a Citus cluster; ``set_config`` does not.
    """
    return f"SET LOCAL outturn.tenant = '{tenant or ''}'"


@contextmanager
def acting_for(tenant: UUID) -> Iterator[None]:
    """Let queries be written for a tenant; the caller's transaction must tell PostgreSQL the same by `set_local`.

    `scope` does both and is what work for a tenant uses; this is for a transaction on another connection.

    Raises:
        NestedScopeError: A scope is open already.
    """
    if _current.get() is not None:
        raise NestedScopeError(f"a scope for {_current.get()} is open; one transaction acts for one tenant")
    token = _current.set(tenant)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def scope(tenant: UUID) -> Iterator[None]:
    """Act for one tenant: one transaction on the application's connection that sees that tenant's rows only.

    The setting travels with BEGIN in one round trip (see ``backend.base``). Work that must not see the outer
    transaction undone belongs in a scope of its own, after this one has ended.

    Raises:
        NestedScopeError: A scope is open already.
        RuntimeError: A transaction is open already (scope is its outermost frame).
    """
    with acting_for(tenant):
        nested = connection.in_atomic_block
        with transaction.atomic(durable=True):
            # Only a test's enclosing transaction passes `durable`; there BEGIN has long been sent.
            if nested:
                _execute(set_local(tenant))
            yield
            if nested and not connection.needs_rollback:
                _execute(set_local(None))


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
