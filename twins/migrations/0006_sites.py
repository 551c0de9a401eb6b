import django.db.models.deletion
import tenants.scope.models
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0003_access'),
        ('twins', '0005_counted'),
    ]

    operations = [
        migrations.AddField('twin', 'site', tenants.scope.models.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.site')),
    ]
