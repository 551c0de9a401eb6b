# The series that are there go on as those of the organisation, until its first legal entity takes them over.

import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0004_lists'),
        ('tenants', '0016_lists'),
    ]

    operations = [
        migrations.CreateModel(
            name='LegalEntity',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('prefix', models.CharField(max_length=8)),
                ('street', models.CharField(max_length=200)),
                ('postcode', models.CharField(max_length=20)),
                ('city', models.CharField(max_length=80)),
                ('country', models.CharField(max_length=2)),
                ('vat_id', models.CharField(blank=True, max_length=24)),
                ('registration', models.CharField(blank=True, max_length=40)),
                ('tax_number', models.CharField(blank=True, max_length=40)),
                ('exemption', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('name', 'id'),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='VatRate',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('percent', models.CharField(max_length=6)),
                ('valid_from', models.DateField()),
                ('set_by', models.CharField(max_length=254)),
                ('set_at', models.DateTimeField()),
                ('entity', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='rates', to='billing.legalentity')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('id',),
            },
            bases=(tenants.scope.tables.AppendOnly, tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='BillingProfile',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('street', models.CharField(blank=True, max_length=200)),
                ('postcode', models.CharField(blank=True, max_length=20)),
                ('city', models.CharField(blank=True, max_length=80)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('vat_id', models.CharField(blank=True, max_length=24)),
                ('registration', models.CharField(blank=True, max_length=40)),
                ('reference', models.CharField(blank=True, max_length=80)),
                ('treatment', models.CharField(choices=[('rule', 'As the rules say'), ('zero', 'Zero rate (Z)'), ('exempt', 'Exempt (E)'), ('export', 'Export (G)'), ('outside', 'Outside the scope of tax (O)')], default='rule', max_length=8)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('changed_by', models.CharField(max_length=254)),
                ('changed_at', models.DateTimeField()),
                ('customer', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.customer')),
                ('entity', tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.legalentity')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name='invoiceseries',
            name='one_series_per_kind_and_year',
        ),
        migrations.AddField(
            model_name='invoice',
            name='credits',
            field=tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='billing.invoice'),
        ),
        migrations.AlterField(
            model_name='invoice',
            name='statement',
            field=tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.statement'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='entity',
            field=tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.legalentity'),
        ),
        migrations.AddField(
            model_name='invoiceseries',
            name='entity',
            field=tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.legalentity'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['tenant', 'credits'], name='invoice_by_credited'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('credits__isnull', False), ('statement', None)), models.Q(('credits', None), ('statement__isnull', False)), _connector='OR'), name='invoice_rests_on_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='invoiceseries',
            constraint=tenants.scope.models.UniquePerTenant(condition=models.Q(('entity', None)), fields=('tenant', 'kind', 'year'), name='one_series_per_kind_and_year'),
        ),
        migrations.AddConstraint(
            model_name='invoiceseries',
            constraint=tenants.scope.models.UniquePerTenant(condition=models.Q(('entity', None), _negated=True), fields=('tenant', 'entity', 'kind', 'year'), name='one_series_per_entity'),
        ),
        migrations.AddConstraint(
            model_name='legalentity',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'prefix'), name='one_entity_per_prefix'),
        ),
        migrations.AddConstraint(
            model_name='billingprofile',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'customer'), name='one_profile_per_customer'),
        ),
        migrations.AddIndex(
            model_name='vatrate',
            index=models.Index(fields=['tenant', 'entity', 'valid_from'], name='rate_by_day'),
        ),
    ]
