import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0016_lists'),
        ('twins', '0016_alarms'),
    ]

    operations = [
        migrations.CreateModel(
            name='Dashboard',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('document', models.JSONField(default=dict)),
                ('revision', models.IntegerField(default=1)),
                ('is_shared', models.BooleanField(default=False)),
                ('author', models.UUIDField()),
                ('made_by', models.CharField(max_length=254)),
                ('made_at', models.DateTimeField()),
                ('changed_by', models.CharField(max_length=254)),
                ('changed_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('name', 'id'),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='DashboardRevision',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('revision', models.IntegerField()),
                ('name', models.CharField(max_length=120)),
                ('document', models.JSONField()),
                ('made_by', models.CharField(max_length=254)),
                ('made_at', models.DateTimeField()),
                ('dashboard', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.dashboard')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('-id',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='DashboardShare',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('made_by', models.CharField(max_length=254)),
                ('made_at', models.DateTimeField()),
                ('dashboard', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.dashboard')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
                ('view', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.sharedview')),
            ],
            options={
                'ordering': ('-id',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Annotation',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('asset', models.UUIDField(blank=True, null=True)),
                ('key', models.CharField(blank=True, max_length=64)),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField(blank=True, null=True)),
                ('text', models.CharField(max_length=1000)),
                ('author', models.UUIDField()),
                ('made_by', models.CharField(max_length=254)),
                ('made_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['tenant', 'twin', 'start'], name='annotations_by_twin')],
                'constraints': [models.CheckConstraint(condition=models.Q(('end', None), ('end__gt', models.F('start')), _connector='OR'), name='annotation_ends_after_start')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.AddIndex(
            model_name='dashboard',
            index=models.Index(fields=['tenant', 'twin'], name='dashboards_by_twin'),
        ),
        migrations.AddConstraint(
            model_name='dashboardrevision',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'dashboard', 'revision'), name='one_revision_of_a_number'),
        ),
        migrations.AddConstraint(
            model_name='dashboardshare',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'dashboard', 'view'), name='shown_through_a_view_once'),
        ),
    ]
