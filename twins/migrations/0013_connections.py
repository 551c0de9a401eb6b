import django.db.models.deletion
import django.db.models.functions.datetime
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0009_customers'),
        ('twins', '0012_sparkplug'),
    ]

    operations = [
        migrations.CreateModel(
            name='Connector',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('opcua', 'OPC UA'), ('modbus', 'Modbus TCP')], max_length=10)),
                ('settings', models.JSONField(default=dict)),
                ('sealed_secrets', models.BinaryField(max_length=100000, null=True)),
                ('revision', models.IntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('gateway', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.gateway')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='ConnectionLease',
            fields=[
                ('connection', models.UUIDField(primary_key=True, serialize=False)),
                ('revision', models.IntegerField()),
                ('holder', models.UUIDField(null=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            bases=(tenants.scope.tables.ReferenceTable, models.Model),
        ),
        migrations.CreateModel(
            name='ConnectionState',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('connecting', 'Connecting'), ('connected', 'Connected'), ('failing', 'Failing')], default='connecting', max_length=10)),
                ('code', models.CharField(blank=True, max_length=60)),
                ('message', models.CharField(blank=True, max_length=500)),
                ('fix', models.CharField(blank=True, max_length=500)),
                ('since', models.DateTimeField()),
                ('noted_at', models.DateTimeField(null=True)),
                ('last_sample_at', models.DateTimeField(null=True)),
                ('samples', models.BigIntegerField(default=0)),
                ('trouble_count', models.IntegerField(default=0)),
                ('troubles', models.JSONField(default=list)),
                ('events', models.JSONField(default=list)),
                ('connection', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.connection')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='ClientCertificate',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('uri', models.CharField(max_length=120)),
                ('certificate', models.BinaryField(max_length=10000)),
                ('sealed_key', models.BinaryField(max_length=20000)),
                ('made_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'uri'), name='one_client_certificate')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'gateway', 'name'), name='connection_name_per_gateway'),
        ),
        migrations.AddConstraint(
            model_name='connectionstate',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'connection'), name='one_state_per_connection'),
        ),
    ]
