"""Tenants by schema, to measure beside ours: django-tenants in a process of its own, when it is installed.

The process has an application with as many tables as ours has for tenants, each with a key to the one before it, a
unique constraint and an index; making a tenant makes its schema and migrates it, as that package does.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tenants.kernel.errors import OutturnError

_MODELS = """
from django.db import models
from django_tenants.models import DomainMixin, TenantMixin
class Client(TenantMixin):
    name = models.CharField(max_length=100)
class Domain(DomainMixin):
    pass
"""
_TABLES = """
import uuid
from django.db import migrations, models
def columns(number):
    yield "id", models.UUIDField(primary_key=True, default=uuid.uuid4)
    yield "name", models.CharField(max_length=120)
    yield "state", models.CharField(max_length=20)
    yield "count", models.IntegerField()
    yield "document", models.JSONField(default=dict)
    yield "created_at", models.DateTimeField()
    if number:
        yield "before", models.ForeignKey(f"house.Table{{number - 1}}", models.CASCADE)
def table(number):
    options = {{
        "constraints": [models.UniqueConstraint(fields=["name"], name=f"name_{{number}}")],
        "indexes": [models.Index(fields=["created_at"], name=f"created_{{number}}")],
    }}
    return migrations.CreateModel(f"Table{{number}}", list(columns(number)), options)
class Migration(migrations.Migration):
    initial = True
    operations = [table(number) for number in range({tables})]
"""
_PROGRAM = """
import sys, time
from django.conf import settings
settings.configure(
    SECRET_KEY="measured", USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django_tenants", "django.contrib.contenttypes", "clients", "house"],
    SHARED_APPS=["django_tenants", "django.contrib.contenttypes", "clients"],
    TENANT_APPS=["house"], TENANT_MODEL="clients.Client", TENANT_DOMAIN_MODEL="clients.Domain",
    DATABASE_ROUTERS=["django_tenants.routers.TenantSyncRouter"],
    DATABASES={{"default": {{"ENGINE": "django_tenants.postgresql_backend", **{database!r}}}}},
    LOGGING_CONFIG=None,
)
import django
django.setup()
from django.core.management import call_command
call_command("makemigrations", "clients", verbosity=0)
call_command("migrate_schemas", shared=True, verbosity=0, interactive=False)
from clients.models import Client
print("ready", flush=True)
for number, line in enumerate(sys.stdin):
    begun = time.perf_counter()
    Client(schema_name=f"tenant{{number}}", name=f"Tenant {{number}}").save(verbosity=0)
    print(time.perf_counter() - begun, flush=True)
"""


class SchemasError(OutturnError):
    """The peer does not run."""

    code = "deploy.schemas"
    status = 503


class Schemas:
    """A running peer that makes tenants by schema."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answer()

    def create(self) -> float:
        """Make one more tenant; the seconds it took.

        Raises:
            SchemasError: It could not.
        """
        assert self._process.stdin is not None
        self._process.stdin.write("create\n")
        self._process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline().strip():
            return line
        told = self._process.stderr.read().strip().splitlines() if self._process.stderr else []
        raise SchemasError(f"django-tenants ended: {' '.join(told[-4:]) or 'it says nothing'}", fix="Run it by itself.")


@contextmanager
def schemas(database: str, *, tables: int) -> Iterator[Schemas | None]:
    """Tenants by schema in a database of their own; None where django-tenants is not installed.

    Args:
        database: An empty database of the schema's owner.
        tables: How many tables a tenant has.
    """
    if importlib.util.find_spec("django_tenants") is None:
        yield None
        return
    known = settings.DATABASES["owner"]
    where = {key: known[key] for key in ("USER", "PASSWORD", "HOST", "PORT")} | {"NAME": database}
    with tempfile.TemporaryDirectory(prefix="outturn-schemas-") as folder:
        _write(Path(folder), tables, where)
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "program.py"], cwd=folder, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            try:
                yield Schemas(process)
            finally:
                process.kill()


def _write(folder: Path, tables: int, database: dict[str, str]) -> None:
    for name, text in {
        "clients/__init__.py": "", "clients/models.py": _MODELS, "clients/migrations/__init__.py": "",
        "house/__init__.py": "", "house/models.py": "",
        "house/migrations/__init__.py": "", "house/migrations/0001_initial.py": _TABLES.format(tables=tables),
        "program.py": _PROGRAM.format(database=database),
    }.items():  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
