from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0022_language_of_people'),
        ('twins', '0025_documents_as_bytes'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='assetevent',
            index=models.Index(fields=['tenant', 'received_at'], name='event_by_arrival'),
        ),
    ]
