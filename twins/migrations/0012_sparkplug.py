import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('twins', '0011_imports')]

    operations = [
        migrations.CreateModel(
            name='SparkplugNode',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gateway', models.UUIDField(db_index=True)),
                ('group', models.CharField(db_column='node_group', max_length=64)),
                ('node', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('online', models.BooleanField(default=False)),
                ('since', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('group', 'node'), name='one_gateway_of_a_node')],
            },
            bases=(tenants.scope.tables.ReferenceTable, models.Model),
        ),
        migrations.CreateModel(
            name='SparkplugBirth',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gateway', models.UUIDField()),
                ('group', models.CharField(db_column='node_group', max_length=64)),
                ('node', models.CharField(max_length=64)),
                ('device', models.CharField(blank=True, max_length=64)),
                ('metrics', models.JSONField()),
                ('born_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'gateway', 'group', 'node', 'device'), name='one_birth_of_a_device')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.AddField(
            model_name='gatewaytoken', name='broker_hash', field=models.CharField(blank=True, max_length=160),
        ),
    ]
