from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0016_documents_as_bytes'),
    ]

    operations = [
        migrations.AddField(
            model_name='planaccount',
            name='why_place',
            field=models.CharField(blank=True, default='', max_length=120),
            preserve_default=False,
        ),
    ]
