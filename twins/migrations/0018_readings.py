from importlib import import_module
from itertools import groupby

import django.db.models.deletion
import numpy as np
from django.conf import settings
from django.db import migrations, models

import tenants.scope.tables
from tenants.scope.context import set_local
from tenants.scope.tables import isolation_sql
from twins.telemetry.instants import micros
from twins.telemetry.packing import pack_log
from twins.telemetry.schemas import Readings

# Readings are no longer rows: what comes is packed into a log, and from there into chunks of one signal each. As before
# no role but the owner may create tables, so the partition of a month is made by a function that runs as the owner.

APP, INGEST = settings.DATABASES["default"]["USER"], settings.INGEST_DATABASE["USER"]

TABLES = {
    # Rows come and go by the minute; their payloads are packed already.
    "twins_readinglog": """tenant_id uuid NOT NULL, commit bigint NOT NULL, count integer NOT NULL,
        first_at timestamptz NOT NULL, last_at timestamptz NOT NULL, received_at timestamptz NOT NULL,
        payload bytea STORAGE EXTERNAL NOT NULL, PRIMARY KEY (tenant_id, commit))
        WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0""",
    "twins_chunk": """tenant_id uuid NOT NULL, signal bigint NOT NULL, start timestamptz NOT NULL,
        first_at timestamptz NOT NULL, last_at timestamptz NOT NULL, commit bigint NOT NULL, low float8 NOT NULL,
        high float8 NOT NULL, sum float8 NOT NULL, last float8 NOT NULL, count integer NOT NULL, span smallint NOT NULL,
        rolled boolean NOT NULL, payload bytea STORAGE EXTERNAL NOT NULL,
        PRIMARY KEY (tenant_id, signal, start)) PARTITION BY RANGE (signal""",
    "twins_rollup": """tenant_id uuid NOT NULL, signal bigint NOT NULL, grain bigint NOT NULL,
        start timestamptz NOT NULL, payload bytea STORAGE EXTERNAL NOT NULL,
        PRIMARY KEY (tenant_id, signal, grain, start)""",
    "twins_compaction": "tenant_id uuid PRIMARY KEY, upto bigint NOT NULL",
}
INDEXES = (
    # For the sweep: whose log is old, whoever the tenant is.
    "CREATE INDEX twins_readinglog_by_arrival ON twins_readinglog (received_at)",
    # For later stages: what came with the commits after one; and for the rollups: what they do not know yet.
    "CREATE INDEX twins_chunk_by_commit ON twins_chunk (tenant_id, commit)",
    "CREATE INDEX twins_chunk_to_roll ON twins_chunk (tenant_id, signal, start) WHERE NOT rolled",
)
GRANTS = {
    "twins_readinglog": "SELECT, INSERT, DELETE",
    "twins_chunk": "SELECT, INSERT, UPDATE, DELETE",
    "twins_rollup": "SELECT, INSERT, UPDATE",
    "twins_compaction": "SELECT, INSERT, UPDATE",
}

PARTITION = """
CREATE FUNCTION outturn_chunk_partition(retention smallint, month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $make$
DECLARE
    of_class text := CASE retention WHEN 1 THEN 'twins_chunk_standard' END;
    first_day date := date_trunc('month', month)::date;
    partition text := of_class || to_char(first_day, '_YYYYMM');
BEGIN
    IF of_class IS NULL OR first_day < date '1970-01-01' OR first_day > current_date + 31 THEN
        RAISE EXCEPTION 'no partition is made for class % and %', retention, month USING ERRCODE = '22023';
    END IF;
    IF to_regclass('public.' || partition) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('outturn_chunk_partition'));
    IF to_regclass('public.' || partition) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING INDEXES INCLUDING STORAGE)', partition, of_class);
""" + "\n".join(
    f"    EXECUTE format($do${statement}$do$, partition);" for statement in isolation_sql("%s", role="", grants=())
) + """
    EXECUTE format(
        'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', of_class, partition,
        first_day || ' 00:00:00+00', (first_day + interval '1 month')::date || ' 00:00:00+00'
    );
END
$make$"""


def creation():
    for table, columns in TABLES.items():
        yield f"CREATE TABLE {table} ({columns})"
        yield from isolation_sql(table, role=APP, grants=("SELECT",))
    yield (
        "CREATE TABLE twins_chunk_standard PARTITION OF twins_chunk "
        f"FOR VALUES FROM (0) TO ({2**56}) PARTITION BY RANGE (start)"
    )
    yield from isolation_sql("twins_chunk_standard", role=APP, grants=())
    yield from INDEXES
    yield PARTITION
    yield "REVOKE ALL ON FUNCTION outturn_chunk_partition(smallint, date) FROM PUBLIC"
    yield f'GRANT EXECUTE ON FUNCTION outturn_chunk_partition(smallint, date) TO "{INGEST}"'
    for table, rights in GRANTS.items():
        yield f'GRANT {rights} ON TABLE {table} TO "{INGEST}"'


REMOVAL = [
    "DROP FUNCTION outturn_chunk_partition(smallint, date)",
    *(f"DROP TABLE {table}" for table in reversed(TABLES)),
]


def move(apps, schema_editor):
    """Every reading that is there goes into the log, with the others of its commit."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM tenants_tenant")
        for (tenant,) in cursor.fetchall():
            cursor.execute(set_local(tenant))
            cursor.execute(
                "SELECT commit, signal, at, value, quality FROM twins_reading WHERE tenant_id = %s"
                " ORDER BY commit, at, signal", [tenant],
            )
            for commit, rows in groupby(cursor.fetchall(), key=lambda row: row[0]):
                _, signal, at, value, quality = zip(*rows, strict=True)
                readings = Readings(
                    np.array(signal, np.int64), np.array([micros(one) for one in at], np.int64),
                    np.array(value, np.float64), np.array(quality, np.int16),
                )
                cursor.execute(
                    "INSERT INTO twins_readinglog (tenant_id, commit, count, first_at, last_at, received_at, payload)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    [tenant, commit, len(at), min(at), max(at), max(at), pack_log(readings)],
                )


def refuse(apps, schema_editor):
    """Nothing is lost: readings that are packed do not go back into rows."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM tenants_tenant")
        for (tenant,) in cursor.fetchall():
            cursor.execute(set_local(tenant))
            for table in ("twins_readinglog", "twins_chunk"):
                cursor.execute(f"SELECT EXISTS (SELECT FROM {table} WHERE tenant_id = %s)", [tenant])
                if cursor.fetchone()[0]:
                    raise RuntimeError("packed readings cannot go back: restore a backup from before")


def rows_again():
    """What 0002 made for readings as rows."""
    made = import_module("twins.migrations.0002_telemetry")
    yield f"CREATE TABLE twins_reading ({made.TABLES['twins_reading']})"
    yield from isolation_sql("twins_reading", role=APP, grants=("SELECT",))
    yield (
        "CREATE TABLE twins_reading_standard PARTITION OF twins_reading "
        f"FOR VALUES FROM (0) TO ({2**56}) PARTITION BY RANGE (at)"
    )
    yield from isolation_sql("twins_reading_standard", role=APP, grants=())
    yield made.PARTITION
    yield "REVOKE ALL ON FUNCTION outturn_reading_partition(smallint, date) FROM PUBLIC"
    yield f'GRANT EXECUTE ON FUNCTION outturn_reading_partition(smallint, date) TO "{INGEST}"'
    yield f'GRANT SELECT, INSERT, UPDATE ON TABLE twins_reading TO "{INGEST}"'


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0016_lists'),
        ('twins', '0017_dashboards'),
    ]

    operations = [
        migrations.RunSQL(list(creation()), REMOVAL),
        migrations.RunPython(move, refuse),
        migrations.RunSQL(
            ["DROP FUNCTION outturn_reading_partition(smallint, date)", "DROP TABLE twins_reading"], list(rows_again())
        ),
        migrations.CreateModel(
            name='Chunk',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant', 'signal', 'start', blank=True, editable=False, primary_key=True, serialize=False)),
                ('signal', models.BigIntegerField()),
                ('start', models.DateTimeField()),
                ('span', models.SmallIntegerField()),
                ('count', models.IntegerField()),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('low', models.FloatField()),
                ('high', models.FloatField()),
                ('sum', models.FloatField()),
                ('last', models.FloatField()),
                ('commit', models.BigIntegerField()),
                ('rolled', models.BooleanField()),
                ('payload', models.BinaryField()),
            ],
            options={
                'db_table': 'twins_chunk',
                'managed': False,
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant', 'signal', 'grain', 'start', blank=True, editable=False, primary_key=True, serialize=False)),
                ('signal', models.BigIntegerField()),
                ('grain', models.BigIntegerField()),
                ('start', models.DateTimeField()),
                ('payload', models.BinaryField()),
            ],
            options={
                'db_table': 'twins_rollup',
                'managed': False,
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Compaction',
            fields=[
                ('tenant', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='tenants.tenant')),
                ('upto', models.BigIntegerField()),
            ],
            options={
                'db_table': 'twins_compaction',
                'managed': False,
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='ReadingLog',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant', 'commit', blank=True, editable=False, primary_key=True, serialize=False)),
                ('commit', models.BigIntegerField()),
                ('count', models.IntegerField()),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('payload', models.BinaryField()),
            ],
            options={
                'db_table': 'twins_readinglog',
                'managed': False,
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.DeleteModel(
            name='Reading',
        ),
    ]
