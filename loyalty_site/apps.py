from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.core.checks import register

from loyalty_site.checks import mail_reaches_customers


class LoyaltySiteConfig(AppConfig):
    name = "loyalty_site"
    verbose_name = "Loyalty site"
    default = True

    def ready(self) -> None:
        register(mail_reaches_customers, deploy=True)


class BackOfficeConfig(admin_apps.AdminConfig):
    """Django's admin with a site of our own."""

    default = False
    default_site = "loyalty_site.admin_site.BackOffice"
