import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0007_custody'),
    ]

    operations = [
        migrations.CreateModel(
            name='ServiceAccount',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('purpose', models.CharField(blank=True, max_length=200)),
                ('role', models.CharField(blank=True, max_length=36)),
                ('permissions', models.JSONField(default=list)),
                ('is_held', models.BooleanField(default=False)),
                ('created_by', models.CharField(blank=True, max_length=254)),
                ('created_at', models.DateTimeField()),
                ('disabled_at', models.DateTimeField(blank=True, null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name', 'id'),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.AddField('apikey', 'account', tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='tenants.serviceaccount')),
        migrations.AddField('apikey', 'scopes', models.JSONField(null=True)),
        migrations.AddField('apikey', 'networks', models.JSONField(default=list)),
        migrations.AddField('apikey', 'rotated_at', models.DateTimeField(blank=True, null=True)),
        migrations.AddField('apikey', 'last_used_at', models.DateTimeField(blank=True, null=True)),
        migrations.AddField('apikey', 'last_used_from', models.CharField(blank=True, default='', max_length=45), preserve_default=False),
        migrations.AddField('keydigest', 'until', models.DateTimeField(blank=True, null=True)),
        migrations.AlterField('keydigest', 'key', models.UUIDField(db_index=True)),
    ]
