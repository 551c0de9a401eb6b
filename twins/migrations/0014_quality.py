import django.contrib.postgres.fields
import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.conf import settings
from django.db import migrations, models

# What came late is counted by the role that writes readings, as it writes them.
INGEST = settings.INGEST_DATABASE["USER"]


class Migration(migrations.Migration):
    dependencies = [("twins", "0013_connections")]

    operations = [
        migrations.CreateModel(
            name='LateReadings',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('signal', models.BigIntegerField()),
                ('day', models.DateField()),
                ('count', models.BigIntegerField()),
                ('worst_us', models.BigIntegerField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'signal', 'day'), name='late_readings_per_day')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Substitution',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('twin', models.UUIDField()),
                ('asset', models.UUIDField()),
                ('key', models.CharField(max_length=64)),
                ('signal', models.BigIntegerField()),
                ('at', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), size=None)),
                ('value', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('quality', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
                ('former_value', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('former_quality', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
                ('reason', models.CharField(max_length=400)),
                ('by', models.CharField(max_length=254)),
                ('made_at', models.DateTimeField()),
                ('commit', models.BigIntegerField(null=True)),
                ('undoes', models.UUIDField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['tenant', 'twin', 'id'], name='substitution_by_twin')],
                'constraints': [tenants.scope.models.UniquePerTenant(condition=models.Q(('undoes__isnull', False)), fields=('tenant', 'undoes'), name='substitution_undone_once')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.RunSQL(
            [f'GRANT SELECT, INSERT, UPDATE ON TABLE twins_latereadings TO "{INGEST}"'], migrations.RunSQL.noop
        ),
    ]
