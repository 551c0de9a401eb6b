import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0013_agreements'),
    ]

    operations = [
        migrations.AddField(
            model_name='maildomain',
            name='is_proven',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='ProvenHost',
            fields=[
                ('host', models.CharField(max_length=253, primary_key=True, serialize=False)),
                ('proven_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            bases=(tenants.scope.tables.ReferenceTable, models.Model),
        ),
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=253)),
                ('is_web', models.BooleanField()),
                ('is_mail', models.BooleanField()),
                ('token', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('pending', 'pending'), ('proven', 'proven'), ('lapsed', 'lapsed')], default='pending', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=254)),
                ('proven_at', models.DateTimeField(null=True)),
                ('checked_at', models.DateTimeField(null=True)),
                ('missing_since', models.DateTimeField(null=True)),
                ('result', models.CharField(choices=[('unseen', 'unseen'), ('right', 'right'), ('missing', 'missing'), ('wrong', 'wrong'), ('failed', 'failed'), ('taken', 'taken')], default='unseen', max_length=8)),
                ('found', models.JSONField(default=list)),
                ('pointing', models.CharField(choices=[('unseen', 'unseen'), ('here', 'here'), ('elsewhere', 'elsewhere'), ('nowhere', 'nowhere'), ('failed', 'failed')], default='unseen', max_length=9)),
                ('leads_to', models.CharField(blank=True, max_length=300)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'name'), name='one_claim_per_domain')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
    ]
