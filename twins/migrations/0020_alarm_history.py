from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("twins", "0019_edge")]
    # What is kept no longer is found by its age.
    operations = [
        migrations.AddIndex(
            model_name="alarmevent",
            index=models.Index(fields=["tenant", "recorded_at"], name="alarm_event_by_age"),
        ),
        migrations.AddIndex(
            model_name="alarmdelivery",
            index=models.Index(fields=["tenant", "done_at"], name="alarm_delivery_by_age"),
        ),
    ]
