import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0012_keys_have_accounts'),
    ]

    operations = [
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveSmallIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('document', models.JSONField()),
                ('accepted_by', models.CharField(max_length=254)),
                ('accepted_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-accepted_at', '-id'),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'digest'), name='one_acceptance_per_agreement')],
            },
            bases=(tenants.scope.tables.AppendOnly, tenants.scope.tables.TenantTable, models.Model),
        ),
    ]
