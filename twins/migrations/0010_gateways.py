import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models

TRAFFIC = """ALTER TABLE twins_traffic ADD COLUMN clock_at timestamptz, ADD COLUMN clock_us bigint,
    ADD COLUMN former_clock_us bigint, ADD COLUMN late_us bigint, ADD COLUMN backlog bigint,
    ADD COLUMN version text NOT NULL DEFAULT ''"""
TRAFFIC_BEFORE = """ALTER TABLE twins_traffic DROP COLUMN clock_at, DROP COLUMN clock_us, DROP COLUMN former_clock_us,
    DROP COLUMN late_us, DROP COLUMN backlog, DROP COLUMN version"""


def _id():
    return models.UUIDField(
        default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
    )


def _owner():
    return models.ForeignKey(
        db_index=False, default=tenants.scope.models._owner, editable=False,
        on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant',
    )


def _tenant():
    return models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0016_lists'),
        ('twins', '0009_lists'),
    ]

    operations = [
        migrations.CreateModel(
            name='Authority',
            fields=[
                ('id', _id()),
                ('name', models.CharField(max_length=120)),
                ('fingerprint', models.CharField(max_length=64)),
                ('subject', models.CharField(max_length=400)),
                ('pem', models.TextField()),
                ('not_after', models.DateTimeField()),
                ('allowed', models.PositiveIntegerField(default=0)),
                ('made', models.PositiveIntegerField(default=0)),
                ('revoked_serials', models.JSONField(default=list)),
                ('list_issued_at', models.DateTimeField(blank=True, null=True)),
                ('list_due_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('tenant', _owner()),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'fingerprint'), name='authority_per_tenant')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='AuthorityAnchor',
            fields=[
                ('fingerprint', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('authority', models.UUIDField()),
                ('subject', models.CharField(db_index=True, max_length=64)),
                ('public_key', models.CharField(db_index=True, max_length=64)),
                ('pem', models.TextField()),
                ('tenant', _tenant()),
            ],
            bases=(tenants.scope.tables.ReferenceTable, models.Model),
        ),
        migrations.CreateModel(
            name='ProvisioningDigest',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('key', models.UUIDField()),
                ('tenant', _tenant()),
            ],
            bases=(tenants.scope.tables.ReferenceTable, models.Model),
        ),
        migrations.CreateModel(
            name='ProvisioningKey',
            fields=[
                ('id', _id()),
                ('name', models.CharField(max_length=120)),
                ('prefix', models.CharField(max_length=24)),
                ('allowed', models.PositiveIntegerField()),
                ('made', models.PositiveIntegerField(default=0)),
                ('name_prefix', models.CharField(blank=True, max_length=60)),
                ('needs_claim', models.BooleanField(default=True)),
                ('created_by', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('customer', tenants.scope.models.TenantKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.customer')),
                ('site', tenants.scope.models.TenantKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.site')),
                ('tenant', _owner()),
            ],
            options={
                'ordering': ('-id',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.AddField(
            model_name='gateway', name='claim_digest', field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='gateway', name='made_with', field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='gateway',
            name='origin',
            field=models.CharField(choices=[('portal', 'portal'), ('file', 'file'), ('key', 'key'), ('certificate', 'certificate')], default='portal', max_length=11),
        ),
        migrations.AddField(
            model_name='gateway', name='serial', field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name='gateway',
            name='site',
            field=tenants.scope.models.TenantKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.site'),
        ),
        migrations.AddField(
            model_name='gateway', name='version', field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name='gatewaytoken', name='certificate', field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='gatewaytoken',
            name='hold',
            field=models.CharField(blank=True, choices=[('pending', 'pending'), ('disabled', 'disabled')], max_length=8),
        ),
        migrations.AddField(model_name='gatewaytoken', name='until', field=models.DateTimeField(null=True)),
        migrations.AddField(model_name='setaside', name='replayed_at', field=models.DateTimeField(null=True)),
        migrations.AddField(model_name='setaside', name='stored', field=models.IntegerField(null=True)),
        migrations.AddConstraint(
            model_name='gateway',
            constraint=tenants.scope.models.UniquePerTenant(condition=models.Q(('trashed_at', None), models.Q(('serial', ''), _negated=True)), fields=('tenant', 'serial'), name='gateway_serial_per_tenant'),
        ),
        migrations.RunSQL(TRAFFIC, TRAFFIC_BEFORE),
    ]
