"""Tasks about a customer's record."""

from django.urls import path

from customers.desk import affiliating, affiliations, creating, editing, employee_groups, pairs, status

urlpatterns = [
    path("customers/new", creating.NewCustomer.as_view(), name="new-customer"),
    path("customers/<int:pk>/edit", editing.Edit.as_view(), name="edit"),
    path("customers/<int:pk>/deactivate", status.Deactivate.as_view(), name="deactivate"),
    path("customers/<int:pk>/reactivate", status.Reactivate.as_view(), name="reactivate"),
    path("customers/<int:pk>/deceased", status.Deceased.as_view(), name="deceased"),
    path("customers/<int:pk>/affiliate", affiliating.Affiliate.as_view(), name="affiliate"),
    path("affiliations/<int:pk>/end", affiliations.EndAffiliation.as_view(), name="affiliation-end"),
    path("affiliations/<int:pk>/group", affiliations.ChangeGroup.as_view(), name="affiliation-group"),
    path(
        "customers/<int:pk>/employee-groups/new", employee_groups.NewEmployeeGroup.as_view(), name="employee-group-new"
    ),
    path("customers/<int:pk>/two-people/<int:other>", pairs.TwoPeople.as_view(), name="two-people"),
]
