from django.urls import URLPattern, path

from customers.desk.unmask import UnmaskCustomer

urlpatterns: list[URLPattern] = [
    path("customers/<int:pk>/unmask", UnmaskCustomer.as_view(), name="customer-unmask"),
]
