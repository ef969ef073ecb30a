from django.urls import path

from memberships.consent_page.views import ConsentPage

urlpatterns = [path("<str:token>", ConsentPage.as_view(), name="consent")]
