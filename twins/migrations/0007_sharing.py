import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0009_customers'),
        ('twins', '0006_sites'),
    ]

    operations = [
        migrations.CreateModel(
            name='SharedView',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('signals', models.JSONField()),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('made_by', models.CharField(max_length=254)),
                ('made_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('customer', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.customer')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['tenant', 'customer'], name='shared_views_by_customer')],
                'constraints': [models.CheckConstraint(condition=models.Q(('end', None), ('end__gt', models.F('start')), _connector='OR'), name='shared_span_ends_after_start')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
    ]
