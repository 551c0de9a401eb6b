import tenants.scope.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0008_keys'),
    ]

    operations = [
        migrations.AddField('customer', 'number', models.CharField(blank=True, default='', max_length=40), preserve_default=False),
        migrations.AddField('customer', 'address', models.CharField(blank=True, default='', max_length=500), preserve_default=False),
        migrations.AddField('customer', 'contact_name', models.CharField(blank=True, default='', max_length=120), preserve_default=False),
        migrations.AddField('customer', 'contact_email', models.EmailField(blank=True, default='', max_length=254), preserve_default=False),
        migrations.AddConstraint('customer', tenants.scope.models.UniquePerTenant(condition=models.Q(('trashed_at', None), models.Q(('number', ''), _negated=True)), fields=('tenant', 'number'), name='customer_number_per_tenant')),
    ]
