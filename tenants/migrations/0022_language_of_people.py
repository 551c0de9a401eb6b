from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0019_post'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='language',
            field=models.CharField(blank=True, default='', max_length=8),
            preserve_default=False,
        ),
    ]
