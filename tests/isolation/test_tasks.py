"""Every task and every kind of job, called for the wrong tenant or for none: nothing is read and nothing written."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection

from deploy.celery import app
from tenants.jobs.registry import _kinds, handler_of
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.scope.context import NoScopeError, current_tenant
from tenants.scope.tables import TenantTable
from tests.isolation.asking import fingerprint, savepoint
from tests.isolation.conftest import House

_TABLES = re.compile(
    r"\b(" + "|".join(m._meta.db_table for m in apps.get_models() if issubclass(m, TenantTable)) + r")\b"
)


def tasks() -> dict[str, Any]:
    """Every task of ours."""
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def parameters(task: Any) -> list[str]:
    """The names of a task's parameters."""
    return list(inspect.signature(task.run).parameters)


OF_A_TENANT = sorted(name for name, task in tasks().items() if "tenant" in parameters(task))
OF_ALL = sorted(set(tasks()) - set(OF_A_TENANT))


ARGUMENTS = {
    "email": "nobody@nowhere.example", "method": "password", "at": "2026-09-01T00:00:00Z", "address": "127.0.0.1",
    "request": "0" * 32, "notice": str(new_id()),
}  # fmt: skip
"""What tasks that belong to no tenant are told."""


@contextmanager
def reading() -> Iterator[list[str]]:
    """The statements on tenants' tables that are sent meanwhile."""
    seen: list[str] = []

    def note(execute: Any, sql: Any, *rest: Any) -> Any:
        if _TABLES.search(str(sql)):
            seen.append(str(sql))
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield seen


def arguments(house: House, name: str, tenant: object) -> dict[str, Any]:
    """The arguments of a task for a tenant, with Meridian's real ids in all else."""
    known = str(house.mine["job"]["job_id"])
    return {each: tenant if each == "tenant" else known for each in parameters(tasks()[name])}


def test_the_registry_is_ours() -> None:
    assert {"jobs.run", "jobs.sweep", "record.seal_log", "record.seal_logs"} <= set(tasks())


@pytest.mark.parametrize("name", OF_A_TENANT)
class TestOfATenant:
    def test_without_a_tenant_nothing_runs(self, house: House, name: str) -> None:
        others = {key: value for key, value in arguments(house, name, None).items() if key != "tenant"}
        with reading() as seen, pytest.raises(TypeError, match="tenant"):
            tasks()[name](**others)
        assert seen == []

    @pytest.mark.parametrize("tenant", ["", "meridian", "' OR 1=1 --", None, 7])
    def test_a_malformed_tenant_fails_before_anything_is_read(self, house: House, name: str, tenant: object) -> None:
        with reading() as seen, pytest.raises((ValueError, TypeError, AttributeError)):
            tasks()[name](**arguments(house, name, tenant))
        assert seen == []
        assert current_tenant() is None

    @pytest.mark.parametrize("whose", ["the stranger's", "nobody's"])
    def test_another_tenants_things_are_not_found(self, house: House, name: str, whose: str) -> None:
        tenant = house.cast.stranger.id if whose == "the stranger's" else new_id()
        with suppress(OutturnError, LookupError, TypeError):
            tasks()[name](**arguments(house, name, str(tenant)))
        assert house.is_untouched()
        assert current_tenant() is None

    def test_a_tenant_that_is_not_there_is_left_without_rows(self, house: House, name: str) -> None:
        nobody = new_id()
        with suppress(OutturnError, LookupError, TypeError):
            tasks()[name](**arguments(house, name, str(nobody)))
        assert set(re.findall(r"'([0-9a-f]{32})'", fingerprint(nobody))) == set()


@pytest.mark.parametrize("name", OF_ALL)
def test_what_runs_for_all_reads_no_tenants_table_outside_a_scope(house: House, name: str) -> None:
    outside: list[str] = []

    def note(execute: Any, sql: Any, *rest: Any) -> Any:
        if _TABLES.search(str(sql)) and current_tenant() is None:
            outside.append(str(sql))
        return execute(sql, *rest)

    with connection.execute_wrapper(note), suppress(OutturnError):
        tasks()[name](**{each: ARGUMENTS[each] for each in parameters(tasks()[name])})
    assert outside == []
    assert current_tenant() is None


class _Anything(dict[str, Any]):
    """Parameters of a job in which whatever is asked for is an id of Meridian's."""

    def __init__(self, foreign: UUID) -> None:
        super().__init__()
        self._foreign = str(foreign)

    def __missing__(self, key: str) -> str:
        return self._foreign

    def get(self, key: str, default: Any = None) -> Any:
        return self._foreign

    def __contains__(self, key: object) -> bool:
        return True


class _Reporter:
    """A worker's side of a job of the stranger's."""

    def __init__(self, tenant: UUID) -> None:
        self.tenant = tenant

    def progress(self, share: float, message: str) -> None:
        """Nobody looks on."""

    def cancelled(self) -> bool:
        """Nobody cancels."""
        return False


@pytest.mark.parametrize("kind", sorted(_kinds))
def test_jobs_of_the_strangers_find_nothing_of_meridians(house: House, kind: str) -> None:
    for foreign in house.ids():
        result: Mapping[str, Any] = {}
        with suppress(OutturnError, LookupError, ValueError, TypeError):
            result = handler_of(kind)(_Reporter(house.cast.stranger.id), _Anything(foreign))
        told = str(result).replace(str(foreign), "")
        assert not any(each in told for each in house.secrets)
    assert house.is_untouched()
    assert current_tenant() is None


def test_work_without_a_scope_fails_before_it_reads(house: House) -> None:
    for model in apps.get_models():
        if issubclass(model, TenantTable):
            with reading() as seen, pytest.raises(NoScopeError):
                model._default_manager.exists()
            with pytest.raises(NoScopeError), savepoint():
                model._default_manager.filter(tenant=house.cast.meridian.id).delete()
            assert seen == [], model
