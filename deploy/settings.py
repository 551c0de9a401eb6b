"""Settings: one file, everything from outside through ``deploy.env``."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from deploy.env import env_bool, env_int, env_list, env_secret, env_str

BASE_DIR = Path(__file__).resolve().parent.parent

# -- who we are ------------------------------------------------------------------------------------------------------
DEBUG = env_bool("OUTTURN_DEBUG", default=False)
SECRET_KEY = env_secret("OUTTURN_SECRET", "")
SECRET_IS_EPHEMERAL = not SECRET_KEY
if SECRET_IS_EPHEMERAL:
    # Enough for commands that serve nobody; `deploy.asgi` and the worker refuse to start with it.
    SECRET_KEY = secrets.token_urlsafe(48)
OUTTURN_HOME = Path(env_str("OUTTURN_HOME", str(BASE_DIR / ".outturn")))
SECRET_KEY_FALLBACKS = env_list("OUTTURN_FORMER_SECRETS")
SEALING_KEYS = [SECRET_KEY, *SECRET_KEY_FALLBACKS]
ALLOWED_HOSTS = env_list("OUTTURN_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
BASE_URL = env_str("OUTTURN_URL", "http://localhost:8000").rstrip("/")
# What the data-processing agreement says of this installation: who runs it, where, and who else processes its data.
OUTTURN_PROVIDER = env_str("OUTTURN_PROVIDER", "")
OUTTURN_REGION = env_str("OUTTURN_REGION", "")
OUTTURN_SUB_PROCESSORS = [name for part in env_str("OUTTURN_SUB_PROCESSORS", "").split(";") if (name := part.strip())]
OUTTURN_PROXIES = env_int("OUTTURN_PROXIES", 0, minimum=0)
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL.startswith("https://") else []

INSTALLED_APPS = [
    "deploy",
    "analytics",
    "billing",
    "twins",
    "tenants",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "tenants.edge.middleware.RequestIdMiddleware",
    "tenants.domains.middleware.HostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "tenants.edge.middleware.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tenants.domains.middleware.PlaceMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenants.people.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.domains.middleware.GateMiddleware",
    "tenants.signon.middleware.ConfinedSessionMiddleware",
    "tenants.edge.middleware.AddressMiddleware",
    "tenants.portal.middleware.ScopeMiddleware",
]

ROOT_URLCONF = "deploy.urls"
ASGI_APPLICATION = "deploy.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tenants.portal.shell.shell",
            ],
        },
    },
]

# -- the database: three roles of one PostgreSQL ---------------------------------------------------------------------


def _database(name: str, fallback: str, **extra: Any) -> dict[str, Any]:
    parts: dict[str, Any] = conninfo_to_dict(env_secret(name, fallback))
    known = {key: parts.pop(key, "") for key in ("dbname", "user", "password", "host", "port")}
    # The session default that lets SET LOCAL reach the workers of a Citus cluster; plain PostgreSQL keeps it as it is.
    options = {"options": "-c citus.propagate_set_commands=local", **parts}
    return {
        "ENGINE": "tenants.scope.backend",
        "NAME": known["dbname"],
        "USER": known["user"],
        "PASSWORD": known["password"],
        "HOST": known["host"],
        "PORT": known["port"],
        "OPTIONS": options,
        **extra,
    }


DATABASES = {
    "default": _database("DATABASE_URL", "postgresql://outturn_app@/outturn", TEST={"MIRROR": "owner"}),
    "owner": _database("DATABASE_OWNER_URL", "postgresql://outturn_owner@/outturn"),
}
INGEST_DATABASE = _database("DATABASE_INGEST_URL", "postgresql://outturn_ingest@/outturn")
DATABASE_POOL = env_int("OUTTURN_DATABASE_POOL", 0, minimum=0)
if DATABASE_POOL:
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL}
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # else each one kept fails once when the database was restarted
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Redis: jobs and live push ---------------------------------------------------------------------------------------
REDIS_URL = env_secret("REDIS_URL", "redis://localhost:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
MQTT_URL = env_secret("MQTT_URL", "")
MQTT_ADDRESS = env_str("OUTTURN_MQTT_ADDRESS", "")

# -- people ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_ADAPTER = "tenants.people.adapters.AccountAdapter"
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Who holds a session that was left open must not make another address theirs, and by it the account.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_FORMS = {
    "add_email": "tenants.people.forms.AddEmailForm",
    "change_password": "tenants.people.forms.ChangePasswordForm",
    "login": "tenants.people.forms.LoginForm",
    "reauthenticate": "tenants.people.forms.ReauthenticateForm",
    "reset_password": "tenants.people.forms.ResetPasswordForm",
    "reset_password_from_key": "tenants.people.forms.ResetPasswordKeyForm",
    "set_password": "tenants.people.forms.SetPasswordForm",
    "signup": "tenants.people.forms.SignupForm",
}
# Counted in Redis, by the address that `address_of` finds; "key" is the address of mail that is tried.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "confirm_email": "1/180s/key",
}
USERSESSIONS_ADAPTER = "tenants.people.adapters.SessionsAdapter"
MFA_ADAPTER = "tenants.people.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "tenants.people.forms.PasskeyForm",
    "authenticate": "tenants.people.forms.FactorForm",
    "reauthenticate": "tenants.people.forms.FactorAgainForm",
    "activate_totp": "tenants.people.forms.AppForm",
}
MFA_TOTP_ISSUER = "Outturn"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not BASE_URL.startswith("https://")  # browsers themselves allow it for localhost
EMAIL_BACKEND = env_str("OUTTURN_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env_str("OUTTURN_SMTP_HOST", "localhost")
EMAIL_PORT = env_int("OUTTURN_SMTP_PORT", 25)
EMAIL_HOST_USER = env_str("OUTTURN_SMTP_USER", "")
EMAIL_HOST_PASSWORD = env_secret("OUTTURN_SMTP_PASSWORD", "")
EMAIL_USE_TLS = env_bool("OUTTURN_SMTP_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env_str("OUTTURN_MAIL_FROM", "Outturn <no-reply@localhost>")

# -- safety ----------------------------------------------------------------------------------------------------------
_SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = False  # the proxy in front does it, and knows which paths are for machines
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Host names and networks that requests to addresses named by tenants may reach although they are private, or http.
OUTTURN_ALLOW_PRIVATE_HOSTS = env_list("OUTTURN_ALLOW_PRIVATE_HOSTS")
# Private networks that connections to OPC UA servers and Modbus devices may reach, such as 10.20.0.0/16; empty: none.
OUTTURN_CONNECT_NETWORKS = env_list("OUTTURN_CONNECT_NETWORKS")
# Name servers that are asked about organisations' domains, as 192.0.2.53 or 192.0.2.53:5353; empty: the system's.
OUTTURN_DNS = env_list("OUTTURN_DNS")
# The networks of the proxies in front, which alone may ask whether a certificate may be had for a host.
OUTTURN_PROXY_NETWORKS = env_list("OUTTURN_PROXY_NETWORKS", ["127.0.0.0/8", "::1/128"])
# The networks of proxies that verify clients' certificates and pass them on in Client-Cert; empty: nobody is believed.
OUTTURN_CLIENT_CERTIFICATE_NETWORKS = env_list("OUTTURN_CLIENT_CERTIFICATE_NETWORKS")
OUTTURN_OUTGOING_SECONDS = env_int("OUTTURN_OUTGOING_SECONDS", 8, minimum=1)
# The organisation, by its name in addresses, that sells the plans of the platform; empty: nobody does.
OUTTURN_OPERATOR = env_str("OUTTURN_OPERATOR", "")
# Where Stripe's API answers, and how long we wait for it.
OUTTURN_STRIPE_URL = env_str("OUTTURN_STRIPE_URL", "https://api.stripe.com").rstrip("/")
OUTTURN_STRIPE_SECONDS = env_int("OUTTURN_STRIPE_SECONDS", 30, minimum=1)
# Where operators may come from to the console and into organisations that let them in; empty: from anywhere.
OUTTURN_OPERATOR_NETWORKS = env_list("OUTTURN_OPERATOR_NETWORKS")
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]

# -- words, times, files ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 86_400
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static" / "dist"]
ASSETS_MANIFEST = str(BASE_DIR / "static" / "dist" / "manifest.json")
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+[-.][0-9A-Za-z_-]{8,}\..+$"

# -- interfaces ------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.edge.authentication.ActorAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.edge.permissions.ActorPermission"],
    "DEFAULT_PAGINATION_CLASS": "tenants.edge.paging.CursorPages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tenants.edge.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "tenants.edge.openapi.ProblemSchema",
    "EXCEPTION_HANDLER": "tenants.edge.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Outturn",
    "DESCRIPTION": "Digital twins that predict, plan and are paid by the outcome.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Names of choices that fields of one name, or of several, share; all others are called after their field.
    "ENUM_NAME_OVERRIDES": {
        "EdgeStatusEnum": "twins.gateways.edge.platform.api.STATES",
        "EventKindEnum": "twins.evidence.models.EVENT_KINDS",
        "GatewayStatusEnum": "twins.gateways.api.STATES",
        "InvoiceKindEnum": "billing.invoices.models.InvoiceKind",
        "KeyStateEnum": "tenants.keys.api.STATES",
        "MeterEnum": "tenants.limits.api.METERS",
        "MeterKindEnum": "tenants.limits.api.KINDS",
        "MeterStateEnum": "tenants.limits.api.STATES",
        "PermissionEnum": "tenants.keys.api.PERMISSIONS",
        "PlanStateEnum": "analytics.maintenance.models.PlanState",
        "PricePlanEnum": "tenants.limits.domain.plans.PLANS",
        "ProvisioningKeyStateEnum": "twins.gateways.provisioning.api.KEY_STATES",
        "RefusedStateEnum": "twins.gateways.refused.selectors.STATES",
        "SealStateEnum": "twins.gateways.edge.platform.api.SEAL_STATES",
        "SiteKeyStateEnum": "twins.gateways.edge.platform.api.KEY_STATES",
        "SpaceKindEnum": "tenants.people.models.SpaceKind",
    },
    "AUTHENTICATION_WHITELIST": ["tenants.edge.authentication.ActorAuthentication"],
}

LOGGING_CONFIG = "deploy.logging.configure"
LOGGING: dict[str, Any] = {"level": env_str("OUTTURN_LOG_LEVEL", "INFO")}

# -- jobs ------------------------------------------------------------------------------------------------------------
OUTTURN_JOB_LEASE_S = env_int("OUTTURN_JOB_LEASE_S", 60, minimum=1)
OUTTURN_CORE_WATTS = float(env_str("OUTTURN_CORE_WATTS", "10"))
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_keepalive": True}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "look-at-domains": {"task": "domains.look_at_all", "schedule": 86_400.0},
    "end-states": {"task": "lifecycle.end_states", "schedule": 3600.0},
    "keep-houses": {"task": "custody.keep_houses", "schedule": 86_400.0},
    "write-dunning": {"task": "dunning.write_all", "schedule": 3600.0},
    "sweep-payments": {"task": "payments.sweep", "schedule": 60.0},
    "follow-plans": {"task": "plans.follow_all", "schedule": 900.0},
    "sweep-meters": {"task": "plans.sweep_meters", "schedule": 60.0},
    "settle-due": {"task": "reports.settle_due", "schedule": 3600.0},
    "follow-late": {"task": "reports.follow_late", "schedule": 3600.0},
    "sweep-post": {"task": "post.sweep", "schedule": 300.0},
    "sweep-jobs": {"task": "jobs.sweep", "schedule": 15.0},
    "seal-logs": {"task": "record.seal_logs", "schedule": 3600.0},
    "stamp-logs": {"task": "record.stamp_logs", "schedule": 3600.0},
    "check-logs": {"task": "record.check_logs", "schedule": 6 * 3600.0},
    "watch-limits": {"task": "limits.watch_all", "schedule": 900.0},
    "compact-logs": {"task": "telemetry.compact_due", "schedule": 30.0},
    "sweep-history-files": {"task": "history.sweep_files", "schedule": 86_400.0},
    "roll-up": {"task": "telemetry.roll_due", "schedule": 600.0},
    "measure-storage": {"task": "limits.measure_all", "schedule": 6 * 3600.0},
}
