import django.db.models.deletion
import tenants.scope.models
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0011_an_account_for_each_key'),
    ]

    operations = [
        migrations.AlterField('apikey', 'account', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='tenants.serviceaccount')),
        migrations.RemoveField('apikey', 'role'),
    ]
