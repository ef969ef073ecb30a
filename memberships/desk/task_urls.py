"""Tasks of a membership's life, and enrolling."""

from django.urls import path

from memberships.desk import describing, enrolling, lifecycle, one_person, overriding, paying

urlpatterns = [
    path("customers/<int:pk>/enrol", enrolling.Enrol.as_view(), name="enrol"),
    path("customers/<int:pk>/same-person/<int:other>", one_person.OnePerson.as_view(), name="same-person"),
    path("memberships/<int:pk>/record-payment", paying.RecordPayment.as_view(), name="record-payment"),
    path("memberships/<int:pk>/set-tier", describing.SetTier.as_view(), name="set-tier"),
    path("memberships/<int:pk>/set-attribute", describing.SetAttribute.as_view(), name="set-attribute"),
    path("memberships/<int:pk>/add-label", describing.AddLabel.as_view(), name="add-label"),
    path("memberships/<int:pk>/remove-label", describing.RemoveLabel.as_view(), name="remove-label"),
    path("memberships/<int:pk>/allow-redemption", overriding.AllowRedemption.as_view(), name="allow-redemption"),
    path("memberships/<int:pk>/forbid-redemption", overriding.ForbidRedemption.as_view(), name="forbid-redemption"),
    *(
        path(f"memberships/<int:pk>/{task.__name__.lower()}", task.as_view(), name=task.__name__.lower())
        for task in (
            lifecycle.Activate,
            lifecycle.Pause,
            lifecycle.Suspend,
            lifecycle.Reinstate,
            lifecycle.Renew,
            lifecycle.Terminate,
        )
    ),
]
