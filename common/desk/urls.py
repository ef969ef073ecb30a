from django.urls import URLPattern, path

from common.desk.confirming import ConfirmPassword

urlpatterns: list[URLPattern] = [
    path("confirm-password", ConfirmPassword.as_view(), name="confirm-password"),
]
