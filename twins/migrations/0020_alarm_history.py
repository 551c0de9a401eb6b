from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("twins", "0019_edge")]
    operations = []
