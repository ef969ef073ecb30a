"""Routes whose answers need the customers app."""

from django.urls import path

from customers.api.views import CustomerViewSet

urlpatterns = [
    path("customers", CustomerViewSet.as_view({"get": "list", "post": "create"}), name="customers"),
    path(
        "customers/<int:pk>",
        CustomerViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="customer",
    ),
]
