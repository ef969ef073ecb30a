"""Tasks about a customer's record."""

from django.urls import path

from customers.desk import creating, editing, pairs, status

urlpatterns = [
    path("customers/new", creating.NewCustomer.as_view(), name="new-customer"),
    path("customers/<int:pk>/edit", editing.Edit.as_view(), name="edit"),
    path("customers/<int:pk>/deactivate", status.Deactivate.as_view(), name="deactivate"),
    path("customers/<int:pk>/reactivate", status.Reactivate.as_view(), name="reactivate"),
    path("customers/<int:pk>/deceased", status.Deceased.as_view(), name="deceased"),
    path("customers/<int:pk>/two-people/<int:other>", pairs.TwoPeople.as_view(), name="two-people"),
]
