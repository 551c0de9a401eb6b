import django.db.models.deletion
import tenants.kernel.ids
import tenants.scope.models
import tenants.scope.tables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0004_sign_in'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScimAccess',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('prefix', models.CharField(max_length=20)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-created_at',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='ScimDigest',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('access', models.UUIDField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            bases=(tenants.scope.tables.ReferenceTable, models.Model),
        ),
        migrations.CreateModel(
            name='ScimGroup',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=255)),
                ('external_id', models.CharField(blank=True, max_length=255)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('id',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='ScimUser',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('user', models.UUIDField()),
                ('user_name', models.CharField(max_length=254)),
                ('external_id', models.CharField(blank=True, max_length=255)),
                ('is_active', models.BooleanField()),
                ('document', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('id',),
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='ScimGroupMember',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('group', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.scimgroup')),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('member', tenants.scope.models.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.scimuser')),
            ],
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='SignOn',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('discovery_url', models.CharField(max_length=500)),
                ('client_id', models.CharField(max_length=255)),
                ('sealed_secret', models.BinaryField(max_length=2048)),
                ('domains', models.JSONField(default=list)),
                ('rules', models.JSONField(default=list)),
                ('default_role', models.CharField(blank=True, max_length=36)),
                ('creates_members', models.BooleanField(default=False)),
                ('is_enabled', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('checked_at', models.DateTimeField(null=True)),
                ('findings', models.JSONField(default=list)),
                ('last_sign_in_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='Identity',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.CharField(max_length=500)),
                ('subject', models.CharField(max_length=255)),
                ('user', models.UUIDField()),
                ('created_at', models.DateTimeField()),
                ('last_sign_in_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, default=tenants.scope.models._owner, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-last_sign_in_at',),
                'constraints': [tenants.scope.models.UniquePerTenant(fields=('tenant', 'issuer', 'subject'), name='one_person_per_subject'), tenants.scope.models.UniquePerTenant(fields=('tenant', 'issuer', 'user'), name='one_subject_per_person')],
            },
            bases=(tenants.scope.tables.TenantTable, models.Model),
        ),
        migrations.CreateModel(
            name='MailDomain',
            fields=[
                ('id', models.UUIDField(default=tenants.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('domain', models.CharField(max_length=253)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('domain', 'tenant'), name='a_domain_once_per_tenant')],
            },
            bases=(tenants.scope.tables.ReferenceTable, models.Model),
        ),
        migrations.AddConstraint(
            model_name='scimgroup',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'name'), name='scim_group_name_per_tenant'),
        ),
        migrations.AddConstraint(
            model_name='scimuser',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'user_name'), name='scim_user_name_per_tenant'),
        ),
        migrations.AddConstraint(
            model_name='scimuser',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'user'), name='scim_user_per_account'),
        ),
        migrations.AddConstraint(
            model_name='scimgroupmember',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant', 'group', 'member'), name='scim_member_once_per_group'),
        ),
        migrations.AddConstraint(
            model_name='signon',
            constraint=tenants.scope.models.UniquePerTenant(fields=('tenant',), name='one_sign_on_per_tenant'),
        ),
    ]
