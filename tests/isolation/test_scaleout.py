"""What a database split by tenant will need of us, as far as our own sources show it (docs/decisions)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations import RunSQL
from django.db.migrations.loader import MigrationLoader

from tests.isolation.conftest import House

ROOT = Path(settings.BASE_DIR)
DOMAINS = ("tenants", "twins", "billing", "analytics", "deploy")


@cache
def sources() -> dict[str, str]:
    """Our own modules, by their paths."""
    files = (path for domain in DOMAINS for path in sorted((ROOT / domain).rglob("*.py")))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}


@cache
def strings() -> tuple[tuple[str, str], ...]:
    """Every string in them that is no documentation: where SQL is."""
    return tuple((place, text) for place, source in sources().items() for text in _strings(ast.parse(source)))


def _strings(tree: ast.AST) -> Iterator[str]:
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    told |= {id(each) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for each in ast.walk(node)} - {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def saying(pattern: str, *, but: frozenset[str] = frozenset()) -> list[str]:
    """Where a string of ours says something."""
    found = re.compile(pattern, re.IGNORECASE)
    return [f"{place}: {text.strip()[:80]}" for place, text in strings() if place not in but and found.search(text)]


class TestScope:
    def test_rule_1_one_place_sets_the_tenant_by_a_plain_statement(self) -> None:
        assert saying(r"set_config\s*\(") == []
        assert (
            saying(r"\bSET\s+(LOCAL\s+|SESSION\s+)?outturn\.tenant\b", but=frozenset({"tenants/scope/context.py"}))
            == []
        )
        (own,) = (text for place, text in strings() if place == "tenants/scope/context.py" and "outturn.tenant" in text)
        assert own == "SET LOCAL outturn.tenant = '{}'"

    def test_rule_3_the_setting_reaches_other_machines(self) -> None:
        for name in ("default", "owner"):
            assert "-c citus.propagate_set_commands=local" in settings.DATABASES[name]["OPTIONS"]["options"]
        assert "-c citus.propagate_set_commands=local" in settings.INGEST_DATABASE["OPTIONS"]["options"]


class TestQueries:
    def test_rule_6_no_query_asks_the_setting_in_place_of_a_literal(self) -> None:
        assert saying(r"current_setting\(\s*'outturn\.tenant'", but=frozenset({"tenants/scope/tables.py"})) == []

    def test_rule_7_rows_are_locked_with_the_literal(self) -> None:
        locking = [text for _, text in strings() if re.search(r"\bFOR (NO KEY )?UPDATE\b", text) and "SELECT" in text]
        assert all("tenant_id" in text for text in locking)

    def test_rule_8_rows_are_copied_in_a_way_that_a_cluster_takes(self) -> None:
        copied = [
            f"{place}: {text}"
            for place, text in strings()
            if re.search(r"\bINSERT INTO\b[^;]*\bSELECT\b", text, re.DOTALL)
        ]
        # A text that ends in a hole is told further by the module around it.
        loose = [text for text in copied if not re.search(r"ON CONFLICT|RETURNING|\{\}\s*$", text)]
        assert loose == []
        assert saying(r"\bMERGE\s+INTO\b") == []
        assert saying(r"\bCOPY\s+[\w\"{}.]+(\s*\([^)]*\))?\s+TO\b") == []

    def test_rule_9_errors_are_told_apart_by_their_sqlstate(self) -> None:
        asked = re.compile(r"\.diag\.(constraint_name|table_name|message_primary|message_detail)")
        assert [place for place, source in sources().items() if asked.search(source)] == []


class TestSchema:
    def test_rule_14_nothing_counts_on_the_order_of_a_sequence(self) -> None:
        assert saying(r"\b(currval|lastval)\s*\(") == []

    def test_rule_16_partitions_go_plainly(self) -> None:
        assert saying(r"\bDETACH\b[^;]*\bCONCURRENTLY\b") == []

    def test_rule_17_and_19_triggers_name_no_table_and_take_no_lock(self, house: House) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT f.proname, f.prosrc FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid "
                "WHERE NOT t.tgisinternal AND f.pronamespace = 'public'::regnamespace"
            )
            found = cursor.fetchall()
        assert found
        for name, body in found:
            assert not re.search(r"pg_advisory|pg_notify|\bNOTIFY\b", body), name

    def test_rule_18_nothing_stands_on_late_checks(self) -> None:
        assert saying(r"\bSET\s+CONSTRAINTS\b") == []

    @pytest.mark.django_db
    def test_rule_20_migrations_send_one_statement_at_a_time(self) -> None:
        several = []
        for (app, name), migration in MigrationLoader(None).disk_migrations.items():
            if app in DOMAINS:
                several += [f"{app}.{name}: {text[:60]}" for text in _sql(migration.operations) if _is_several(text)]
        assert several == []


def _sql(operations: Iterable[object]) -> Iterator[str]:
    for operation in operations:
        if isinstance(operation, RunSQL) and operation.sql != RunSQL.noop:
            entries = [operation.sql] if isinstance(operation.sql, str) else operation.sql
            yield from (entry if isinstance(entry, str) else entry[0] for entry in entries)


def _is_several(text: str) -> bool:
    """Whether more than one statement is sent at once; the body of a function is one."""
    outside = re.sub(r"\$(\w*)\$.*?\$\1\$", "", text, flags=re.DOTALL)
    return bool(outside.strip().rstrip(";").count(";"))
