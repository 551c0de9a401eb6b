import uuid

import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.conf import settings
from django.db import migrations, models

from tenants.scope.tables import isolation_sql

# Usage is written in bulk by the application and by the writer of readings, so its key is what it is about.
APP, INGEST = settings.DATABASES["default"]["USER"], settings.INGEST_DATABASE["USER"]
WHOLE = uuid.UUID(int=0)
METERS = [('twins', 'Twins'), ('assets', 'Assets'), ('signals', 'Signals'), ('gateways', 'Gateways'), ('seats', 'Seats'), ('customers', 'Customers'), ('readings_per_second', 'Readings per second'), ('readings_per_day', 'Readings per day'), ('requests_per_day', 'API requests per day'), ('job_minutes', 'Job minutes per month'), ('storage', 'Storage')]
USAGE = (
    """CREATE TABLE tenants_usageday (tenant_id uuid NOT NULL, meter varchar(30) NOT NULL, day date NOT NULL,
        part uuid NOT NULL, amount bigint NOT NULL CHECK (amount >= 0), PRIMARY KEY (tenant_id, meter, day, part))
        WITH (fillfactor = 50)""",
    *isolation_sql("tenants_usageday", role=APP),
    f'GRANT SELECT, INSERT, UPDATE ON TABLE tenants_usageday TO "{INGEST}"',
)


def _tenant():
    return models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')


def _id():
    return models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0005_single_sign_on'),
    ]

    operations = [
        migrations.CreateModel(
            name='UsageDay',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant', 'meter', 'day', 'part', blank=True, editable=False, primary_key=True, serialize=False)),
                ('meter', models.CharField(max_length=30)),
                ('day', models.DateField()),
                ('part', models.UUIDField(default=WHOLE)),
                ('amount', models.BigIntegerField()),
            ],
            options={
                'db_table': 'tenants_usageday',
                'managed': False,
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='RaisedLimit',
            fields=[
                ('id', _id()),
                ('meter', models.CharField(choices=METERS, max_length=30)),
                ('value', models.BigIntegerField(null=True)),
                ('until', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('made_by', models.CharField(max_length=254)),
                ('made_at', models.DateTimeField()),
                ('tenant', _tenant()),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'meter'), name='one_raised_limit_per_meter')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='LimitWarning',
            fields=[
                ('id', _id()),
                ('meter', models.CharField(choices=METERS, max_length=30)),
                ('part', models.UUIDField(default=WHOLE)),
                ('state', models.CharField(choices=[('ok', 'ok'), ('warning', 'warning'), ('exhausted', 'exhausted')], max_length=10)),
                ('limit', models.BigIntegerField(null=True)),
                ('used', models.BigIntegerField()),
                ('resets_at', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField()),
                ('told_state', models.CharField(blank=True, max_length=10)),
                ('told_until', models.DateTimeField(null=True)),
                ('tenant', _tenant()),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'meter', 'part'), name='one_warning_per_meter_and_part')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='CustomerShare',
            fields=[
                ('id', _id()),
                ('meter', models.CharField(choices=METERS, max_length=30)),
                ('value', models.BigIntegerField()),
                ('customer', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.customer')),
                ('tenant', _tenant()),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'customer', 'meter'), name='one_share_per_customer_and_meter')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, ['DROP TABLE tenants_usageday']),
        *(migrations.RunSQL([statement], migrations.RunSQL.noop) for statement in USAGE),
    ]
