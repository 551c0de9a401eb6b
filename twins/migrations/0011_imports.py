import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('twins', '0010_gateways')]

    operations = [
        migrations.CreateModel(
            name='FileImport',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('csv', 'csv'), ('parquet', 'parquet')], max_length=7)),
                ('size', models.BigIntegerField()),
                ('received', models.BigIntegerField(default=0)),
                ('mapping', models.JSONField(null=True)),
                ('job', models.UUIDField(null=True)),
                ('run', models.CharField(blank=True, max_length=40)),
                ('position', models.BigIntegerField(default=0)),
                ('tally', models.JSONField(default=dict)),
                ('unbound', models.JSONField(default=list)),
                ('rejected_bytes', models.BigIntegerField(default=0)),
                ('created_by', models.CharField(blank=True, max_length=254)),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('gateway', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.gateway')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['tenant', 'created_at', 'id'], name='import_by_age')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
    ]
