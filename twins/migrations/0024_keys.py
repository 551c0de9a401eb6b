"""A few readings of each key that nothing reads, so that people see what it is."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

# No row of a tenant is seen here, so what was heard before begins with one reading and no others.
COLUMNS = """ALTER TABLE twins_unboundkey ADD COLUMN seen bigint NOT NULL DEFAULT 1, ADD COLUMN low float8,
    ADD COLUMN high float8, ADD COLUMN recent_at timestamptz[] NOT NULL DEFAULT '{}',
    ADD COLUMN recent_value float8[] NOT NULL DEFAULT '{}'"""
BEFORE = """ALTER TABLE twins_unboundkey DROP COLUMN seen, DROP COLUMN low, DROP COLUMN high,
    DROP COLUMN recent_at, DROP COLUMN recent_value"""


class Migration(migrations.Migration):
    """Counts, bounds and the newest readings of keys that nothing reads."""

    dependencies: ClassVar = [("twins", "0023_packs")]
    operations: ClassVar = [
        migrations.RunSQL([COLUMNS], [BEFORE]),
        *(
            migrations.AddField("unboundkey", name, field)
            for name, field in (
                ("seen", models.BigIntegerField(default=1)),
                ("low", models.FloatField(null=True)),
                ("high", models.FloatField(null=True)),
                ("recent_at", ArrayField(models.DateTimeField(), default=list)),
                ("recent_value", ArrayField(models.FloatField(), default=list)),
            )
        ),
    ]
