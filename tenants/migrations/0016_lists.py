from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0015_retention'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='site', index=models.Index(fields=['tenant', 'name', 'id'], name='site_by_name')
        ),
    ]
