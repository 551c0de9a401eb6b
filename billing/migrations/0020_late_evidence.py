import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0019_kind_of_an_adjustment'),
        ('tenants', '0022_language_of_people'),
    ]

    operations = [
        migrations.CreateModel(
            name='EvidenceLook',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('commit', models.BigIntegerField(default=0)),
                ('looked_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant',), name='one_evidence_look_per_tenant')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='LateEvidence',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('period_start', models.DateTimeField()),
                ('received_at', models.DateTimeField(null=True)),
                ('found_at', models.DateTimeField(null=True)),
                ('rated_at', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(null=True)),
                ('why', models.CharField(blank=True, max_length=1000)),
                ('contract', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='billing.contract')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'contract', 'period_start'), name='late_evidence_once_per_period')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
    ]
