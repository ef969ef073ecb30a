"""Tasks that move points, and the ways out that reach into every app."""

from django.urls import path

from activities.desk import adjusting, exits, holding, moving, reversing, spending

urlpatterns = [
    path("memberships/<int:pk>/adjust", adjusting.Adjust.as_view(), name="adjust"),
    path("memberships/<int:pk>/transfer", moving.Transfer.as_view(), name="transfer"),
    path("memberships/<int:pk>/convert", moving.Convert.as_view(), name="convert"),
    path("memberships/<int:pk>/redeem", spending.Redeem.as_view(), name="redeem"),
    path("memberships/<int:pk>/spending-code", spending.SendCode.as_view(), name="spending-code"),
    path("memberships/<int:pk>/hold", holding.Hold.as_view(), name="hold"),
    path("holds/<int:pk>/release", holding.ReleaseHold.as_view(), name="release-hold"),
    path("postings/<int:pk>/reverse", reversing.Reverse.as_view(), name="reverse"),
    path("adjustments/<int:pk>", adjusting.Decide.as_view(), name="adjustment"),
    path("customers/<int:pk>/delete", exits.Delete.as_view(), name="delete"),
    path("customers/<int:pk>/erase", exits.Erase.as_view(), name="erase"),
]
