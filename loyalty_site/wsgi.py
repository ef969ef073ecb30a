import os

from django.core.wsgi import get_wsgi_application

from loyalty_site.postgres import provide_database_url

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")
provide_database_url()
application = get_wsgi_application()
