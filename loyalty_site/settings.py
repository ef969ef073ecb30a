"""The one settings file; every difference between machines is an environment variable.

A real server named in DATABASE_URL means production unless LOYALTY_PRODUCTION=0 says otherwise; with the
embedded server of demo, development and tests everything has a safe local default.
"""

import secrets
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from loyalty_site.back_office import LOYALTY_MEMBERSHIP_CARRIERS as LOYALTY_MEMBERSHIP_CARRIERS
from loyalty_site.back_office import LOYALTY_RECEIPTS as LOYALTY_RECEIPTS
from loyalty_site.back_office import UNFOLD as UNFOLD
from loyalty_site.enum_names import ENUM_NAMES
from loyalty_site.mail import DEFAULT_FROM_EMAIL as DEFAULT_FROM_EMAIL
from loyalty_site.mail import EMAIL_BACKEND as EMAIL_BACKEND
from loyalty_site.mail import EMAIL_FILE_PATH as EMAIL_FILE_PATH
from loyalty_site.mail import EMAIL_HOST as EMAIL_HOST
from loyalty_site.mail import EMAIL_HOST_PASSWORD as EMAIL_HOST_PASSWORD
from loyalty_site.mail import EMAIL_HOST_USER as EMAIL_HOST_USER
from loyalty_site.mail import EMAIL_PORT as EMAIL_PORT
from loyalty_site.mail import EMAIL_TIMEOUT as EMAIL_TIMEOUT
from loyalty_site.mail import EMAIL_USE_SSL as EMAIL_USE_SSL
from loyalty_site.mail import EMAIL_USE_TLS as EMAIL_USE_TLS
from loyalty_site.oauth import OAUTH2_PROVIDER as OAUTH2_PROVIDER
from loyalty_site.postgres import provide_database_url
from loyalty_site.postgres.places import local_folder
from loyalty_site.webhooks import LOYALTY_WEBHOOKS_PRIVATE as LOYALTY_WEBHOOKS_PRIVATE

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

DATABASE_URL = provide_database_url()
PRODUCTION = env.bool("LOYALTY_PRODUCTION", default=env.str("LOYALTY_EMBEDDED_URL", default="") != DATABASE_URL)
DEBUG = env.bool("DEBUG", default=False)


def local_secret_key() -> str:
    """A key of this checkout, made once."""
    file = local_folder() / "secret_key"
    if not file.is_file():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(64))
    return file.read_text()


SECRET_KEY = env.str("SECRET_KEY") if PRODUCTION else env.str("SECRET_KEY", default="") or local_secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
# Where the links in messages to customers begin.
OWN_ADDRESS = f"https://{''.join(ALLOWED_HOSTS[:1])}" if PRODUCTION else f"http://127.0.0.1:{env.str('PORT', '8000')}"
LOYALTY_SITE_URL = env.str("LOYALTY_SITE_URL", default=OWN_ADDRESS).rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Layer order: an app may import only what stands below it here (pyproject.toml holds the contract).
OWN_APPS = "loyalty_site activities memberships points cards customers staff gateway programs common".split()
INSTALLED_APPS = [
    # unfold replaces templates of the admin, and its part for simple_history those of simple_history.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "loyalty_site.apps.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "simple_history",
    "import_export",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "csp",
    *OWN_APPS,
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "loyalty_site.security.admin_content_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "loyalty_site.security.absolute_session_limit",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "loyalty_site.urls"
WSGI_APPLICATION = "loyalty_site.wsgi.application"
APPEND_SLASH = True
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
            ],
        },
    },
]


def database_from(url: str) -> dict[str, object]:
    """libpq's own reading of the URL.

    A pool by default; with LOYALTY_POOL_MAX=0 each thread keeps one connection, which is faster where the server has
    a fixed number of threads, and runs out of connections where it starts one per request.
    """
    parts: dict[str, object] = dict(conninfo_to_dict(url))
    threshold = env.int("LOYALTY_PREPARE_THRESHOLD", default=1)
    most = env.int("LOYALTY_POOL_MAX", default=16)
    pool = {
        "min_size": env.int("LOYALTY_POOL_MIN", default=1),
        "max_size": most,
        "timeout": env.int("LOYALTY_POOL_TIMEOUT", default=10),
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": 0 if most else None,
        "OPTIONS": parts
        | {
            "pool": pool if most else False,
            "server_side_binding": True,
            # 0 never prepares: an old PgBouncer in transaction mode loses prepared statements.
            "prepare_threshold": threshold or None,
        },
    }


DATABASES = {"default": database_from(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "desk:home"
LOYALTY_TOTP = env.bool("LOYALTY_TOTP", default=PRODUCTION)
OTP_TOTP_ISSUER = "Loyalty membership"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "loyalty_site/locked_out.html"
# How many proxies of one's own stand before the server; without any, no header is believed.
AXES_IPWARE_PROXY_COUNT = env.int("LOYALTY_PROXIES", default=0)
AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR"] if AXES_IPWARE_PROXY_COUNT else ["REMOTE_ADDR"]

# Idle limit by the cookie's age, renewed with every request; absolute limit by loyalty_site.security.
SESSION_COOKIE_AGE = env.int("LOYALTY_SESSION_IDLE_SECONDS", default=30 * 60)
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = "Lax"
LOYALTY_SESSION_SECONDS = env.int("LOYALTY_SESSION_SECONDS", default=10 * 3600)

OAUTH2_PROVIDER_APPLICATION_MODEL = "gateway.Channel"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "gateway.authentication.ChannelAuthentication",
        "loyalty_site.authentication.StaffSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["common.api.permissions.DefaultDeny"],
    "DEFAULT_THROTTLE_CLASSES": ["gateway.throttling.ChannelThrottle"],
    "DEFAULT_PAGINATION_CLASS": "common.api.pagination.LoyaltyPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "common.api.schema.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "common.api.problems.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    # Money is a string with its currency, so that no reader makes a float of it.
    "COERCE_DECIMAL_TO_STRING": True,
}
# What lower apps ask of those above them, by name, so that no import points upward.
LOYALTY_WRITE_GATE = "gateway.api.writing.write_gate"
LOYALTY_ACTOR_OF_USER = "loyalty_site.authentication.actor_of_user"
LOYALTY_DESK_MENU = "loyalty_site.desk.menu.groups"
LOYALTY_LEDGER_KEY_LOOKUP = "points.keys.posting_of_key"
LOYALTY_PROGRAM_OBSTACLES = [f"{app}.exits.program_obstacles" for app in ("points", "memberships", "activities")]
LOYALTY_CUSTOMER_OBSTACLES = ["memberships.exits.obstacles", "activities.sales_exits.obstacles"]
LOYALTY_CUSTOMER_ERASERS = [
    "memberships.exits.end_for_erasure",
    "memberships.erasing.erase_texts",
    "memberships.erasing.erase_consents",
    "activities.exits.erase",
]
LOYALTY_CUSTOMER_DELETERS = ["memberships.exits.delete_memberships_of"]
LOYALTY_CUSTOMER_MERGERS = ["memberships.one_person.unite_memberships"]
# Modules that register actions of one's own for rules (docs/rules.md).
LOYALTY_OWN_ACTIONS = env.list("LOYALTY_OWN_ACTIONS", default=[])

SPECTACULAR_SETTINGS = {
    "TITLE": "Loyalty membership",
    "DESCRIPTION": "Programs, customers, memberships, points and cards for channels.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "PREPROCESSING_HOOKS": ["common.api.schema.only_api"],
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": ENUM_NAMES,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if AXES_IPWARE_PROXY_COUNT else None
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION

FORMAT_MODULE_PATH = "loyalty_site.formats"
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True

STATIC_URL = "/static/"
# Only production collects files; elsewhere they are served from where they stand.
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = env.path("LOYALTY_MEDIA", default=str(local_folder() / "media"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "filters": {"secret_paths": {"()": "loyalty_site.log_filters.WithoutSecretPaths"}},
    "loggers": {
        # It writes tokens into its debug lines.
        "oauthlib": {"level": "INFO"},
        "django.request": {"filters": ["secret_paths"]},
        "django.server": {"filters": ["secret_paths"]},
    },
    "root": {"handlers": ["console"], "level": env.str("LOYALTY_LOG_LEVEL", default="WARNING")},
}
