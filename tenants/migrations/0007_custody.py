import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0006_limits'),
    ]

    operations = [
        # The list keeps the statement whole: the body of the function has semicolons of its own.
        migrations.RunSQL([tenants.scope.tables.REFUSE_CHANGE], migrations.RunSQL.noop),
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('subject', models.CharField(max_length=200)),
                ('document', models.JSONField()),
                ('digest', models.CharField(max_length=64)),
                ('issued_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [],
                'constraints': [],
            },
            bases=(tenants.scope.tables.AppendOnly, tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('asked_by', models.CharField(max_length=254)),
                ('asked_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('state_before', models.CharField(max_length=10)),
                ('told', models.JSONField(default=list)),
                ('job', models.UUIDField(null=True)),
                ('erased', models.JSONField(default=dict)),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant',), name='one_erasure_per_tenant')],
                'indexes': [],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('subject', models.CharField(blank=True, max_length=254)),
                ('job', models.UUIDField(null=True)),
                ('asked_by', models.CharField(max_length=254)),
                ('asked_at', models.DateTimeField()),
                ('ready_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('size', models.BigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('rows', models.BigIntegerField(default=0)),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [],
                'constraints': [],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='RetentionPolicy',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('readings', models.PositiveIntegerField(blank=True, null=True)),
                ('set_aside', models.PositiveIntegerField(blank=True, default=90, null=True)),
                ('jobs', models.PositiveIntegerField(blank=True, default=365, null=True)),
                ('audit', models.PositiveIntegerField(blank=True, null=True)),
                ('answers', models.PositiveIntegerField(default=7)),
            ],
            options={
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant',), name='one_retention_policy_per_tenant')],
                'indexes': [],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='TrashItem',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('kind', models.CharField(max_length=40)),
                ('thing', models.UUIDField()),
                ('name', models.CharField(max_length=200)),
                ('trashed_by', models.CharField(max_length=254)),
                ('trashed_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('kept_because', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'kind', 'thing'), name='once_in_the_trash')],
                'indexes': [],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.AddField(
            model_name='customer',
            name='trashed_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RemoveConstraint(
            model_name='customer',
            name='customer_name_per_tenant',
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=tenants.scope.models.UniquePerTenant(condition=models.Q(('trashed_at', None)), fields=('tenant', 'name'), name='customer_name_per_tenant'),
        ),
    ]
