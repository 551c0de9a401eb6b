import django.contrib.postgres.fields
import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.conf import settings
from django.db import migrations, models

# Seals are written in the commit of the readings that they are of, by the role that writes these; bodies are packed.
INGEST = settings.INGEST_DATABASE["USER"]


class Migration(migrations.Migration):
    dependencies = [("twins", "0018_readings")]

    operations = [
        migrations.CreateModel(
            name='EdgeAgent',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gateway', models.UUIDField()),
                ('version', models.CharField(blank=True, max_length=60)),
                ('status', models.JSONField()),
                ('at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'gateway'), name='one_agent_of_a_gateway')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='EdgeConfiguration',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gateway', models.UUIDField()),
                ('number', models.PositiveIntegerField()),
                ('document', models.JSONField()),
                ('digest', models.CharField(max_length=64)),
                ('saved_by', models.CharField(max_length=254)),
                ('saved_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-number',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'gateway', 'number'), name='edge_configuration_by_number')],
            },
            bases=(tenants.scope.tables.AppendOnly, tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='SealedBatch',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gateway', models.UUIDField()),
                ('fingerprint', models.CharField(blank=True, max_length=64)),
                ('sequence', models.BigIntegerField()),
                ('previous', models.CharField(blank=True, max_length=64)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('body_digest', models.CharField(max_length=64)),
                ('signature', models.BinaryField(max_length=64)),
                ('body', models.BinaryField()),
                ('batch', models.CharField(max_length=64)),
                ('commit', models.BigIntegerField()),
                ('readings', models.IntegerField()),
                ('signals', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('kept', 'Kept'), ('broken', 'Broken')], max_length=6)),
                ('code', models.CharField(blank=True, max_length=60)),
                ('reason', models.CharField(blank=True, max_length=400)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['tenant', 'gateway', 'state', 'id'], name='sealed_batch_by_state'), models.Index(fields=['tenant', 'gateway', 'fingerprint', 'digest'], name='sealed_batch_by_digest'), models.Index(condition=models.Q(('state', 'kept')), fields=['tenant', 'last_at'], name='sealed_batch_by_time')],
                'constraints': [tenants.scope.models.UniquePerTenant(condition=models.Q(('state', 'kept')), fields=('tenant', 'gateway', 'fingerprint', 'sequence'), name='one_kept_seal_of_a_number')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='SiteKey',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gateway', models.UUIDField()),
                ('public_key', models.BinaryField(max_length=32)),
                ('fingerprint', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('approved', 'Approved'), ('retired', 'Retired')], default='waiting', max_length=8)),
                ('first_seen_at', models.DateTimeField()),
                ('approved_by', models.CharField(blank=True, max_length=254)),
                ('approved_at', models.DateTimeField(null=True)),
                ('retired_at', models.DateTimeField(null=True)),
                ('sequence', models.BigIntegerField(default=0)),
                ('head', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'gateway', 'fingerprint'), name='site_key_by_fingerprint'), tenants.scope.models.UniquePerTenant(condition=models.Q(('state', 'approved')), fields=('tenant', 'gateway'), name='one_approved_site_key')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='SiteRecord',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('document', models.JSONField()),
                ('digest', models.CharField(max_length=64)),
                ('made_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'twin', 'digest'), name='site_record_by_digest')],
            },
            bases=(tenants.scope.tables.AppendOnly, tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.RunSQL(
            [
                f'GRANT SELECT, INSERT ON TABLE twins_sealedbatch TO "{INGEST}"',
                f'GRANT SELECT, UPDATE ON TABLE twins_sitekey TO "{INGEST}"',
                "ALTER TABLE twins_sealedbatch ALTER COLUMN body SET STORAGE EXTERNAL",
            ],
            migrations.RunSQL.noop,
        ),
    ]
