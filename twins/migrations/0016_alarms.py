import django.contrib.postgres.fields
import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('twins', '0015_following'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('asset', models.UUIDField()),
                ('key', models.CharField(max_length=64)),
                ('asset_name', models.CharField(max_length=200)),
                ('name', models.CharField(max_length=200)),
                ('signal', models.CharField(blank=True, max_length=64)),
                ('unit', models.CharField(blank=True, max_length=64)),
                ('priority', models.CharField(choices=[('critical', 'critical'), ('high', 'high'), ('medium', 'medium'), ('low', 'low')], max_length=10)),
                ('state', models.CharField(choices=[('normal', 'normal'), ('unacknowledged', 'unacknowledged'), ('acknowledged', 'acknowledged'), ('returned', 'returned'), ('latched', 'latched'), ('shelved', 'shelved'), ('suppressed', 'suppressed'), ('out_of_service', 'out_of_service')], default='normal', max_length=16)),
                ('place', models.BigIntegerField()),
                ('is_active', models.BooleanField(default=False)),
                ('is_acknowledged', models.BooleanField(default=True)),
                ('is_latched', models.BooleanField(default=False)),
                ('is_suppressed', models.BooleanField(default=False)),
                ('is_out_of_service', models.BooleanField(default=False)),
                ('shelved_until', models.DateTimeField(null=True)),
                ('hidden_by', models.CharField(blank=True, max_length=254)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('value', models.FloatField(null=True)),
                ('activated_at', models.DateTimeField(null=True)),
                ('annunciated_at', models.DateTimeField(null=True)),
                ('changed_at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('acknowledged_by', models.CharField(blank=True, max_length=254)),
                ('recent', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('place', 'id'),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='AlarmChannel',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('mail', 'mail'), ('webhook', 'webhook')], max_length=10)),
                ('addresses', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=254), default=list, size=None)),
                ('url', models.CharField(blank=True, max_length=500)),
                ('sealed_secret', models.BinaryField(default=b'')),
                ('is_enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='AlarmDelivery',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=10)),
                ('address', models.CharField(max_length=500)),
                ('subject', models.CharField(max_length=300)),
                ('body', models.JSONField()),
                ('state', models.CharField(default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(null=True)),
                ('answer', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
                ('channel', tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.alarmchannel')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='AlarmEvent',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('site', models.UUIDField(null=True)),
                ('kind', models.CharField(choices=[('activated', 'Activated'), ('cleared', 'Cleared'), ('acknowledged', 'Acknowledged'), ('reset', 'Reset'), ('commented', 'Commented'), ('shelved', 'Shelved'), ('unshelved', 'Unshelved'), ('suppressed', 'Suppressed'), ('unsuppressed', 'Unsuppressed'), ('out_of_service', 'Out Of Service'), ('in_service', 'In Service'), ('escalated', 'Escalated'), ('withdrawn', 'Withdrawn')], max_length=16)),
                ('at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.CharField(blank=True, max_length=254)),
                ('note', models.CharField(blank=True, max_length=1000)),
                ('value', models.FloatField(null=True)),
                ('priority', models.CharField(choices=[('critical', 'critical'), ('high', 'high'), ('medium', 'medium'), ('low', 'low')], max_length=10)),
                ('is_annunciation', models.BooleanField(default=False)),
                ('alarm', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.alarm')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('-at', '-id'),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='AlarmFlood',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('site', models.UUIDField(null=True)),
                ('recent', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('count', models.IntegerField(default=0)),
                ('begun_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-id',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='AlarmMemory',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('packed', models.BinaryField()),
                ('mark', models.CharField(max_length=64)),
                ('due_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='AlarmRule',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=64)),
                ('asset_type', models.CharField(blank=True, max_length=64)),
                ('asset', models.UUIDField(null=True)),
                ('document', models.JSONField()),
                ('is_enabled', models.BooleanField(default=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('changed_by', models.CharField(max_length=254)),
                ('changed_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('key', 'id'),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='AlarmRuleVersion',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('rule', models.UUIDField()),
                ('version', models.PositiveIntegerField()),
                ('document', models.JSONField()),
                ('is_enabled', models.BooleanField()),
                ('changed_by', models.CharField(max_length=254)),
                ('changed_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-version',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='EscalationChain',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('priorities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), default=list, size=None)),
                ('levels', models.JSONField(default=list)),
                ('is_enabled', models.BooleanField(default=True)),
                ('quiet_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('twin', tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.twin')),
            ],
            options={
                'ordering': ('name',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Escalation',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('began_at', models.DateTimeField()),
                ('level', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('alarm', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.alarm')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('chain', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='twins.escalationchain')),
            ],
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='OnCallSchedule',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('zone', models.CharField(max_length=64)),
                ('first', models.DateField()),
                ('handover', models.TimeField()),
                ('days', models.PositiveSmallIntegerField()),
                ('people', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=254), default=list, size=None)),
                ('overrides', models.JSONField(default=list)),
                ('created_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(fields=['tenant', 'place', 'id'], name='alarm_by_place'),
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(fields=['tenant', 'shelved_until'], name='alarm_by_shelf'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'asset', 'key'), name='alarm_per_asset'),
        ),
        migrations.AddConstraint(
            model_name='alarmchannel',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'name'), name='alarm_channel_name'),
        ),
        migrations.AddIndex(
            model_name='alarmdelivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['tenant', 'next_at'], name='alarm_delivery_due'),
        ),
        migrations.AddIndex(
            model_name='alarmevent',
            index=models.Index(fields=['tenant', 'alarm', 'at'], name='alarm_event_by_alarm'),
        ),
        migrations.AddIndex(
            model_name='alarmevent',
            index=models.Index(condition=models.Q(('is_annunciation', True)), fields=['tenant', 'at'], name='alarm_annunciations'),
        ),
        migrations.AddConstraint(
            model_name='alarmflood',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('tenant', 'site'), name='alarm_flood_present', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='alarmmemory',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'twin'), name='alarm_memory_per_twin'),
        ),
        migrations.AddConstraint(
            model_name='alarmrule',
            constraint=models.UniqueConstraint(fields=('tenant', 'key', 'asset_type', 'twin', 'asset'), name='alarm_rule_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='alarmruleversion',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'rule', 'version'), name='alarm_rule_version_once'),
        ),
        migrations.AddConstraint(
            model_name='escalationchain',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'name'), name='escalation_name'),
        ),
        migrations.AddIndex(
            model_name='escalation',
            index=models.Index(fields=['tenant', 'due_at'], name='escalation_by_time'),
        ),
        migrations.AddConstraint(
            model_name='escalation',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'chain', 'alarm'), name='escalation_once'),
        ),
        migrations.AddConstraint(
            model_name='oncallschedule',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'name'), name='on_call_name'),
        ),
        # The history is written once: no role may change a row. (Rows go with their alarm, when its twin is erased.)
        migrations.RunSQL(
            [
                "CREATE TRIGGER written_once BEFORE UPDATE ON twins_alarmevent"
                " FOR EACH ROW EXECUTE FUNCTION outturn_refuse_change()"
            ],
            migrations.RunSQL.noop,
        ),
    ]
