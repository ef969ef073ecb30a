"""Tasks about a customer's record."""

from django.urls import path

from customers.desk import creating, editing, status

urlpatterns = [
    path("customers/new", creating.NewCustomer.as_view(), name="new-customer"),
    path("customers/<int:pk>/edit", editing.Edit.as_view(), name="edit"),
    path("customers/<int:pk>/deactivate", status.Deactivate.as_view(), name="deactivate"),
    path("customers/<int:pk>/reactivate", status.Reactivate.as_view(), name="reactivate"),
]
