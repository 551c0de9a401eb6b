import tenants.scope.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('twins', '0003_evidence'),
    ]

    operations = [
        migrations.AddField(
            model_name='gateway',
            name='trashed_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RemoveConstraint(
            model_name='gateway',
            name='gateway_name_per_tenant',
        ),
        migrations.AddConstraint(
            model_name='gateway',
            constraint=tenants.scope.models.UniquePerTenant(condition=models.Q(('trashed_at', None)), fields=('tenant', 'name'), name='gateway_name_per_tenant'),
        ),
        migrations.AddField(
            model_name='twin',
            name='trashed_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RemoveConstraint(
            model_name='twin',
            name='twin_slug_per_tenant',
        ),
        migrations.AddConstraint(
            model_name='twin',
            constraint=tenants.scope.models.UniquePerTenant(condition=models.Q(('trashed_at', None)), fields=('tenant', 'slug'), name='twin_slug_per_tenant'),
        ),
    ]
