import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0002_the_record'),
    ]

    operations = [
        migrations.AddField('tenant', 'state', models.CharField(choices=[('trial', 'Trial'), ('active', 'Active'), ('past_due', 'Past Due'), ('suspended', 'Suspended'), ('closed', 'Closed')], default='active', max_length=10)),
        migrations.AddField('tenant', 'state_until', models.DateTimeField(null=True)),
        migrations.AddField('tenant', 'state_reason', models.CharField(blank=True, max_length=200)),
        migrations.AddField('tenant', 'plan', models.CharField(default='trial', max_length=40)),
        migrations.AddField('tenant', 'policy', models.JSONField(default=dict)),
        migrations.AddField('tenant', 'brand', models.JSONField(default=dict)),
        migrations.AddField('tenant', 'region', models.CharField(blank=True, max_length=40)),
        migrations.AddField('tenant', 'closed_at', models.DateTimeField(null=True)),
        migrations.AddField('membership', 'is_held', models.BooleanField(default=False)),
        migrations.AlterField('membership', 'role', models.CharField(max_length=36)),
        migrations.AlterField('apikey', 'role', models.CharField(max_length=36)),
        migrations.AddField('auditentry', 'changes', models.JSONField(default=list)),
        migrations.AddField('auditentry', 'address', models.CharField(blank=True, max_length=45)),
        migrations.AddField('auditentry', 'request_id', models.CharField(blank=True, max_length=64)),
        migrations.AddIndex('auditentry', models.Index(fields=['tenant', 'by', 'at'], name='audit_by_person')),
        migrations.CreateModel(
            name='CustomRole',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('permissions', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'name'), name='role_name_per_tenant')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Space',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60)),
                ('kind', models.CharField(choices=[('production', 'Production'), ('test', 'Test')], max_length=10)),
                ('created_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('kind', 'name'),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'name'), name='space_name_per_tenant')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Site',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('address', models.CharField(blank=True, max_length=200)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
                ('created_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('space', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='sites', to='tenants.space')),
            ],
            options={
                'ordering': ('name',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'space', 'name'), name='site_name_per_space')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='MembershipPlace',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('membership', models.UUIDField()),
                ('twin', models.UUIDField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('site', tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.site')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('site__isnull', False), ('twin__isnull', True)), models.Q(('site__isnull', True), ('twin__isnull', False)), _connector='OR'), name='a_place_is_a_site_or_a_twin'), tenants.scope.models.UniquePerTenant(fields=('tenant', 'membership', 'site'), name='a_site_once_per_membership'), tenants.scope.models.UniquePerTenant(fields=('tenant', 'membership', 'twin'), name='a_twin_once_per_membership')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
    ]
